/* SPDX-License-Identifier: Apache-2.0 */
/* What the catalog says of one relation: a query, and its answer by name. */
#ifndef DRV_PG_CATALOG_H
#define DRV_PG_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "postgresql/session.h"

/* The answer's fields. One row a column; the relation's own fields are in every row. */
enum drv_pg_catalog_field {
    DRV_PG_SCHEMA,
    DRV_PG_RELATION,
    DRV_PG_OID,
    DRV_PG_KIND,
    DRV_PG_ROW_SECURITY, /* Applies to this user. */
    DRV_PG_RULES,
    DRV_PG_TAKES_ROWS, /* A table, or a view or foreign table that can be inserted into. */
    DRV_PG_MAY_INSERT, /* The right to insert into the whole table. */
    DRV_PG_COLUMN,     /* NULL in the only row of a relation without columns. */
    DRV_PG_NUMBER,
    DRV_PG_TYPE,
    DRV_PG_MODIFIER,
    DRV_PG_NOT_NULL, /* By the column or by a domain. */
    DRV_PG_IDENTITY,
    DRV_PG_GENERATED,
    DRV_PG_DEFAULT,
    DRV_PG_TYPE_NAME,
    DRV_PG_BASE_TYPE,
    DRV_PG_BASE_MODIFIER,
    DRV_PG_BASE_NAME,
    DRV_PG_KEY,
    DRV_PG_COLUMN_MAY_INSERT,
    DRV_PG_COLUMN_MAY_UPDATE,
    DRV_PG_COLUMN_MAY_SELECT,
    DRV_PG_COLUMN_WRITABLE /* False for a view's expressions. */
};

/*
 * Asks for the relation. `*out` is the caller's to clear; it has no row where there is no such
 * relation.
 */
int drv_pg_catalog_ask(outfall_connection *connection, const outfall_table_name *name,
                       int64_t deadline_us, PGresult **out, outfall_error *error);

/* OUTFALL_ERR_NOT_FOUND for that relation: says whether the schema is missing or names a near one.
 */
int drv_pg_catalog_fail_missing(outfall_connection *connection, const outfall_table_name *name,
                                int64_t deadline_us, outfall_error *error);

/* A field; "" for NULL. */
const char *drv_pg_catalog_text(const PGresult *answer, int row, enum drv_pg_catalog_field field);
bool drv_pg_catalog_true(const PGresult *answer, int row, enum drv_pg_catalog_field field);
int64_t drv_pg_catalog_number(const PGresult *answer, int row, enum drv_pg_catalog_field field);

#endif
