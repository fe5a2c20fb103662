/* SPDX-License-Identifier: Apache-2.0 */
/* The kind of a row: how it is spelt, and that its column is no column of the table. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "input.h"
#include "kind.h"

enum { RECORD_MAX = 4096 };

static void kinds_are_read_in_any_case(void **state)
{
    static const struct {
        const char *text;
        int kind;
        const char *shown;
    } cases[] = {
        {"insert", OUTFALL_ROW_INSERT, ""},
        {"update", OUTFALL_ROW_UPDATE, ""},
        {"delete", OUTFALL_ROW_DELETE, ""},
        {"INSERT", OUTFALL_ROW_INSERT, ""},
        {"Delete", OUTFALL_ROW_DELETE, ""},
        {"c", OUTFALL_ROW_INSERT, ""},
        {"i", OUTFALL_ROW_INSERT, ""},
        {"r", OUTFALL_ROW_INSERT, ""},
        {"u", OUTFALL_ROW_UPDATE, ""},
        {"d", OUTFALL_ROW_DELETE, ""},
        {"D", OUTFALL_ROW_DELETE, ""},
        {"", -1, ""},
        {"x", -1, "x"},
        {"t", -1, "t"},
        {" d", -1, " d"},
        {"del", -1, "del"},
        {"deleted", -1, "deleted"},
        {"a\tb\n", -1, "a?b?"},
        {"\xff", -1, ""},
        /* Forty bytes are shown, cut between two characters. */
        {"12345678901234567890123456789012345678901", -1,
         "123456789012345678901234567890123456789"},
        {"12345678901234567890123456789012345678\xc3\xa4x", -1,
         "12345678901234567890123456789012345678"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const outfall_value value = {.type = OUTFALL_TYPE_TEXT,
                                     .length = (uint32_t)strlen(cases[i].text),
                                     .as.data = cases[i].text};
        of_kind kind;
        of_kind_read(&kind, &value);
        assert_int_equal(kind.kind, cases[i].kind);
        assert_string_equal(kind.shown, cases[i].shown);
    }
}

static void what_is_no_text_is_no_kind(void **state)
{
    static const outfall_value values[] = {
        {.type = OUTFALL_TYPE_NULL},
        {.type = OUTFALL_TYPE_INT64, .as.integer = 1},
        {.type = OUTFALL_TYPE_BOOL, .as.integer = 1},
        {.type = OUTFALL_TYPE_JSON, .length = 1, .as.data = "d"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        of_kind kind;
        of_kind_read(&kind, &values[i]);
        assert_int_equal(kind.kind, -1);
    }
}

static void a_rejection_says_what_stood_there(void **state)
{
    static const struct {
        outfall_value value;
        const char *reason;
    } cases[] = {
        {{.type = OUTFALL_TYPE_TEXT, .length = 3, .as.data = "del"},
         "\"del\" is not the kind of a"},
        {{.type = OUTFALL_TYPE_TEXT, .length = 0, .as.data = ""}, "the kind of the row is empty: "},
        {{.type = OUTFALL_TYPE_TEXT, .length = 1, .as.data = "\xff"},
         "the row is not UTF-8 text: "},
        {{.type = OUTFALL_TYPE_NULL}, "the kind of the row is missing: "},
        {{.type = OUTFALL_TYPE_INT64, .as.integer = 1}, "the kind of the row is a number: "},
        {{.type = OUTFALL_TYPE_DECIMAL, .length = 3, .as.data = "1.5"}, "the row is a number: "},
        {{.type = OUTFALL_TYPE_BOOL, .as.integer = 1}, "the kind of the row is true or false: "},
        {{.type = OUTFALL_TYPE_JSON, .length = 2, .as.data = "{}"}, "is an object or an array: "},
    };
    of_rejection rejection;
    of_kind kind;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_kind_read(&kind, &cases[i].value);
        of_kind_reject(&kind, "op", 7, &rejection);
        assert_string_equal(rejection.column, "op");
        if (strstr(rejection.reason, cases[i].reason) == NULL ||
            strstr(rejection.reason, "write insert, update or delete") == NULL)
            fail_msg("%s", rejection.reason);
    }
}

/* ---- Whole files ------------------------------------------------------------------ */

static void write_file(char *path, const char *text)
{
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    close(descriptor);
}

/* Step by step to the end of the sampling; false: it failed. */
static bool sample(of_input *input, outfall_error *error)
{
    for (;;) {
        enum of_input_step step = of_input_sample(input, error);
        if (step == OF_INPUT_END || step == OF_INPUT_FAILED)
            return step == OF_INPUT_END;
        if (step == OF_INPUT_EMPTY)
            assert_int_equal(of_input_fill(input, error), OUTFALL_OK);
    }
}

static size_t add_row(const of_input *input, const of_rows *rows, char *out, size_t capacity)
{
    char file[512];
    const char *column;
    uint64_t line;
    size_t at;

    of_input_place(input, rows->offsets[0], file, sizeof file, &line);
    const char *kind = of_input_kind(input, rows->offsets[0], &column);
    assert_int_equal(strcmp(kind, of_kind_name(rows->kinds[0])), 0);
    at = (size_t)snprintf(out, capacity, "%d:%s %s=", (int)line, column, kind);
    for (size_t i = 0; i < rows->columns; i++) {
        const outfall_value *value = &rows->values[i];
        if (value->type == OUTFALL_TYPE_TEXT)
            at += (size_t)snprintf(out + at, capacity - at, "%.*s,", (int)value->length,
                                   (const char *)value->as.data);
        else if (value->type == OUTFALL_TYPE_INT64)
            at += (size_t)snprintf(out + at, capacity - at, "%d,", (int)value->as.integer);
        else
            at += (size_t)snprintf(out + at, capacity - at, "~,");
    }
    return at + (size_t)snprintf(out + at, capacity - at, ";");
}

/* Writes what two files hold: "columns|line:column kind=values;", rejections as line!column. */
static void read_files(enum of_format format, const char *first, const char *second, char *out,
                       size_t capacity)
{
    char one[] = "/tmp/outfall-test-XXXXXX", two[] = "/tmp/outfall-test-XXXXXX";
    const char *const paths[] = {one, two};
    of_input *input = NULL;
    outfall_error error;
    of_rejection rejection;
    of_rows rows;
    size_t at = 0;

    write_file(one, first);
    write_file(two, second);
    assert_int_equal(of_input_open(format, paths, 2, RECORD_MAX, &input, &error), OUTFALL_OK);
    of_input_kind_column(input, "op");
    if (!sample(input, &error)) {
        snprintf(out, capacity, "%s", strstr(error.message, ": ") + 2);
        goto done;
    }
    of_input_begin(input);
    for (size_t i = 0; i < of_input_columns(input)->count; i++)
        at += (size_t)snprintf(out + at, capacity - at, "%s,", of_input_columns(input)->names[i]);
    at += (size_t)snprintf(out + at, capacity - at, "|");
    assert_int_equal(of_rows_init(&rows, of_input_columns(input)->count, 1, RECORD_MAX, &error),
                     OUTFALL_OK);
    assert_int_equal(of_rows_add_kinds(&rows, &error), OUTFALL_OK);
    for (;;) {
        enum of_input_step step = of_input_next(input, &rows, &rejection, &error);
        assert_int_not_equal(step, OF_INPUT_FAILED);
        if (step == OF_INPUT_END)
            break;
        if (step == OF_INPUT_EMPTY)
            assert_int_equal(of_input_fill(input, &error), OUTFALL_OK);
        if (step == OF_INPUT_REJECTED)
            at += (size_t)snprintf(out + at, capacity - at, "%d!%s;", (int)rejection.line,
                                   rejection.column);
        if (step == OF_INPUT_ROW)
            at += add_row(input, &rows, out + at, capacity - at);
        of_rows_clear(&rows);
    }
    of_rows_free(&rows);
done:
    of_input_close(input);
    unlink(one);
    unlink(two);
}

static void the_kind_column_is_no_column_of_the_rows(void **state)
{
    static const struct {
        const char *why;
        enum of_format format;
        const char *first, *second, *want;
    } cases[] = {
        {"first, and in another place in the second file", OF_FORMAT_CSV, "op,id,v\nc,1,a\nd,1,\n",
         "v,op,id\nb,UPDATE,2\n", "id,v,|2:op insert=1,a,;3:op delete=1,~,;2:op update=2,b,;"},
        {"in the middle", OF_FORMAT_CSV, "id,op,v\n1,u,a\n", "id,v,op\n2,b,d\n",
         "id,v,|2:op update=1,a,;2:op delete=2,b,;"},
        {"last, over several lines", OF_FORMAT_CSV, "id,v,op\n1,\"a\nb\",u\n2,,d\n", "id,v,op\n",
         "id,v,|2:op update=1,a\nb,;4:op delete=2,~,;"},
        {"of no kind", OF_FORMAT_CSV, "op,id\nx,1\n,2\n\"\",3\ni,4\n", "op,id\n",
         "id,|2!op;3!op;4!op;5:op insert=4,;"},
        {"too few and too many fields", OF_FORMAT_CSV, "op,id\nc\nc,1,2\nc,3\n", "op,id\n",
         "id,|2!;3!;4:op insert=3,;"},
        {"not in the first file", OF_FORMAT_CSV, "id,v\n1,a\n", "id,v\n",
         "no column \"op\", which --kind-column names"},
        {"alone in the file", OF_FORMAT_CSV, "op\nd\n", "op\n",
         "no column besides \"op\", the kinds of rows"},
        {"JSON lines", OF_FORMAT_NDJSON, "{\"id\":1,\"op\":\"c\",\"v\":\"a\"}\n",
         "{\"op\":\"D\",\"id\":1}\n{\"id\":2,\"v\":\"b\",\"op\":\"update\"}\n",
         "id,v,|1:op insert=1,a,;1:op delete=1,~,;2:op update=2,b,;"},
        {"JSON lines of no kind", OF_FORMAT_NDJSON,
         "{\"id\":1}\n{\"id\":2,\"op\":null}\n{\"id\":3,\"op\":1}\n{\"id\":4,\"op\":\"x\"}\n",
         "{\"op\":\"r\",\"id\":5}\n", "id,|1!op;2!op;3!op;4!op;1:op insert=5,;"},
    };
    char got[1024];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        read_files(cases[i].format, cases[i].first, cases[i].second, got, sizeof got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: %s, not %s", cases[i].why, got, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_read_in_any_case),
        cmocka_unit_test(what_is_no_text_is_no_kind),
        cmocka_unit_test(a_rejection_says_what_stood_there),
        cmocka_unit_test(the_kind_column_is_no_column_of_the_rows),
    };
    return cmocka_run_group_tests_name("input_kinds", tests, NULL, NULL);
}
