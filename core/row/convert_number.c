/* SPDX-License-Identifier: Apache-2.0 */
#include "row/convert_number.h"

#include <float.h>
#include <math.h>

#include "row/decimal.h"
#include "row/encode.h"
#include "row/number.h"
#include "row/refuse.h"
#include "row/text.h"

#define TWO_63 9223372036854775808.0

/* True where 0 and 1 stand for false and true, or the value is an int. */
static bool is_int(const outfall_value *value)
{
    return value->type >= OUTFALL_TYPE_BOOL && value->type <= OUTFALL_TYPE_INT64;
}

static int64_t int_of(const outfall_value *value)
{
    return value->type == OUTFALL_TYPE_BOOL ? value->as.integer != 0 : value->as.integer;
}

static bool is_float(const outfall_value *value)
{
    return value->type == OUTFALL_TYPE_FLOAT32 || value->type == OUTFALL_TYPE_FLOAT64;
}

/* ---- Integers --------------------------------------------------------------------- */

/* Halves go to the even neighbour, as the databases round when they cast. */
static int int_of_float(double real, int64_t *out)
{
    double whole = rint(real);
    if (isnan(real))
        return OF_PARSED_MALFORMED;
    if (!(whole >= -TWO_63 && whole < TWO_63))
        return OF_PARSED_RANGE;
    *out = (int64_t)whole;
    return whole == real ? OF_PARSED_OK : OF_PARSED_ROUNDED;
}

static int int_of_decimal(const outfall_value *value, int64_t *out)
{
    of_decimal number;
    int parsed = of_decimal_parse(value->as.data, value->length, &number);
    if (parsed != OF_PARSED_OK || number.kind == OF_DECIMAL_NAN)
        return OF_PARSED_MALFORMED;
    return number.kind == OF_DECIMAL_INFINITE ? OF_PARSED_RANGE : of_decimal_to_int(&number, out);
}

int of_convert_int(const outfall_column *column, const outfall_value *value, bool lossy,
                   uint8_t *out, size_t *bytes, outfall_error *error)
{
    int64_t number = 0, most = INT64_MAX;
    int parsed = OF_PARSED_OK;
    if (is_int(value))
        number = int_of(value);
    else if (is_float(value))
        parsed = int_of_float(value->as.real, &number);
    else if (value->type == OUTFALL_TYPE_DECIMAL)
        parsed = int_of_decimal(value, &number);
    else if (value->type == OUTFALL_TYPE_TEXT)
        parsed = of_int_parse(value->as.data, value->length, &number);
    else
        return of_refuse_type(error, column, value);

    if (parsed == OF_PARSED_MALFORMED)
        return of_refuse(error, column, value, "is not an integer",
                         "put digits with an optional sign, or load it into a text column");
    if (column->type == OUTFALL_TYPE_INT16)
        most = INT16_MAX;
    else if (column->type == OUTFALL_TYPE_INT32)
        most = INT32_MAX;
    bool outside = parsed == OF_PARSED_RANGE || number > most || number < -most - 1;
    if (outside && (column->flags & OUTFALL_COLUMN_LIMITED) == 0)
        return of_refuse(error, column, value, "is out of range",
                         "the column takes %lld to %lld; use a wider column",
                         (long long)(-most - 1), (long long)most);
    if (outside || !of_within_limits(column, number))
        return of_refuse_limits(error, column, value);
    if (parsed == OF_PARSED_ROUNDED && !lossy)
        return of_refuse(error, column, value, "would be rounded",
                         "round it, use a decimal column, or set convert.lossy=round");
    of_encode_int(column->type, number, out, bytes);
    return OUTFALL_OK;
}

/* ---- Floating point --------------------------------------------------------------- */

/* Refuses the numbers that the database has no place for. */
static int check_special(const outfall_column *column, const outfall_value *value, bool nan,
                         bool infinite, outfall_error *error)
{
    if (nan && (column->flags & OUTFALL_COLUMN_NO_NAN) != 0)
        return of_refuse(error, column, value, "is not a number",
                         "this database cannot hold NaN; put NULL");
    if (infinite && (column->flags & OUTFALL_COLUMN_NO_INFINITY) != 0)
        return of_refuse(error, column, value, "is infinite",
                         "this database cannot hold infinities; put NULL");
    return OUTFALL_OK;
}

/* Text and decimals stand for the nearest float: few decimals, not even 0.1, are exactly one. */
static int float_of_text(const outfall_column *column, const outfall_value *value, double *out)
{
    of_decimal number;
    int parsed = of_decimal_parse(value->as.data, value->length, &number);
    if (parsed != OF_PARSED_OK)
        return parsed;
    return of_float_from_decimal(&number, column->type == OUTFALL_TYPE_FLOAT32, out);
}

/* The double that an int is, exactly or not; -2^63 to 2^63. */
static int float_of_int(int64_t number, double *out)
{
    *out = (double)number;
    return *out < TWO_63 && (int64_t)*out == number ? OF_PARSED_OK : OF_PARSED_ROUNDED;
}

int of_convert_float(const outfall_column *column, const outfall_value *value, bool lossy,
                     uint8_t *out, size_t *bytes, outfall_error *error)
{
    bool single = column->type == OUTFALL_TYPE_FLOAT32;
    double real = 0;
    int parsed = OF_PARSED_OK;
    if (is_float(value))
        real = value->as.real;
    else if (is_int(value))
        parsed = float_of_int(int_of(value), &real);
    else if (value->type == OUTFALL_TYPE_DECIMAL || value->type == OUTFALL_TYPE_TEXT)
        parsed = float_of_text(column, value, &real);
    else
        return of_refuse_type(error, column, value);

    if (parsed == OF_PARSED_MALFORMED)
        return of_refuse(error, column, value, "is not a number",
                         "put it as 12.5 or 1.25e1, or load it into a text column");
    if (parsed == OF_PARSED_RANGE || (single && isfinite(real) && fabs(real) > (double)FLT_MAX))
        return of_refuse(error, column, value, "is out of range",
                         "the column takes 0 and about %s; use a %s column",
                         single ? "1e-45 to 3.4e38" : "5e-324 to 1.8e308",
                         single ? "float64 or decimal" : "decimal");
    if (single && isfinite(real) && (double)(float)real != real)
        parsed = OF_PARSED_ROUNDED;
    if (parsed == OF_PARSED_ROUNDED && !lossy)
        return of_refuse(error, column, value, "would be rounded",
                         "the column keeps %d bits; use a %s column, or set convert.lossy=round",
                         single ? FLT_MANT_DIG : DBL_MANT_DIG,
                         single ? "float64 or decimal" : "decimal");
    int status = check_special(column, value, isnan(real), isinf(real), error);
    if (status != OUTFALL_OK)
        return status;
    *bytes = single ? of_encode_f32(out, (float)real) : of_encode_f64(out, real);
    return OUTFALL_OK;
}

/* ---- Decimals --------------------------------------------------------------------- */

static int refuse_digits(const outfall_column *column, const outfall_value *value,
                         outfall_error *error)
{
    if (column->precision != 0 && (column->flags & OUTFALL_COLUMN_APPROXIMATE) != 0)
        return of_refuse(error, column, value, "would be rounded",
                         "the column keeps %u digits; round it, load it into a text column, or set "
                         "convert.lossy=round",
                         column->precision);
    return of_refuse(
        error, column, value, "would be rounded",
        "the column keeps %d digits after the point; round it, use a column with more, "
        "or set convert.lossy=round",
        column->precision != 0 ? column->scale : OUTFALL_DECIMAL_SCALE_MAX);
}

int of_convert_decimal(const outfall_column *column, const outfall_value *value, bool lossy,
                       uint8_t *out, size_t *bytes, outfall_error *error)
{
    char text[OF_NUMBER_TEXT_MAX];
    const char *digits = text;
    size_t length;
    of_decimal number;
    if (is_int(value)) {
        length = of_int_text(int_of(value), text);
    } else if (is_float(value)) {
        length = of_float_text(value->as.real, value->type == OUTFALL_TYPE_FLOAT32, text);
    } else if (value->type == OUTFALL_TYPE_DECIMAL || value->type == OUTFALL_TYPE_TEXT) {
        digits = value->as.data;
        length = value->length;
    } else {
        return of_refuse_type(error, column, value);
    }

    if (of_decimal_parse(digits, length, &number) != OF_PARSED_OK)
        return of_refuse(error, column, value, "is not a number",
                         "put it as 12.50 or 1.25e1, or load it into a text column");
    bool infinite = number.kind == OF_DECIMAL_INFINITE;
    int status = check_special(column, value, number.kind == OF_DECIMAL_NAN, infinite, error);
    if (status != OUTFALL_OK)
        return status;
    bool exact = column->precision != 0 && (column->flags & OUTFALL_COLUMN_APPROXIMATE) == 0;
    if (infinite && exact)
        return of_refuse(error, column, value, "is infinite",
                         "a decimal with a precision cannot hold infinities; put NULL");

    int parsed = of_decimal_encode(&number, column, out, bytes);
    if (parsed == OF_PARSED_RANGE)
        return of_refuse(error, column, value, "is out of range",
                         "the column holds %lld digits before the point; use a column with more",
                         exact ? (long long)column->precision - column->scale
                               : OF_DECIMAL_POWER_MAX + 1LL);
    if (parsed == OF_PARSED_ROUNDED && !lossy)
        return refuse_digits(column, value, error);
    return OUTFALL_OK;
}
