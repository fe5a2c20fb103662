/* SPDX-License-Identifier: Apache-2.0 */
#include "jsontext.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/encoding.h>

void of_jsontext_free(of_jsontext *text)
{
    free(text->data);
    memset(text, 0, sizeof *text);
}

void of_jsontext_clear(of_jsontext *text)
{
    text->length = 0;
    text->failed = false;
}

static char *room(of_jsontext *text, size_t length)
{
    if (text->capacity - text->length < length) {
        size_t capacity = (text->length + length) * 2;
        char *grown = realloc(text->data, capacity);
        if (grown == NULL) {
            text->failed = true;
            return NULL;
        }
        text->data = grown;
        text->capacity = capacity;
    }
    return text->data + text->length;
}

void of_jsontext_raw(of_jsontext *text, const char *data, size_t length)
{
    char *at = room(text, length);
    if (at == NULL || length == 0)
        return;
    memcpy(at, data, length);
    text->length += length;
}

void of_jsontext_format(of_jsontext *text, const char *format, ...)
{
    char buffer[256];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof buffer)
        text->failed = true;
    else
        of_jsontext_raw(text, buffer, (size_t)length);
}

static void escaped(of_jsontext *text, unsigned char byte)
{
    switch (byte) {
    case '"':
        of_jsontext_raw(text, "\\\"", 2);
        break;
    case '\\':
        of_jsontext_raw(text, "\\\\", 2);
        break;
    case '\n':
        of_jsontext_raw(text, "\\n", 2);
        break;
    case '\r':
        of_jsontext_raw(text, "\\r", 2);
        break;
    case '\t':
        of_jsontext_raw(text, "\\t", 2);
        break;
    default:
        of_jsontext_format(text, "\\u%04x", byte);
        break;
    }
}

static void base64(of_jsontext *text, const char *data, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = (const unsigned char *)data;

    of_jsontext_raw(text, "{\"base64\": \"", 12);
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t bits = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
                        (left > 2 ? at[i + 2] : 0u);
        char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                        left > 1 ? digits[bits >> 6 & 63] : '=',
                        left > 2 ? digits[bits & 63] : '='};
        of_jsontext_raw(text, four, sizeof four);
    }
    of_jsontext_raw(text, "\"}", 2);
}

void of_jsontext_string(of_jsontext *text, const char *data, size_t length)
{
    size_t from = 0;

    if (length > 0 && !outfall_utf8_valid(data, length)) {
        base64(text, data, length);
        return;
    }
    of_jsontext_raw(text, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        if (byte >= ' ' && byte != '"' && byte != '\\' && byte != 0x7F)
            continue;
        of_jsontext_raw(text, data + from, i - from);
        escaped(text, byte);
        from = i + 1;
    }
    of_jsontext_raw(text, data + from, length - from);
    of_jsontext_raw(text, "\"", 1);
}

void of_jsontext_value(of_jsontext *text, const outfall_value *value)
{
    switch (value->type) {
    case OUTFALL_TYPE_NULL:
        of_jsontext_raw(text, "null", 4);
        break;
    case OUTFALL_TYPE_BOOL:
        of_jsontext_format(text, "%s", value->as.integer != 0 ? "true" : "false");
        break;
    case OUTFALL_TYPE_INT64:
        of_jsontext_format(text, "%" PRId64, value->as.integer);
        break;
    case OUTFALL_TYPE_DECIMAL:
    case OUTFALL_TYPE_JSON:
        of_jsontext_raw(text, value->as.data, value->length);
        break;
    default:
        of_jsontext_string(text, value->as.data, value->length);
        break;
    }
}
