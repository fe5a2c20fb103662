/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "buffer/lane.h"

#define CHUNK 4096
#define CHUNKS 48

typedef struct fixture {
    of_chunks chunks;
    of_eventcount wake;
    atomic_int stopped;
    of_lane *lane;
} fixture;

static int open_lane(void **state)
{
    static fixture one;
    memset(&one, 0, sizeof one);
    *state = &one;
    of_eventcount_init(&one.wake);
    return of_chunks_init(&one.chunks, CHUNKS * CHUNK, CHUNK, CHUNKS * CHUNK, NULL) ||
           of_lane_new(&one.chunks, &one.wake, &one.stopped, 0, "w", &one.lane, NULL);
}

static int close_lane(void **state)
{
    fixture *one = *state;
    of_lane_free(one->lane);
    assert_int_equal(of_chunks_bytes_used(&one->chunks), 0); /* Nothing leaked. */
    of_chunks_destroy(&one->chunks);
    of_eventcount_destroy(&one->wake);
    return 0;
}

/* A row of `bytes` bytes that starts with its number, put in steps of `step` bytes at most. */
static int put_steps(of_lane *lane, uint64_t number, size_t bytes, size_t step)
{
    of_lane_call(lane);
    int status = of_lane_begin(lane, sizeof number, NULL);
    if (status != OUTFALL_OK)
        return status;
    memcpy(of_lane_at(lane), &number, sizeof number);
    lane->at += sizeof number;
    for (size_t written = sizeof number; written < bytes;) {
        size_t part = bytes - written < step ? bytes - written : step;
        status = of_lane_room(lane, part, NULL);
        if (status != OUTFALL_OK) {
            of_lane_leave(lane);
            return status;
        }
        memset(of_lane_at(lane), (int)(number & 0xff), part);
        lane->at += (uint32_t)part;
        written += part;
    }
    of_lane_done(lane, number * 10, 0, 0);
    of_lane_leave(lane);
    return OUTFALL_OK;
}

static int put_row(of_lane *lane, uint64_t number, size_t bytes)
{
    return put_steps(lane, number, bytes, 1000);
}

/* Checks that a span's rows are those from `number` on. */
static void check_span(const of_span *span, uint64_t number, size_t bytes)
{
    assert_int_equal(span->position, number);
    for (uint32_t i = 0; i < span->rows.count; i++, number++) {
        uint64_t found;
        const outfall_row_entry *entry = outfall_span_entry(&span->rows, i);
        const uint8_t *row = span->rows.base + entry->start;
        memcpy(&found, row, sizeof found);
        assert_int_equal(found, number);
        assert_int_equal(entry->source_offset, number * 10);
        assert_int_equal(entry->bytes, bytes);
        for (size_t at = sizeof number; at < bytes; at++)
            assert_int_equal(row[at], number & 0xff);
    }
}

static void rows_come_out_as_they_went_in(void **state)
{
    static const struct {
        const char *why;
        size_t bytes;
        uint64_t rows;
    } cases[] = {
        {"many to a chunk", 100, 300},
        {"one to a chunk", CHUNK - 500, 8},
        {"larger than a chunk", 3 * CHUNK, 3},
        {"grown over several moves", 7 * CHUNK, 1},
    };
    fixture *one = *state;
    uint64_t written = 0;
    uint64_t read = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_span span;
        for (uint64_t row = 0; row < cases[i].rows; row++)
            assert_int_equal(put_row(one->lane, written++, cases[i].bytes), OUTFALL_OK);
        while (of_lane_take(one->lane, 1000, SIZE_MAX, &span)) {
            check_span(&span, read, cases[i].bytes);
            read += span.rows.count;
            of_lane_acknowledge(&span);
        }
        assert_int_equal(read, written);
    }
}

static void a_take_obeys_its_limits(void **state)
{
    fixture *one = *state;
    of_span span;
    for (uint64_t row = 0; row < 20; row++)
        assert_int_equal(put_row(one->lane, row, 100), OUTFALL_OK);
    assert_true(of_lane_take(one->lane, 3, SIZE_MAX, &span));
    assert_int_equal(span.rows.count, 3);
    of_lane_acknowledge(&span);
    assert_true(of_lane_take(one->lane, 100, 250, &span));
    assert_int_equal(span.rows.count, 2);
    of_lane_acknowledge(&span);
    assert_true(of_lane_take(one->lane, 100, 1, &span)); /* One row goes whatever its size. */
    assert_int_equal(span.rows.count, 1);
    of_lane_acknowledge(&span);
    assert_true(of_lane_take(one->lane, 100, SIZE_MAX, &span));
    assert_int_equal(span.rows.count, 14);
    of_lane_acknowledge(&span);
    assert_false(of_lane_take(one->lane, 100, SIZE_MAX, &span));
}

static void a_take_stops_where_the_schema_changes(void **state)
{
    fixture *one = *state;
    of_span span;
    for (int row = 0; row < 10; row++) {
        assert_int_equal(of_lane_begin(one->lane, 8, NULL), OUTFALL_OK);
        one->lane->at += 8;
        of_lane_done(one->lane, 0, row < 4 ? 0 : 1, 0);
        of_lane_leave(one->lane);
    }
    assert_true(of_lane_take(one->lane, 100, SIZE_MAX, &span));
    assert_int_equal(span.rows.count, 4);
    of_lane_acknowledge(&span);
    uint16_t version;
    assert_true(of_lane_peek(one->lane, &version));
    assert_int_equal(version, 1);
    assert_true(of_lane_take(one->lane, 100, SIZE_MAX, &span));
    assert_int_equal(span.rows.count, 6);
    of_lane_acknowledge(&span);
}

static void a_full_buffer_says_so_and_loses_nothing(void **state)
{
    fixture *one = *state;
    of_span span;
    uint64_t rows = 0;
    uint64_t read = 0;
    while (put_row(one->lane, rows, 1000) == OUTFALL_OK)
        rows++;
    assert_in_range(rows, CHUNKS * 3, CHUNKS * 4);
    assert_int_equal(of_chunks_bytes_used(&one->chunks), CHUNKS * CHUNK);
    outfall_error error;
    one->lane->block_us = 20000;
    int64_t start_us = of_clock_us();
    of_lane_call(one->lane);
    assert_int_equal(of_lane_begin(one->lane, 1000, &error), OUTFALL_ERR_FULL);
    assert_true(of_clock_us() - start_us >= 20000);
    assert_non_null(strstr(error.message, "buffer.bytes"));
    while (of_lane_take(one->lane, 7, SIZE_MAX, &span)) {
        check_span(&span, read, 1000);
        read += span.rows.count;
        of_lane_acknowledge(&span);
    }
    assert_int_equal(read, rows);
    assert_int_equal(put_row(one->lane, rows, 1000), OUTFALL_OK); /* And it goes on. */
}

static void a_row_over_the_limit_is_refused(void **state)
{
    fixture *one = *state;
    outfall_error error;
    of_lane_call(one->lane);
    assert_int_equal(of_lane_begin(one->lane, CHUNKS * CHUNK, &error), OUTFALL_ERR_REFUSED);
    assert_non_null(strstr(error.message, "row.bytes.max"));
    assert_int_equal(of_lane_begin(one->lane, 8, NULL), OUTFALL_OK);
    assert_int_equal(of_lane_grow(one->lane, CHUNKS * CHUNK, &error), OUTFALL_ERR_REFUSED);
    of_lane_leave(one->lane);
    assert_int_equal(put_row(one->lane, 0, 64), OUTFALL_OK);
}

/* Rows of every size about the limits of a chunk are whole, and so is the row behind each. */
static void a_row_at_the_edge_of_a_chunk_keeps_its_last_byte(void **state)
{
    fixture *one = *state;
    size_t room = of_chunks_room(&one->chunks);
    uint64_t number = 0;
    for (size_t bytes = room - 60; bytes <= room + 60; bytes++) {
        size_t sizes[] = {bytes, 3 * room + bytes, 100};
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++, number++) {
            of_span span;
            assert_int_equal(put_steps(one->lane, number, sizes[i], SIZE_MAX), OUTFALL_OK);
            assert_true(of_lane_take(one->lane, 10, SIZE_MAX, &span));
            check_span(&span, number, sizes[i]);
            of_lane_acknowledge(&span);
        }
    }
}

static void the_largest_row_can_always_be_taken(void **state)
{
    static const struct {
        uint32_t chunks;
        size_t chunk;
    } cases[] = {{2, 4096}, {3, 4096}, {5, 4096}, {48, 4096}, {4, 65536}};
    fixture *one = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_chunks chunks;
        of_lane *lane;
        of_span span;
        size_t bytes = cases[i].chunks * cases[i].chunk;
        assert_int_equal(of_chunks_init(&chunks, bytes, cases[i].chunk, bytes, NULL), OUTFALL_OK);
        assert_int_equal(of_lane_new(&chunks, &one->wake, &one->stopped, 0, "w", &lane, NULL),
                         OUTFALL_OK);
        for (uint64_t number = 0; number < 3; number++) {
            size_t row = number == 1 ? 8 : chunks.row_bytes_max;
            assert_int_equal(put_row(lane, number, row), OUTFALL_OK);
            assert_true(of_lane_take(lane, 10, SIZE_MAX, &span));
            check_span(&span, number, row);
            of_lane_acknowledge(&span);
        }
        of_lane_free(lane);
        of_chunks_destroy(&chunks);
    }
}

static void a_cancelled_row_leaves_no_trace(void **state)
{
    fixture *one = *state;
    of_span span;
    assert_int_equal(put_row(one->lane, 0, 64), OUTFALL_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(of_lane_begin(one->lane, 64, NULL), OUTFALL_OK);
        one->lane->at += 50;
        if (i == 2) /* Also when it had moved to another chunk. */
            assert_int_equal(of_lane_room(one->lane, CHUNK - 200, NULL), OUTFALL_OK);
        of_lane_leave(one->lane);
    }
    assert_int_equal(put_row(one->lane, 1, 64), OUTFALL_OK);
    uint64_t read = 0;
    while (of_lane_take(one->lane, 100, SIZE_MAX, &span)) {
        check_span(&span, read, 64);
        read += span.rows.count;
        of_lane_acknowledge(&span);
    }
    assert_int_equal(read, 2);
}

static void an_idle_lane_gives_its_chunk_back(void **state)
{
    fixture *one = *state;
    of_span span;
    uint64_t number = 0;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(put_row(one->lane, number, 64), OUTFALL_OK);
        of_lane_reclaim(one->lane); /* Not yet: the row is not acknowledged. */
        assert_int_equal(of_chunks_bytes_used(&one->chunks), CHUNK);
        assert_true(of_lane_take(one->lane, 10, SIZE_MAX, &span));
        check_span(&span, number++, 64);
        of_lane_acknowledge(&span);
        assert_int_equal(of_lane_begin(one->lane, 8, NULL), OUTFALL_OK);
        of_lane_reclaim(one->lane); /* Nor now: a row is being built. */
        assert_int_equal(of_chunks_bytes_used(&one->chunks), CHUNK);
        of_lane_leave(one->lane);
        of_lane_reclaim(one->lane);
        assert_int_equal(of_chunks_bytes_used(&one->chunks), 0);
    }
}

/* ---- Two threads ------------------------------------------------------------------- */

#define STRESS_ROWS 200000

static void *write_rows(void *argument)
{
    fixture *one = argument;
    for (uint64_t row = 0; row < STRESS_ROWS; row++) {
        size_t bytes = 8 + row * 7 % 200;
        if (row % 5000 == 0)
            bytes = 2 * CHUNK;
        while (put_row(one->lane, row, bytes) != OUTFALL_OK)
            ;
        if (row % 20000 == 0) {
            struct timespec pause = {0, 2000000}; /* Idle now and then, so chunks are reclaimed. */
            nanosleep(&pause, NULL);
        }
    }
    return NULL;
}

static void a_reader_chases_its_writer(void **state)
{
    fixture *one = *state;
    pthread_t writer;
    uint64_t read = 0;
    uint64_t tries = 0;
    one->lane->block_us = 1000000;
    assert_int_equal(pthread_create(&writer, NULL, write_rows, one), 0);
    while (read < STRESS_ROWS) {
        of_span span;
        if (++tries % 64 == 0) {
            of_lane_reclaim(one->lane);
            of_chunks_wake(&one->chunks);
        }
        if (!of_lane_take(one->lane, 1 + tries % 50, SIZE_MAX, &span))
            continue;
        for (uint32_t i = 0; i < span.rows.count; i++, read++) {
            const outfall_row_entry *entry = outfall_span_entry(&span.rows, i);
            uint64_t number;
            memcpy(&number, span.rows.base + entry->start, sizeof number);
            assert_int_equal(number, read);
            assert_int_equal(span.rows.base[entry->start + entry->bytes - 1],
                             entry->bytes > 8 ? number & 0xff : number >> 56);
        }
        of_lane_acknowledge(&span);
        of_chunks_wake(&one->chunks);
    }
    pthread_join(writer, NULL);
    assert_int_equal(atomic_load(&one->lane->acknowledged), STRESS_ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_out_as_they_went_in, open_lane, close_lane),
        cmocka_unit_test_setup_teardown(a_take_obeys_its_limits, open_lane, close_lane),
        cmocka_unit_test_setup_teardown(a_take_stops_where_the_schema_changes, open_lane,
                                        close_lane),
        cmocka_unit_test_setup_teardown(a_full_buffer_says_so_and_loses_nothing, open_lane,
                                        close_lane),
        cmocka_unit_test_setup_teardown(a_row_over_the_limit_is_refused, open_lane, close_lane),
        cmocka_unit_test_setup_teardown(a_row_at_the_edge_of_a_chunk_keeps_its_last_byte, open_lane,
                                        close_lane),
        cmocka_unit_test_setup_teardown(the_largest_row_can_always_be_taken, open_lane, close_lane),
        cmocka_unit_test_setup_teardown(a_cancelled_row_leaves_no_trace, open_lane, close_lane),
        cmocka_unit_test_setup_teardown(an_idle_lane_gives_its_chunk_back, open_lane, close_lane),
        cmocka_unit_test_setup_teardown(a_reader_chases_its_writer, open_lane, close_lane),
    };
    return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
