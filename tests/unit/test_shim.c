/* SPDX-License-Identifier: Apache-2.0 */
/* Handles: whatever a language does with them is an error or success, never a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bindings/shim/error.h"
#include "bindings/shim/handle.h"
#include "bindings/shim/sink.h"
#include "bindings/shim/txn.h"
#include "bindings/shim/writer.h"
#include "sinks.h"

#define CREATE "create\0if-missing"
#define SMALL                                                                                      \
    CREATE "\0buffer.bytes\0"                                                                      \
           "262144\0buffer.chunk.bytes\0"                                                          \
           "16384"

static int64_t open_shim(const char *table, const char *options, size_t bytes)
{
    int64_t sink = of_shim_sink_open(sink_url, table, SINK_COLUMNS, NULL, options, bytes);
    assert_true(sink > 0);
    return sink;
}

static void close_shim(int64_t sink)
{
    int gone;
    assert_int_equal(of_shim_sink_close(sink, 10000, &gone), OUTFALL_OK);
    assert_int_equal(gone, 1);
}

/* Rows first … first + count - 1; how many were taken. */
static int write_shim(int64_t writer, int64_t first, size_t count, uint32_t wait_ms, size_t *taken)
{
    outfall_value *values = calloc(count * 2, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[2 * i] =
            (outfall_value){.type = OUTFALL_TYPE_INT64, .as.integer = first + (int64_t)i};
        values[2 * i + 1] =
            (outfall_value){.type = OUTFALL_TYPE_TEXT, .length = 4, .as.data = "name"};
    }
    const outfall_rows rows = {.struct_size = sizeof rows, .count = count, .values = values};
    int status = of_shim_write(writer, &rows, wait_ms, taken);
    free(values);
    return status;
}

static void rows_written_by_handle_are_in_the_table(void **state)
{
    char columns[64], stats[16384];
    size_t taken, needed;
    (void)state;
    int64_t sink = open_shim("shim", CREATE, sizeof CREATE);
    int64_t writer = of_shim_writer_open(sink, NULL);
    assert_true(writer > 0);
    assert_int_equal(write_shim(writer, 0, 5000, 0, &taken), OUTFALL_OK);
    assert_int_equal(taken, 5000);
    assert_int_equal(of_shim_flush(sink, 10000), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM shim"), 5000);
    assert_int_equal(of_shim_sink_columns(sink, columns, sizeof columns, &needed), OUTFALL_OK);
    assert_memory_equal(columns, "id\0int64\0name\0text", needed);
    assert_int_equal(of_shim_sink_columns(sink, columns, 3, &needed), OUTFALL_ERR_INVALID);
    assert_int_equal(of_shim_stats(sink, stats, sizeof stats, &needed), OUTFALL_OK);
    assert_non_null(strstr(stats, "5000"));
    close_shim(sink);
}

static void bad_options_are_refused_whatever_their_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t count;
        int status;
    } cases[] = {
        {"batch.rows\0"
         "10",
         14, OUTFALL_OK},
        {"batch.rows", 11, OUTFALL_ERR_INVALID},
        {"batch.rows", 10, OUTFALL_ERR_INVALID},
        {"batch.rows\0"
         "10",
         13, OUTFALL_ERR_INVALID},
        {"batch.rowz\0"
         "10",
         14, OUTFALL_ERR_CONFIG},
        {"", 1, OUTFALL_ERR_INVALID},
        {NULL, 0, OUTFALL_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t sink =
            of_shim_sink_open("null:", "t", SINK_COLUMNS, NULL, cases[i].bytes, cases[i].count);
        assert_int_equal(sink > 0 ? OUTFALL_OK : sink, cases[i].status);
        if (sink > 0)
            close_shim(sink);
    }
}

/* Every call with a handle that is not one of its kind, or none any more. */
static void expect_refused(int64_t handle, int status)
{
    char buffer[64];
    size_t length;
    uint64_t number;
    int gone = 1, done;
    outfall_event event = {.struct_size = sizeof event};
    outfall_progress progress = {.struct_size = sizeof progress};
    outfall_txn_stats stats = {.struct_size = sizeof stats};
    of_shim_arrow arrow = {.at = 0};
    const int got[] = {of_shim_sink_close(handle, 0, &gone),
                       of_shim_sink_columns(handle, buffer, sizeof buffer, &length),
                       of_shim_flush(handle, 0),
                       of_shim_checkpoint(handle, 1),
                       of_shim_checkpoint_wait(handle, 1, 0),
                       of_shim_poll(handle, 0, &event),
                       of_shim_event_fd(handle, &done),
                       of_shim_stats(handle, buffer, sizeof buffer, &length),
                       (int)of_shim_writer_open(handle, NULL),
                       of_shim_writer_close(handle, 0),
                       of_shim_writer_resume(handle, &number),
                       of_shim_writer_source(handle, buffer, sizeof buffer),
                       of_shim_writer_bind(handle, "x", 0),
                       of_shim_writer_progress(handle, &progress),
                       write_shim(handle, 0, 1, 0, &length),
                       (int)of_shim_txn_open(&handle, 1, "id", OUTFALL_DECISION_HOME, 0, NULL),
                       of_shim_txn_close(handle, 0, &gone),
                       of_shim_txn_checkpoint(handle, &number),
                       of_shim_txn_wait(handle, 1, 0),
                       of_shim_txn_committable(handle, 0, buffer, sizeof buffer, &length),
                       of_shim_txn_commit(handle, 0),
                       of_shim_txn_release(handle, 0),
                       of_shim_txn_abort(handle, 0),
                       of_shim_txn_stats(handle, &stats)};
    for (size_t i = 0; i < sizeof got / sizeof got[0]; i++)
        assert_int_equal(got[i], status);
    assert_int_equal(of_shim_error()->status, status);
    assert_int_equal(gone, 0);
    assert_int_equal(of_shim_write_arrow(handle, &arrow, 0, &done), OUTFALL_OK); /* Of no rows. */
    assert_int_equal(done, 1);
}

static void a_handle_that_is_none_is_an_error(void **state)
{
    (void)state;
    int64_t sink = open_shim("none", CREATE, sizeof CREATE);
    int64_t writer = of_shim_writer_open(sink, NULL);
    expect_refused(0, OUTFALL_ERR_INVALID);
    expect_refused(-7, OUTFALL_ERR_INVALID);
    expect_refused(INT64_MAX, OUTFALL_ERR_CLOSED);
    expect_refused(sink + (INT64_C(1) << 32), OUTFALL_ERR_CLOSED);   /* Another generation's. */
    assert_int_equal(of_shim_flush(writer, 0), OUTFALL_ERR_INVALID); /* Another kind's. */
    assert_int_equal(of_shim_writer_close(sink, 0), OUTFALL_ERR_INVALID);
    assert_int_equal(of_shim_txn_commit(sink, 0), OUTFALL_ERR_INVALID);
    close_shim(sink);
    expect_refused(sink, OUTFALL_ERR_CLOSED);
    expect_refused(writer, OUTFALL_ERR_CLOSED); /* It went with its sink. */
    assert_int_equal(of_shim_sink_close(INT64_MAX, UINT32_MAX, &(int){0}), OUTFALL_ERR_INVALID);
}

static void a_slot_that_is_used_again_has_another_handle(void **state)
{
    (void)state;
    int64_t sink = open_shim("again", CREATE, sizeof CREATE);
    int64_t writer = of_shim_writer_open(sink, NULL), before;
    for (int i = 0; i < 3000; i++) { /* More than fit the buffer at once, and the first table. */
        before = writer;
        assert_int_equal(of_shim_writer_close(writer, 0), OUTFALL_OK);
        writer = of_shim_writer_open(sink, NULL);
        assert_true(writer > 0 && writer != before);
        assert_int_equal(of_shim_writer_close(before, 0), OUTFALL_ERR_CLOSED);
    }
    close_shim(sink);
}

/* ---- Threads ----------------------------------------------------------------------- */

typedef struct caller {
    pthread_t thread;
    int64_t handle;
    int64_t first;
    int64_t taken;
    int status;
} caller;

/* Writes until it is told that there is no writer any more. */
static void *write_on(void *argument)
{
    caller *self = argument;
    do {
        size_t taken;
        self->status = write_shim(self->handle, self->first + self->taken, 100, 20, &taken);
        self->taken += (int64_t)taken;
    } while (self->status == OUTFALL_OK || self->status == OUTFALL_ERR_FULL);
    return NULL;
}

static void a_close_waits_for_calls_and_refuses_new_ones(void **state)
{
    caller callers[4];
    int64_t taken = 0;
    int gone;
    (void)state;
    int64_t sink = open_shim("racing", SMALL, sizeof SMALL);
    int64_t writers[2] = {of_shim_writer_open(sink, NULL), of_shim_writer_open(sink, NULL)};
    for (int i = 0; i < 4; i++) { /* Two threads share a writer: they take turns. */
        callers[i] = (caller){.handle = writers[i / 2], .first = (int64_t)i << 40};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, write_on, &callers[i]), 0);
    }
    usleep(50000);
    assert_int_equal(of_shim_sink_close(sink, 60000, &gone), OUTFALL_OK);
    for (int i = 0; i < 4; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].status, OUTFALL_ERR_CLOSED);
        taken += callers[i].taken;
    }
    assert_int_equal(query("SELECT count(*) FROM racing"), taken);
}

static void *wait_on(void *argument)
{
    caller *self = argument;
    self->status = of_shim_flush(self->handle, 300);
    return NULL;
}

static void a_close_without_time_leaves_open_what_is_in_use(void **state)
{
    size_t taken;
    int gone;
    (void)state;
    int64_t sink = open_shim("busy", SMALL, sizeof SMALL);
    int64_t writer = of_shim_writer_open(sink, NULL);
    sqlite3 *lock = stall();
    assert_int_equal(write_shim(writer, 0, 10, 0, &taken), OUTFALL_OK);
    caller waiting = {.handle = sink};
    assert_int_equal(pthread_create(&waiting.thread, NULL, wait_on, &waiting), 0);
    usleep(100000);
    assert_int_equal(of_shim_sink_close(sink, 0, &gone), OUTFALL_ERR_TIMEOUT);
    assert_int_equal(gone, 0);
    assert_int_equal(write_shim(writer, 10, 10, 0, &taken), OUTFALL_OK);
    pthread_join(waiting.thread, NULL);
    assert_int_equal(waiting.status, OUTFALL_ERR_TIMEOUT);
    let_go(lock);
    close_shim(sink);
    assert_int_equal(query("SELECT count(*) FROM busy"), 20);
}

static void a_full_buffer_is_tried_then_waited_for(void **state)
{
    size_t taken;
    int status;
    int64_t rows = 0;
    (void)state;
    int64_t sink = open_shim("tried", SMALL, sizeof SMALL);
    int64_t writer = of_shim_writer_open(sink, NULL);
    sqlite3 *lock = stall();
    do {
        status = write_shim(writer, rows, 5000, 0, &taken);
        rows += (int64_t)taken;
    } while (status == OUTFALL_OK);
    assert_int_equal(status, OUTFALL_ERR_FULL);
    assert_int_equal(of_shim_error()->row, (int64_t)taken);
    int64_t from_us = of_clock_us();
    assert_int_equal(write_shim(writer, rows, 5000, 100, &taken), OUTFALL_ERR_FULL);
    assert_in_range(of_clock_us() - from_us, 90000, 5000000);
    rows += (int64_t)taken;
    let_go(lock);
    for (int64_t end = rows + 5000; rows < end; rows += (int64_t)taken) {
        status = write_shim(writer, rows, (size_t)(end - rows), 10000, &taken);
        assert_int_equal(status, OUTFALL_OK);
        assert_true(taken <= OF_SHIM_PIECE_ROWS);
    }
    close_shim(sink);
    assert_int_equal(query("SELECT count(*) FROM tried"), rows);
}

/* ---- Transactions and fork ---------------------------------------------------------- */

static void a_sink_stays_while_its_transaction_is_open(void **state)
{
    static const char options[] = CREATE "\0delivery\0two-phase";
    uint64_t checkpoint;
    size_t taken;
    int gone;
    (void)state;
    int64_t sink = open_shim("joined", options, sizeof options);
    int64_t other = of_shim_txn_open((int64_t[]){sink, 0}, 2, "x", OUTFALL_DECISION_HOME, 0, NULL);
    assert_int_equal(other, OUTFALL_ERR_INVALID);
    int64_t txn = of_shim_txn_open(&sink, 1, "shim", OUTFALL_DECISION_HOME, 0, NULL);
    assert_true(txn > 0);
    int64_t writer = of_shim_writer_open(sink, "w");
    assert_true(writer > 0);
    assert_int_equal(write_shim(writer, 0, 1, 0, &taken), OUTFALL_OK);
    assert_int_equal(of_shim_txn_checkpoint(txn, &checkpoint), OUTFALL_OK);
    assert_int_equal(of_shim_txn_wait(txn, checkpoint, 10000), OUTFALL_OK);
    assert_int_equal(of_shim_sink_close(sink, 1000, &gone), OUTFALL_ERR_INVALID);
    assert_int_equal(gone, 0);
    assert_int_equal(of_shim_txn_close(txn, 10000, &gone), OUTFALL_OK);
    assert_int_equal(gone, 1);
    close_shim(sink);
    assert_int_equal(query("SELECT count(*) FROM joined"), 1);
}

static void a_child_has_none_of_its_parents_handles(void **state)
{
    int result, gone;
    size_t taken;
    (void)state;
    int64_t sink = open_shim("forked", CREATE, sizeof CREATE);
    int64_t writer = of_shim_writer_open(sink, NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool refused = of_shim_flush(sink, 0) == OUTFALL_ERR_CLOSED &&
                       write_shim(writer, 0, 1, 0, &taken) == OUTFALL_ERR_CLOSED &&
                       of_shim_writer_close(writer, 0) == OUTFALL_ERR_CLOSED &&
                       of_shim_sink_close(sink, 0, &gone) == OUTFALL_ERR_CLOSED;
        void *object; /* No sink: a thread sanitizer lets a child have no threads. */
        int64_t own = of_shim_add(OF_SHIM_SINK, &result, NULL, 0);
        _exit(refused && own > 0 && of_shim_enter(own, OF_SHIM_SINK, 0, &object) == OUTFALL_OK &&
                      object == &result
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(write_shim(writer, 0, 1, 0, &taken), OUTFALL_OK);
    close_shim(sink);
    assert_int_equal(query("SELECT count(*) FROM forked"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_written_by_handle_are_in_the_table),
        cmocka_unit_test(bad_options_are_refused_whatever_their_bytes),
        cmocka_unit_test(a_handle_that_is_none_is_an_error),
        cmocka_unit_test(a_slot_that_is_used_again_has_another_handle),
        cmocka_unit_test(a_close_waits_for_calls_and_refuses_new_ones),
        cmocka_unit_test(a_close_without_time_leaves_open_what_is_in_use),
        cmocka_unit_test(a_full_buffer_is_tried_then_waited_for),
        cmocka_unit_test(a_sink_stays_while_its_transaction_is_open),
        cmocka_unit_test(a_child_has_none_of_its_parents_handles),
    };
    return cmocka_run_group_tests_name("shim", tests, sinks_make_directory, sinks_remove_directory);
}
