/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 to the UTF-16 of ODBC's wide functions and back. Pure. */
#ifndef DRV_ODBC_UTF16_H
#define DRV_ODBC_UTF16_H

#include <stddef.h>
#include <stdint.h>

/* UTF-16 units that `length` bytes of UTF-8 can become at most. */
#define DRV_ODBC_UTF16_MAX(length) (length)

/* Bytes of UTF-8 that `units` can become at most, without a NUL. */
#define DRV_ODBC_UTF8_MAX(units) (3 * (units))

/*
 * Converts; `out` has room for DRV_ODBC_UTF16_MAX units. Bytes that are no UTF-8 become U+FFFD: the
 * text is checked where it comes in. Returns the units, no NUL behind them.
 */
size_t drv_odbc_to_utf16(const char *text, size_t length, uint16_t *out);

/*
 * Converts; `out` has room for DRV_ODBC_UTF8_MAX bytes. A surrogate without its other half becomes
 * U+FFFD. Returns the bytes, no NUL behind them.
 */
size_t drv_odbc_to_utf8(const uint16_t *text, size_t units, char *out);

/* The units before the first NUL, at most `most`. */
size_t drv_odbc_units(const uint16_t *text, size_t most);

#endif
