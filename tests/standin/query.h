/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in's own questions to PostgreSQL. */
#ifndef STI_QUERY_H
#define STI_QUERY_H

#include <stddef.h>

struct sti_connection;
struct sti_failure;

struct sti_rows {
    size_t rows, columns;
    char **cells; /* By rows; NULL is NULL. */
};

/* Runs a query. Returns 0, or -1 with `failure` filled. `rows` is to be freed if it succeeds. */
int sti_query(struct sti_connection *connection, const char *sql, struct sti_rows *rows,
              struct sti_failure *failure);
const char *sti_cell(const struct sti_rows *rows, size_t row, size_t column);
void sti_rows_free(struct sti_rows *rows);

/* Runs a statement without a result. */
int sti_run(struct sti_connection *connection, const char *sql, struct sti_failure *failure);

#endif
