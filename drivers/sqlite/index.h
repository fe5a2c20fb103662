/* SPDX-License-Identifier: Apache-2.0 */
/* The unique indexes of a table. */
#ifndef LITE_INDEX_H
#define LITE_INDEX_H

#include "common/key.h"
#include "sqlite/connection.h"

typedef struct lite_index {
    char *name;        /* NULL: the row key, which has no index of its own. */
    char **columns;    /* NULL in place of an expression. */
    char **collations; /* One a column; NULL where none is used, as with the row key. */
    uint32_t count;
    uint32_t flags; /* enum drv_index_flag, or-ed. */
} lite_index;

typedef struct lite_indexes {
    lite_index *list;
    uint32_t count;
} lite_indexes;

/*
 * Reads the unique indexes of a table, those of its primary key and UNIQUE clauses included.
 * `row_key` is the column that is the table's row key, or NULL: an index for it comes first. Free
 * them whatever is returned.
 */
int lite_indexes_read(outfall_connection *connection, const char *table, const char *row_key,
                      lite_indexes *out, outfall_error *error);
void lite_indexes_free(lite_indexes *indexes);

/* The collation that an index compares the column by; NULL where it uses none. */
const char *lite_index_collation(const lite_index *index, const char *column);

#endif
