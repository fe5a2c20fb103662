/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of one sink: outfall_checkpoint, its wait and its event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "sinks.h"

static const char *const lingers[] = {"linger.ms", "60000", NULL};

static void close_sink(outfall_sink *sink)
{
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

static void checkpoint(outfall_sink *sink, uint64_t id)
{
    outfall_error error = {0};
    assert_int_equal(outfall_checkpoint(sink, id, &error), OUTFALL_OK);
}

static void rows_before_it_are_durable_when_it_is(void **state)
{
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("checked", lingers);
    outfall_writer *writer = open_writer(sink, "w");
    put_rows(writer, 0, 100);
    checkpoint(sink, 7);
    assert_int_equal(outfall_checkpoint_wait(sink, 7, 10000, &error), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM checked"), 100);
    checkpoint(sink, 8); /* Nothing came meanwhile. */
    assert_int_equal(outfall_checkpoint_wait(sink, 8, 10000, &error), OUTFALL_OK);
    put_rows(writer, 100, 1);
    checkpoint(sink, 9);
    checkpoint(sink, 10);
    assert_int_equal(outfall_checkpoint_wait(sink, 10, 10000, &error), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM checked"), 101);
    close_sink(sink);
}

static void an_event_tells_of_the_newest(void **state)
{
    outfall_event event = {.struct_size = sizeof event};
    bool acknowledged = false;
    (void)state;
    outfall_sink *sink = open_sink("told", lingers);
    outfall_writer *writer = open_writer(sink, "w");
    put_rows(writer, 0, 10);
    checkpoint(sink, 1);
    checkpoint(sink, 2);
    do {
        assert_int_equal(outfall_poll(sink, 10000, &event, NULL), OUTFALL_OK);
        assert_int_not_equal(event.type, OUTFALL_EVENT_NONE);
        if (event.type == OUTFALL_EVENT_ACKNOWLEDGED)
            acknowledged = event.position == 10;
    } while (event.type != OUTFALL_EVENT_CHECKPOINT || event.position != 2);
    assert_true(acknowledged); /* It comes behind what it stands for. */
    assert_int_equal(outfall_poll(sink, 50, &event, NULL), OUTFALL_OK);
    assert_int_equal(event.type, OUTFALL_EVENT_NONE);
    close_sink(sink);
}

static void ids_grow(void **state)
{
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("grow", lingers);
    assert_int_equal(outfall_checkpoint(sink, 0, &error), OUTFALL_ERR_INVALID);
    checkpoint(sink, 5);
    assert_int_equal(outfall_checkpoint(sink, 5, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "checkpoint 5 comes after 5"));
    assert_int_equal(outfall_checkpoint_wait(sink, 6, 0, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_checkpoint_wait(sink, 5, 3600001, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_checkpoint(NULL, 1, &error), OUTFALL_ERR_INVALID);
    close_sink(sink);
}

static void as_many_as_are_remembered_are_under_way(void **state)
{
    outfall_error error = {0};
    uint64_t id = 0;
    (void)state;
    outfall_sink *sink = open_sink("held", lingers);
    outfall_writer *writer = open_writer(sink, "w");
    sqlite3 *database = stall(); /* Nothing becomes durable. */
    put_rows(writer, 0, 10);
    while (id < 64)
        checkpoint(sink, ++id);
    assert_int_equal(outfall_checkpoint(sink, ++id, &error), OUTFALL_ERR_FULL);
    assert_int_equal(outfall_checkpoint_wait(sink, 1, 20, &error), OUTFALL_ERR_TIMEOUT);
    let_go(database);
    assert_int_equal(outfall_checkpoint_wait(sink, 64, 10000, &error), OUTFALL_OK);
    checkpoint(sink, id);
    close_sink(sink);
}

static atomic_bool enough;

static void *write_on(void *argument)
{
    for (int64_t id = 0; !atomic_load(&enough); id += 10)
        put_rows(argument, id, 10);
    return NULL;
}

static void writers_do_not_stop(void **state)
{
    outfall_error error = {0};
    pthread_t thread;
    (void)state;
    outfall_sink *sink = open_sink("busy", NULL);
    outfall_writer *writer = open_writer(sink, "w");
    assert_int_equal(pthread_create(&thread, NULL, write_on, writer), 0);
    for (uint64_t id = 1; id <= 20; id++) {
        checkpoint(sink, id);
        assert_int_equal(outfall_checkpoint_wait(sink, id, 10000, &error), OUTFALL_OK);
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    close_sink(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_before_it_are_durable_when_it_is),
        cmocka_unit_test(an_event_tells_of_the_newest),
        cmocka_unit_test(ids_grow),
        cmocka_unit_test(as_many_as_are_remembered_are_under_way),
        cmocka_unit_test(writers_do_not_stop),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, sinks_make_directory,
                                       sinks_remove_directory);
}
