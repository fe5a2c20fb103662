/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow arrays and streams into a table: what lands, where it stops, and who releases what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "arrays.h"
#include "sinks.h"

#define ROWS 6000

/* ROWS ids from 0 on, and a name for each: "x". */
static int64_t ids[ROWS];
static int32_t ends[ROWS + 1];
static char names[ROWS + 1];

static int fill(void **state)
{
    for (int32_t i = 0; i < ROWS; i++) {
        ids[i] = i;
        ends[i + 1] = i + 1;
        names[i] = 'x';
    }
    return sinks_make_directory(state);
}

/* Rows `from` to `from + rows`; the table's columns the other way round. */
static void make_rows(test_array *out, int64_t from, int64_t rows)
{
    const test_array_column columns[] = {
        {.name = "name",
         .format = "u",
         .length = rows,
         .offset = from,
         .n_buffers = 3,
         .buffers = {NULL, ends, names}},
        {.name = "id",
         .format = "l",
         .length = rows,
         .offset = from,
         .n_buffers = 2,
         .buffers = {NULL, ids}},
    };
    test_array_make(out, columns, 2, rows);
}

static int64_t query_table(const char *what, const char *table)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT %s FROM %s", what, table);
    return query(sql);
}

static void close_sink(outfall_sink *sink)
{
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

/* ---- Arrays ------------------------------------------------------------------------ */

static void an_array_is_in_the_table(void **state)
{
    outfall_progress progress = {.struct_size = sizeof progress};
    const outfall_arrow_options options = {
        .struct_size = sizeof options, .first = 1000, .source_offset = 50};
    static test_array array;
    size_t accepted = 0;
    (void)state;
    outfall_sink *sink = open_sink("whole", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    make_rows(&array, 0, ROWS);
    test_array before = array;
    assert_int_equal(
        outfall_write_arrow(writer, &array.schema, &array.array, &options, &accepted, NULL),
        OUTFALL_OK);
    assert_int_equal(accepted, ROWS - 1000);
    assert_memory_equal(&before, &array, sizeof array);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    assert_int_equal(outfall_writer_progress(writer, &progress, NULL), OUTFALL_OK);
    assert_int_equal(progress.source_offset, 50 + ROWS - 1);
    assert_int_equal(query_table("count(*)", "whole"), ROWS - 1000);
    assert_int_equal(query_table("sum(id)", "whole"),
                     (int64_t)(1000 + ROWS - 1) * (ROWS - 1000) / 2);
    assert_int_equal(query_table("sum(name = 'x')", "whole"), ROWS - 1000);
    close_sink(sink);
}

/* Row 700 of 1,000: what is wrong, and what the error says. */
static void a_row_at_fault_ends_the_call_and_the_next_one_goes_on(void **state)
{
    enum { BAD = 700, COUNT = 1000 };
    static uint8_t valid[COUNT / 8];
    static test_array array;
    static const struct {
        const char *table, *says, *column;
    } cases[] = {
        {"not_utf8", "is not UTF-8", "name"},
        {"not_null", "NOT NULL", "name"},
        {"null_row", "null as a whole", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_arrow_options options = {.struct_size = sizeof options};
        outfall_error error = {0};
        size_t accepted = 0;
        outfall_sink *sink = open_sink(cases[i].table, NULL);
        outfall_writer *writer = open_writer(sink, NULL);
        make_rows(&array, 0, COUNT);
        memset(valid, 0xff, sizeof valid);
        valid[BAD / 8] = (uint8_t)(0xff & ~(1u << BAD % 8));
        names[BAD] = i == 0 ? '\xff' : 'x';
        if (i == 1)
            array.buffers[0][0] = valid;
        if (i == 2)
            array.valid[0] = valid;
        assert_int_equal(
            outfall_write_arrow(writer, &array.schema, &array.array, &options, &accepted, &error),
            OUTFALL_ERR_REFUSED);
        names[BAD] = 'x';
        assert_int_equal(accepted, BAD);
        assert_int_equal(error.row, BAD);
        assert_string_equal(error.column, cases[i].column);
        assert_non_null(strstr(error.message, cases[i].says));
        assert_int_equal(stats_of(sink).rows_refused, 1);
        options.first = BAD + 1;
        assert_int_equal(
            outfall_write_arrow(writer, &array.schema, &array.array, &options, &accepted, &error),
            OUTFALL_OK);
        assert_int_equal(accepted, COUNT - BAD - 1);
        close_sink(sink);
        assert_int_equal(query_table("count(*)", cases[i].table), COUNT - 1);
        assert_int_equal(query_table("sum(id = 700)", cases[i].table), 0);
    }
}

static void a_full_buffer_is_told_and_nothing_is_lost(void **state)
{
    static const char *const settings[] = {
        "buffer.bytes", "131072", "buffer.chunk.bytes", "16384", "buffer.block.ms", "0", NULL};
    outfall_arrow_options options = {.struct_size = sizeof options};
    static test_array array;
    outfall_error error = {0};
    size_t accepted = 0;
    int status = OUTFALL_ERR_FULL;
    (void)state;
    outfall_sink *sink = open_sink("full", settings);
    outfall_writer *writer = open_writer(sink, NULL);
    make_rows(&array, 0, ROWS);
    sqlite3 *lock = stall();
    assert_int_equal(
        outfall_write_arrow(writer, &array.schema, &array.array, &options, &accepted, &error),
        OUTFALL_ERR_FULL);
    assert_in_range(accepted, 100, ROWS - 1);
    assert_int_equal(error.row, accepted);
    assert_int_equal(error.action, OUTFALL_ACTION_RETRY);
    let_go(lock);
    while (status == OUTFALL_ERR_FULL) {
        options.first += accepted;
        status =
            outfall_write_arrow(writer, &array.schema, &array.array, &options, &accepted, NULL);
    }
    assert_int_equal(status, OUTFALL_OK);
    close_sink(sink);
    assert_int_equal(query_table("count(*)", "full"), ROWS);
    assert_int_equal(query_table("count(DISTINCT id)", "full"), ROWS);
}

static void a_column_says_the_kinds_of_rows(void **state)
{
    static const char *const settings[] = {"mode", "upsert", NULL};
    static const char words[] = "insertCUpdatedelete";
    static const int32_t word_ends[] = {0, 6, 7, 13, 19};
    static const int8_t numbers[] = {0, 2, 0, 3};
    static const int64_t keys[] = {1, 2, 1, 2};
    static const char *const text[] = {"op", "number"};
    static test_array array;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const test_array_column columns[] = {
            {.name = "id", .format = "l", .length = 4, .n_buffers = 2, .buffers = {NULL, keys}},
            i == 0 ? (test_array_column){.name = "op",
                                         .format = "u",
                                         .length = 4,
                                         .n_buffers = 3,
                                         .buffers = {NULL, word_ends, words}}
                   : (test_array_column){.name = "number",
                                         .format = "c",
                                         .length = 4,
                                         .n_buffers = 2,
                                         .buffers = {NULL, numbers}},
            {.name = "name",
             .format = "u",
             .length = 4,
             .n_buffers = 3,
             .buffers = {NULL, ends, "abcd"}},
        };
        const outfall_arrow_options options = {.struct_size = sizeof options,
                                               .kind_column = text[i]};
        outfall_error error = {0};
        size_t accepted = 0;
        outfall_sink *sink = open_sink(text[i], settings);
        outfall_writer *writer = open_writer(sink, NULL);
        test_array_make(&array, columns, 3, 4);
        int status =
            outfall_write_arrow(writer, &array.schema, &array.array, &options, &accepted, &error);
        close_sink(sink);
        assert_int_equal(query_table("count(*)", text[i]), 1);
        assert_int_equal(query_table("name = 'c'", text[i]), 1);
        if (i == 0) {
            assert_int_equal(status, OUTFALL_OK);
            continue;
        }
        assert_int_equal(status, OUTFALL_ERR_REFUSED);
        assert_int_equal(accepted, 3);
        assert_int_equal(error.row, 3);
        assert_string_equal(error.column, "number");
        assert_non_null(strstr(error.message, "value 3 is no kind of row"));
    }
}

static void misuse_is_told(void **state)
{
    outfall_arrow_options options = {.struct_size = sizeof options};
    static test_array array;
    outfall_error error = {0};
    size_t accepted = 9;
    (void)state;
    outfall_sink *sink = open_sink("misuse", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    make_rows(&array, 0, 1);
    assert_int_equal(
        outfall_write_arrow(NULL, &array.schema, &array.array, NULL, &accepted, &error),
        OUTFALL_ERR_INVALID);
    assert_int_equal(accepted, 0);
    assert_int_equal(outfall_write_arrow(writer, NULL, &array.array, NULL, NULL, &error),
                     OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_write_arrow(writer, &array.schema, NULL, NULL, NULL, &error),
                     OUTFALL_ERR_INVALID);
    options.struct_size = 0;
    assert_int_equal(
        outfall_write_arrow(writer, &array.schema, &array.array, &options, NULL, &error),
        OUTFALL_ERR_INVALID);
    options = (outfall_arrow_options){.struct_size = sizeof options, .source_offset = UINT64_MAX};
    assert_int_equal(
        outfall_write_arrow(writer, &array.schema, &array.array, &options, NULL, &error),
        OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "leaves no room"));
    assert_int_equal(outfall_put_int64(writer, 1, NULL), OUTFALL_OK);
    assert_int_equal(outfall_write_arrow(writer, &array.schema, &array.array, NULL, NULL, &error),
                     OUTFALL_ERR_INVALID);
    outfall_row_cancel(writer);
    options = (outfall_arrow_options){.struct_size = sizeof options, .first = UINT64_MAX};
    assert_int_equal(
        outfall_write_arrow(writer, &array.schema, &array.array, &options, &accepted, &error),
        OUTFALL_OK);
    assert_int_equal(accepted, 0);
    close_sink(sink);
    assert_int_equal(query_table("count(*)", "misuse"), 0);
}

/* ---- Streams ----------------------------------------------------------------------- */

static void a_stream_is_read_to_its_end_and_once(void **state)
{
    static test_array arrays[3];
    const outfall_arrow_options options = {.struct_size = sizeof options, .first = 150};
    outfall_error error = {0};
    struct ArrowArray rest;
    test_stream stream;
    uint64_t accepted = 0;
    (void)state;
    outfall_sink *sink = open_sink("stream", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    make_rows(&arrays[0], 0, 100);
    make_rows(&arrays[1], 100, 0);
    make_rows(&arrays[2], 100, 900);
    test_stream_make(&stream, arrays, 3);
    memset(test_array_releases, 0, sizeof test_array_releases);
    assert_int_equal(
        outfall_write_arrow_stream(writer, &stream.stream, &options, &rest, &accepted, NULL),
        OUTFALL_OK);
    assert_int_equal(accepted, 850);
    assert_null(rest.release);
    assert_int_equal(test_array_releases[0], 1);
    assert_int_equal(test_array_releases[1], 3);
    assert_int_equal(test_array_releases[2], 1);
    assert_int_equal(
        outfall_write_arrow_stream(writer, &stream.stream, NULL, NULL, &accepted, &error),
        OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "make another from its source"));
    assert_int_equal(accepted, 0);
    assert_int_equal(test_array_releases[2], 1);
    close_sink(sink);
    assert_int_equal(query_table("count(*)", "stream"), 850);
    assert_int_equal(query_table("min(id)", "stream"), 150);
}

static void a_stream_that_stops_at_a_row_gives_the_rest(void **state)
{
    static test_array arrays[3];
    outfall_arrow_options options = {.struct_size = sizeof options, .source_offset = 1};
    outfall_progress progress = {.struct_size = sizeof progress};
    outfall_error error = {0};
    struct ArrowArray rest;
    test_stream stream;
    uint64_t accepted = 0;
    size_t more = 0;
    (void)state;
    outfall_sink *sink = open_sink("rest", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    for (int i = 0; i < 3; i++)
        make_rows(&arrays[i], (int64_t)i * 100, 100);
    test_stream_make(&stream, arrays, 3);
    memset(test_array_releases, 0, sizeof test_array_releases);
    names[130] = '\0';
    assert_int_equal(
        outfall_write_arrow_stream(writer, &stream.stream, &options, &rest, &accepted, &error),
        OUTFALL_ERR_REFUSED);
    names[130] = 'x';
    assert_int_equal(accepted, 130);
    assert_int_equal(error.row, 130);
    assert_non_null(strstr(error.message, "NUL"));
    assert_int_equal(rest.length, 70);
    assert_int_equal(test_array_releases[1], 1);
    assert_int_equal(test_array_releases[2], 0);
    options.source_offset += accepted;
    assert_int_equal(outfall_write_arrow(writer, &arrays[0].schema, &rest, &options, &more, &error),
                     OUTFALL_OK);
    assert_int_equal(more, 70);
    rest.release(&rest);
    options.source_offset += more;
    assert_int_equal(
        outfall_write_arrow_stream(writer, &stream.stream, &options, NULL, &accepted, &error),
        OUTFALL_OK);
    assert_int_equal(accepted, 100);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    assert_int_equal(outfall_writer_progress(writer, &progress, NULL), OUTFALL_OK);
    assert_int_equal(progress.source_offset, 300);
    close_sink(sink);
    assert_int_equal(query_table("count(*)", "rest"), 300);
    assert_int_equal(test_array_releases[1], 3);
    assert_int_equal(test_array_releases[2], 1);
}

static void a_stream_that_fails_says_so_in_its_own_words(void **state)
{
    static test_array array;
    outfall_error error = {0};
    test_stream stream;
    uint64_t accepted = 0;
    (void)state;
    outfall_sink *sink = open_sink("failed", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    make_rows(&array, 0, 10);
    test_stream_make(&stream, &array, 1);
    stream.code = EPIPE;
    memset(test_array_releases, 0, sizeof test_array_releases);
    assert_int_equal(
        outfall_write_arrow_stream(writer, &stream.stream, NULL, NULL, &accepted, &error),
        OUTFALL_ERR_IO);
    assert_int_equal(accepted, 10);
    assert_int_equal(error.native_code, EPIPE);
    assert_non_null(strstr(error.message, "the source has gone"));
    assert_int_equal(test_array_releases[0], 1);
    assert_int_equal(test_array_releases[1], 1);
    assert_int_equal(test_array_releases[2], 0);

    /* An array that is malformed is released, too, where nobody wants the rest. */
    make_rows(&array, 0, 10);
    array.array.n_children = 1;
    test_stream_make(&stream, &array, 1);
    assert_int_equal(
        outfall_write_arrow_stream(writer, &stream.stream, NULL, NULL, &accepted, &error),
        OUTFALL_ERR_INVALID);
    assert_int_equal(accepted, 0);
    assert_int_equal(test_array_releases[1], 2);
    close_sink(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_is_in_the_table),
        cmocka_unit_test(a_row_at_fault_ends_the_call_and_the_next_one_goes_on),
        cmocka_unit_test(a_full_buffer_is_told_and_nothing_is_lost),
        cmocka_unit_test(a_column_says_the_kinds_of_rows),
        cmocka_unit_test(misuse_is_told),
        cmocka_unit_test(a_stream_is_read_to_its_end_and_once),
        cmocka_unit_test(a_stream_that_stops_at_a_row_gives_the_rest),
        cmocka_unit_test(a_stream_that_fails_says_so_in_its_own_words),
    };
    return cmocka_run_group_tests(tests, fill, sinks_remove_directory);
}
