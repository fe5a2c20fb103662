/* SPDX-License-Identifier: Apache-2.0 */
/* Events, figures, and handles that are misused, shared or forked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sinks.h"

/* ---- Events ------------------------------------------------------------------------ */

static bool readable(int fd, int timeout_ms)
{
    struct pollfd one = {fd, POLLIN, 0};
    return poll(&one, 1, timeout_ms) == 1;
}

static void the_descriptor_tells_of_events(void **state)
{
    outfall_event event = {.struct_size = sizeof event};
    (void)state;
    outfall_sink *sink = open_sink("events", NULL);
    int fd = outfall_event_fd(sink);
    assert_true(fd >= 0);
    assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
    assert_false(readable(fd, 0));
    outfall_writer *writer = open_writer(sink, "w");
    put_rows(writer, 0, 3);
    assert_true(readable(fd, 10000));
    assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
    assert_int_equal(event.type, OUTFALL_EVENT_ACKNOWLEDGED);
    put_rows(writer, 3, 2);
    outfall_writer_close(writer); /* Its last rows are still acknowledged. */
    uint64_t position = 0;
    int64_t deadline_us = of_deadline_us(10000);
    while (position < 5 && of_clock_us() < deadline_us) {
        assert_int_equal(outfall_poll(sink, 1000, &event, NULL), OUTFALL_OK);
        if (event.type == OUTFALL_EVENT_ACKNOWLEDGED)
            position = event.position;
    }
    assert_int_equal(position, 5);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

static void stats_are_json(void **state)
{
    char text[4096];
    size_t length;
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("figures", NULL);
    put_rows(open_writer(sink, NULL), 0, 1000);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    assert_int_equal(outfall_stats_json(sink, text, 10, &length, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_stats_json(sink, text, sizeof text, &length, NULL), OUTFALL_OK);
    assert_int_equal(length, strlen(text));
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json, "rows_delivered")), 1000);
    json_t *durable = json_object_get(json, "durable_ns");
    assert_int_equal(json_integer_value(json_object_get(durable, "count")), 1000);
    json_t *pool = json_object_get(json, "pool");
    assert_true(json_integer_value(json_object_get(pool, "created")) > 0);
    assert_true(json_integer_value(json_object_get(pool, "leases")) > 1);
    assert_int_equal(json_object_size(json_object_get(pool, "closed")), 8);
    assert_int_equal(json_object_size(json_object_get(pool, "sizings")), 8);
    assert_string_equal(json_string_value(json_object_get(pool, "sizing")), "at_min");
    json_decref(json);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

/* ---- Handles ----------------------------------------------------------------------- */

static void misuse_is_an_error_not_a_crash(void **state)
{
    outfall_error error;
    outfall_sink *sink;
    outfall_writer *writer;
    outfall_event event = {0};
    (void)state;
    assert_int_equal(outfall_sink_open(NULL, "t", NULL, NULL, &sink, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_sink_open(sink_url, NULL, NULL, NULL, &sink, &error),
                     OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_sink_open(sink_url, "t", NULL, NULL, NULL, &error),
                     OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_sink_open("nonsense", "t", NULL, NULL, &sink, &error),
                     OUTFALL_ERR_CONFIG);
    assert_int_equal(outfall_sink_open("oracle:x", "t", NULL, NULL, &sink, &error),
                     OUTFALL_ERR_NOT_FOUND);
    assert_non_null(strstr(error.message, "sqlite"));
    assert_int_equal(outfall_sink_open(sink_url, "missing", NULL, NULL, &sink, &error),
                     OUTFALL_ERR_NOT_FOUND);
    assert_null(sink);
    assert_int_equal(outfall_writer_open(NULL, NULL, &writer, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_put_int64(NULL, 1, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_row_end(NULL, 0, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_flush(NULL, 0, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_poll(NULL, 0, &event, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_close(NULL, 0, NULL, NULL, &error), OUTFALL_OK);
    outfall_writer_close(NULL);
    outfall_row_cancel(NULL);
    outfall_event_clear(NULL);
    sink = open_sink("misused", NULL);
    writer = open_writer(sink, "same");
    outfall_writer *other;
    assert_int_equal(outfall_writer_open(sink, "same", &other, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_row_end(writer, 0, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_flush(sink, OUTFALL_TIMEOUT_MS_MAX + 1, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_poll(sink, 0, &event, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_close(sink, 1000, NULL, NULL, NULL), OUTFALL_OK);
}

static void the_memory_bound_limits_the_writers(void **state)
{
    static const char *const options[] = {"buffer.bytes", "131072", "buffer.chunk.bytes", "16384",
                                          NULL};
    outfall_writer *writers[8];
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("bound", options);
    for (int i = 0; i < 4; i++)
        writers[i] = open_writer(sink, NULL);
    assert_int_equal(outfall_writer_open(sink, NULL, &writers[4], &error), OUTFALL_ERR_FULL);
    assert_null(writers[4]);
    outfall_writer_close(writers[0]);
    put_rows(open_writer(sink, NULL), 0, 10);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

static void sinks_on_one_url_share_a_connection(void **state)
{
    outfall_sink *sinks[5];
    char table[16];
    (void)state;
    for (int i = 0; i < 5; i++) {
        snprintf(table, sizeof table, "shared%d", i);
        sinks[i] = open_sink(table, NULL);
        put_rows(open_writer(sinks[i], NULL), 0, 10);
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(outfall_flush(sinks[i], 10000, NULL), OUTFALL_OK);
    assert_true(stats_of(sinks[0]).connections <= 2);
    for (int i = 0; i < 5; i++)
        assert_int_equal(outfall_close(sinks[i], 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM shared4"), 10);
}

static void a_child_of_fork_is_told_so(void **state)
{
    (void)state;
    outfall_sink *sink = open_sink("forked", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    put_rows(writer, 0, 10);
    assert_int_equal(outfall_put_int64(writer, 100, NULL),
                     OUTFALL_OK); /* In the middle of a row. */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        outfall_error error;
        int wrong = outfall_put_text(writer, "x", 1, &error) != OUTFALL_ERR_CLOSED ||
                    outfall_row_end(writer, 0, &error) != OUTFALL_ERR_CLOSED ||
                    put_row(writer, 99, "x", &error) != OUTFALL_ERR_CLOSED ||
                    outfall_flush(sink, 100, &error) != OUTFALL_ERR_CLOSED ||
                    outfall_close(sink, 100, NULL, NULL, NULL) != OUTFALL_OK;
        _exit(wrong);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(outfall_put_text(writer, "x", 1, NULL), OUTFALL_OK);
    assert_int_equal(outfall_row_end(writer, 0, NULL), OUTFALL_OK);
    put_rows(writer, 10, 10);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM forked"), 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_tells_of_events),
        cmocka_unit_test(stats_are_json),
        cmocka_unit_test(misuse_is_an_error_not_a_crash),
        cmocka_unit_test(the_memory_bound_limits_the_writers),
        cmocka_unit_test(sinks_on_one_url_share_a_connection),
        cmocka_unit_test(a_child_of_fork_is_told_so),
    };
    return cmocka_run_group_tests_name("sink_handles", tests, sinks_make_directory,
                                       sinks_remove_directory);
}
