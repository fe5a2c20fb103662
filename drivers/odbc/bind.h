/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of encoded rows as ODBC's C types. Pure. */
#ifndef DRV_ODBC_BIND_H
#define DRV_ODBC_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sql.h>
#include <sqlext.h>

#include <outfall/encoding.h>
#include <outfall/row.h>

#include "common/day.h"
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

/* As drv_odbc_bind_put, of those that are worth a call. */
SQLLEN drv_odbc_bind_put_other(enum drv_odbc_bind bind, bool wide, const uint8_t *field,
                               int32_t length, drv_day *day, uint8_t *out);

/*
 * Writes a field as a value, at `out` with room for its width or bytes; returns its length. `day`
 * is that of the column's row before.
 */
static inline SQLLEN drv_odbc_bind_put(enum drv_odbc_bind bind, bool wide, const uint8_t *field,
                                       int32_t length, drv_day *day, uint8_t *out)
{
    if (bind == DRV_ODBC_BIND_TEXT && !wide) {
        memcpy(out, field, (size_t)length);
    } else if (bind == DRV_ODBC_BIND_INT64 && length == 8) {
        const int64_t number = outfall_read_i64(field);
        memcpy(out, &number, sizeof number);
    } else if (bind == DRV_ODBC_BIND_INT32 && length == 4) {
        const int32_t number = outfall_read_i32(field);
        memcpy(out, &number, sizeof number);
    } else if (bind == DRV_ODBC_BIND_FLOAT64 && length == 8) {
        const double number = outfall_read_f64(field);
        memcpy(out, &number, sizeof number);
    } else {
        return drv_odbc_bind_put_other(bind, wide, field, length, day, out);
    }
    return length;
}

/* True where the field's length is one that its column's type has. */
bool drv_odbc_bind_fits(uint32_t type, int32_t length);

#endif
