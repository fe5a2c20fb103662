/* SPDX-License-Identifier: Apache-2.0 */
/* The unique indexes of a table, and what else decides how rows are written by a key. */
#ifndef DRV_PG_INDEXES_H
#define DRV_PG_INDEXES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/key.h"
#include "postgresql/session.h"

typedef struct drv_pg_indexes {
    PGresult *answer; /* One row an index and key column; at least one row. */
    drv_index *list;  /* Exclusion constraints are in it too, on no column that has a name. */
    uint32_t count;
    int *rows;            /* The answer's first row of each index. */
    const char **columns; /* Their names; what list[i].columns points into. */
} drv_pg_indexes;

/* What the catalog says of one key column of an index. "" for none. */
typedef struct drv_pg_index_column {
    const char *name;
    const char *equals;    /* The index's own equality: pg_catalog.= */
    const char *collation; /* "schema"."name", the index's own. */
    bool bytewise;         /* Neither collation nor operator class takes unequal bytes for equal. */
} drv_pg_index_column;

/* Reads them. `out` is to be freed whatever is returned. */
int drv_pg_indexes_read(outfall_connection *connection, uint32_t relation, int64_t deadline_us,
                        drv_pg_indexes *out, outfall_error *error);
void drv_pg_indexes_free(drv_pg_indexes *indexes);

/* The relation's oid of list[index]. */
uint32_t drv_pg_indexes_oid(const drv_pg_indexes *indexes, uint32_t index);

/* Two rows with a NULL in a column of list[index] may be equal for it (NULLS NOT DISTINCT). */
bool drv_pg_indexes_nulls_equal(const drv_pg_indexes *indexes, uint32_t index);

/* Column `column` (0 to count - 1) of list[index]. */
drv_pg_index_column drv_pg_indexes_column(const drv_pg_indexes *indexes, uint32_t index,
                                          uint32_t column);

/* The name of a rule of the table that rewrites INSERT, UPDATE or DELETE; "" where none does. */
const char *drv_pg_indexes_rule(const drv_pg_indexes *indexes);

/* What becomes of a row may depend on rows of other keys, or on those before it of its own key. */
bool drv_pg_indexes_dependent(const drv_pg_indexes *indexes);

/* A partition has a unique index of its own, which the table does not have. */
bool drv_pg_indexes_partitions(const drv_pg_indexes *indexes);

#endif
