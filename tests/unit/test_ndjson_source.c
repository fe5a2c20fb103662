/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines to rows, digit by digit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ndjson.h"

enum { RECORD_MAX = 65536 };

static of_line line_of(const char *text, size_t length)
{
    return (of_line){.text = text, .length = length, .number = 7};
}

static size_t spell(const outfall_value *value, char *out, size_t capacity)
{
    switch (value->type) {
    case OUTFALL_TYPE_NULL:
        return (size_t)snprintf(out, capacity, "~");
    case OUTFALL_TYPE_BOOL:
        return (size_t)snprintf(out, capacity, "%s", value->as.integer != 0 ? "yes" : "no");
    case OUTFALL_TYPE_INT64:
        return (size_t)snprintf(out, capacity, "i%lld", (long long)value->as.integer);
    default:
        return (size_t)snprintf(out, capacity, "%c%.*s",
                                value->type == OUTFALL_TYPE_TEXT   ? 't'
                                : value->type == OUTFALL_TYPE_JSON ? 'j'
                                                                   : 'd',
                                (int)value->length, (const char *)value->as.data);
    }
}

/* Feeds one line to the columns a, b, c; `out` gets their values, or the column and the reason. */
static enum of_record feed(const char *text, size_t length, char *out, size_t capacity)
{
    of_ndjson *ndjson = NULL;
    of_names columns = {0};
    of_rows rows;
    of_rejection rejection;
    of_line line = line_of(text, length);
    size_t at = 0;

    assert_int_equal(of_ndjson_open(RECORD_MAX, &ndjson, NULL), OUTFALL_OK);
    assert_int_equal(of_rows_init(&rows, 3, 2, RECORD_MAX, NULL), OUTFALL_OK);
    assert_int_equal(of_names_add(&columns, "a", 1), 0);
    assert_int_equal(of_names_add(&columns, "b", 1), 0);
    assert_int_equal(of_names_add(&columns, "c", 1), 0);
    out[0] = '\0';
    enum of_record record = of_ndjson_feed(ndjson, &line, &columns, &rows, &rejection);
    if (record == OF_RECORD_REJECTED)
        snprintf(out, capacity, "%s!%s", rejection.column, rejection.reason);
    for (size_t i = 0; record == OF_RECORD_ROW && i < 3; i++) {
        at += (size_t)snprintf(out + at, capacity - at, "%s", i > 0 ? "," : "");
        at += spell(&rows.values[i], out + at, capacity - at);
    }
    of_names_clear(&columns);
    of_rows_free(&rows);
    of_ndjson_close(ndjson);
    return record;
}

static void objects_become_rows(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{\"a\":1,\"b\":\"x\",\"c\":true}\n", "i1,tx,yes"},
        {"{\"c\":null,\"a\":false}", "no,~,~"},
        {"{}", "~,~,~"},
        {" \t{ \"b\" : \"\" , \"a\" : [ ] } \r\n", "j[ ],t,~"},
        /* Numbers keep their digits. */
        {"{\"a\":9223372036854775807,\"b\":-9223372036854775808,\"c\":0}",
         "i9223372036854775807,i-9223372036854775808,i0"},
        {"{\"a\":9223372036854775808,\"b\":-9223372036854775809,\"c\":-0}",
         "d9223372036854775808,d-9223372036854775809,d-0"},
        {"{\"a\":123456789012345678901234567890}", "d123456789012345678901234567890,~,~"},
        {"{\"a\":0.1000,\"b\":3.14159265358979323846264338,\"c\":1e5}",
         "d0.1000,d3.14159265358979323846264338,d1e5"},
        {"{\"a\":1E+2,\"b\":-1.5e-3}", "d1E+2,d-1.5e-3,~"},
        /* Nested values keep their text. */
        {"{\"a\":{\"z\":1.10, \"y\":[\"}\\\"]\",{}]},\"b\":[1.00,[2]],\"c\":2}",
         "j{\"z\":1.10, \"y\":[\"}\\\"]\",{}]},j[1.00,[2]],i2"},
        /* Strings are decoded. */
        {"{\"a\":\"\\u00e4\\n\\\\\",\"b\":\"\xC3\xA4\",\"\\u0063\":\"\\ud83d\\ude00\"}",
         "t\xC3\xA4\n\\,t\xC3\xA4,t\xF0\x9F\x98\x80"},
        {"{\"a\":\"1\",\"b\":\"\\\"\",\"c\":\",}\"}", "t1,t\",t,}"},
    };
    char got[512];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(feed(cases[i].text, strlen(cases[i].text), got, sizeof got),
                         OF_RECORD_ROW);
        assert_string_equal(got, cases[i].want);
    }
}

static void bad_lines_are_rejected_with_a_reason(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{\"a\":1,\"a\":2}", "!not JSON at byte 10: duplicate object key near '\"a\"'"},
        {"{\"d\":1}", "d!no such column: the columns are the keys of the first rows; raise "
                      "--sample-rows"},
        {"{\"\":1}", "!a key is empty: it names no column"},
        {"{\"a\":1", "!the JSON does not end on this line: one object a line"},
        {"{\"a\":1} {\"a\":2}",
         "!not JSON at byte 9: end of file expected near '{'; one object a line"},
        {"[1,2]", "!not a JSON object: a row is {\"column\": value, …}"},
        {"{\"a\":1e400}", "!not JSON at byte 10: real number overflow near '1e400'; write it as a "
                          "string"},
        {"{\"a\":\"\xFF\"}", "!not JSON at byte 6: unable to decode byte 0xff near '\"'"},
        {"{\"a\":01}", "!not JSON at byte 6: invalid token near '0'"},
        {"a,b", "!not JSON at byte 1: '[' or '{' expected near 'a'"},
    };
    char got[512];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(feed(cases[i].text, strlen(cases[i].text), got, sizeof got),
                         OF_RECORD_REJECTED);
        assert_string_equal(got, cases[i].want);
    }
}

/* Of the columns a, b, c: the first is the key, --update names the second. */
static void what_is_required_may_not_be_left_out(void **state)
{
    enum {
        KEY = OF_REQUIRED_WRITTEN | OF_REQUIRED_KEY,
        OPEN = OF_REQUIRED_WRITTEN | OF_REQUIRED_UPDATED
    };
    static const uint8_t all[] = {KEY, OPEN, OPEN}, some[] = {KEY, OPEN, 0};
    static const uint8_t replaced[] = {KEY, OF_REQUIRED_WRITTEN, OF_REQUIRED_WRITTEN};
    static const struct {
        const uint8_t *required;
        const char *text, *column, *reason; /* NULL: it is a row. */
    } cases[] = {
        {all, "{\"op\":\"u\",\"a\":1,\"b\":2,\"c\":3}", NULL, NULL},
        {all, "{\"op\":\"c\",\"c\":null,\"b\":null,\"a\":null}", NULL, NULL},
        {all, "{\"op\":\"u\",\"a\":1,\"b\":2}", "c",
         "the record has no \"c\": put null, or name the columns that are updated by --update"},
        {all, "{\"op\":\"c\",\"a\":1,\"c\":2}", "b", "by --update"},
        {all, "{\"op\":\"u\",\"b\":1,\"c\":2}", "a",
         "the record has no \"a\", a column of the key"},
        {all, "{\"op\":\"d\",\"a\":1}", NULL, NULL},
        {all, "{\"op\":\"d\"}", "a", "a column of the key"},
        {some, "{\"op\":\"u\",\"a\":1,\"b\":2}", NULL, NULL},
        {some, "{\"op\":\"u\",\"a\":1,\"c\":2}", "b", "by --update"},
        {replaced, "{\"op\":\"u\",\"a\":1,\"b\":2}", "c", "the record has no \"c\": put null"},
        {NULL, "{\"op\":\"u\"}", NULL, NULL},
    };
    of_names columns = {0};
    of_rows rows;
    of_rejection rejection;
    of_ndjson *ndjson = NULL;

    (void)state;
    assert_int_equal(of_ndjson_open(RECORD_MAX, &ndjson, NULL), OUTFALL_OK);
    of_ndjson_kind_key(ndjson, "op");
    assert_int_equal(of_rows_init(&rows, 3, 20, RECORD_MAX, NULL), OUTFALL_OK);
    assert_int_equal(of_rows_add_kinds(&rows, NULL), OUTFALL_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(of_names_add(&columns, &"a\0b\0c"[2 * i], 1), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_line line = line_of(cases[i].text, strlen(cases[i].text));
        size_t before = rows.count;
        of_ndjson_require(ndjson, cases[i].required);
        enum of_record record = of_ndjson_feed(ndjson, &line, &columns, &rows, &rejection);
        assert_int_equal(record, cases[i].column == NULL ? OF_RECORD_ROW : OF_RECORD_REJECTED);
        assert_int_equal(rows.count - before, cases[i].column == NULL);
        if (cases[i].column == NULL)
            continue;
        assert_string_equal(rejection.column, cases[i].column);
        assert_non_null(strstr(rejection.reason, cases[i].reason));
        assert_int_equal(rejection.json_bytes, line.length);
        if (cases[i].required == replaced)
            assert_null(strstr(rejection.reason, "--update"));
    }
    of_names_clear(&columns);
    of_rows_free(&rows);
    of_ndjson_close(ndjson);
}

static void blank_lines_are_skipped(void **state)
{
    static const char *const lines[] = {"\n", "\r\n", " \t \n", " "};
    char got[64];
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_int_equal(feed(lines[i], strlen(lines[i]), got, sizeof got), OF_RECORD_NONE);
}

static void a_nul_in_a_string_is_passed_on(void **state)
{
    static const char text[] = "{\"a\":\"x\\u0000y\"}";
    of_ndjson *ndjson = NULL;
    of_names columns = {0};
    of_rows rows;
    of_rejection rejection;
    of_line line = line_of(text, sizeof text - 1);

    (void)state;
    assert_int_equal(of_ndjson_open(RECORD_MAX, &ndjson, NULL), OUTFALL_OK);
    assert_int_equal(of_rows_init(&rows, 1, 1, RECORD_MAX, NULL), OUTFALL_OK);
    assert_int_equal(of_names_add(&columns, "a", 1), 0);
    assert_int_equal(of_ndjson_feed(ndjson, &line, &columns, &rows, &rejection), OF_RECORD_ROW);
    assert_int_equal(rows.values[0].length, 3);
    assert_memory_equal(rows.values[0].as.data, "x\0y", 3);
    of_names_clear(&columns);
    of_rows_free(&rows);
    of_ndjson_close(ndjson);
}

static void a_nul_byte_is_no_json(void **state)
{
    static const char *const lines[] = {"{\"a\":1#,\"b\":2}", "{\"a\":\"#\"}", "#{}", "{}#"};
    char text[64], got[256];
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t length = strlen(lines[i]);
        memcpy(text, lines[i], length);
        *(char *)memchr(text, '#', length) = '\0';
        assert_int_equal(feed(text, length, got, sizeof got), OF_RECORD_REJECTED);
        assert_non_null(strstr(got, "a NUL byte; write it as \\u0000"));
    }
}

static void columns_are_learnt_from_all_samples(void **state)
{
    static const char *const lines[] = {
        "{\"b\":1,\"a\":\"2024-01-31\"}", "{\"c\":1.5,\"b\":2}", "{\"d\":[]}", "not JSON",
        "{\"d\":null,\"\":1,\"e\":{}}",
    };
    static const struct {
        const char *name;
        int type;
    } want[] = {
        {"b", OUTFALL_TYPE_INT64}, {"a", OUTFALL_TYPE_DATE}, {"c", OUTFALL_TYPE_DECIMAL},
        {"d", OUTFALL_TYPE_JSON},  {"e", OUTFALL_TYPE_JSON},
    };
    of_ndjson *ndjson = NULL;
    of_names columns = {0};
    of_infer *samples = calloc(OF_COLUMNS_MAX, sizeof *samples);

    (void)state;
    assert_non_null(samples);
    assert_int_equal(of_ndjson_open(RECORD_MAX, &ndjson, NULL), OUTFALL_OK);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        of_line line = line_of(lines[i], strlen(lines[i]));
        assert_int_not_equal(of_ndjson_learn(ndjson, &line, &columns, samples), OF_RECORD_FAILED);
    }
    assert_int_equal(columns.count, sizeof want / sizeof want[0]);
    for (size_t i = 0; i < columns.count; i++) {
        assert_string_equal(columns.names[i], want[i].name);
        assert_int_equal(of_infer_type(&samples[i]), want[i].type);
    }
    of_names_clear(&columns);
    of_ndjson_close(ndjson);
    free(samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_become_rows),
        cmocka_unit_test(bad_lines_are_rejected_with_a_reason),
        cmocka_unit_test(what_is_required_may_not_be_left_out),
        cmocka_unit_test(blank_lines_are_skipped),
        cmocka_unit_test(a_nul_in_a_string_is_passed_on),
        cmocka_unit_test(a_nul_byte_is_no_json),
        cmocka_unit_test(columns_are_learnt_from_all_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
