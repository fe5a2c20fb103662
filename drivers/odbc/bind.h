/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of encoded rows as ODBC's C types. Pure. */
#ifndef DRV_ODBC_BIND_H
#define DRV_ODBC_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sql.h>
#include <sqlext.h>

#include <outfall/row.h>

#include "odbc/dialect.h"

/* How one column's parameters are described to SQLBindParameter. */
typedef struct drv_odbc_parameter {
    SQLSMALLINT c_type;
    SQLSMALLINT sql_type;
    SQLULEN size; /* 0: as wide as its values. */
    SQLSMALLINT digits;
    uint32_t width; /* Bytes of each value; 0: they differ. */
} drv_odbc_parameter;

/*
 * Describes a column's parameters. `wide` is the dialect's; with it `sql_type`, the catalog's,
 * counts for text and bytes.
 */
drv_odbc_parameter drv_odbc_bind_parameter(enum drv_odbc_bind bind, const outfall_column *column,
                                           int sql_type, bool wide);

/*
 * Bytes that a field takes as a value, of a bind whose values differ; 0 where the field is
 * malformed. NULs behind the value are not counted: lengths are told.
 */
size_t drv_odbc_bind_bytes(enum drv_odbc_bind bind, bool wide, const uint8_t *field,
                           int32_t length);

/* Writes a field as a value, at `out` with room for its width or bytes; returns its length. */
SQLLEN drv_odbc_bind_put(enum drv_odbc_bind bind, bool wide, const uint8_t *field, int32_t length,
                         uint8_t *out);

/* True where the field's length is one that its column's type has. */
bool drv_odbc_bind_fits(uint32_t type, int32_t length);

#endif
