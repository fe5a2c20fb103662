/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/inspect.h"

#include "common/inspect.h"
#include "common/ledger.h"
#include "mysql/query.h"
#include "mysql/target.h"

#define DOING "checking the settings for"

/* Without autocommit each statement begins a transaction. */
static int end(outfall_connection *connection, int status, int64_t deadline_us,
               outfall_error *error)
{
    if (connection->dead)
        return status;
    int ended = drv_my_query(connection, "ROLLBACK", deadline_us, NULL,
                             status == OUTFALL_OK ? error : NULL);
    return status == OUTFALL_OK ? ended : status;
}

static int ask(outfall_connection *connection, const char *sql, drv_inspect_cell cell, void *to,
               int64_t deadline_us, outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    MYSQL_ROW row;
    bool answers = *sql == 'S'; /* SELECT and SHOW; nobody reads XA RECOVER's. */
    int status = drv_my_query(connection, sql, deadline_us, answers ? &answer : NULL, error);
    for (size_t at = 0; answer != NULL && (row = mysql_fetch_row(answer)) != NULL; at++)
        for (unsigned column = 0; column < mysql_num_fields(answer); column++)
            cell(to, at, column, row[column]);
    mysql_free_result(answer);
    return end(connection, status, deadline_us, error);
}

int drv_my_inspect(outfall_connection *connection, const outfall_target *target,
                   const outfall_inspect_options *options, int64_t deadline_us,
                   outfall_error *error)
{
    const drv_my_target *own = (const drv_my_target *)target;
    const drv_inspect it = {.checks = &drv_checks_mysql,
                            .display = target->display_name,
                            .schema = own->schema,
                            .table = own->table,
                            .add_literal = drv_ledger_add_hex,
                            .ask = ask};
    int status = drv_my_start(connection, DOING, target->display_name, deadline_us, error);
    if (status == OUTFALL_OK)
        status = drv_inspect_run(&it, connection, options, deadline_us, error);
    connection->subject = NULL;
    return status;
}
