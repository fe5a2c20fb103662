/* SPDX-License-Identifier: Apache-2.0 */
/* An ordered list of columns that owns its strings. */
#ifndef OF_ROW_SCHEMA_H
#define OF_ROW_SCHEMA_H

#include <outfall/row.h>

#define OF_SCHEMA_COLUMNS_MAX 1600 /* PostgreSQL's limit, the widest of the databases'. */

struct outfall_schema {
    outfall_column *columns;
    size_t count;
    size_t capacity;
};

/* A copy of `count` columns, flags and all, as a schema. */
int of_schema_copy(const outfall_column *columns, size_t count, outfall_schema **out,
                   outfall_error *error);

/* Drops all but the first `count` columns. */
void of_schema_cut(outfall_schema *schema, size_t count);

/* The index of the column of that name, or -1. */
int of_schema_find(const outfall_schema *schema, const char *name);

/* True where both have the same columns by name, type, flags and limits. */
int of_schema_equal(const outfall_schema *left, const outfall_schema *right);

#endif
