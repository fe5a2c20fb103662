/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about one table, put to the file's own catalog. */
#ifndef LITE_QUERY_H
#define LITE_QUERY_H

#include "sqlite/connection.h"

/* Prepares `sql` with the table's name as its parameter 1; finalize *out whatever is returned. */
int lite_query(outfall_connection *connection, const char *sql, const char *table,
               sqlite3_stmt **out, outfall_error *error);

/* Steps; *code is SQLITE_ROW or SQLITE_DONE where OUTFALL_OK is returned. */
int lite_query_step(outfall_connection *connection, sqlite3_stmt *query, const char *table,
                    int *code, outfall_error *error);

/* A column's text, "" for NULL; the query's own until its next step. */
const char *lite_query_text(sqlite3_stmt *query, int column);

#endif
