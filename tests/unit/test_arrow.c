/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of every type as values, and the columns that are made for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arrays.h"
#include "arrow/table.h"
#include "row/convert.h"
#include "row/type.h"

#define ROWS_MAX 6
#define LIST(type, ...) ((const type[]){__VA_ARGS__})
#define NULLABLE ARROW_FLAG_NULLABLE

/* Metadata in the machine's byte order; of which the tests run on little-endian ones only. */
#define EXTENSION(count, name)                                                                     \
    "\x02\0\0\0"                                                                                   \
    "\x01\0\0\0k\x01\0\0\0v"                                                                       \
    "\x14\0\0\0ARROW:extension:name" count "\0\0\0" name

typedef struct value_case {
    const char *why;
    test_array_column column;
    const char *want[ROWS_MAX]; /* As text; NULL: SQL's NULL. */
    int type;                   /* Of the values that are not null. */
    const char *made;           /* The column that is made; NULL: none is. */
} value_case;

static const char view_part[] = "..longer than twelve";
static const int64_t view_sizes[] = {sizeof view_part - 1};
/* Views: "short", the last 18 bytes of view_part by buffer 0, and an empty one. */
static const uint8_t views[] = "\x05\0\0\0short\0\0\0\0\0\0\0"
                               "\x12\0\0\0long\0\0\0\0\x02\0\0\0"
                               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

static const test_array_column fruit = {
    .format = "u",
    .length = 2,
    .n_buffers = 3,
    .offset = 1,
    .buffers = {"\x05", LIST(int32_t, 0, 1, 5, 9), "xpearplum"}};

static const value_case cases[] = {
    {"null", {.format = "n", .length = 2, .null_count = 2, .flags = NULLABLE}, {0}, 0, NULL},
    {"bool, from a bit on",
     {.format = "b", .length = 3, .offset = 7, .n_buffers = 2, .buffers = {NULL, "\x80\x02"}},
     {"true", "false", "true"},
     OUTFALL_TYPE_BOOL,
     "bool"},
    {"int8",
     {.format = "c", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(int8_t, -128, 127)}},
     {"-128", "127"},
     OUTFALL_TYPE_INT64,
     "int16"},
    {"uint8",
     {.format = "C", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(uint8_t, 0, 255)}},
     {"0", "255"},
     OUTFALL_TYPE_INT64,
     "int16"},
    {"int16",
     {.format = "s", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(int16_t, -32768, 32767)}},
     {"-32768", "32767"},
     OUTFALL_TYPE_INT64,
     "int16"},
    {"uint16",
     {.format = "S", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(uint16_t, 1, 65535)}},
     {"1", "65535"},
     OUTFALL_TYPE_INT64,
     "int32"},
    {"int32, nulls between",
     {.format = "i",
      .length = 3,
      .n_buffers = 2,
      .null_count = 1,
      .flags = NULLABLE,
      .buffers = {"\x05", LIST(int32_t, INT32_MIN, 7, INT32_MAX)}},
     {"-2147483648", NULL, "2147483647"},
     OUTFALL_TYPE_INT64,
     "int32"},
    {"uint32",
     {.format = "I", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(uint32_t, 1, UINT32_MAX)}},
     {"1", "4294967295"},
     OUTFALL_TYPE_INT64,
     "int64"},
    {"int64, sliced, nulls behind the offset",
     {.format = "l",
      .length = 2,
      .offset = 9,
      .n_buffers = 2,
      .null_count = -1,
      .buffers = {"\xff\x05", LIST(int64_t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, INT64_MAX)}},
     {NULL, "9223372036854775807"},
     OUTFALL_TYPE_INT64,
     "int64"},
    {"uint64 within int64",
     {.format = "L", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(uint64_t, INT64_MAX)}},
     {"9223372036854775807"},
     OUTFALL_TYPE_INT64,
     "decimal(20,0)"},
    {"uint64 beyond int64",
     {.format = "L", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(uint64_t, UINT64_MAX)}},
     {"18446744073709551615"},
     OUTFALL_TYPE_DECIMAL,
     "decimal(20,0)"},
    {"half",
     {.format = "e",
      .length = 6,
      .n_buffers = 2,
      .buffers = {NULL, LIST(uint16_t, 0x3555, 0xC000, 0x0001, 0x7BFF, 0xFC00, 0x7E00)}},
     {"0.33325195", "-2", "5.9604645e-08", "65504", "-Infinity", "NaN"},
     OUTFALL_TYPE_FLOAT32,
     "float32"},
    {"float",
     {.format = "f", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(float, 0.1F, -1e30F)}},
     {"0.1", "-1e+30"},
     OUTFALL_TYPE_FLOAT32,
     "float32"},
    {"double",
     {.format = "g", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(double, 0.1, -1e300)}},
     {"0.1", "-1e+300"},
     OUTFALL_TYPE_FLOAT64,
     "float64"},
    {"utf8, sliced, empty, null",
     {.format = "u",
      .length = 3,
      .offset = 1,
      .n_buffers = 3,
      .null_count = 1,
      .flags = NULLABLE,
      .buffers = {"\x07", LIST(int32_t, 0, 1, 4, 4, 4), "xabc"}},
     {"abc", "", NULL},
     OUTFALL_TYPE_TEXT,
     "text"},
    {"utf8 of empty texts alone has no data",
     {.format = "u", .length = 2, .n_buffers = 3, .buffers = {NULL, LIST(int32_t, 0, 0, 0), NULL}},
     {"", ""},
     OUTFALL_TYPE_TEXT,
     "text"},
    {"large utf8",
     {.format = "U",
      .length = 2,
      .n_buffers = 3,
      .buffers = {NULL, LIST(int64_t, 0, 2, 5), "abcde"}},
     {"ab", "cde"},
     OUTFALL_TYPE_TEXT,
     "text"},
    {"utf8 view",
     {.format = "vu", .length = 3, .n_buffers = 4, .buffers = {NULL, views, view_part, view_sizes}},
     {"short", "longer than twelve", ""},
     OUTFALL_TYPE_TEXT,
     "text"},
    {"binary",
     {.format = "z",
      .length = 2,
      .n_buffers = 3,
      .buffers = {NULL, LIST(int32_t, 0, 2, 3), "\0\xff\x01"}},
     {"\\x00ff", "\\x01"},
     OUTFALL_TYPE_BYTES,
     "bytes"},
    {"large binary",
     {.format = "Z",
      .length = 1,
      .n_buffers = 3,
      .buffers = {NULL, LIST(int64_t, 1, 3), "\0\xff\x01"}},
     {"\\xff01"},
     OUTFALL_TYPE_BYTES,
     "bytes"},
    {"binary view, null",
     {.format = "vz",
      .length = 2,
      .n_buffers = 3,
      .null_count = 1,
      .flags = NULLABLE,
      .buffers = {"\x01", views, NULL}},
     {"\\x73686f7274", NULL},
     OUTFALL_TYPE_BYTES,
     "bytes"},
    {"fixed-size binary",
     {.format = "w:2", .length = 2, .offset = 1, .n_buffers = 2, .buffers = {NULL, "xxabcd"}},
     {"\\x6162", "\\x6364"},
     OUTFALL_TYPE_BYTES,
     "bytes(2)"},
    {"decimal32",
     {.format = "d:9,2,32",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int32_t, -5, 12345)}},
     {"-0.05", "123.45"},
     OUTFALL_TYPE_DECIMAL,
     "decimal(9,2)"},
    {"decimal64",
     {.format = "d:18,0,64",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int64_t, INT64_MIN, 0)}},
     {"-9223372036854775808", "0"},
     OUTFALL_TYPE_DECIMAL,
     "decimal(18,0)"},
    {"decimal128",
     {.format = "d:38,3",
      .length = 3,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int64_t, 1, INT64_MAX, -1, -1, 0, INT64_MIN)}},
     {"170141183460469231713240559642174554.113", "-0.001",
      "-170141183460469231731687303715884105.728"},
     OUTFALL_TYPE_DECIMAL,
     "decimal(38,3)"},
    {"decimal256 of no more digits than fit",
     {.format = "d:76,0,256",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int64_t, 1000000000, 0, 0, 0, 0, 0, 0, INT64_MIN)}},
     {"1000000000",
      "-57896044618658097711785492504343953926634992332820282019728792003956564819968"},
     OUTFALL_TYPE_DECIMAL,
     "decimal(76,0)"},
    {"a scale below zero",
     {.format = "d:5,-3", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, -12, -1)}},
     {"-12e3"},
     OUTFALL_TYPE_DECIMAL,
     "decimal(8,0)"},
    {"more scale than digits",
     {.format = "d:2,4", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, 12, 0)}},
     {"0.0012"},
     OUTFALL_TYPE_DECIMAL,
     "decimal(4,4)"},
    {"date32",
     {.format = "tdD", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(int32_t, 0, -1)}},
     {"1970-01-01", "1969-12-31"},
     OUTFALL_TYPE_DATE,
     "date"},
    {"date64 at midnight",
     {.format = "tdm",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int64_t, 86400000, -86400000)}},
     {"1970-01-02", "1969-12-31"},
     OUTFALL_TYPE_DATE,
     "date"},
    {"date64 at noon",
     {.format = "tdm", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, 43200000)}},
     {"1970-01-01 12:00:00"},
     OUTFALL_TYPE_TIMESTAMP,
     "date"},
    {"time32 in seconds",
     {.format = "tts", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int32_t, 86399)}},
     {"23:59:59"},
     OUTFALL_TYPE_TIME,
     "time"},
    {"time32 in milliseconds",
     {.format = "ttm", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int32_t, 1)}},
     {"00:00:00.001"},
     OUTFALL_TYPE_TIME,
     "time"},
    {"time64 in microseconds",
     {.format = "ttu", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, 1)}},
     {"00:00:00.000001"},
     OUTFALL_TYPE_TIME,
     "time"},
    {"time64 in whole microseconds",
     {.format = "ttn", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, 1000)}},
     {"00:00:00.000001"},
     OUTFALL_TYPE_TIME,
     "time"},
    {"time64 in nanoseconds",
     {.format = "ttn",
      .length = 1,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int64_t, 3600000000001)}},
     {"01:00:00.000000001"},
     OUTFALL_TYPE_TEXT,
     "time"},
    {"timestamp in seconds",
     {.format = "tss:", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, 0, -1)}},
     {"1970-01-01 00:00:00", "1969-12-31 23:59:59"},
     OUTFALL_TYPE_TIMESTAMP,
     "timestamp"},
    {"timestamp in milliseconds",
     {.format = "tsm:", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, -1)}},
     {"1969-12-31 23:59:59.999"},
     OUTFALL_TYPE_TIMESTAMP,
     "timestamp"},
    {"timestamp in microseconds, with a zone",
     {.format = "tsu:Europe/Vienna",
      .length = 2,
      .n_buffers = 2,
      .null_count = 1,
      .flags = NULLABLE,
      .buffers = {"\x02", LIST(int64_t, INT64_MAX, 1706704496789000)}},
     {NULL, "2024-01-31 12:34:56.789+00:00"},
     OUTFALL_TYPE_TIMESTAMPTZ,
     "timestamptz"},
    {"timestamp in nanoseconds",
     {.format = "tsn:", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, -1000)}},
     {"1969-12-31 23:59:59.999999"},
     OUTFALL_TYPE_TIMESTAMP,
     "timestamp"},
    {"timestamp in less than microseconds",
     {.format = "tsn:",
      .length = 3,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int64_t, -1, INT64_MIN, INT64_MAX)}},
     {"1969-12-31 23:59:59.999999999", "1677-09-21 00:12:43.145224192",
      "2262-04-11 23:47:16.854775807"},
     OUTFALL_TYPE_TEXT,
     "timestamp"},
    {"the same with a zone",
     {.format = "tsn:UTC", .length = 1, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, 1)}},
     {"1970-01-01 00:00:00.000000001+00:00"},
     OUTFALL_TYPE_TEXT,
     "timestamptz"},
    {"dictionary, of int8, nulls in both, both sliced",
     {.format = "c",
      .length = 4,
      .offset = 1,
      .n_buffers = 2,
      .null_count = 1,
      .flags = NULLABLE,
      .buffers = {"\x1b", LIST(int8_t, 9, 1, 99, 0, 1)},
      .dictionary = &fruit},
     {"plum", NULL, NULL, "plum"},
     OUTFALL_TYPE_TEXT,
     "text"},
    {"dictionary, of uint64",
     {.format = "L",
      .length = 1,
      .n_buffers = 2,
      .buffers = {NULL, LIST(uint64_t, 1)},
      .dictionary = &fruit},
     {"plum"},
     OUTFALL_TYPE_TEXT,
     "text"},
    {"arrow.uuid",
     {.format = "w:16",
      .length = 1,
      .n_buffers = 2,
      .buffers = {NULL, "0123456789abcdef"},
      .metadata = EXTENSION("\x0a", "arrow.uuid")},
     {"30313233-3435-3637-3839-616263646566"},
     OUTFALL_TYPE_UUID,
     "uuid"},
    {"arrow.json",
     {.format = "u",
      .length = 1,
      .n_buffers = 3,
      .buffers = {NULL, LIST(int32_t, 0, 2), "{}"},
      .metadata = EXTENSION("\x0a", "arrow.json")},
     {"{}"},
     OUTFALL_TYPE_JSON,
     "json"},
    {"another extension is what it is stored as",
     {.format = "c",
      .length = 1,
      .n_buffers = 2,
      .buffers = {NULL, "\x01"},
      .metadata = EXTENSION("\x0b", "arrow.bool8")},
     {"1"},
     OUTFALL_TYPE_INT64,
     "int16"},
};

/* A value as text, by way of a text column. */
static void value_reads(const value_case *one, const outfall_value *value, const char *want)
{
    const outfall_column text = {.name = "c", .type = OUTFALL_TYPE_TEXT, .fraction_digits = -1};
    uint8_t field[512];
    outfall_error error;
    size_t bytes = 0;
    if (want == NULL) {
        assert_int_equal(value->type, OUTFALL_TYPE_NULL);
        return;
    }
    if (value->type != (uint32_t)one->type)
        fail_msg("%s: of type %u", one->why, value->type);
    assert_true(of_convert_bytes_max(&text, value) <= sizeof field);
    assert_int_equal(of_convert(&text, value, false, field, &bytes, &error), OUTFALL_OK);
    if (bytes != 4 + strlen(want) || memcmp(field + 4, want, bytes - 4) != 0)
        fail_msg("%s: %.*s instead of %s", one->why, (int)bytes - 4, (const char *)field + 4, want);
}

static void every_type_gives_its_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const outfall_column target = {.name = "c", .type = OUTFALL_TYPE_TEXT};
        const value_case *one = &cases[i];
        test_array_column column = one->column;
        outfall_error error = {0};
        of_arrow_table table;
        test_array array;
        column.name = "c";
        test_array_make(&array, &column, 1, column.length);
        int status = of_arrow_table_open(&array.schema, &target, 1, NULL, &table, &error);
        if (status == OUTFALL_OK)
            status = of_arrow_table_bind(&table, &array.array, &error);
        if (status != OUTFALL_OK)
            fail_msg("%s: %s", one->why, error.message);
        size_t count = of_arrow_table_read(&table, 0, &status, &error);
        if (status != OUTFALL_OK)
            fail_msg("%s: %s", one->why, error.message);
        assert_int_equal(count, column.length);
        for (size_t row = 0; row < count; row++)
            value_reads(one, &table.values[row], one->want[row]);
        of_arrow_table_close(&table);
    }
}

static void a_column_is_made_for_every_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const value_case *one = &cases[i];
        test_array_column column = one->column;
        outfall_error error = {0};
        outfall_schema *schema;
        test_array array;
        char made[64];
        column.name = "c";
        test_array_make(&array, &column, 1, column.length);
        assert_int_equal(outfall_schema_new(&schema, NULL), OUTFALL_OK);
        int status = outfall_schema_add_arrow(schema, &array.schema, NULL, &error);
        assert_int_equal(status, one->made == NULL ? OUTFALL_ERR_UNSUPPORTED : OUTFALL_OK);
        assert_int_equal(outfall_schema_count(schema), one->made != NULL);
        if (one->made != NULL) {
            const outfall_column *got = outfall_schema_column(schema, 0);
            of_type_text(got, made, sizeof made);
            if (strcmp(made, one->made) != 0)
                fail_msg("%s: %s instead of %s", one->why, made, one->made);
            assert_int_equal(got->flags & OUTFALL_COLUMN_NOT_NULL,
                             column.flags == NULLABLE ? 0 : OUTFALL_COLUMN_NOT_NULL);
            assert_string_equal(got->name, "c");
        }
        outfall_schema_free(schema);
    }
}

/* More rows than a block holds, at an offset of the struct that its columns do not have. */
static void blocks_follow_one_another(void **state)
{
    enum { ROWS = 1000, FROM = 3 };
    static int64_t numbers[FROM + ROWS];
    const outfall_column target = {.name = "c", .type = OUTFALL_TYPE_INT64};
    const test_array_column column = {.name = "c",
                                      .format = "l",
                                      .length = FROM + ROWS,
                                      .n_buffers = 2,
                                      .buffers = {NULL, numbers}};
    of_arrow_table table;
    test_array array;
    int64_t at = 0;
    int status = OUTFALL_OK;
    (void)state;
    for (int64_t i = 0; i < FROM + ROWS; i++)
        numbers[i] = i * i;
    test_array_make(&array, &column, 1, ROWS);
    array.array.offset = FROM;
    assert_int_equal(of_arrow_table_open(&array.schema, &target, 1, NULL, &table, NULL),
                     OUTFALL_OK);
    assert_int_equal(of_arrow_table_bind(&table, &array.array, NULL), OUTFALL_OK);
    while (at < ROWS) {
        size_t count = of_arrow_table_read(&table, at, &status, NULL);
        assert_int_equal(status, OUTFALL_OK);
        assert_in_range(count, 1, table.block_rows);
        for (size_t i = 0; i < count; i++, at++)
            assert_int_equal(table.values[i].as.integer, (FROM + at) * (FROM + at));
    }
    assert_int_equal(at, ROWS);
    of_arrow_table_close(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_gives_its_values),
        cmocka_unit_test(a_column_is_made_for_every_type),
        cmocka_unit_test(blocks_follow_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
