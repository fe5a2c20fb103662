/* SPDX-License-Identifier: Apache-2.0 */
#include "row/refuse.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <outfall/encoding.h>

#include "base/fail.h"
#include "row/number.h"
#include "row/type.h"

#define QUOTED_CHARACTERS 40

_Static_assert(OF_LIMITS_TEXT_MAX >= 2 * OUTFALL_TEMPORAL_TEXT_MAX + sizeof " to ",
               "the limits of any type fit");
_Static_assert(OF_QUOTE_MAX >= QUOTED_CHARACTERS * 4 + sizeof "\"\"...", "a quote fits");

void of_quote(const char *text, size_t length, char *out)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *at = (const uint8_t *)text;
    size_t left = length;
    *out++ = '"';
    for (int i = 0; i < QUOTED_CHARACTERS && left > 0; i++) {
        size_t size = outfall_utf8_step(at, left);
        bool control = size == 1 && (*at < 0x20 || *at == 0x7F);
        /* U+0080 to U+009F are control characters too: some move a terminal's cursor. */
        control = control || (size == 2 && at[0] == 0xC2 && at[1] < 0xA0);
        if (size == 0 || control) {
            size = 1;
            *out++ = '\\';
            *out++ = 'x';
            *out++ = hex[*at >> 4];
            *out++ = hex[*at & 15];
        } else {
            memcpy(out, at, size);
            out += size;
        }
        at += size;
        left -= size;
    }
    outfall_text_end(left > 0 ? "\"..." : "\"", out);
}

/* Up to 16 bytes in hex. */
static void show_bytes(const outfall_value *value, char *out, size_t capacity)
{
    const uint8_t *data = value->as.data;
    int size = snprintf(out, capacity, "\\x");
    for (uint32_t i = 0; i < value->length && i < 16; i++)
        size += snprintf(out + size, capacity - (size_t)size, "%02x", data[i]);
    if (value->length > 16)
        snprintf(out + size, capacity - (size_t)size, "... (%u bytes)", value->length);
}

/* Days or microseconds since 1970 as text; the number where no encoding holds it. */
static void show_temporal(const outfall_value *value, char *out, size_t capacity)
{
    int64_t number = value->as.integer;
    if (value->type == OUTFALL_TYPE_TIME && number >= 0)
        outfall_time_text(number, out);
    else if (number == OUTFALL_TIME_INFINITY || number == OUTFALL_TIME_MINUS_INFINITY)
        snprintf(out, capacity, "%sinfinity", number < 0 ? "-" : "");
    else if (value->type == OUTFALL_TYPE_DATE && number > INT32_MIN / 2 && number < INT32_MAX / 2)
        outfall_date_text((int32_t)number - OUTFALL_EPOCH_DAYS, out);
    else if (value->type != OUTFALL_TYPE_DATE && value->type != OUTFALL_TYPE_TIME &&
             number > INT64_MIN + OUTFALL_EPOCH_US)
        outfall_timestamp_text(number - OUTFALL_EPOCH_US, value->type == OUTFALL_TYPE_TIMESTAMPTZ,
                               out);
    else
        snprintf(out, capacity, "%lld", (long long)number);
}

static void show_value(const outfall_value *value, char *out, size_t capacity)
{
    switch (value->type) {
    case OUTFALL_TYPE_NULL:
        snprintf(out, capacity, "NULL");
        break;
    case OUTFALL_TYPE_BOOL:
        snprintf(out, capacity, "%s", value->as.integer != 0 ? "true" : "false");
        break;
    case OUTFALL_TYPE_INT16:
    case OUTFALL_TYPE_INT32:
    case OUTFALL_TYPE_INT64:
        snprintf(out, capacity, "%lld", (long long)value->as.integer);
        break;
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64:
        of_float_text(value->as.real, value->type == OUTFALL_TYPE_FLOAT32, out);
        break;
    case OUTFALL_TYPE_BYTES:
        show_bytes(value, out, capacity);
        break;
    case OUTFALL_TYPE_UUID:
        outfall_uuid_text(value->as.data, out);
        break;
    case OUTFALL_TYPE_DATE:
    case OUTFALL_TYPE_TIME:
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        show_temporal(value, out, capacity);
        break;
    default:
        of_quote(value->as.data, value->length, out);
    }
}

/* Copies as many whole characters as fit. */
static void cut(const char *text, char *out, size_t capacity)
{
    size_t left = strlen(text), size = 0, step;
    while (left > 0 && (step = outfall_utf8_step((const uint8_t *)text + size, left)) > 0 &&
           size + step < capacity) {
        memcpy(out + size, text + size, step);
        size += step;
        left -= step;
    }
    out[size] = '\0';
}

int of_refuse(outfall_error *error, const outfall_column *column, const outfall_value *value,
              const char *what, const char *fix, ...)
{
    char shown[OF_QUOTE_MAX], type[64], short_type[48], name[64], advice[192];
    va_list arguments;
    if (error == NULL)
        return OUTFALL_ERR_REFUSED;
    show_value(value, shown, sizeof shown);
    of_type_text(column, type, sizeof type);
    cut(type, short_type, sizeof short_type);
    cut(column->name, name, sizeof name);
    va_start(arguments, fix);
    vsnprintf(advice, sizeof advice, fix, arguments);
    va_end(arguments);
    return of_fail_column(error, OUTFALL_ERR_REFUSED, column->name,
                          "value %s %s (column \"%s\", %s): %s", shown, what, name, short_type,
                          advice);
}

void of_limits_text(const outfall_column *column, char *out)
{
    char least[OUTFALL_TEMPORAL_TEXT_MAX], most[OUTFALL_TEMPORAL_TEXT_MAX];
    const outfall_value low = {.type = column->type, .as = {.integer = column->least}};
    const outfall_value high = {.type = column->type, .as = {.integer = column->most}};
    show_value(&low, least, sizeof least);
    show_value(&high, most, sizeof most);
    snprintf(out, OF_LIMITS_TEXT_MAX, "%s to %s", least, most);
}

int of_refuse_limits(outfall_error *error, const outfall_column *column, const outfall_value *value)
{
    char limits[OF_LIMITS_TEXT_MAX];
    of_limits_text(column, limits);
    return of_refuse(error, column, value, "is out of range",
                     "the column takes %s; correct it, or use a column of a wider type", limits);
}

int of_refuse_type(outfall_error *error, const outfall_column *column, const outfall_value *value)
{
    return of_refuse(error, column, value, "has the wrong type",
                     "it is of type %s; put one of type %s, or text that spells it",
                     outfall_type_name((int)value->type), outfall_type_name((int)column->type));
}
