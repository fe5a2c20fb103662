/* SPDX-License-Identifier: Apache-2.0 */
#include "row/field.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "row/decimal.h"
#include "row/encode.h"
#include "row/json.h"
#include "row/number.h"
#include "row/refuse.h"
#include "row/text.h"
#include "row/temporal.h"

int of_scratch_reserve(of_scratch *scratch, size_t bytes, size_t kept, outfall_error *error)
{
    if (bytes <= scratch->capacity)
        return OUTFALL_OK;
    size_t capacity = scratch->capacity < 128 ? 256 : 2 * scratch->capacity;
    if (capacity < bytes)
        capacity = bytes;
    char *data = of_alloc(capacity);
    if (data == NULL)
        return of_fail_nomem(error);
    if (kept > 0)
        memcpy(data, scratch->data, kept);
    of_free(scratch->data);
    scratch->data = data;
    scratch->capacity = capacity;
    return OUTFALL_OK;
}

void of_scratch_free(of_scratch *scratch)
{
    of_free(scratch->data);
    scratch->data = NULL;
    scratch->capacity = 0;
}

static int fail_field(const outfall_column *column, const char *what, outfall_error *error)
{
    return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                          "the bytes of column \"%s\" are no %s: %s; encode the row anew",
                          column->name, outfall_type_name((int)column->type), what);
}

/* Checks the bytes of a field that is not NULL: after this they can be read without care. */
static int check_encoding(const outfall_column *column, const uint8_t *field, int32_t length,
                          outfall_error *error)
{
    size_t offset;
    int32_t fixed = outfall_type_fixed_bytes(column->type);
    if (column->type < OUTFALL_TYPE_BOOL || column->type > OUTFALL_TYPE_OTHER)
        return fail_field(column, "there is no such type", error);
    if (length < 0 || length > OF_FIELD_BYTES_MAX || (fixed >= 0 && length != fixed))
        return fail_field(column, "their number is wrong", error);
    switch (column->type) {
    case OUTFALL_TYPE_BOOL:
        return field[0] > 1 ? fail_field(column, "neither 0 nor 1", error) : OUTFALL_OK;
    case OUTFALL_TYPE_DECIMAL:
        if (outfall_decimal_text_max(field, length) == 0)
            return fail_field(column, "digits, sign or scale are wrong", error);
        return OUTFALL_OK;
    case OUTFALL_TYPE_DATE: {
        int32_t days = outfall_read_i32(field);
        if (days != INT32_MIN && days != INT32_MAX && (days < OF_DATE_MIN || days >= OF_DATE_END))
            return fail_field(column, "out of range", error);
        return OUTFALL_OK;
    }
    case OUTFALL_TYPE_TIME: {
        int64_t us = outfall_read_i64(field);
        return us < 0 || us > OUTFALL_DAY_US ? fail_field(column, "out of range", error)
                                             : OUTFALL_OK;
    }
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ: {
        int64_t us = outfall_read_i64(field);
        if (us != INT64_MIN && us != INT64_MAX && (us < OF_TIMESTAMP_MIN || us >= OF_TIMESTAMP_END))
            return fail_field(column, "out of range", error);
        return OUTFALL_OK;
    }
    case OUTFALL_TYPE_JSON:
        if ((column->flags & OUTFALL_COLUMN_JSONB) != 0) {
            if (length < 1 || field[0] != 1)
                return fail_field(column, "jsonb's version byte is not 1", error);
            field++;
            length--;
        }
        /* fall through */
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_OTHER:
        if (of_text_check((const char *)field, (size_t)length, &offset) != OF_TEXT_GOOD)
            return fail_field(column, "not UTF-8 without NUL", error);
        return OUTFALL_OK;
    default:
        return OUTFALL_OK;
    }
}

/* ---- To values -------------------------------------------------------------------- */

static void set_data(outfall_value *value, const void *data, size_t length)
{
    value->as.data = data;
    value->length = (uint32_t)length;
}

/* The text of a decimal, in scratch. */
static int decode_decimal(const uint8_t *field, int32_t length, of_scratch *scratch,
                          outfall_value *value, outfall_error *error)
{
    int status = of_scratch_reserve(scratch, outfall_decimal_text_max(field, length), 0, error);
    if (status == OUTFALL_OK)
        set_data(value, scratch->data, outfall_decimal_text(field, length, scratch->data));
    return status;
}

static int decode_timestamp(const outfall_column *column, const uint8_t *field, of_scratch *scratch,
                            outfall_value *value, outfall_error *error)
{
    int64_t us = outfall_read_i64(field);
    value->as.integer = us; /* Both infinities are the same numbers in both. */
    if (us == INT64_MAX || us == INT64_MIN)
        return OUTFALL_OK;
    if (us < INT64_MAX - OUTFALL_EPOCH_US) {
        value->as.integer = us + OUTFALL_EPOCH_US;
        return OUTFALL_OK;
    }
    int status = of_scratch_reserve(scratch, OUTFALL_TEMPORAL_TEXT_MAX, 0, error);
    if (status != OUTFALL_OK)
        return status;
    value->type = OUTFALL_TYPE_TEXT;
    set_data(value, scratch->data,
             outfall_timestamp_text(us, column->type == OUTFALL_TYPE_TIMESTAMPTZ, scratch->data));
    return OUTFALL_OK;
}

int of_decode(const outfall_column *column, const uint8_t *field, int32_t length,
              of_scratch *scratch, outfall_value *value, outfall_error *error)
{
    memset(value, 0, sizeof *value);
    if (length == -1)
        return OUTFALL_OK; /* A value of zeroes is NULL. */
    int status = check_encoding(column, field, length, error);
    if (status != OUTFALL_OK)
        return status;
    value->type = column->type;
    switch (column->type) {
    case OUTFALL_TYPE_BOOL:
        value->as.integer = field[0];
        break;
    case OUTFALL_TYPE_INT16:
        value->as.integer = outfall_read_i16(field);
        break;
    case OUTFALL_TYPE_INT32:
        value->as.integer = outfall_read_i32(field);
        break;
    case OUTFALL_TYPE_INT64:
    case OUTFALL_TYPE_TIME:
        value->as.integer = outfall_read_i64(field);
        break;
    case OUTFALL_TYPE_FLOAT32:
        value->as.real = (double)outfall_read_f32(field);
        break;
    case OUTFALL_TYPE_FLOAT64:
        value->as.real = outfall_read_f64(field);
        break;
    case OUTFALL_TYPE_DATE:
        value->as.integer = of_days_since_1970(outfall_read_i32(field));
        break;
    case OUTFALL_TYPE_DECIMAL:
        return decode_decimal(field, length, scratch, value, error);
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        return decode_timestamp(column, field, scratch, value, error);
    case OUTFALL_TYPE_JSON: {
        size_t version = (column->flags & OUTFALL_COLUMN_JSONB) != 0;
        set_data(value, field + version, (size_t)length - version);
        break;
    }
    case OUTFALL_TYPE_OTHER:
        value->type = OUTFALL_TYPE_TEXT;
        /* fall through */
    default:
        set_data(value, field, (size_t)length);
    }
    return OUTFALL_OK;
}

/* ---- To text ---------------------------------------------------------------------- */

/* The most that a value's text takes, where it is not borrowed from the field. */
static size_t text_max(const outfall_value *value)
{
    return value->type == OUTFALL_TYPE_BYTES ? 2 * (size_t)value->length + 2
                                             : OUTFALL_TEMPORAL_TEXT_MAX;
}

int of_field_text(const outfall_column *column, const uint8_t *field, int32_t length,
                  of_scratch *scratch, const char **text, size_t *text_length, outfall_error *error)
{
    outfall_value value;
    *text = NULL;
    *text_length = 0;
    int status = of_decode(column, field, length, scratch, &value, error);
    if (status != OUTFALL_OK || value.type == OUTFALL_TYPE_NULL)
        return status;
    if (value.type == OUTFALL_TYPE_TEXT || value.type == OUTFALL_TYPE_DECIMAL ||
        value.type == OUTFALL_TYPE_JSON) {
        *text = value.as.data;
        *text_length = value.length;
        return OUTFALL_OK;
    }
    status = of_scratch_reserve(scratch, text_max(&value), 0, error);
    if (status != OUTFALL_OK)
        return status;
    char *out = scratch->data;
    *text = out;
    switch (value.type) {
    case OUTFALL_TYPE_BOOL:
        *text_length = outfall_text_end(value.as.integer ? "true" : "false", out);
        break;
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64:
        *text_length = of_float_text(value.as.real, value.type == OUTFALL_TYPE_FLOAT32, out);
        break;
    case OUTFALL_TYPE_DATE:
        *text_length = outfall_date_text(outfall_read_i32(field), out);
        break;
    case OUTFALL_TYPE_TIME:
        *text_length = outfall_time_text(outfall_read_i64(field), out);
        break;
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        *text_length = outfall_timestamp_text(outfall_read_i64(field),
                                              value.type == OUTFALL_TYPE_TIMESTAMPTZ, out);
        break;
    case OUTFALL_TYPE_UUID:
        *text_length = outfall_uuid_text(field, out);
        break;
    case OUTFALL_TYPE_BYTES:
        *text_length = of_hex_text(field, (size_t)length, out);
        break;
    default:
        *text_length = of_int_text(value.as.integer, out);
    }
    return OUTFALL_OK;
}

/* ---- Limits ----------------------------------------------------------------------- */

static int fail_limit(const outfall_column *column, const char *what, outfall_error *error)
{
    return of_fail_column(error, OUTFALL_ERR_REFUSED, column->name,
                          "the value of column \"%s\" %s: correct the row", column->name, what);
}

static int check_special(const outfall_column *column, bool nan, bool infinite,
                         outfall_error *error)
{
    if (nan && (column->flags & OUTFALL_COLUMN_NO_NAN) != 0)
        return fail_limit(column, "is NaN, which this database cannot hold", error);
    if (infinite && (column->flags & OUTFALL_COLUMN_NO_INFINITY) != 0)
        return fail_limit(column, "is infinite, which this database cannot hold", error);
    return OUTFALL_OK;
}

static int check_decimal(const outfall_column *column, const uint8_t *field, outfall_error *error)
{
    int sign = (uint16_t)outfall_read_i16(field + 4);
    if (sign >= OUTFALL_DECIMAL_NAN) {
        bool infinite = sign != OUTFALL_DECIMAL_NAN;
        if (infinite && column->precision != 0 && (column->flags & OUTFALL_COLUMN_APPROXIMATE) == 0)
            return fail_limit(column, "is infinite, which a precision excludes", error);
        return check_special(column, !infinite, infinite, error);
    }
    return of_decimal_fits(field, column) ? OUTFALL_OK
                                          : fail_limit(column, "has too many digits", error);
}

/* `number` is counted as outfall_value counts it. */
static int check_limits(const outfall_column *column, int64_t number, outfall_error *error)
{
    char limits[OF_LIMITS_TEXT_MAX], what[OF_LIMITS_TEXT_MAX + 16];
    if (of_within_limits(column, number))
        return OUTFALL_OK;
    of_limits_text(column, limits);
    snprintf(what, sizeof what, "is not in %s", limits);
    return fail_limit(column, what, error);
}

static int check_date(const outfall_column *column, int32_t days, outfall_error *error)
{
    int status = check_special(column, false, days == INT32_MAX || days == INT32_MIN, error);
    return status == OUTFALL_OK ? check_limits(column, of_days_since_1970(days), error) : status;
}

static int check_time(const outfall_column *column, int64_t us, outfall_error *error)
{
    if (of_fraction_round(us, column->fraction_digits) != us)
        return fail_limit(column, "has too many digits of seconds", error);
    return check_limits(column, us, error);
}

static int check_timestamp(const outfall_column *column, int64_t us, outfall_error *error)
{
    bool infinite = us == INT64_MAX || us == INT64_MIN;
    if (!infinite && of_fraction_round(us, column->fraction_digits) != us)
        return fail_limit(column, "has too many digits of seconds", error);
    int status = check_special(column, false, infinite, error);
    return status == OUTFALL_OK ? check_limits(column, of_us_since_1970(us), error) : status;
}

/* Of the text of a text or JSON column. */
static int check_text(const outfall_column *column, const char *text, size_t length,
                      outfall_error *error)
{
    bool jsonb = (column->flags & OUTFALL_COLUMN_JSONB) != 0;
    size_t offset;
    if (column->type == OUTFALL_TYPE_JSON) {
        if (of_json_check(text + jsonb, length - jsonb, jsonb, &offset) != NULL)
            return fail_limit(column, "is not JSON that it takes", error);
    } else if (column->length_max != 0 && length > column->length_max &&
               of_text_characters(text, length) > column->length_max) {
        return fail_limit(column, "is too long", error);
    }
    return OUTFALL_OK;
}

int of_field_check(const outfall_column *column, const uint8_t *field, int32_t length,
                   outfall_error *error)
{
    if (length == -1)
        return (column->flags & OUTFALL_COLUMN_NOT_NULL) != 0
                   ? fail_limit(column, "is NULL, which NOT NULL excludes", error)
                   : OUTFALL_OK;
    int status = check_encoding(column, field, length, error);
    if (status != OUTFALL_OK)
        return status;
    switch (column->type) {
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64: {
        double real = column->type == OUTFALL_TYPE_FLOAT32 ? (double)outfall_read_f32(field)
                                                           : outfall_read_f64(field);
        return check_special(column, isnan(real), isinf(real), error);
    }
    case OUTFALL_TYPE_DECIMAL:
        return check_decimal(column, field, error);
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_OTHER:
    case OUTFALL_TYPE_JSON:
        return check_text(column, (const char *)field, (size_t)length, error);
    case OUTFALL_TYPE_BYTES:
        if (column->length_max != 0 && (size_t)length > column->length_max)
            return fail_limit(column, "is too long", error);
        return OUTFALL_OK;
    case OUTFALL_TYPE_INT16:
        return check_limits(column, outfall_read_i16(field), error);
    case OUTFALL_TYPE_INT32:
        return check_limits(column, outfall_read_i32(field), error);
    case OUTFALL_TYPE_INT64:
        return check_limits(column, outfall_read_i64(field), error);
    case OUTFALL_TYPE_DATE:
        return check_date(column, outfall_read_i32(field), error);
    case OUTFALL_TYPE_TIME:
        return check_time(column, outfall_read_i64(field), error);
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        return check_timestamp(column, outfall_read_i64(field), error);
    default:
        return OUTFALL_OK;
    }
}
