/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads, and memory: none a row, none to be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/alloc.h"
#include "sinks.h"

/* ---- Threads ----------------------------------------------------------------------- */

#define THREADS 8
#define ROWS_EACH 20000

typedef struct producer {
    pthread_t thread;
    outfall_sink *sink;
    int number;
} producer;

static void *produce(void *argument)
{
    producer *self = argument;
    char name[16];
    snprintf(name, sizeof name, "w%d", self->number);
    for (int part = 0; part < 4; part++) { /* Writers come and go. */
        outfall_writer *writer = open_writer(self->sink, NULL);
        for (int i = 0; i < ROWS_EACH / 4; i++) {
            int64_t id = (int64_t)self->number * ROWS_EACH + part * (ROWS_EACH / 4) + i;
            assert_int_equal(put_row(writer, id, name, NULL), OUTFALL_OK);
        }
        if (part == 1)
            assert_int_equal(outfall_flush(self->sink, 60000, NULL), OUTFALL_OK);
        outfall_writer_close(writer);
    }
    return NULL;
}

static void many_writers_lose_and_mix_nothing(void **state)
{
    static const char *const options[] = {
        "buffer.bytes", "524288", "buffer.chunk.bytes", "8192", "flushers", "2",
        "batch.rows",   "500",    "linger.ms",          "1",    NULL};
    producer producers[THREADS];
    (void)state;
    outfall_sink *sink = open_sink("threads", options);
    for (int i = 0; i < THREADS; i++) {
        producers[i] = (producer){.sink = sink, .number = i};
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    for (int i = 0; i < 50; i++)
        (void)stats_of(sink);
    for (int i = 0; i < THREADS; i++)
        pthread_join(producers[i].thread, NULL);
    assert_int_equal(outfall_flush(sink, 60000, NULL), OUTFALL_OK);
    outfall_stats stats = stats_of(sink);
    assert_int_equal(stats.rows_accepted, THREADS * ROWS_EACH);
    assert_int_equal(stats.rows_delivered, THREADS * ROWS_EACH);
    assert_int_equal(stats.rows_queued, 0);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM threads"), THREADS * ROWS_EACH);
    assert_int_equal(query("SELECT count(*) FROM threads WHERE name <> 'w' || (id / 20000)"), 0);
}

/* ---- Memory ------------------------------------------------------------------------ */

static void rows_cost_no_allocation_after_warm_up(void **state)
{
    (void)state;
    outfall_sink *sink = open_sink("warm", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    put_rows(writer, 0, 20000);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    uint64_t before = of_alloc_count();
    put_rows(writer, 20000, 50000);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    assert_int_equal(of_alloc_count() - before, 0);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

/* Opens, writes and closes while allocation `nth` and all later ones fail. */
static bool survives(uint64_t nth)
{
    outfall_schema *schema = NULL;
    outfall_config *config = NULL;
    outfall_sink *sink = NULL;
    outfall_writer *writer = NULL;
    outfall_error error;
    of_alloc_fail_from(nth);
    int status = outfall_schema_new(&schema, &error);
    if (status == OUTFALL_OK)
        status = outfall_schema_parse(schema, SINK_COLUMNS, &error);
    if (status == OUTFALL_OK)
        status = outfall_config_new(&config, &error);
    if (status == OUTFALL_OK)
        status = outfall_config_set(config, "create", "if-missing", &error);
    if (status == OUTFALL_OK)
        status = outfall_sink_open(sink_url, "memory", schema, config, &sink, &error);
    if (status == OUTFALL_OK)
        status = outfall_writer_open(sink, NULL, &writer, &error);
    if (status == OUTFALL_OK)
        status = put_row(writer, (int64_t)nth, "x", &error);
    if (status == OUTFALL_OK)
        status = outfall_flush(sink, 10000, &error);
    if (status != OUTFALL_OK)
        assert_int_equal(error.status, status);
    (void)!outfall_close(sink, 1000, NULL, NULL, NULL);
    of_alloc_fail_from(0);
    outfall_config_free(config);
    outfall_schema_free(schema);
    return status == OUTFALL_OK;
}

static void out_of_memory_anywhere_is_an_error(void **state)
{
    uint64_t failed = 0;
    (void)state;
    assert_int_equal(outfall_close(open_sink("memory", NULL), 1000, NULL, NULL, NULL), OUTFALL_OK);
    for (uint64_t nth = 1; !survives(nth); nth++) {
        failed++;
        assert_true(nth < 1000);
    }
    assert_true(failed > 10);
    printf("%u allocations failed in turn: no crash, no hang\n", (unsigned)failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_writers_lose_and_mix_nothing),
        cmocka_unit_test(rows_cost_no_allocation_after_warm_up),
        cmocka_unit_test(out_of_memory_anywhere_is_an_error),
    };
    return cmocka_run_group_tests_name("sink_memory", tests, sinks_make_directory,
                                       sinks_remove_directory);
}
