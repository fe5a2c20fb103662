/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/query.h"

int lite_query(outfall_connection *connection, const char *sql, const char *table,
               sqlite3_stmt **out, outfall_error *error)
{
    int code = sqlite3_prepare_v2(connection->db, sql, -1, out, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(*out, 1, table, -1, SQLITE_STATIC);
    return code == SQLITE_OK ? OUTFALL_OK : lite_fail(connection, code, "describe", table, error);
}

int lite_query_step(outfall_connection *connection, sqlite3_stmt *query, const char *table,
                    int *code, outfall_error *error)
{
    *code = sqlite3_step(query);
    if (*code == SQLITE_ROW || *code == SQLITE_DONE)
        return OUTFALL_OK;
    return lite_fail(connection, *code, "describe", table, error);
}

const char *lite_query_text(sqlite3_stmt *query, int column)
{
    const char *text = (const char *)sqlite3_column_text(query, column);
    return text != NULL ? text : "";
}
