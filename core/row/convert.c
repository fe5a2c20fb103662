/* SPDX-License-Identifier: Apache-2.0 */
#include "row/convert.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "row/convert_number.h"
#include "row/convert_time.h"
#include "row/decimal.h"
#include "row/encode.h"
#include "row/json.h"
#include "row/number.h"
#include "row/refuse.h"
#include "row/text.h"

/* The text of any value that is not itself text or bytes, and its NUL, in these bytes. */
#define SHORT_TEXT_MAX 48

_Static_assert(SHORT_TEXT_MAX >= OUTFALL_TEMPORAL_TEXT_MAX &&
                   SHORT_TEXT_MAX >= OF_NUMBER_TEXT_MAX && SHORT_TEXT_MAX >= OUTFALL_UUID_TEXT_MAX,
               "every short text fits");

/* True where the value is text, whatever it means. */
static bool is_text(const outfall_value *value)
{
    return value->type == OUTFALL_TYPE_TEXT || value->type == OUTFALL_TYPE_DECIMAL ||
           value->type == OUTFALL_TYPE_JSON;
}

/* True where the value's bytes are elsewhere. */
static bool has_data(const outfall_value *value)
{
    return is_text(value) || value->type == OUTFALL_TYPE_BYTES || value->type == OUTFALL_TYPE_UUID;
}

size_t of_convert_bytes_max(const outfall_column *column, const outfall_value *value)
{
    size_t quick = of_encode_bytes_max(column, value);
    if (quick != 0)
        return quick;
    size_t length = is_text(value) || value->type == OUTFALL_TYPE_BYTES ? value->length : 0;
    switch (column->type) {
    case OUTFALL_TYPE_DECIMAL:
        return of_decimal_bytes_max(is_text(value) ? length : OF_NUMBER_TEXT_MAX);
    case OUTFALL_TYPE_BYTES:
        return 4 + length + OF_FIELD_FIXED_MAX;
    default: /* Text of some kind; jsonb has a byte more, bytes are two digits each. */
        return 4 + 1 + SHORT_TEXT_MAX + (value->type == OUTFALL_TYPE_BYTES ? 2 * length : length);
    }
}

/* ---- Text ------------------------------------------------------------------------- */

/* Dates and times by way of their encoding, which also checks their range. */
static int temporal_text(const outfall_column *column, const outfall_value *value, char *text,
                         size_t *length, outfall_error *error)
{
    uint8_t field[OF_FIELD_FIXED_MAX];
    size_t bytes;
    outfall_column own = *column;
    own.type = value->type;
    own.flags &= ~(uint32_t)OUTFALL_COLUMN_LIMITED; /* Nothing of a text column. */
    own.fraction_digits = -1;
    int status = value->type == OUTFALL_TYPE_DATE
                     ? of_convert_date(&own, value, false, field, &bytes, error)
                 : value->type == OUTFALL_TYPE_TIME
                     ? of_convert_time(&own, value, false, field, &bytes, error)
                     : of_convert_timestamp(&own, value, false, field, &bytes, error);
    if (status != OUTFALL_OK)
        return status;
    if (value->type == OUTFALL_TYPE_DATE)
        *length = outfall_date_text(outfall_read_i32(field + 4), text);
    else if (value->type == OUTFALL_TYPE_TIME)
        *length = outfall_time_text(outfall_read_i64(field + 4), text);
    else
        *length = outfall_timestamp_text(outfall_read_i64(field + 4),
                                         value->type == OUTFALL_TYPE_TIMESTAMPTZ, text);
    return OUTFALL_OK;
}

/* Spells a value at `text`, which has room for it as of_convert_bytes_max counts it. */
static int spell(const outfall_column *column, const outfall_value *value, char *text,
                 size_t *length, outfall_error *error)
{
    of_decimal number;
    switch (value->type) {
    case OUTFALL_TYPE_BOOL:
        *length = outfall_text_end(value->as.integer != 0 ? "true" : "false", text);
        return OUTFALL_OK;
    case OUTFALL_TYPE_INT16:
    case OUTFALL_TYPE_INT32:
    case OUTFALL_TYPE_INT64:
        *length = of_int_text(value->as.integer, text);
        return OUTFALL_OK;
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64:
        *length = of_float_text(value->as.real, value->type == OUTFALL_TYPE_FLOAT32, text);
        return OUTFALL_OK;
    case OUTFALL_TYPE_BYTES:
        *length = of_hex_text(value->as.data, value->length, text);
        return OUTFALL_OK;
    case OUTFALL_TYPE_UUID:
        *length = outfall_uuid_text(value->as.data, text);
        return OUTFALL_OK;
    case OUTFALL_TYPE_DECIMAL:
        if (of_decimal_parse(value->as.data, value->length, &number) != OF_PARSED_OK)
            return of_refuse(error, column, value, "is not a number",
                             "put it as 12.50 or 1.25e1, or put it as text");
        break;
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_JSON:
        break;
    default:
        return temporal_text(column, value, text, length, error);
    }
    *length = value->length;
    if (value->length > 0)
        memcpy(text, value->as.data, value->length);
    return OUTFALL_OK;
}

/* Refuses what no text column holds. */
static int check_characters(const outfall_column *column, const outfall_value *value,
                            const char *text, size_t length, outfall_error *error)
{
    size_t offset = 0;
    switch (of_text_check(text, length, &offset)) {
    case OF_TEXT_NUL:
        return of_refuse(error, column, value, "contains a NUL byte",
                         "text cannot hold the one at byte %zu; remove it, or use a bytes column",
                         offset);
    case OF_TEXT_NOT_UTF8:
        return of_refuse(error, column, value, "is not UTF-8",
                         "byte %zu (0x%02x) starts no character; convert the text to UTF-8, or use "
                         "a bytes column",
                         offset, (uint8_t)text[offset]);
    default:
        return OUTFALL_OK;
    }
}

static int convert_text(const outfall_column *column, const outfall_value *value, bool lossy,
                        uint8_t *out, size_t *bytes, outfall_error *error)
{
    char *text = (char *)out + 4;
    size_t length = 0;
    int status = spell(column, value, text, &length, error);
    if (status == OUTFALL_OK && is_text(value))
        status = check_characters(column, value, text, length, error);
    if (status != OUTFALL_OK)
        return status;
    if (column->length_max != 0 && length > column->length_max) {
        size_t characters = of_text_characters(text, length);
        bool cut = lossy && value->type == OUTFALL_TYPE_TEXT; /* A number cut is another number. */
        if (characters > column->length_max && !cut)
            return of_refuse(error, column, value, "is too long",
                             "it has %zu characters, the column takes %u; shorten it%s", characters,
                             column->length_max,
                             value->type == OUTFALL_TYPE_TEXT ? ", or set convert.lossy=round"
                                                              : ", or use a wider column");
        length = of_text_prefix(text, length, column->length_max);
    }
    of_store_i32(out, (int32_t)length);
    *bytes = 4 + length;
    return OUTFALL_OK;
}

/* ---- JSON ------------------------------------------------------------------------- */

/* Text and JSON are documents; booleans and finite numbers are values of JSON as well. */
static int convert_json(const outfall_column *column, const outfall_value *value, uint8_t *out,
                        size_t *bytes, outfall_error *error)
{
    bool jsonb = (column->flags & OUTFALL_COLUMN_JSONB) != 0;
    char *text = (char *)out + 4 + jsonb;
    size_t length = 0, offset = 0;
    if (value->type >= OUTFALL_TYPE_BYTES && value->type <= OUTFALL_TYPE_UUID)
        return of_refuse_type(error, column, value);
    int status = spell(column, value, text, &length, error);
    if (status == OUTFALL_OK && is_text(value))
        status = check_characters(column, value, text, length, error);
    if (status != OUTFALL_OK)
        return status;
    const char *wrong = of_json_check(text, length, jsonb, &offset);
    if (wrong != NULL)
        return of_refuse(error, column, value, "is not JSON that the column takes",
                         "at byte %zu: %s; correct it, or use a text column", offset, wrong);
    out[4] = jsonb ? 1 : out[4]; /* jsonb's version. */
    of_store_i32(out, (int32_t)(length + jsonb));
    *bytes = 4 + jsonb + length;
    return OUTFALL_OK;
}

/* ---- The others ------------------------------------------------------------------- */

static int convert_bool(const outfall_column *column, const outfall_value *value, uint8_t *out,
                        size_t *bytes, outfall_error *error)
{
    bool truth = false;
    int parsed = OF_PARSED_MALFORMED;
    if (value->type == OUTFALL_TYPE_TEXT)
        parsed = of_bool_parse(value->as.data, value->length, &truth);
    else if (value->type < OUTFALL_TYPE_INT16 || value->type > OUTFALL_TYPE_INT64)
        return of_refuse_type(error, column, value);
    else if (value->as.integer == 0 || value->as.integer == 1)
        parsed = OF_PARSED_OK;
    if (parsed != OF_PARSED_OK)
        return of_refuse(error, column, value, "is not a boolean",
                         "put true or false, t or f, yes or no, on or off, 1 or 0");
    if (value->type != OUTFALL_TYPE_TEXT)
        truth = value->as.integer != 0;
    *bytes = of_encode_bool(out, truth);
    return OUTFALL_OK;
}

static int convert_bytes(const outfall_column *column, const outfall_value *value, bool lossy,
                         uint8_t *out, size_t *bytes, outfall_error *error)
{
    size_t length = value->length;
    if (value->type == OUTFALL_TYPE_TEXT) {
        if (of_hex_parse(value->as.data, value->length, out + 4, &length) != OF_PARSED_OK)
            return of_refuse(error, column, value, "is not bytes",
                             "write it as \\x and hex digits, or put it as bytes");
    } else if (value->type == OUTFALL_TYPE_BYTES || value->type == OUTFALL_TYPE_UUID) {
        if (length > 0)
            memcpy(out + 4, value->as.data, length);
    } else {
        return of_refuse_type(error, column, value);
    }
    if (column->length_max != 0 && length > column->length_max) {
        if (!lossy || value->type == OUTFALL_TYPE_UUID)
            return of_refuse(error, column, value, "is too long",
                             "it has %zu bytes, the column takes %u; shorten it, or set "
                             "convert.lossy=round",
                             length, column->length_max);
        length = column->length_max;
    }
    of_store_i32(out, (int32_t)length);
    *bytes = 4 + length;
    return OUTFALL_OK;
}

static int convert_uuid(const outfall_column *column, const outfall_value *value, uint8_t *out,
                        size_t *bytes, outfall_error *error)
{
    uint8_t uuid[16];
    int parsed = OF_PARSED_MALFORMED;
    if (value->type == OUTFALL_TYPE_TEXT) {
        parsed = of_uuid_parse(value->as.data, value->length, uuid);
    } else if (value->type == OUTFALL_TYPE_UUID || value->type == OUTFALL_TYPE_BYTES) {
        if (value->length == sizeof uuid) {
            memcpy(uuid, value->as.data, sizeof uuid);
            parsed = OF_PARSED_OK;
        }
    } else {
        return of_refuse_type(error, column, value);
    }
    if (parsed != OF_PARSED_OK)
        return of_refuse(error, column, value, "is not a UUID",
                         "write it as 01234567-89ab-cdef-0123-456789abcdef, or put 16 bytes");
    *bytes = of_encode_bytes(out, uuid, sizeof uuid);
    return OUTFALL_OK;
}

/* ---- All of them ------------------------------------------------------------------ */

/* Misuse, and what is longer than any field may be. */
static int check_value(const outfall_column *column, const outfall_value *value,
                       outfall_error *error)
{
    if (value->type > OUTFALL_TYPE_JSON)
        return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                              "a value's type is %u: use one of enum outfall_type up to "
                              "OUTFALL_TYPE_JSON",
                              value->type);
    if (has_data(value) && value->as.data == NULL && value->length > 0)
        return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                              "a %s value of %u bytes has no data: point at them",
                              outfall_type_name((int)value->type), value->length);
    if (value->type == OUTFALL_TYPE_UUID && value->length != 16)
        return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                              "a uuid value has %u bytes: set length to 16", value->length);
    size_t length = has_data(value) ? value->length : 0;
    if (value->type == OUTFALL_TYPE_BYTES && column->type != OUTFALL_TYPE_BYTES)
        length = 2 * length + 2; /* In hex. */
    if (length > OF_FIELD_BYTES_MAX - 1)
        return of_fail_column(error, OUTFALL_ERR_REFUSED, column->name,
                              "a %s value of %u bytes is longer than a field can be (column "
                              "\"%.63s\"): leave it out or split it",
                              outfall_type_name((int)value->type), value->length, column->name);
    return OUTFALL_OK;
}

int of_convert(const outfall_column *column, const outfall_value *value, bool lossy, uint8_t *out,
               size_t *bytes, outfall_error *error)
{
    if (of_encode(column, value, out, bytes))
        return OUTFALL_OK;
    int status = check_value(column, value, error);
    if (status != OUTFALL_OK)
        return status;
    outfall_value empty = *value;
    if (has_data(value) && value->as.data == NULL) {
        empty.as.data = ""; /* No bytes need no address, but pointer arithmetic does. */
        value = &empty;
    }
    if (value->type == OUTFALL_TYPE_NULL)
        return of_refuse(error, column, value, "is not allowed",
                         "the column is NOT NULL; put a value");
    switch (column->type) {
    case OUTFALL_TYPE_BOOL:
        return convert_bool(column, value, out, bytes, error);
    case OUTFALL_TYPE_INT16:
    case OUTFALL_TYPE_INT32:
    case OUTFALL_TYPE_INT64:
        return of_convert_int(column, value, lossy, out, bytes, error);
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64:
        return of_convert_float(column, value, lossy, out, bytes, error);
    case OUTFALL_TYPE_DECIMAL:
        return of_convert_decimal(column, value, lossy, out, bytes, error);
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_OTHER:
        return convert_text(column, value, lossy, out, bytes, error);
    case OUTFALL_TYPE_BYTES:
        return convert_bytes(column, value, lossy, out, bytes, error);
    case OUTFALL_TYPE_DATE:
        return of_convert_date(column, value, lossy, out, bytes, error);
    case OUTFALL_TYPE_TIME:
        return of_convert_time(column, value, lossy, out, bytes, error);
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        return of_convert_timestamp(column, value, lossy, out, bytes, error);
    case OUTFALL_TYPE_UUID:
        return convert_uuid(column, value, out, bytes, error);
    case OUTFALL_TYPE_JSON:
        return convert_json(column, value, out, bytes, error);
    default:
        return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                              "column \"%.63s\" has type %u: use one of enum outfall_type",
                              column->name, column->type);
    }
}
