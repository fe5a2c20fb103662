/* SPDX-License-Identifier: Apache-2.0 */
/* A dialect's types to column types and back. Pure. */
#ifndef DRV_ODBC_TYPE_H
#define DRV_ODBC_TYPE_H

#include <stdint.h>

#include <outfall/row.h>

#include "common/text.h"
#include "odbc/dialect.h"

/* DECIMAL_DIGITS is NULL: of a decimal, it has no fixed scale. */
#define DRV_ODBC_NO_DIGITS INT32_MIN

/* Adds the type to declare for a column. Returns 0 where the database has none. */
int drv_odbc_type_declare(drv_text *to, const drv_odbc_dialect *dialect,
                          const outfall_column *column);

/*
 * The entry for a type as the database names it, in any case and with any arguments:
 * "TIMESTAMP(6) WITH TIME ZONE". `size` is the catalog's COLUMN_SIZE. NULL where there is none:
 * such a column travels as text.
 */
const drv_odbc_type *drv_odbc_type_named(const drv_odbc_dialect *dialect, const char *name,
                                         int64_t size);

/* Reads "TYPE(12, 2)": sets *size and *digits, or 0 and DRV_ODBC_NO_DIGITS where there are none. */
void drv_odbc_type_arguments(const char *name, int64_t *size, int *digits);

/* The entry of the `ansi` dialect for one of ODBC's own type numbers (SQL_INTEGER …), or NULL. */
const drv_odbc_type *drv_odbc_type_numbered(int sql_type);

/*
 * Sets type, limits and the type's flags of a column, from its entry and the catalog's COLUMN_SIZE
 * and DECIMAL_DIGITS; returns how its fields are bound.
 */
enum drv_odbc_bind drv_odbc_type_read(const drv_odbc_type *type, int64_t size, int digits,
                                      outfall_column *column);

#endif
