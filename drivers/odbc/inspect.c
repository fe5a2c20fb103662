/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/inspect.h"

#include "common/inspect.h"
#include "common/ledger.h"
#include "odbc/call.h"
#include "odbc/prepared.h"
#include "odbc/query.h"
#include "odbc/target.h"
#include "odbc/transaction.h"

#define DOING "checking the settings for"

static int ask(outfall_connection *connection, const char *sql, drv_inspect_cell cell, void *to,
               int64_t deadline_us, outfall_error *error)
{
    drv_odbc_answer answer = {0};
    bool answers = *sql == 'S'; /* SELECT and SHOW; nobody reads XA RECOVER's. */
    int64_t count;
    int status = drv_odbc_enter(connection, DOING, NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    status = drv_odbc_execute(connection, sql, &count, answers ? &answer : NULL, error);
    for (size_t row = 0; status == OUTFALL_OK && row < answer.rows; row++)
        for (size_t column = 0; column < answer.columns; column++)
            cell(to, row, column, drv_odbc_cell(&answer, row, column));
    drv_odbc_answer_free(&answer);
    return drv_odbc_leave(connection, drv_odbc_settle(connection, status, error));
}

int drv_odbc_inspect(outfall_connection *connection, const outfall_target *target,
                     const outfall_inspect_options *options, int64_t deadline_us,
                     outfall_error *error)
{
    const drv_odbc_dialect *dialect = connection->dialect;
    const drv_odbc_target *own = (const drv_odbc_target *)target;
    const drv_inspect it = {.checks = dialect->checks,
                            .display = target->display_name,
                            .schema = own->schema,
                            .table = own->name,
                            .add_literal =
                                dialect->ledger_in_hex ? drv_ledger_add_hex : drv_ledger_add_quoted,
                            .ask = ask};
    int status = options->prepared > 0 ? drv_odbc_check_prepared(connection, deadline_us, error)
                                       : OUTFALL_OK;
    if (status != OUTFALL_OK || dialect->checks == NULL)
        return status;
    return drv_inspect_run(&it, connection, options, deadline_us, error);
}
