/* SPDX-License-Identifier: Apache-2.0 */
/* Integers and floating-point numbers as text. Nothing here depends on the locale. */
#ifndef OF_ROW_NUMBER_H
#define OF_ROW_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "row/decimal.h"
#include "row/text.h"

/* Room for the text of any int64 or double, NUL included. */
#define OF_NUMBER_TEXT_MAX 32

/* An optional sign and digits. @return OK, MALFORMED, RANGE. */
int of_int_parse(const char *text, size_t length, int64_t *out);

/* Writes the digits and a NUL; returns the length without it. */
size_t of_int_text(int64_t number, char *out);

/*
 * The nearest double, or where `single` the nearest float. RANGE where a finite number would become
 * infinite, or one that is not zero would become zero. @return OK, RANGE.
 */
int of_float_from_decimal(const of_decimal *number, bool single, double *out);

/*
 * The fewest digits that read back as the same double, or where `single` the same float: "0.1",
 * "1e+20", "NaN", "-Infinity". Writes a NUL; returns the length without it. `out` has room for
 * OF_NUMBER_TEXT_MAX bytes.
 */
size_t of_float_text(double number, bool single, char *out);

#endif
