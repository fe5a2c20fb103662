/* SPDX-License-Identifier: Apache-2.0 */
/* SQL text out of a dialect's templates. Pure. */
#ifndef DRV_ODBC_SQL_H
#define DRV_ODBC_SQL_H

#include <stdint.h>

#include <outfall/error.h>
#include <outfall/row.h>

#include "common/text.h"
#include "odbc/dialect.h"

enum drv_odbc_kind {
    DRV_ODBC_INSERT,
    DRV_ODBC_UPSERT, /* Also replace. */
    DRV_ODBC_IGNORE,
    DRV_ODBC_ERASE
};

/* A table, as its statements see it. Borrowed throughout. */
typedef struct drv_odbc_shape {
    const drv_odbc_dialect *dialect;
    const char *table; /* Quoted, with its schema. */
    const outfall_column *columns;
    uint32_t column_count;
    const char *const *casts; /* One a column: the type its parameter is cast to, or NULL. */
    const uint32_t *key;      /* Indices into `columns`. */
    uint32_t key_count;
    const char *const *collations; /* One a column: the key's index's, or NULL; NULL: none. */
    const uint8_t *updated;        /* One a column: 1 where an upsert sets it. */
    const char *const *resets;     /* What replace sets beside: "\"x\" = DEFAULT". */
    uint32_t reset_count;
    uint8_t overriding; /* 1: GENERATED ALWAYS identities are among the columns. */
    uint8_t only;       /* 1: the table may have children, whose rows are not its own. */
} drv_odbc_shape;

/*
 * Adds the statement that writes `rows` rows. Its parameters are the rows' columns in order, row
 * after row; of DRV_ODBC_ERASE the rows' key columns, in the key's order.
 */
void drv_odbc_sql_write(drv_text *to, const drv_odbc_shape *shape, enum drv_odbc_kind kind,
                        uint32_t rows);

/* Adds a query of the columns that answers no row. */
void drv_odbc_sql_probe(drv_text *to, const drv_odbc_shape *shape);

/* Adds "column = its default", for `resets`. */
void drv_odbc_sql_reset(drv_text *to, const drv_odbc_dialect *dialect, const char *column);

/* Adds a name in the dialect's quotes, and a table's, with its schema where that is not NULL. */
void drv_odbc_sql_quote(drv_text *to, const drv_odbc_dialect *dialect, const char *name);
void drv_odbc_sql_table(drv_text *to, const drv_odbc_dialect *dialect, const char *schema,
                        const char *table);

/*
 * Adds CREATE TABLE. Key columns are those with OUTFALL_COLUMN_KEY. OUTFALL_ERR_UNSUPPORTED names a
 * column whose type the database does not have. `mark` may be NULL.
 */
int drv_odbc_sql_create(drv_text *to, const drv_odbc_dialect *dialect, const char *table,
                        const outfall_column *columns, size_t count, const char *mark,
                        outfall_error *error);

/*
 * Checks a name before it is quoted. `most` is the longest one (0: no limit), in the dialect's
 * unit; `what` is "table", "column" or "schema". OUTFALL_ERR_INVALID.
 */
int drv_odbc_sql_check_name(const drv_odbc_dialect *dialect, uint32_t most, const char *name,
                            const char *what, outfall_error *error);

#endif
