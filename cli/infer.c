/* SPDX-License-Identifier: Apache-2.0 */
#include "infer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In order of preference: of the types that fit, the first is taken. */
enum {
    IS_BOOL = 1,
    IS_INT64 = 2,
    IS_DECIMAL = 4,
    IS_FLOAT64 = 8,
    IS_DATE = 16,
    IS_TIMESTAMP = 32,
    IS_TIMESTAMPTZ = 64,
    IS_JSON = 128
};

static const struct {
    unsigned bit;
    int type;
} preference[] = {
    {IS_BOOL, OUTFALL_TYPE_BOOL},
    {IS_INT64, OUTFALL_TYPE_INT64},
    {IS_DECIMAL, OUTFALL_TYPE_DECIMAL},
    {IS_FLOAT64, OUTFALL_TYPE_FLOAT64},
    {IS_DATE, OUTFALL_TYPE_DATE},
    {IS_TIMESTAMP, OUTFALL_TYPE_TIMESTAMP},
    {IS_TIMESTAMPTZ, OUTFALL_TYPE_TIMESTAMPTZ},
    {IS_JSON, OUTFALL_TYPE_JSON},
};

/* Any decimal of 15 significant digits survives a double: DBL_DIG of IEEE 754 binary64. */
enum { FLOAT64_DIGITS = 15, FLOAT64_EXPONENT_MAX = 280 };

/* Text that is read from left to right. */
typedef struct of_scan {
    const char *at;
    const char *end;
} of_scan;

static bool take(of_scan *scan, char wanted)
{
    if (scan->at == scan->end || *scan->at != wanted)
        return false;
    scan->at++;
    return true;
}

static size_t take_digits(of_scan *scan)
{
    const char *from = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return (size_t)(scan->at - from);
}

/* Exactly `digits` digits, at most `most`; -1 where they are not. */
static int take_number(of_scan *scan, size_t digits, int most)
{
    int number = 0;
    const char *from = scan->at;
    if ((size_t)(scan->end - scan->at) < digits)
        return -1;
    for (; scan->at < from + digits; scan->at++) {
        if (*scan->at < '0' || *scan->at > '9')
            return -1;
        number = number * 10 + (*scan->at - '0');
    }
    return number <= most ? number : -1;
}

static bool fits_int64(const char *digits, size_t count, bool negative)
{
    const char *most = negative ? "9223372036854775808" : "9223372036854775807";
    return count < 19 || (count == 19 && memcmp(digits, most, 19) <= 0);
}

/* From the first to the last digit that is not 0. */
static size_t significant_digits(const char *from, const char *end)
{
    size_t count = 0, zeros = 0;
    for (; from < end; from++) {
        if (*from == '.')
            continue;
        zeros = *from == '0' ? zeros + 1 : 0;
        count += count > 0 || *from != '0';
    }
    return count > zeros ? count - zeros : 0;
}

/* [eE][+-]?[0-9]+, or nothing. False where it is malformed or too large to matter. */
static bool take_exponent(of_scan *scan, bool *there, int *exponent)
{
    *there = take(scan, 'e') || take(scan, 'E');
    *exponent = 0;
    if (!*there)
        return true;
    bool negative = take(scan, '-');
    if (!negative)
        (void)take(scan, '+');
    const char *from = scan->at;
    size_t count = take_digits(scan);
    for (; from < scan->at && *exponent < 10000; from++)
        *exponent = *exponent * 10 + (*from - '0');
    *exponent = negative ? -*exponent : *exponent;
    return count > 0;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static unsigned number_types(const char *text, size_t length)
{
    of_scan scan = {text, text + length};
    unsigned types = IS_FLOAT64 | IS_DECIMAL;
    bool negative = take(&scan, '-');
    const char *digits = scan.at;
    size_t count = take_digits(&scan);
    bool has_exponent;
    int exponent;

    if (count == 0 || (count > 1 && digits[0] == '0'))
        return 0;
    if (take(&scan, '.')) {
        if (take_digits(&scan) == 0)
            return 0;
    } else if (fits_int64(digits, count, negative)) {
        types |= IS_INT64;
    }
    size_t written = (size_t)(scan.at - digits);
    size_t significant = significant_digits(digits, scan.at);
    if (!take_exponent(&scan, &has_exponent, &exponent) || scan.at != scan.end)
        return 0;
    if (has_exponent)
        types = IS_FLOAT64;
    if (significant > FLOAT64_DIGITS || written > FLOAT64_DIGITS + 5 ||
        abs(exponent) > FLOAT64_EXPONENT_MAX)
        types &= ~(unsigned)IS_FLOAT64;
    /* Only a float has a negative zero. */
    if (negative && significant == 0)
        types &= IS_FLOAT64;
    return types;
}

static bool take_date(of_scan *scan)
{
    static const int days[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = take_number(scan, 4, 9999);
    if (year < 1 || !take(scan, '-'))
        return false;
    int month = take_number(scan, 2, 12);
    if (month < 1 || !take(scan, '-'))
        return false;
    int day = take_number(scan, 2, days[month]);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day >= 1 && (month != 2 || day <= 28 || leap);
}

/* HH:MM:SS with up to six digits of a fraction: more would be rounded. */
static bool take_time(of_scan *scan)
{
    if (take_number(scan, 2, 23) < 0 || !take(scan, ':') || take_number(scan, 2, 59) < 0 ||
        !take(scan, ':') || take_number(scan, 2, 59) < 0)
        return false;
    if (!take(scan, '.'))
        return true;
    size_t digits = take_digits(scan);
    return digits >= 1 && digits <= 6;
}

/* Z, or +HH, +HH:MM, +HHMM. */
static bool take_zone(of_scan *scan)
{
    if (take(scan, 'Z'))
        return true;
    if ((!take(scan, '+') && !take(scan, '-')) || take_number(scan, 2, 15) < 0)
        return false;
    return scan->at == scan->end || ((void)take(scan, ':'), take_number(scan, 2, 59) >= 0);
}

static unsigned time_types(const char *text, size_t length)
{
    of_scan scan = {text, text + length};
    if (length < 10 || !take_date(&scan))
        return 0;
    if (scan.at == scan.end)
        return IS_DATE;
    if ((!take(&scan, 'T') && !take(&scan, ' ')) || !take_time(&scan))
        return 0;
    if (scan.at == scan.end)
        return IS_TIMESTAMP;
    return take_zone(&scan) && scan.at == scan.end ? IS_TIMESTAMPTZ : 0u;
}

static bool is_bool(const char *text, size_t length)
{
    static const char *const words[] = {"true", "false", "True", "False", "TRUE", "FALSE"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (length == strlen(words[i]) && memcmp(text, words[i], length) == 0)
            return true;
    }
    return false;
}

static unsigned text_types(const char *text, size_t length)
{
    if (length == 0)
        return 0;
    if (is_bool(text, length))
        return IS_BOOL;
    return number_types(text, length) | time_types(text, length);
}

static unsigned value_types(const outfall_value *value)
{
    switch (value->type) {
    case OUTFALL_TYPE_BOOL:
        return IS_BOOL;
    case OUTFALL_TYPE_INT64:
        /* Fifteen digits, as for text. */
        return IS_INT64 | IS_DECIMAL |
               (value->as.integer > -INT64_C(1000000000000000) &&
                        value->as.integer < INT64_C(1000000000000000)
                    ? (unsigned)IS_FLOAT64
                    : 0u);
    case OUTFALL_TYPE_DECIMAL:
        return number_types(value->as.data, value->length);
    case OUTFALL_TYPE_JSON:
        return IS_JSON;
    case OUTFALL_TYPE_TEXT:
        return text_types(value->as.data, value->length);
    default:
        return 0;
    }
}

void of_infer_add(of_infer *infer, const outfall_value *value)
{
    if (value->type == OUTFALL_TYPE_NULL)
        return;
    unsigned types = value_types(value);
    infer->possible = infer->seen ? infer->possible & types : types;
    infer->seen = true;
}

int of_infer_type(const of_infer *infer)
{
    for (size_t i = 0; i < sizeof preference / sizeof preference[0]; i++) {
        if ((infer->possible & preference[i].bit) != 0)
            return preference[i].type;
    }
    return OUTFALL_TYPE_TEXT;
}
