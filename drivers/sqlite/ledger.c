/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/ledger.h"

#include "common/ledger.h"
#include "sqlite/connection.h"

#define DOING "keep the ledger in"

static int run(outfall_connection *connection, const char *sql, int64_t *count, drv_ledger_row *row,
               int64_t deadline_us, outfall_error *error)
{
    sqlite3_stmt *statement = NULL;
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK)
        status = lite_prepare(connection, sql, DOING, &statement, error);
    if (status != OUTFALL_OK)
        return status;
    int code = sqlite3_step(statement);
    *count = 0;
    if (code == SQLITE_ROW) {
        *count = 1;
        for (int i = 0; row != NULL && i < sqlite3_column_count(statement); i++)
            drv_ledger_take(row, (size_t)i, (const char *)sqlite3_column_text(statement, i));
    } else if (code == SQLITE_DONE) {
        *count = sqlite3_stmt_readonly(statement) ? 0 : sqlite3_changes(connection->db);
    } else {
        status = lite_fail(connection, code, DOING, NULL, error);
    }
    sqlite3_finalize(statement);
    return status;
}

static const drv_ledger_dialect dialect = {
    .add_literal = drv_ledger_add_quoted,
    .run = run,
};

int lite_ledger_create(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int64_t count;
    int status = OUTFALL_OK;
    for (int i = 0; i < DRV_LEDGER_TABLES && status == OUTFALL_OK; i++)
        status = run(connection, drv_ledger_sqlite[i], &count, NULL, deadline_us, error);
    return status;
}

int lite_takeover(outfall_connection *connection, outfall_fence *fence, int mine,
                  int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_takeover(&dialect, connection, fence, mine, deadline_us, error);
}

int lite_fence(outfall_connection *connection, outfall_fence *fence, int64_t deadline_us,
               outfall_error *error)
{
    return drv_ledger_fence(&dialect, connection, fence, deadline_us, error);
}

int lite_ledger_write(outfall_connection *connection, const outfall_ledger_line *line,
                      int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_write(&dialect, connection, line, deadline_us, error);
}

int lite_ledger_read(outfall_connection *connection, outfall_ledger_line *line, int64_t deadline_us,
                     outfall_error *error)
{
    return drv_ledger_read(&dialect, connection, line, deadline_us, error);
}
