/* SPDX-License-Identifier: Apache-2.0 */
/* What information_schema says of one table. */
#ifndef DRV_MY_CATALOG_H
#define DRV_MY_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mysql/session.h"

/* A query's rows, all at hand. */
typedef struct drv_my_answer {
    MYSQL_RES *result;
    MYSQL_ROW *rows;
    size_t count;
} drv_my_answer;

/* The fields of `table`, which has one row; */
enum drv_my_table_field {
    DRV_MY_SCHEMA,
    DRV_MY_NAME,
    DRV_MY_TABLE_TYPE,
    DRV_MY_ENGINE,
    DRV_MY_MARK /* Of create_marked, in the table's comment; else empty. */
};

/* of `columns`, one row a column; */
enum drv_my_column_field {
    DRV_MY_COLUMN,
    DRV_MY_DATA_TYPE,
    DRV_MY_COLUMN_TYPE,
    DRV_MY_LENGTH,
    DRV_MY_PRECISION,
    DRV_MY_SCALE,
    DRV_MY_FRACTION,
    DRV_MY_COLLATION,
    DRV_MY_NULLABLE,
    DRV_MY_DEFAULT, /* NULL where there is none. */
    DRV_MY_EXTRA,
    DRV_MY_GENERATED, /* "1" where the database computes it. */
    DRV_MY_PRIVILEGES
};

/* of `indexes`, the unique ones: one row a column of one, the primary key's first. */
enum drv_my_index_field {
    DRV_MY_INDEX,
    DRV_MY_INDEX_COLUMN, /* NULL: an expression. */
    DRV_MY_INDEX_PART    /* A prefix's length; NULL: the whole column. */
};

typedef struct drv_my_catalog {
    drv_my_answer table;
    drv_my_answer columns;
    drv_my_answer indexes;
    MYSQL_RES *shape; /* Of SELECT *: its fields' metadata. NULL: there is no right to select. */
} drv_my_catalog;

/*
 * Reads it. The table's own metadata is asked for first: within a transaction that holds the table
 * still. OUTFALL_ERR_NOT_FOUND says whether the database is missing, or names a near table.
 */
int drv_my_catalog_read(outfall_connection *connection, const outfall_table_name *name,
                        int64_t deadline_us, drv_my_catalog *out, outfall_error *error);
void drv_my_catalog_free(drv_my_catalog *catalog);

/*
 * The table behind a view that takes rows: puts its engine into `engine`. OUTFALL_ERR_UNSUPPORTED
 * where the view takes none, or there is no telling which table is behind it.
 */
int drv_my_catalog_view_engine(outfall_connection *connection, const drv_my_catalog *catalog,
                               int64_t deadline_us, char *engine, size_t capacity,
                               outfall_error *error);

/* The row of the column of that name, -1 where there is none. Case does not matter to the server.
 */
int drv_my_catalog_find(const drv_my_catalog *catalog, const char *name);

/* A field; "" for NULL. */
const char *drv_my_text_of(const drv_my_answer *answer, size_t row, unsigned field);
/* -1 for NULL. */
int64_t drv_my_number_of(const drv_my_answer *answer, size_t row, unsigned field);

/* Whether a comma-separated list or a phrase is in a field: "insert" in PRIVILEGES. */
bool drv_my_has_word(const drv_my_answer *answer, size_t row, unsigned field, const char *word);

#endif
