/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalog functions: SQL for PostgreSQL whose result is what Oracle's driver would answer.
 */
#ifndef STI_CATALOG_H
#define STI_CATALOG_H

#include "handle.h"

/* An argument of a catalog function; `text` NULL: none was given. */
struct sti_argument {
    char *text;  /* To be freed. */
    int pattern; /* 1: % and _ stand for others, and \ takes that from them. */
};

/* Each adds its query to `sql`. Return 0, or -1 with `failure` filled. */
int sti_catalog_tables(const struct sti_argument *schema, const struct sti_argument *table,
                       struct sti_text *sql);
int sti_catalog_columns(struct sti_connection *connection, const struct sti_argument *schema,
                        const struct sti_argument *table, const struct sti_argument *column,
                        struct sti_text *sql, struct sti_failure *failure);
int sti_catalog_primary_keys(const struct sti_argument *schema, const struct sti_argument *table,
                             struct sti_text *sql);
int sti_catalog_statistics(const struct sti_argument *schema, const struct sti_argument *table,
                           int unique_only, struct sti_text *sql);

#endif
