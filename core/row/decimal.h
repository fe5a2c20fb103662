/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers: from text to PostgreSQL's numeric, exactly. */
#ifndef OF_ROW_DECIMAL_H
#define OF_ROW_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

/* The powers of ten of the first and last digit that PostgreSQL's numeric has room for. */
#define OF_DECIMAL_POWER_MAX 131071
#define OF_DECIMAL_POWER_MIN (-16383)

enum of_decimal_kind { OF_DECIMAL_FINITE = 0, OF_DECIMAL_NAN, OF_DECIMAL_INFINITE };

/* A decimal number as it is written; the digits stay in the text. */
typedef struct of_decimal {
    int kind; /* enum of_decimal_kind */
    bool negative;
    const char *whole; /* Digits before the point ... */
    size_t whole_count;
    const char *fraction; /* ... and after it. Digit i counts through both. */
    size_t fraction_count;
    size_t first, end; /* The digits from the first to the last that is not 0; equal for zero. */
    int64_t power;     /* Digit i stands for digit × 10^(power - i). */
    int64_t scale;     /* Digits after the point, as written: 2 for "1.50", 0 for "1e5". */
} of_decimal;

/*
 * Reads an optional sign, digits with an optional point, and an optional exponent; or NaN, Infinity
 * or inf in any case. @return OF_PARSED_OK, OF_PARSED_MALFORMED.
 */
int of_decimal_parse(const char *text, size_t length, of_decimal *out);

/*
 * The whole number. ROUNDED where there is a fraction: *out is then rounded, halves away from zero.
 * The number must be finite. @return OF_PARSED_OK, OF_PARSED_ROUNDED, OF_PARSED_RANGE.
 */
int of_decimal_to_int(const of_decimal *number, int64_t *out);

/* Room for the field of a decimal written in `length` bytes. */
static inline size_t of_decimal_bytes_max(size_t length)
{
    /* Four for the length, four int16, and a digit of two bytes for each four decimals: one more
       for each end that is not full, and one for a carry. */
    return 4 + 8 + 2 * (length / 4 + 3);
}

/*
 * Writes the field: within the column's precision and scale, rounding halves away from zero where
 * it must; the result is then ROUNDED, and the field good all the same.
 * @return OF_PARSED_OK, OF_PARSED_ROUNDED, OF_PARSED_RANGE.
 */
int of_decimal_encode(const of_decimal *number, const outfall_column *column, uint8_t *out,
                      size_t *bytes);

/*
 * True where a well-formed encoded decimal is within the column's precision and scale, rounding
 * nothing.
 */
bool of_decimal_fits(const uint8_t *field, const outfall_column *column);

#endif
