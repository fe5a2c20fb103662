/* SPDX-License-Identifier: Apache-2.0 */
/* Text for ODBC's wide functions: a growing buffer of UTF-16. */
#ifndef DRV_ODBC_WIDE_H
#define DRV_ODBC_WIDE_H

#include <stddef.h>

#include <sql.h>
#include <sqlext.h>

_Static_assert(sizeof(SQLWCHAR) == 2, "unixODBC's wide characters are UTF-16 units");

/* Initialise with zeroes. */
typedef struct drv_odbc_wide {
    SQLWCHAR *units; /* With a NUL behind them. */
    size_t length;
    size_t capacity;
} drv_odbc_wide;

/* Makes it the UTF-8 text; 0 where memory could not be had. */
int drv_odbc_wide_set(drv_odbc_wide *to, const char *text);

/* Overwrites and frees it. */
void drv_odbc_wide_free(drv_odbc_wide *wide);

#endif
