/* SPDX-License-Identifier: Apache-2.0 */
/* Files to rows: lines, CSV records and what is wrong with them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "csvlines.h"
#include "source.h"

enum { RECORD_MAX = 4096 };

/* A file of these bytes, ready to be read; the caller closes it. */
static of_source *source_of(const char *text, size_t length, bool cr_ends)
{
    char path[] = "/tmp/outfall-test-XXXXXX";
    int descriptor = mkstemp(path);
    of_source *source = NULL;

    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, length), (ssize_t)length);
    close(descriptor);
    assert_int_equal(of_source_open(path, RECORD_MAX, cr_ends, &source, NULL), OUTFALL_OK);
    unlink(path);
    return source;
}

static enum of_source_step next_line(of_source *source, of_line *line)
{
    enum of_source_step step;
    while ((step = of_source_line(source, line)) == OF_SOURCE_EMPTY)
        assert_int_equal(of_source_fill(source, NULL), OUTFALL_OK);
    return step;
}

/* Writes each record at `out`: line:field,field; NULL as ~, rejections as line!reason. */
static void read_all(of_source *source, size_t columns, char *out, size_t capacity)
{
    of_csv *csv = NULL;
    of_rows rows;
    of_rejection rejection;
    of_line line;
    size_t at = 0;

    assert_int_equal(of_csv_open(RECORD_MAX, &csv, NULL), OUTFALL_OK);
    assert_int_equal(of_rows_init(&rows, columns, 2, RECORD_MAX, NULL), OUTFALL_OK);
    out[0] = '\0';
    for (;;) {
        enum of_source_step step = next_line(source, &line);
        enum of_record record = step == OF_SOURCE_LINE ? of_csv_feed(csv, &line, &rows, &rejection)
                                                       : of_csv_end(csv, &rows, &rejection);
        assert_int_not_equal(record, OF_RECORD_FAILED);
        if (record == OF_RECORD_REJECTED)
            at += (size_t)snprintf(out + at, capacity - at, "%d!%s;", (int)rejection.line,
                                   rejection.reason);
        for (size_t i = 0; record == OF_RECORD_ROW && i < columns; i++) {
            const outfall_value *value = &rows.values[i];
            if (i == 0)
                at += (size_t)snprintf(out + at, capacity - at, "%d:", (int)rows.offsets[0]);
            else
                out[at++] = ',';
            if (value->type == OUTFALL_TYPE_NULL)
                out[at++] = '~';
            else
                at += (size_t)snprintf(out + at, capacity - at, "%.*s", (int)value->length,
                                       (const char *)value->as.data);
        }
        if (record == OF_RECORD_ROW)
            at += (size_t)snprintf(out + at, capacity - at, ";");
        of_rows_clear(&rows);
        if (step == OF_SOURCE_END)
            break;
    }
    out[at] = '\0';
    of_rows_free(&rows);
    of_csv_close(csv);
}

static void records_are_read_as_written(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
        const char *want;
    } cases[] = {
        {"a,b\n", 2, "1:a,b;"},
        {"a,b", 2, "1:a,b;"},
        {"a,b\r\nc,d\r\n", 2, "1:a,b;2:c,d;"},
        {"a,b\rc,d", 2, "1:a,b;2:c,d;"},
        {"\xEF\xBB\xBF"
         "a,b\n",
         2, "1:a,b;"},
        /* NULL and the empty string. */
        {",\n\"\",x\n,\"\"", 2, "1:~,~;2:,x;3:~,;"},
        {"\"\"\n", 1, "1:;"},
        /* Nothing is trimmed. */
        {" a , b \n\" c \",\t\n", 2, "1: a , b ;2: c ,\t;"},
        {" \n", 1, "1: ;"},
        /* Quotes, commas and line ends inside quotes; lines are counted as they lie in the file. */
        {"\"a\"\"b\",\"c,d\"\n", 2, "1:a\"b,c,d;"},
        {"\"a\nb\",c\nd,e\n", 2, "1:a\nb,c;3:d,e;"},
        {"\"a\r\nb\r\n\r\nc\",d\r\ne,f\r\n", 2, "1:a\r\nb\r\n\r\nc,d;5:e,f;"},
        {"\"\n\n\",x\n\ny,z\n", 2, "1:\n\n,x;5:y,z;"},
        /* Blank lines are skipped and counted. */
        {"\n\r\na,b\n\n\nc,d\n\n", 2, "3:a,b;6:c,d;"},
        {"", 2, ""},
        {"\n", 1, ""},
        /* The wrong number of fields. */
        {"a\nb,c\nd,e,f\ng,h\n", 2,
         "1!1 field, expected 2: add the missing ones, empty for NULL;2:b,c;"
         "3!3 fields, expected 2: quote a field that has a comma in it;4:g,h;"},
        {"\"a\nb\"\nc,d\n", 2,
         "1!1 field, expected 2: add the missing ones, empty for NULL;3:c,d;"},
        {"a,b,c", 2, "1!3 fields, expected 2: quote a field that has a comma in it;"},
        /* Malformed: reading goes on at the next line. */
        {"a\"b,c\nd,e\n", 2,
         "1!a quote out of place at byte 2 of line 1: quote the whole field and double the quotes "
         "inside it;2:d,e;"},
        {"\"a\"b,c\nd,e\n", 2,
         "1!a quote out of place at byte 4 of line 1: quote the whole field and double the quotes "
         "inside it;2:d,e;"},
        {"x,y\n\"a\nb\" ,c\nd,e\n", 2,
         "1:x,y;2!a quote out of place at byte 3 of line 3: quote the whole field and double the "
         "quotes inside it;4:d,e;"},
        {"a,b\n\"c,d\ne,f\n", 2,
         "1:a,b;2!the quote opened in this record is not closed before the end of the file;"},
        {"a,\"b", 2, "1!the quote opened in this record is not closed before the end of the file;"},
        {"a,b\"", 2,
         "1!a quote out of place at byte 4 of line 1: quote the whole field and double the quotes "
         "inside it;"},
    };
    char got[4096];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_source *source = source_of(cases[i].text, strlen(cases[i].text), true);
        read_all(source, cases[i].columns, got, sizeof got);
        assert_string_equal(got, cases[i].want);
        of_source_close(source);
    }
}

static void nul_bytes_are_part_of_a_field(void **state)
{
    static const char text[] = "a\0b,\0\n";
    of_source *source = source_of(text, sizeof text - 1, true);
    of_csv *csv = NULL;
    of_rows rows;
    of_rejection rejection;
    of_line line;

    (void)state;
    assert_int_equal(of_csv_open(RECORD_MAX, &csv, NULL), OUTFALL_OK);
    assert_int_equal(of_rows_init(&rows, 2, 1, RECORD_MAX, NULL), OUTFALL_OK);
    assert_int_equal(next_line(source, &line), OF_SOURCE_LINE);
    assert_int_equal(of_csv_feed(csv, &line, &rows, &rejection), OF_RECORD_ROW);
    assert_int_equal(rows.values[0].length, 3);
    assert_memory_equal(rows.values[0].as.data, "a\0b", 3);
    assert_int_equal(rows.values[1].length, 1);
    of_rows_free(&rows);
    of_csv_close(csv);
    of_source_close(source);
}

/* A long line, or a quote that is never closed, costs one record and no memory. */
static void oversized_records_are_rejected_and_skipped(void **state)
{
    static const char *const endings[] = {"\n", "\r\n", "\r"};
    (void)state;
    for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++) {
        size_t large = 1000000;
        char *text = malloc(large + 64);
        char got[512];
        assert_non_null(text);
        memset(text, 'x', large);
        int rest = snprintf(text + large, 64, ",y%sa,b%s", endings[e], endings[e]);
        of_source *source = source_of(text, large + (size_t)rest, true);
        read_all(source, 2, got, sizeof got);
        assert_string_equal(got,
                            "1!the record is larger than 4096 bytes: close its quote, or raise "
                            "row.bytes.max;2:a,b;");
        of_source_close(source);
        free(text);
    }
}

static void an_unclosed_quote_is_bounded(void **state)
{
    char text[16384], got[1 << 16];
    int length = snprintf(text, sizeof text, "a,b\n\"c,d\n");
    while (length < (int)sizeof text - 16)
        length += snprintf(text + length, sizeof text - (size_t)length, "1,2\n");
    (void)state;
    of_source *source = source_of(text, (size_t)length, true);
    read_all(source, 2, got, sizeof got);
    static const char want[] = "1:a,b;2!the record is larger than 4096 bytes: close its quote, or "
                               "raise row.bytes.max;";
    assert_memory_equal(got, want, sizeof want - 1);
    assert_non_null(strstr(got, ";1030:1,2;"));
    of_source_close(source);
}

static void a_half_read_record_outlives_its_block(void **state)
{
    static const char text[] = "a,b\nc,\"d\ne\nf\"\n";
    of_source *source = source_of(text, sizeof text - 1, true);
    of_csv *csv = NULL;
    of_rows rows;
    of_rejection rejection;
    of_line line;

    (void)state;
    assert_int_equal(of_csv_open(RECORD_MAX, &csv, NULL), OUTFALL_OK);
    assert_int_equal(of_rows_init(&rows, 2, 2, RECORD_MAX, NULL), OUTFALL_OK);
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(next_line(source, &line), OF_SOURCE_LINE);
        enum of_record record = of_csv_feed(csv, &line, &rows, &rejection);
        assert_int_equal(record, i == 1 || i == 4 ? OF_RECORD_ROW : OF_RECORD_NONE);
        if (i == 2) {
            assert_int_equal(rows.count, 1);
            of_rows_clear(&rows); /* The first row is gone, the second half read. */
            memset(rows.text + rows.text_bytes, '#', 64);
        }
    }
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.offsets[0], 2);
    assert_int_equal(rows.values[0].length, 1);
    assert_memory_equal(rows.values[0].as.data, "c", 1);
    assert_int_equal(rows.values[1].length, 5);
    assert_memory_equal(rows.values[1].as.data, "d\ne\nf", 5);
    of_rows_free(&rows);
    of_csv_close(csv);
    of_source_close(source);
}

static void lines_are_numbered_and_ended(void **state)
{
    static const struct {
        const char *text;
        bool cr_ends;
        const char *want; /* Lengths of the lines. */
    } cases[] = {
        {"", true, ""},
        {"a", true, "1"},
        {"a\n", true, "2"},
        {"a\rb\nc\r\n\r\rd", true, "2 2 3 1 1 1"},
        {"a\rb\nc\r\n", false, "4 3"},
        {"\xEF\xBB\xBF", true, ""},
        {"\xEF\xBB", true, "2"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_source *source = source_of(cases[i].text, strlen(cases[i].text), cases[i].cr_ends);
        char got[64] = "";
        size_t at = 0;
        uint64_t number = 0;
        of_line line;
        while (next_line(source, &line) == OF_SOURCE_LINE) {
            assert_int_equal(line.number, ++number);
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%zu", at > 0 ? " " : "",
                                   line.length);
        }
        assert_string_equal(got, cases[i].want);
        of_source_close(source);
    }
}

/* More than the buffer holds, so that it grows while it keeps. */
static void kept_lines_are_read_again(void **state)
{
    enum { LINES = 200000 };
    char *text = malloc((size_t)LINES * 8);
    size_t length = 0;
    of_line line;

    (void)state;
    assert_non_null(text);
    for (int i = 1; i <= LINES; i++)
        length += (size_t)snprintf(text + length, 8, "%06d\n", i % 1000000);
    of_source *source = source_of(text, length, true);
    assert_int_equal(next_line(source, &line), OF_SOURCE_LINE);
    of_source_keep(source);
    for (int i = 2; i <= 150000; i++)
        assert_int_equal(next_line(source, &line), OF_SOURCE_LINE);
    assert_int_equal(of_source_kept_bytes(source), 149999 * 7);
    of_source_rewind(source);
    for (int i = 2; i <= LINES; i++) {
        assert_int_equal(next_line(source, &line), OF_SOURCE_LINE);
        assert_int_equal(line.number, i);
        assert_int_equal(strtol(line.text, NULL, 10), i);
    }
    assert_int_equal(next_line(source, &line), OF_SOURCE_END);
    assert_int_equal(of_source_bytes(source), length);
    of_source_close(source);
    free(text);
}

static void a_url_among_the_files_shows_no_password(void **state)
{
    static const struct {
        const char *path, *want;
    } cases[] = {
        {"-", "standard input"},
        {"a/b.csv", "a/b.csv"},
        {"postgresql://u:canary@h:5432/db", "postgresql://h:5432"},
        {"postgresql://u:can@ary@h/db?password=canary", "postgresql://h"},
        {"postgresql://u:can/ary@h/db", "postgresql://h"},
        {"postgresql://h/db?password=canary", "postgresql://h"},
        {"postgresql:///db", "postgresql://"},
        {"postgresql://u:ca?nary@h/db", "postgresql://***"},
        {"postgresql://h/db?password=can@ary", "postgresql://***"},
        {"mysql://u:canary@h/db", "mysql://h"},
        {"mysql:?password=canary", "mysql:***"},
        {"postgresql:host=h password=canary", "postgresql:***"},
        {"ODBC:DRIVER={x};PWD={can;ary}", "ODBC:***"},
        {"odbc:PWD=http://canary", "odbc:***"},
        {"odbc.csv", "odbc.csv"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[256];
        of_source_display(cases[i].path, out, sizeof out);
        assert_string_equal(out, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read_as_written),
        cmocka_unit_test(nul_bytes_are_part_of_a_field),
        cmocka_unit_test(oversized_records_are_rejected_and_skipped),
        cmocka_unit_test(an_unclosed_quote_is_bounded),
        cmocka_unit_test(a_half_read_record_outlives_its_block),
        cmocka_unit_test(lines_are_numbered_and_ended),
        cmocka_unit_test(kept_lines_are_read_again),
        cmocka_unit_test(a_url_among_the_files_shows_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
