/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/inspect.h"

#include "common/inspect.h"
#include "common/ledger.h"
#include "sqlite/connection.h"

#define DOING "check the settings of"

static int ask(outfall_connection *connection, const char *sql, drv_inspect_cell cell, void *to,
               int64_t deadline_us, outfall_error *error)
{
    sqlite3_stmt *statement = NULL;
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK)
        status = lite_prepare(connection, sql, DOING, &statement, error);
    if (status != OUTFALL_OK)
        return status;
    int code = SQLITE_ROW;
    for (size_t row = 0; (code = sqlite3_step(statement)) == SQLITE_ROW; row++)
        for (int column = 0; column < sqlite3_column_count(statement); column++)
            cell(to, row, (size_t)column, (const char *)sqlite3_column_text(statement, column));
    if (code != SQLITE_DONE)
        status = lite_fail(connection, code, DOING, NULL, error);
    sqlite3_finalize(statement);
    return status;
}

int lite_inspect(outfall_connection *connection, const outfall_target *target,
                 const outfall_inspect_options *options, int64_t deadline_us, outfall_error *error)
{
    const drv_inspect it = {.checks = &drv_checks_sqlite,
                            .display = target->display_name,
                            .add_literal = drv_ledger_add_quoted,
                            .ask = ask};
    return drv_inspect_run(&it, connection, options, deadline_us, error);
}
