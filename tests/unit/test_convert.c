/* SPDX-License-Identifier: Apache-2.0 */
/* Values other than text into columns of every type. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <math.h>

#include "expect_convert.h"

#define DAY_US INT64_C(86400000000)

static void integers_go_where_they_fit(void **state)
{
    static const struct {
        const char *type;
        int64_t number;
        const char *hex, *message; /* One of them. */
    } cases[] = {
        {"int16", -32768, "8000", NULL},
        {"int16", 32768, NULL, "value 32768 is out of range"},
        {"int32", INT32_MIN, "80000000", NULL},
        {"int32", INT64_C(2147483648), NULL, "takes -2147483648 to 2147483647; use a wider column"},
        {"int64", INT64_MIN, "8000000000000000", NULL},
        {"float32", 16777216, "4b800000", NULL},
        {"float32", 16777217, NULL, "would be rounded"},
        {"float64", INT64_C(9007199254740992), "4340000000000000", NULL},
        {"float64", INT64_C(9007199254740993), NULL, "would be rounded"},
        {"float64", INT64_MAX, NULL, "would be rounded"},
        {"float64", INT64_MIN, "c3e0000000000000", NULL},
        {"decimal", INT64_MIN, "0005000440000000039a0d2c0170156516b0", NULL},
        {"decimal(5,2)", 999, "000100000000000203e7", NULL},
        {"decimal(5,2)", -1000, NULL, "is out of range"},
        {"text", -42, "2d3432", NULL},
        {"text(2)", 123, NULL, "is too long"},
        {"json", 42, "3432", NULL},
        {"jsonb", 42, "013432", NULL},
        {"other", 42, "3432", NULL},
        {"bool", 1, "01", NULL},
        {"bool", 2, NULL, "is not a boolean"},
        {"bytes", 1, NULL, "value 1 has the wrong type (column \"c\", bytes): it is of type int64"},
        {"date", 1, NULL, "has the wrong type"},
        {"uuid", 1, NULL, "has the wrong type"},
        {"timestamp", 1, NULL, "has the wrong type"},
        {"time", 1, NULL, "has the wrong type"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_value value = integer_value(OUTFALL_TYPE_INT64, cases[i].number);
        expect(cases[i].type, 0, &value, false, cases[i].hex, cases[i].message);
    }
}

static void floats_go_where_they_lose_nothing(void **state)
{
    static const struct {
        const char *type;
        uint32_t flags;
        double number;
        const char *hex, *message;
    } cases[] = {
        {"float64", 0, 0.1, "3fb999999999999a", NULL},
        {"float64", OUTFALL_COLUMN_NO_NAN, NAN, NULL, "value NaN is not a number"},
        {"float64", OUTFALL_COLUMN_NO_INFINITY, -INFINITY, NULL, "value -Infinity is infinite"},
        {"float64", OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY, 1, "3ff0000000000000",
         NULL},
        {"float64", OUTFALL_COLUMN_NO_NAN, INFINITY, "7ff0000000000000", NULL},
        {"float32", 0, 0.5, "3f000000", NULL},
        {"float32", 0, 0.1, NULL, "value 0.1 would be rounded"},
        {"float32", 0, 1e39, NULL, "is out of range"},
        {"float32", 0, INFINITY, "7f800000", NULL},
        {"int32", 0, -7.0, "fffffff9", NULL},
        {"int32", 0, 7.5, NULL, "value 7.5 would be rounded"},
        {"int32", 0, 2147483648.0, NULL, "is out of range"},
        {"int64", 0, 9223372036854775808.0, NULL, "is out of range"},
        {"int64", 0, -9223372036854775808.0, "8000000000000000", NULL},
        {"int64", 0, NAN, NULL, "value NaN is not an integer"},
        {"int64", 0, INFINITY, NULL, "is out of range"},
        {"decimal", 0, 0.1, "0001ffff0000000103e8", NULL},
        {"decimal", 0, 1e20, "00010005000000000001", NULL},
        {"decimal(5,2)", 0, 0.125, NULL, "would be rounded"},
        {"decimal", OUTFALL_COLUMN_NO_NAN, NAN, NULL, "put NULL"},
        {"text", 0, 0.1, "302e31", NULL},
        {"text", 0, 1e20, "31652b3230", NULL},
        {"text", 0, -0.0, "2d30", NULL},
        {"json", 0, 1.5, "312e35", NULL},
        {"json", 0, NAN, NULL, "is not JSON"},
        {"bool", 0, 1.0, NULL, "has the wrong type"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_value value = real_value(cases[i].number);
        expect(cases[i].type, cases[i].flags, &value, false, cases[i].hex, cases[i].message);
    }
}

static void decimals_go_where_they_are_exact(void **state)
{
    static const struct {
        const char *type;
        uint32_t flags;
        const char *digits;
        bool lossy;
        const char *hex, *message;
    } cases[] = {
        {"int64", 0, "12.00", false, "000000000000000c", NULL},
        {"int64", 0, "1e3", false, "00000000000003e8", NULL},
        {"int64", 0, "12.5", false, NULL, "would be rounded"},
        {"int64", 0, "12.5", true, "000000000000000d", NULL},
        {"int64", 0, "-12.5", true, "fffffffffffffff3", NULL},
        {"int64", 0, "0.05", true, "0000000000000000", NULL},
        {"int64", 0, "9223372036854775807.5", true, NULL, "is out of range"},
        {"int64", 0, "-9223372036854775808", false, "8000000000000000", NULL},
        {"int64", 0, "1e19", false, NULL, "is out of range"},
        {"int64", 0, "Infinity", false, NULL, "is out of range"},
        {"int64", 0, "NaN", false, NULL, "is not an integer"},
        {"float64", 0, "0.1", false, "3fb999999999999a", NULL},
        {"text", 0, "1.50", false, "312e3530", NULL},
        {"text", 0, "abc", false, NULL, "is not a number"},
        {"json", 0, "1.50", false, "312e3530", NULL},
        {"json", 0, "NaN", false, NULL, "is not JSON"},
        {"decimal(3,0)", OUTFALL_COLUMN_APPROXIMATE, "12300", false,
         "000200010000000000"
         "0108fc",
         NULL},
        {"decimal(3,0)", OUTFALL_COLUMN_APPROXIMATE, "0.00123", false, "0002ffff00000005000c0bb8",
         NULL},
        {"decimal(3,0)", OUTFALL_COLUMN_APPROXIMATE, "1234", false, NULL, "keeps 3 digits"},
        {"decimal(3,0)", OUTFALL_COLUMN_APPROXIMATE, "1235", true, "000100000000000004d8", NULL},
        {"decimal(3,0)", OUTFALL_COLUMN_APPROXIMATE, "9.996", true, "0001000000000002000a", NULL},
        {"decimal(3,0)", OUTFALL_COLUMN_APPROXIMATE, "Infinity", false, "00000000d0000000", NULL},
        {"date", 0, "1", false, NULL, "has the wrong type"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_value value = data_value(OUTFALL_TYPE_DECIMAL, cases[i].digits);
        expect(cases[i].type, cases[i].flags, &value, cases[i].lossy, cases[i].hex,
               cases[i].message);
    }
}

static void dates_and_times_keep_their_meaning(void **state)
{
    static const struct {
        uint32_t from;
        const char *type;
        uint32_t flags;
        int64_t number;
        const char *hex, *message;
    } cases[] = {
        {OUTFALL_TYPE_DATE, "date", 0, 0, "ffffd533", NULL},
        {OUTFALL_TYPE_DATE, "date", 0, OUTFALL_TIME_INFINITY, "7fffffff", NULL},
        {OUTFALL_TYPE_DATE, "date", OUTFALL_COLUMN_NO_INFINITY, OUTFALL_TIME_INFINITY, NULL,
         "value infinity is infinite"},
        {OUTFALL_TYPE_DATE, "date", 0, INT64_MAX - 1, NULL, "is out of range"},
        {OUTFALL_TYPE_DATE, "date", 0, -2440589, NULL, "is out of range"},
        {OUTFALL_TYPE_DATE, "timestamp", 0, OUTFALL_EPOCH_DAYS + 1, "000000141dd76000", NULL},
        {OUTFALL_TYPE_DATE, "timestamptz", 0, OUTFALL_EPOCH_DAYS - 1, "ffffffebe228a000", NULL},
        {OUTFALL_TYPE_DATE, "timestamp", 0, OUTFALL_TIME_MINUS_INFINITY, "8000000000000000", NULL},
        {OUTFALL_TYPE_DATE, "timestamp", 0, 200000000, NULL, "is out of range"},
        {OUTFALL_TYPE_DATE, "text", 0, 0, "313937302d30312d3031", NULL},
        {OUTFALL_TYPE_DATE, "time", 0, 0, NULL, "has the wrong type"},
        {OUTFALL_TYPE_DATE, "int32", 0, 0, NULL, "value 1970-01-01 has the wrong type"},
        {OUTFALL_TYPE_DATE, "text", 0, INT64_MAX - 1, NULL, "is out of range"},
        {OUTFALL_TYPE_DATE, "json", 0, 0, NULL, "has the wrong type"},
        {OUTFALL_TYPE_TIME, "time", 0, DAY_US, "000000141dd76000", NULL},
        {OUTFALL_TYPE_TIME, "time", 0, DAY_US + 1, NULL, "takes 00:00:00 to 24:00:00"},
        {OUTFALL_TYPE_TIME, "time", 0, -1, NULL, "is out of range"},
        {OUTFALL_TYPE_TIME, "time(2)", 0, 10001, NULL, "value 00:00:00.010001 would be rounded"},
        {OUTFALL_TYPE_TIME, "time(2)", 0, 10000, "0000000000002710", NULL},
        {OUTFALL_TYPE_TIME, "text", 0, 1500000, "30303a30303a30312e35", NULL},
        {OUTFALL_TYPE_TIME, "timestamp", 0, 0, NULL, "has the wrong type"},
        {OUTFALL_TYPE_TIMESTAMP, "timestamp", 0, OUTFALL_EPOCH_US, "0000000000000000", NULL},
        {OUTFALL_TYPE_TIMESTAMP, "timestamp", 0, OUTFALL_TIME_INFINITY, "7fffffffffffffff", NULL},
        {OUTFALL_TYPE_TIMESTAMP, "timestamp", 0, INT64_MIN + 1, NULL, "is out of range"},
        {OUTFALL_TYPE_TIMESTAMP, "timestamp", 0, OF_TIMESTAMP_MIN + OUTFALL_EPOCH_US,
         "fd0f7cc1411fa000", NULL},
        {OUTFALL_TYPE_TIMESTAMP, "timestamp", 0, OF_TIMESTAMP_MIN + OUTFALL_EPOCH_US - 1, NULL,
         "is out of range"},
        {OUTFALL_TYPE_TIMESTAMP, "timestamp(0)", 0, 500000, NULL, "would be rounded"},
        {OUTFALL_TYPE_TIMESTAMP, "timestamptz", 0, OUTFALL_EPOCH_US, "0000000000000000", NULL},
        {OUTFALL_TYPE_TIMESTAMP, "date", 0, OUTFALL_EPOCH_US - DAY_US, "ffffffff", NULL},
        {OUTFALL_TYPE_TIMESTAMP, "date", 0, OUTFALL_EPOCH_US - 1, NULL, "is not midnight"},
        {OUTFALL_TYPE_TIMESTAMP, "time", 0, 0, NULL, "has the wrong type"},
        {OUTFALL_TYPE_TIMESTAMPTZ, "timestamptz", 0, OUTFALL_EPOCH_US - 1, "ffffffffffffffff",
         NULL},
        {OUTFALL_TYPE_TIMESTAMPTZ, "timestamp", 0, OUTFALL_EPOCH_US, NULL,
         "value 2000-01-01 00:00:00+00:00 has a time zone"},
        {OUTFALL_TYPE_TIMESTAMPTZ, "date", 0, OUTFALL_EPOCH_US, NULL, "has a time zone"},
        {OUTFALL_TYPE_TIMESTAMPTZ, "text", 0, 0,
         "313937302d30312d30312030303a30303a30302b30303a3030", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_value value = integer_value(cases[i].from, cases[i].number);
        expect(cases[i].type, cases[i].flags, &value, false, cases[i].hex, cases[i].message);
    }
}

static void bytes_uuids_json_and_booleans_go_where_they_mean_the_same(void **state)
{
    static const char uuid[] = "\x01\x23\x45\x67\x89\xab\xcd\xef"
                               "\x01\x23\x45\x67\x89\xab\xcd\xef";
    static const char uuid_hex[] = "0123456789abcdef0123456789abcdef";
    static const struct {
        uint32_t from;
        const char *type, *data, *hex, *message;
    } cases[] = {
        {OUTFALL_TYPE_BYTES, "bytes", "\xFF\x01", "ff01", NULL},
        {OUTFALL_TYPE_BYTES, "bytes(1)", "\xFF\x01", NULL, "value \\xff01 is too long"},
        {OUTFALL_TYPE_BYTES, "text", "\xFF\x01", "5c7866663031", NULL},
        {OUTFALL_TYPE_BYTES, "uuid", uuid, uuid_hex, NULL},
        {OUTFALL_TYPE_BYTES, "uuid", "\x01", NULL, "is not a UUID"},
        {OUTFALL_TYPE_BYTES, "int32", "\x01", NULL, "has the wrong type"},
        {OUTFALL_TYPE_BYTES, "json", "{}", NULL, "has the wrong type"},
        {OUTFALL_TYPE_UUID, "uuid", uuid, uuid_hex, NULL},
        {OUTFALL_TYPE_UUID, "bytes", uuid, uuid_hex, NULL},
        {OUTFALL_TYPE_UUID, "bytes(8)", uuid, NULL,
         "value 01234567-89ab-cdef-0123-456789abcdef is too long"},
        {OUTFALL_TYPE_UUID, "text", uuid,
         "30313233343536372d383961622d636465662d303132332d343536373839616263646566", NULL},
        {OUTFALL_TYPE_JSON, "json", "[]", "5b5d", NULL},
        {OUTFALL_TYPE_JSON, "jsonb", "[]", "015b5d", NULL},
        {OUTFALL_TYPE_JSON, "text", "[]", "5b5d", NULL},
        {OUTFALL_TYPE_JSON, "json", "[1,]", NULL, "at byte 3: a value is missing"},
        {OUTFALL_TYPE_JSON, "int32", "1", NULL, "has the wrong type"},
        {OUTFALL_TYPE_JSON, "bytes", "1", NULL, "has the wrong type"},
        {OUTFALL_TYPE_TEXT, "other", "10.0.0.1/8", "31302e302e302e312f38", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_value value = data_value(cases[i].from, cases[i].data);
        expect(cases[i].type, 0, &value, false, cases[i].hex, cases[i].message);
    }
    outfall_value truth = integer_value(OUTFALL_TYPE_BOOL, 1);
    expect("bool", 0, &truth, false, "01", NULL);
    expect("int16", 0, &truth, false, "0001", NULL);
    expect("text", 0, &truth, false, "74727565", NULL);
    expect("json", 0, &truth, false, "74727565", NULL);
    expect("date", 0, &truth, false, NULL, "value true has the wrong type");
}

static void null_goes_in_unless_the_column_excludes_it(void **state)
{
    outfall_value null = {0};
    (void)state;
    expect("int32", 0, &null, false, "NULL", NULL);
    expect("text not null", 0, &null, false, NULL, "value NULL is not allowed");
    expect("text not null", OUTFALL_COLUMN_DEFAULT, &null, true, NULL, "the column is NOT NULL");
}

static void misuse_is_invalid(void **state)
{
    static const outfall_value cases[] = {
        {OUTFALL_TYPE_OTHER, 0, {.integer = 0}},
        {99, 0, {.integer = 0}},
        {OUTFALL_TYPE_TEXT, 1, {.data = NULL}},
        {OUTFALL_TYPE_UUID, 15, {.data = "0123456789abcdef"}},
    };
    outfall_schema *schema = schema_of("text");
    outfall_error error;
    char hex[64];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(
            convert(outfall_schema_column(schema, 0), &cases[i], false, hex, sizeof hex, &error),
            OUTFALL_ERR_INVALID);
    outfall_value empty = {OUTFALL_TYPE_TEXT, 0, {.data = NULL}};
    assert_int_equal(
        convert(outfall_schema_column(schema, 0), &empty, false, hex, sizeof hex, &error),
        OUTFALL_OK);
    assert_string_equal(hex, "");
    outfall_schema_free(schema);
}

static void a_field_longer_than_a_gigabyte_is_refused(void **state)
{
    outfall_value text = {OUTFALL_TYPE_TEXT, UINT32_MAX, {.data = "x"}};
    outfall_value bytes = {OUTFALL_TYPE_BYTES, 0x20000000, {.data = "x"}};
    outfall_schema *schema = schema_of("text");
    const outfall_column *column = outfall_schema_column(schema, 0);
    uint8_t out[8];
    size_t size;
    outfall_error error;
    (void)state;
    assert_int_equal(of_convert_bytes_max(column, &text), 4 + (size_t)UINT32_MAX);
    assert_int_equal(of_convert(column, &text, true, out, &size, &error), OUTFALL_ERR_REFUSED);
    assert_int_equal(of_convert(column, &bytes, true, out, &size, &error), OUTFALL_ERR_REFUSED);
    assert_non_null(strstr(error.message, "longer than a field can be"));
    outfall_schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_go_where_they_fit),
        cmocka_unit_test(floats_go_where_they_lose_nothing),
        cmocka_unit_test(decimals_go_where_they_are_exact),
        cmocka_unit_test(dates_and_times_keep_their_meaning),
        cmocka_unit_test(bytes_uuids_json_and_booleans_go_where_they_mean_the_same),
        cmocka_unit_test(null_goes_in_unless_the_column_excludes_it),
        cmocka_unit_test(misuse_is_invalid),
        cmocka_unit_test(a_field_longer_than_a_gigabyte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
