/* SPDX-License-Identifier: Apache-2.0 */
/* Whole rows: checked, written as JSON, encoded for another schema. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "row/convert.h"
#include "row/encode.h"
#include "row/row.h"
#include "row/schema.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static outfall_schema *schema_of(const char *text)
{
    outfall_error error;
    outfall_schema *schema;
    assert_int_equal(outfall_schema_new(&schema, &error), OUTFALL_OK);
    if (outfall_schema_parse(schema, text, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    return schema;
}

/* Encodes texts, up to a NULL that is no field, as a row; "NULL" is a null. */
static size_t row_of(const outfall_schema *schema, const char *const *texts, uint8_t *row,
                     size_t capacity)
{
    outfall_error error;
    size_t size = 2, bytes;
    of_store_i16(row, (int16_t)outfall_schema_count(schema));
    for (size_t i = 0; i < outfall_schema_count(schema); i++) {
        outfall_value value = {OUTFALL_TYPE_TEXT, (uint32_t)strlen(texts[i]), {.data = texts[i]}};
        if (strcmp(texts[i], "NULL") == 0)
            value.type = OUTFALL_TYPE_NULL;
        const outfall_column *column = outfall_schema_column(schema, i);
        assert_true(size + of_convert_bytes_max(column, &value) <= capacity);
        if (of_convert(column, &value, false, row + size, &bytes, &error) != OUTFALL_OK)
            fail_msg("%s", error.message);
        size += bytes;
    }
    return size;
}

#define ALL_TYPES                                                                                  \
    "a bool, b int16, c int32, d int64, e float32, f float64, g decimal(10,2), h text, i bytes, "  \
    "j date, k time, l timestamp, m timestamptz, n uuid, o json, p jsonb, \"q \"\"\" other"

static const char *const all_texts[] = {"true",
                                        "-1",
                                        "2",
                                        "3",
                                        "0.1",
                                        "1e+20",
                                        "-12.340",
                                        "say \"\xC3\xBC\"\n",
                                        "\\x00ff",
                                        "2024-01-31",
                                        "12:34:56.5",
                                        "2024-01-31 12:00",
                                        "2024-01-31 12:00+01",
                                        "01234567-89ab-cdef-0123-456789abcdef",
                                        "{\"a\":1}",
                                        "[]",
                                        "10.0.0.1"};

static void a_row_is_written_as_json(void **state)
{
    static const char *const special[] = {"NaN", "-Infinity", "NULL", "NULL"};
    static const char *const none[] = {NULL};
    static const struct {
        const char *schema;
        const char *const *texts;
        const char *json;
    } cases[] = {
        {ALL_TYPES, all_texts,
         "{\"a\":true,\"b\":-1,\"c\":2,\"d\":3,\"e\":0.1,\"f\":1e+20,\"g\":-12.34,"
         "\"h\":\"say \\\"\xC3\xBC\\\"\\u000a\",\"i\":\"\\\\x00ff\",\"j\":\"2024-01-31\","
         "\"k\":\"12:34:56.5\",\"l\":\"2024-01-31 12:00:00\",\"m\":\"2024-01-31 11:00:00+00:00\","
         "\"n\":\"01234567-89ab-cdef-0123-456789abcdef\",\"o\":\"{\\\"a\\\":1}\",\"p\":\"[]\","
         "\"q \\\"\":\"10.0.0.1\"}"},
        {"a decimal, b float64, c text, d int", special,
         "{\"a\":\"NaN\",\"b\":\"-Infinity\",\"c\":null,\"d\":null}"},
        {NULL, none, "{}"},
    };
    of_scratch out = {NULL, 0};
    outfall_error error;
    uint8_t row[512];
    size_t length;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_schema *schema;
        if (cases[i].schema != NULL)
            schema = schema_of(cases[i].schema);
        else
            assert_int_equal(outfall_schema_new(&schema, &error), OUTFALL_OK);
        size_t size = row_of(schema, cases[i].texts, row, sizeof row);
        assert_int_equal(of_row_json(schema, row, size, &out, &length, &error), OUTFALL_OK);
        assert_string_equal(out.data, cases[i].json);
        assert_int_equal(length, strlen(cases[i].json));
        outfall_schema_free(schema);
    }
    of_scratch_free(&out);
}

static void a_good_row_passes_and_its_every_prefix_does_not(void **state)
{
    outfall_schema *schema = schema_of(ALL_TYPES);
    outfall_error error;
    of_scratch out = {NULL, 0};
    uint8_t row[512];
    size_t size = row_of(schema, all_texts, row, sizeof row), length;
    (void)state;
    assert_int_equal(of_row_check(schema, row, size, &error), OUTFALL_OK);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *prefix = malloc(cut == 0 ? 1 : cut);
        assert_non_null(prefix);
        memcpy(prefix, row, cut);
        assert_int_equal(of_row_check(schema, prefix, cut, &error), OUTFALL_ERR_INVALID);
        assert_int_equal(of_row_json(schema, prefix, cut, &out, &length, &error),
                         OUTFALL_ERR_INVALID);
        assert_int_equal(of_row_convert(schema, schema, prefix, cut, false, &out, &length, &error),
                         OUTFALL_ERR_INVALID);
        free(prefix);
    }
    row[size] = 0;
    assert_int_equal(of_row_check(schema, row, size + 1, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "1 bytes after its last field"));
    of_scratch_free(&out);
    outfall_schema_free(schema);
}

static void a_field_that_is_not_its_columns_is_refused(void **state)
{
    static const struct {
        const char *schema, *field; /* The field's bytes. */
        int32_t length;
        int status;
        const char *message;
    } cases[] = {
        {"c int not null", "", -1, OUTFALL_ERR_REFUSED, "is NULL, which NOT NULL excludes"},
        {"c int", "", -2, OUTFALL_ERR_INVALID, "its length is wrong"},
        {"c int", "\0\0\1", 3, OUTFALL_ERR_INVALID, "their number is wrong"},
        {"c int64", "\0\0\0\1", 4, OUTFALL_ERR_INVALID, "no int64: their number is wrong"},
        {"c bool", "\2", 1, OUTFALL_ERR_INVALID, "neither 0 nor 1"},
        {"c text", "\xFF", 1, OUTFALL_ERR_INVALID, "not UTF-8 without NUL"},
        {"c text", "\0", 1, OUTFALL_ERR_INVALID, "not UTF-8 without NUL"},
        {"c text(2)", "abc", 3, OUTFALL_ERR_REFUSED, "is too long"},
        {"c text(2)", "a\xC3\xBC", 3, OUTFALL_OK, ""},
        {"c bytes(2)", "abc", 3, OUTFALL_ERR_REFUSED, "is too long"},
        {"c date", "\x7F\xFF\xFF\xFE", 4, OUTFALL_ERR_INVALID, "out of range"},
        {"c time", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, OUTFALL_ERR_INVALID, "out of range"},
        {"c time(3)", "\0\0\0\0\0\0\0\1", 8, OUTFALL_ERR_REFUSED, "too many digits of seconds"},
        {"c timestamp", "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 8, OUTFALL_ERR_INVALID, "out of range"},
        {"c timestamp(0)", "\0\0\0\0\0\0\0\1", 8, OUTFALL_ERR_REFUSED, "too many digits"},
        {"c timestamp(0)", "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, OUTFALL_OK, ""},
        {"c uuid", "123", 3, OUTFALL_ERR_INVALID, "their number is wrong"},
        {"c json", "{", 1, OUTFALL_ERR_REFUSED, "is not JSON that it takes"},
        {"c jsonb", "{}", 2, OUTFALL_ERR_INVALID, "version byte is not 1"},
        {"c jsonb", "", 0, OUTFALL_ERR_INVALID, "version byte is not 1"},
        {"c jsonb", "\1[]", 3, OUTFALL_OK, ""},
        {"c decimal", "\0\0\0\0\0\0", 6, OUTFALL_ERR_INVALID, "digits, sign or scale are wrong"},
        {"c decimal(3,1)", "\0\1\0\0\0\0\0\0\0\x64", 10, OUTFALL_ERR_REFUSED, "too many digits"},
        {"c decimal(3,1)", "\0\1\0\0\0\0\0\0\0\x63", 10, OUTFALL_OK, ""},
        {"c decimal(3,1)", "\0\1\xFF\xFF\0\0\0\2\0\x64", 10, OUTFALL_ERR_REFUSED,
         "too many digits"},
        {"c decimal(3,1)", "\0\1\xFF\xFF\0\0\0\2\x03\xE8", 10, OUTFALL_OK, ""},
        {"c decimal(3,-2)", "\0\1\0\0\0\0\0\0\0\x0A", 10, OUTFALL_ERR_REFUSED, "too many digits"},
        {"c decimal(3,-2)", "\0\2\0\1\0\0\0\0\0\1\x03\xE8", 12, OUTFALL_OK, ""},
        {"c decimal(3,1)", "\0\0\0\0\xD0\0\0\0", 8, OUTFALL_ERR_REFUSED, "is infinite"},
        {"c decimal(3,1)", "\0\0\0\0\xC0\0\0\0", 8, OUTFALL_OK, ""},
    };
    outfall_error error;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_schema *schema = schema_of(cases[i].schema);
        size_t body = cases[i].length > 0 ? (size_t)cases[i].length : 0;
        uint8_t *row = malloc(6 + body);
        assert_non_null(row);
        of_store_i16(row, 1);
        of_store_i32(row + 2, cases[i].length);
        memcpy(row + 6, cases[i].field, body);
        error.message[0] = '\0';
        int status = of_row_check(schema, row, 6 + body, &error);
        if (status != cases[i].status || strstr(error.message, cases[i].message) == NULL)
            fail_msg("%zu: %s: %d, %s", i, cases[i].schema, status, error.message);
        free(row);
        outfall_schema_free(schema);
    }
}

static void a_field_outside_its_columns_limits_is_refused(void **state)
{
    static const struct {
        const char *type;
        int64_t least, most;
        const char *field; /* The field's bytes. */
        int32_t length;
        const char *message; /* NULL: good. */
    } cases[] = {
        {"c int16", 0, 255, "\0\xFF", 2, NULL},
        {"c int16", 0, 255, "\1\0", 2, "the value of column \"c\" is not in 0 to 255: correct"},
        {"c int32", -5, 5, "\xFF\xFF\xFF\xFA", 4, "is not in -5 to 5"},
        {"c int64", 0, 0, "\0\0\0\0\0\0\0\0", 8, NULL},
        {"c int64", 0, 0, "\0\0\0\0\0\0\0\1", 8, "is not in 0 to 0"},
        {"c date", OUTFALL_EPOCH_DAYS, OUTFALL_EPOCH_DAYS + 1, "\0\0\0\1", 4, NULL},
        {"c date", OUTFALL_EPOCH_DAYS, OUTFALL_EPOCH_DAYS + 1, "\0\0\0\2", 4,
         "is not in 2000-01-01 to 2000-01-02"},
        {"c date", 0, 1, "\x7F\xFF\xFF\xFF", 4, "is not in 1970-01-01 to 1970-01-02"},
        {"c date", 0, OUTFALL_TIME_INFINITY, "\x7F\xFF\xFF\xFF", 4, NULL},
        {"c date", 0, OUTFALL_TIME_INFINITY, "\x80\0\0\0", 4, "1970-01-01 to infinity"},
        {"c time", 1000000, 2000000, "\0\0\0\0\0\0\0\1", 8, "is not in 00:00:01 to 00:00:02"},
        {"c timestamp", OUTFALL_EPOCH_US, OUTFALL_EPOCH_US, "\0\0\0\0\0\0\0\0", 8, NULL},
        {"c timestamp", OUTFALL_EPOCH_US, OUTFALL_EPOCH_US, "\0\0\0\0\0\0\0\1", 8,
         "is not in 2000-01-01 00:00:00 to 2000-01-01 00:00:00"},
        {"c timestamptz", 0, 0, "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8,
         "is not in 1970-01-01 00:00:00+00:00 to"},
        /* 294270-09-26, which cannot be counted from 1970. */
        {"c timestamp", 0, OUTFALL_TIME_INFINITY, "\x7F\xFD\0\0\0\0\0\0", 8, NULL},
        {"c timestamp", 0, INT64_MAX / 2, "\x7F\xFD\0\0\0\0\0\0", 8, "1970-01-01 00:00:00 to"},
        {"c int16", 1, 2, "", -1, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_schema *schema = schema_of(cases[i].type);
        outfall_column column = *outfall_schema_column(schema, 0);
        outfall_error error = {0};
        column.flags |= OUTFALL_COLUMN_LIMITED;
        column.least = cases[i].least;
        column.most = cases[i].most;
        int status =
            of_field_check(&column, (const uint8_t *)cases[i].field, cases[i].length, &error);
        int want = cases[i].message == NULL ? OUTFALL_OK : OUTFALL_ERR_REFUSED;
        if (status != want ||
            (want != OUTFALL_OK && strstr(error.message, cases[i].message) == NULL))
            fail_msg("%zu: %s: %d, %s", i, cases[i].type, status, error.message);
        outfall_schema_free(schema);
    }
}

static void a_row_of_other_columns_is_refused(void **state)
{
    static const char *const texts[] = {"1", "2"};
    outfall_schema *two = schema_of("a int, b int"), *one = schema_of("a int");
    outfall_error error;
    of_scratch out = {NULL, 0};
    uint8_t row[64];
    size_t size = row_of(two, texts, row, sizeof row), length;
    (void)state;
    assert_int_equal(of_row_check(one, row, size, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "a row has 2 fields: it needs one for each of the 1"));
    assert_int_equal(of_row_convert(two, one, row, size, false, &out, &length, &error),
                     OUTFALL_ERR_INVALID);
    of_scratch_free(&out);
    outfall_schema_free(one);
    outfall_schema_free(two);
}

/* A delete has nulls beside its key, whatever the columns allow. */
static void a_null_is_the_databases_to_judge_once_it_was_taken(void **state)
{
    static const char *const texts[] = {"NULL"};
    outfall_schema *from = schema_of("a int"), *to = schema_of("a text not null");
    outfall_error error;
    of_scratch out = {NULL, 0};
    uint8_t row[64];
    size_t size = row_of(from, texts, row, sizeof row), length;
    (void)state;
    assert_int_equal(of_row_convert(from, to, row, size, false, &out, &length, &error), OUTFALL_OK);
    assert_int_equal(length, size);
    assert_memory_equal(out.data, row, size);
    of_scratch_free(&out);
    outfall_schema_free(from);
    outfall_schema_free(to);
}

static void a_row_is_encoded_for_another_schema(void **state)
{
    static const struct {
        const char *from, *text, *to;
        bool lossy;
        const char *json, *message; /* One of them. */
    } cases[] = {
        {"c int", "42", "c int64", false, "{\"c\":42}", NULL},
        {"c int64", "2147483648", "c int", false, NULL, "is out of range"},
        {"c int", "42", "c text", false, "{\"c\":\"42\"}", NULL},
        {"c text", "42", "c int", false, "{\"c\":42}", NULL},
        {"c decimal(10,4)", "1.2300", "c decimal(10,2)", false, "{\"c\":1.23}", NULL},
        {"c decimal(10,4)", "1.2350", "c decimal(10,2)", false, NULL, "would be rounded"},
        {"c decimal(10,4)", "1.2350", "c decimal(10,2)", true, "{\"c\":1.24}", NULL},
        {"c json", "[1]", "c jsonb", false, "{\"c\":\"[1]\"}", NULL},
        {"c jsonb", "[1]", "c text", false, "{\"c\":\"[1]\"}", NULL},
        {"c timestamp", "294276-12-31 23:59:59.5", "c timestamp", false,
         "{\"c\":\"294276-12-31 23:59:59.5\"}", NULL},
        {"c timestamptz", "294276-12-31 23:59:59.5", "c timestamptz", false,
         "{\"c\":\"294276-12-31 23:59:59.5+00:00\"}", NULL},
        {"c timestamp", "infinity", "c date", false, "{\"c\":\"infinity\"}", NULL},
        {"c date", "-infinity", "c timestamptz", false, "{\"c\":\"-infinity\"}", NULL},
        {"c date", "2024-01-31", "c timestamp", false, "{\"c\":\"2024-01-31 00:00:00\"}", NULL},
        {"c int", "NULL", "c text", false, "{\"c\":null}", NULL},
        {"c uuid", "01234567-89ab-cdef-0123-456789abcdef", "c bytes", false,
         "{\"c\":\"\\\\x0123456789abcdef0123456789abcdef\"}", NULL},
    };
    of_scratch out = {NULL, 0}, json = {NULL, 0};
    outfall_error error;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_schema *from = schema_of(cases[i].from), *to = schema_of(cases[i].to);
        uint8_t row[128];
        size_t size = row_of(from, &cases[i].text, row, sizeof row), length, json_length;
        int status = of_row_convert(from, to, row, size, cases[i].lossy, &out, &length, &error);
        if (cases[i].json != NULL) {
            assert_int_equal(status, OUTFALL_OK);
            assert_int_equal(of_row_check(to, (uint8_t *)out.data, length, &error), OUTFALL_OK);
            assert_int_equal(
                of_row_json(to, (uint8_t *)out.data, length, &json, &json_length, &error),
                OUTFALL_OK);
            assert_string_equal(json.data, cases[i].json);
        } else {
            assert_int_equal(status, OUTFALL_ERR_REFUSED);
            assert_non_null(strstr(error.message, cases[i].message));
        }
        outfall_schema_free(from);
        outfall_schema_free(to);
    }
    of_scratch_free(&out);
    of_scratch_free(&json);
}

static void no_failing_allocation_leaks_or_crashes(void **state)
{
    outfall_schema *schema = schema_of(ALL_TYPES);
    outfall_error error;
    uint8_t row[512];
    size_t size = row_of(schema, all_texts, row, sizeof row), length;
    int status = OUTFALL_ERR_NOMEM;
    (void)state;
    for (uint64_t nth = 1; status != OUTFALL_OK && nth < 50; nth++) {
        of_scratch out = {NULL, 0}, json = {NULL, 0};
        of_alloc_fail_from(nth);
        status = of_row_convert(schema, schema, row, size, false, &out, &length, &error);
        if (status == OUTFALL_OK)
            status = of_row_json(schema, row, size, &json, &length, &error);
        of_alloc_fail_from(0);
        assert_true(status == OUTFALL_OK || status == OUTFALL_ERR_NOMEM);
        of_scratch_free(&out);
        of_scratch_free(&json);
    }
    assert_int_equal(status, OUTFALL_OK);
    outfall_schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_written_as_json),
        cmocka_unit_test(a_good_row_passes_and_its_every_prefix_does_not),
        cmocka_unit_test(a_field_that_is_not_its_columns_is_refused),
        cmocka_unit_test(a_field_outside_its_columns_limits_is_refused),
        cmocka_unit_test(a_row_of_other_columns_is_refused),
        cmocka_unit_test(a_null_is_the_databases_to_judge_once_it_was_taken),
        cmocka_unit_test(a_row_is_encoded_for_another_schema),
        cmocka_unit_test(no_failing_allocation_leaks_or_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
