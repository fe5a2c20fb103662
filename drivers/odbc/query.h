/* SPDX-License-Identifier: Apache-2.0 */
/* Small queries, whose answers are read whole, as text. Within drv_odbc_enter and leave. */
#ifndef DRV_ODBC_QUERY_H
#define DRV_ODBC_QUERY_H

#include "odbc/api.h"

/* rows × columns cells, row after row. Initialise with zeroes. */
typedef struct drv_odbc_answer {
    size_t rows;
    size_t columns;
    char **cells; /* NULL is SQL's NULL. */
    size_t capacity;
} drv_odbc_answer;

/* A cell; NULL where it is SQL's NULL or the answer has no such column. */
const char *drv_odbc_cell(const drv_odbc_answer *answer, size_t row, size_t column);
void drv_odbc_answer_free(drv_odbc_answer *answer);

int drv_odbc_statement_new(outfall_connection *connection, SQLHSTMT *out, outfall_error *error);
void drv_odbc_statement_free(SQLHSTMT statement); /* SQL_NULL_HSTMT is legal. */

/* Runs SQL that has no parameters and answers no rows that matter. */
int drv_odbc_run(outfall_connection *connection, const char *sql, outfall_error *error);

/* Runs SQL that has no parameters. *count: rows changed; `answer` (may be NULL) gets what it
 * answers. */
int drv_odbc_execute(outfall_connection *connection, const char *sql, int64_t *count,
                     drv_odbc_answer *answer, outfall_error *error);

/*
 * Runs a block whose first parameter is the number that it answers, and the others are texts: at
 * most three.
 */
int drv_odbc_call(outfall_connection *connection, const char *sql, const char *const *inputs,
                  size_t count, int32_t *answer, outfall_error *error);

/*
 * Runs a query and reads its answer. Its parameters are schema and table in turns, as many as it
 * has; `schema` and `table` may be NULL where it has none.
 */
int drv_odbc_query(outfall_connection *connection, const char *sql, const char *schema,
                   const char *table, drv_odbc_answer *out, outfall_error *error);

/*
 * Asks a catalog function about a table; NULLs are anything. The answer may be of more tables:
 * those whose names the name, taken as a pattern, also meets.
 */
int drv_odbc_catalog_function(outfall_connection *connection, enum drv_odbc_function function,
                              const char *schema, const char *table, drv_odbc_answer *out,
                              outfall_error *error);

#endif
