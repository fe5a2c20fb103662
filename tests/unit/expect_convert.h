/* SPDX-License-Identifier: Apache-2.0 */
/* Converts one value and compares; for the tests of of_convert. cmocka.h comes before this. */
#ifndef TESTS_UNIT_EXPECT_CONVERT_H
#define TESTS_UNIT_EXPECT_CONVERT_H

#include <stdio.h>
#include <string.h>

#include "row/convert.h"
#include "row/encode.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A schema of the one column "c"; `type` may carry "not null". */
static inline outfall_schema *schema_of(const char *type)
{
    outfall_error error;
    outfall_schema *schema;
    char text[80];
    snprintf(text, sizeof text, "c %s", type);
    assert_int_equal(outfall_schema_new(&schema, &error), OUTFALL_OK);
    if (outfall_schema_parse(schema, text, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    return schema;
}

/* Converts into exactly the room that was asked for, so that a sanitizer sees one byte too many. */
static inline int convert(const outfall_column *column, const outfall_value *value, bool lossy,
                          char *hex, size_t capacity, outfall_error *error)
{
    size_t room = of_convert_bytes_max(column, value), bytes = 0;
    uint8_t *out = malloc(room);
    assert_non_null(out);
    memset(error, 0, sizeof *error);
    int status = of_convert(column, value, lossy, out, &bytes, error);
    hex[0] = '\0';
    if (status == OUTFALL_OK) {
        assert_true(bytes <= room);
        int32_t length = outfall_read_i32(out);
        if (length == -1) {
            assert_int_equal(bytes, 4);
            snprintf(hex, capacity, "NULL");
        } else {
            assert_int_equal(bytes, 4 + length);
        }
        for (size_t i = 4; i < bytes && 2 * (i - 4) + 2 < capacity; i++)
            snprintf(hex + 2 * (i - 4), 3, "%02x", out[i]);
    }
    free(out);
    return status;
}

static inline outfall_value text_value(const char *text)
{
    return (outfall_value){
        .type = OUTFALL_TYPE_TEXT, .length = (uint32_t)strlen(text), .as = {.data = text}};
}

static inline outfall_value data_value(uint32_t type, const char *data)
{
    return (outfall_value){.type = type, .length = (uint32_t)strlen(data), .as = {.data = data}};
}

static inline outfall_value integer_value(uint32_t type, int64_t number)
{
    return (outfall_value){.type = type, .as = {.integer = number}};
}

static inline outfall_value real_value(double number)
{
    return (outfall_value){.type = OUTFALL_TYPE_FLOAT64, .as = {.real = number}};
}

/* Converts and compares: with the hex of the field, or with a part of the error's message. */
static inline void expect(const char *type, uint32_t flags, const outfall_value *value, bool lossy,
                          const char *want_hex, const char *want_message)
{
    outfall_schema *schema = schema_of(type);
    outfall_column column = *outfall_schema_column(schema, 0);
    outfall_error error;
    char hex[512];
    column.flags |= flags;
    int status = convert(&column, value, lossy, hex, sizeof hex, &error);
    if (want_hex != NULL) {
        if (status != OUTFALL_OK)
            fail_msg("%s: %s", type, error.message);
        assert_string_equal(hex, want_hex);
    } else {
        assert_int_equal(status, OUTFALL_ERR_REFUSED);
        assert_string_equal(error.column, "c");
        assert_int_equal(error.action, OUTFALL_ACTION_ROW);
        if (strstr(error.message, want_message) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", type, error.message, want_message);
    }
    outfall_schema_free(schema);
}

#endif
