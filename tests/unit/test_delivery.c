/* SPDX-License-Identifier: Apache-2.0 */
/* What a flusher does about errors, action by action. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "flow/flusher.h"
#include "row/encode.h"
#include "scripted.h"

#define ROWS 1000

typedef struct fixture {
    of_pool *pool;
    of_feed *feed;
    of_flusher *flusher;
    of_lane *lane;
    pthread_t thread;
    atomic_bool ended;
} fixture;

static fixture one;

static void flusher_ended(void *context)
{
    (void)context;
    atomic_store(&one.ended, true);
}

static int start(void **state)
{
    static const outfall_connect_options connect = {.struct_size = sizeof connect};
    const of_pool_options pool = {
        .connections_max = 2, .connect_timeout_ms = 1000, .connect = &connect};
    const of_feed_options options = {
        .batch_rows = ROWS,
        .batch_bytes = 1 << 20,
        .linger_us = 3600000000,
        .request_timeout_ms = 200,
        .retry_base_ms = 1,
        .retry_max_ms = 5,
        .retry_timeout_ms = 3000,
        .deadletter_wait_ms = 1000,
        .name = {NULL, "t"},
    };
    static const atomic_int_fast64_t never = INT64_MAX;
    const of_limits limits = {1000, &never};
    of_lease lease;
    outfall_target *target;
    (void)state;
    scripted_reset();
    memset(&one, 0, sizeof one);
    if (of_pool_new(&scripted_driver, &pool, &one.pool, NULL) != OUTFALL_OK ||
        of_lease_take(one.pool, &limits, &lease, NULL) != OUTFALL_OK ||
        of_feed_describe(&options, &lease, &target, NULL) != OUTFALL_OK)
        return -1;
    of_lease_return(&lease);
    if (of_feed_new(&options, one.pool, 1 << 20, 4096, 4096, 1 << 20, target, 1, &one.feed, NULL) !=
            OUTFALL_OK ||
        of_flusher_new(flusher_ended, NULL, &one.flusher, &one.thread, NULL) != OUTFALL_OK)
        return -1;
    of_flusher_attach(one.flusher, &one.feed->shares[0]);
    if (of_lane_new(&one.feed->chunks, one.feed->shares[0].wake, &one.feed->stopped, 0, "w",
                    &one.lane, NULL) != OUTFALL_OK ||
        of_share_add(&one.feed->shares[0], one.lane, NULL) != OUTFALL_OK)
        return -1;
    memset(script.calls, 0, sizeof script.calls);
    return 0;
}

static void wait_until(const atomic_bool *condition)
{
    int64_t deadline_us = of_deadline_us(10000);
    while (!atomic_load(condition))
        assert_true(of_clock_us() < deadline_us);
}

static int stop(void **state)
{
    (void)state;
    int64_t now_us = of_clock_us();
    atomic_store(&script.hang, false);
    if (one.feed != NULL) {
        of_flusher_detach(one.flusher, &one.feed->shares[0], now_us + 1000000, now_us + 5000000);
        of_feed_release(one.feed);
    }
    of_flusher_stop(one.flusher);
    wait_until(&one.ended);
    pthread_join(one.thread, NULL);
    of_pool_free(one.pool);
    /* Every connection was closed, and every feed and its target freed. */
    return atomic_load(&script.open) == 0 && atomic_load(&script.targets) == 0 ? 0 : -1;
}

static void write_rows(int64_t first, int64_t count)
{
    for (int64_t id = first; id < first + count; id++) {
        of_lane_call(one.lane);
        assert_int_equal(of_lane_begin(one.lane, 14, NULL), OUTFALL_OK);
        of_store_i16(of_lane_at(one.lane), 1);
        of_encode_i64(of_lane_at(one.lane) + 2, id);
        one.lane->at += 14;
        of_lane_done(one.lane, (uint64_t)id, 0, 0);
        of_lane_leave(one.lane);
    }
}

/* Waits until `rows` are acknowledged or the feed has stopped; returns its status. */
static int settle(uint64_t rows)
{
    int64_t deadline_us = of_deadline_us(10000);
    while (atomic_load(&one.lane->acknowledged) < rows && atomic_load(&one.feed->stopped) == 0)
        assert_true(of_clock_us() < deadline_us);
    return of_feed_check(one.feed, NULL);
}

/* Every row but `missing` is there once, in order. */
static void check_rows(int64_t missing)
{
    int64_t id = 0;
    for (uint32_t i = 0; i < atomic_load(&script.rows); i++, id++) {
        if (id == missing)
            id++;
        assert_int_equal(script.ids[i], id);
    }
    assert_int_equal(id, missing == ROWS - 1 ? ROWS - 1 : ROWS);
}

static void what_passes_is_tried_again(void **state)
{
    static const struct {
        const char *why;
        int step, status, action;
        int failures;
    } cases[] = {
        {"no connection", SCRIPTED_CONNECT, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, 5},
        {"a lost connection", SCRIPTED_WRITE, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, 3},
        {"a deadlock", SCRIPTED_WRITE, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY, 3},
        {"a busy database", SCRIPTED_BEGIN, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY, 3},
        {"a serialization failure", SCRIPTED_COMMIT, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY, 3},
        {"a changed table", SCRIPTED_WRITE, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART, 2},
        {"a table that comes back", SCRIPTED_DESCRIBE, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
         2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i > 0) {
            assert_int_equal(stop(state), 0);
            assert_int_equal(start(state), 0);
        }
        script.at[cases[i].step].status = cases[i].status;
        script.at[cases[i].step].action = cases[i].action;
        atomic_store(&script.at[cases[i].step].failures, cases[i].failures);
        if (cases[i].step == SCRIPTED_CONNECT)
            of_pool_drop_idle(one.pool);
        if (cases[i].step == SCRIPTED_DESCRIBE) {
            script.at[SCRIPTED_WRITE].status = OUTFALL_ERR_CHANGED;
            script.at[SCRIPTED_WRITE].action = OUTFALL_ACTION_RESTART;
            atomic_store(&script.at[SCRIPTED_WRITE].failures, 3);
        }
        write_rows(0, ROWS);
        assert_int_equal(settle(ROWS), OUTFALL_OK);
        check_rows(-1);
        assert_int_equal(atomic_load(&script.at[cases[i].step].failures), 0);
    }
}

static void what_does_not_pass_stops_the_feed(void **state)
{
    static const struct {
        const char *why;
        int step, status, action;
    } cases[] = {
        {"read-only", SCRIPTED_WRITE, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"no rights", SCRIPTED_COMMIT, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"a changed password", SCRIPTED_CONNECT, OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP},
        {"never ending failure", SCRIPTED_WRITE, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i > 0) {
            assert_int_equal(stop(state), 0);
            assert_int_equal(start(state), 0);
        }
        if (cases[i].step == SCRIPTED_CONNECT)
            of_pool_drop_idle(one.pool);
        script.at[cases[i].step].status = cases[i].status;
        script.at[cases[i].step].action = cases[i].action;
        atomic_store(&script.at[cases[i].step].failures, INT32_MAX);
        one.feed->options.retry_timeout_ms = 100;
        write_rows(0, ROWS);
        assert_int_equal(settle(ROWS), cases[i].status);
        assert_int_equal(atomic_load(&one.lane->acknowledged), 0); /* Nothing lost: all is kept. */
        assert_int_equal(atomic_load(&script.rows), 0);
    }
}

static void an_unknown_outcome_is_written_again(void **state)
{
    (void)state;
    script.at[SCRIPTED_COMMIT].status = OUTFALL_ERR_UNKNOWN;
    script.at[SCRIPTED_COMMIT].action = OUTFALL_ACTION_RESOLVE;
    atomic_store(&script.at[SCRIPTED_COMMIT].failures, 1);
    write_rows(0, ROWS);
    assert_int_equal(settle(ROWS), OUTFALL_OK);
    assert_int_equal(atomic_load(&script.rows), 2 * ROWS); /* At least once. */
}

static void one_bad_row_is_isolated(void **state)
{
    static const struct {
        const char *why;
        int64_t id;
        bool names_rows, at_commit;
    } cases[] = {
        {"the first, by bisecting", 0, false, false},
        {"one in the middle, by bisecting", 617, false, false},
        {"the last, by bisecting", ROWS - 1, false, false},
        {"the first, named by the server", 0, true, false},
        {"one in the middle, named by the server", 617, true, false},
        {"the last, named by the server", ROWS - 1, true, false},
        {"one that the commit refuses", 617, false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_event event = {.struct_size = sizeof event};
        if (i > 0) {
            assert_int_equal(stop(state), 0);
            assert_int_equal(start(state), 0);
        }
        script.bad_id = cases[i].id;
        script.names_rows = cases[i].names_rows;
        script.bad_at_commit = cases[i].at_commit;
        write_rows(0, ROWS);
        assert_int_equal(settle(ROWS), OUTFALL_OK);
        check_rows(cases[i].id);
        assert_true(atomic_load(&script.calls[SCRIPTED_WRITE]) <= (cases[i].names_rows ? 4 : 22));
        assert_true(of_events_take(&one.feed->events, &event));
        assert_int_equal(event.type, OUTFALL_EVENT_REJECTED);
        assert_int_equal(event.position, cases[i].id);
        assert_int_equal(event.source_offset, cases[i].id);
        assert_string_equal(event.writer, "w");
        outfall_event_clear(&event);
        assert_false(of_events_take(&one.feed->events, &event));
    }
}

static void a_call_that_hangs_is_severed_at_its_deadline(void **state)
{
    (void)state;
    atomic_store(&script.hang, true);
    int64_t start_us = of_clock_us();
    write_rows(0, ROWS);
    while (atomic_load(&script.severed) == 0)
        assert_true(of_clock_us() - start_us < 1200000); /* The deadline, 0.2 s, and one second. */
    atomic_store(&script.hang, false);
    assert_int_equal(settle(ROWS), OUTFALL_OK);
    check_rows(-1);
    assert_true(atomic_load(&one.feed->shares[0].counters.severed) >= 1);
}

static void a_call_that_cannot_be_severed_is_left_behind(void **state)
{
    (void)state;
    atomic_store(&script.deaf, true);
    atomic_store(&script.hang, true);
    write_rows(0, ROWS);
    while (atomic_load(&script.calls[SCRIPTED_WRITE]) == 0)
        ;
    int64_t start_us = of_clock_us();
    assert_false(
        of_flusher_detach(one.flusher, &one.feed->shares[0], start_us + 50000, start_us + 100000));
    assert_in_range(of_clock_us() - start_us, 100000, 400000);
    of_feed_release(one.feed); /* The flusher still holds it. */
    one.feed = NULL;
}

static void a_stopped_feed_is_not_tried_again(void **state)
{
    const struct timespec moment = {0, 100000000};
    outfall_error why;
    (void)state;
    script.at[SCRIPTED_WRITE].status = OUTFALL_ERR_IO;
    script.at[SCRIPTED_WRITE].action = OUTFALL_ACTION_RETRY;
    atomic_store(&script.at[SCRIPTED_WRITE].failures, INT32_MAX);
    one.feed->options.retry_timeout_ms = 3600000;
    write_rows(0, ROWS);
    while (atomic_load(&script.calls[SCRIPTED_WRITE]) < 3)
        ;
    outfall_error_set(&why, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, "as another flusher would");
    of_feed_stop(one.feed, &why);
    nanosleep(&moment, NULL); /* A try that is under way may end. */
    unsigned calls = atomic_load(&script.calls[SCRIPTED_WRITE]);
    nanosleep(&moment, NULL);
    assert_int_equal(atomic_load(&script.calls[SCRIPTED_WRITE]), calls);
}

/* A second feed on the fixture's flusher. */
static of_feed *another_feed(void)
{
    const of_limits limits = {1000, &one.feed->close_by_us};
    of_lease lease;
    outfall_target *target;
    of_feed *feed;
    assert_int_equal(of_lease_take(one.pool, &limits, &lease, NULL), OUTFALL_OK);
    assert_int_equal(of_feed_describe(&one.feed->options, &lease, &target, NULL), OUTFALL_OK);
    of_lease_return(&lease);
    assert_int_equal(of_feed_new(&one.feed->options, one.pool, 1 << 20, 4096, 4096, 1 << 20, target,
                                 1, &feed, NULL),
                     OUTFALL_OK);
    of_flusher_attach(one.flusher, &feed->shares[0]);
    return feed;
}

/* A leak here is LeakSanitizer's to find, and the fixture's: it counts the targets made and freed.
 */
static void an_abandoned_feed_is_freed_though_another_is_closed_meanwhile(void **state)
{
    (void)state;
    of_feed *other = another_feed();
    atomic_store(&script.deaf, true);
    atomic_store(&script.hang, true);
    write_rows(0, ROWS);
    while (atomic_load(&script.calls[SCRIPTED_WRITE]) == 0)
        ;
    int64_t now_us = of_clock_us();
    assert_false(of_flusher_detach(one.flusher, &one.feed->shares[0], now_us, now_us + 20000));
    assert_true(of_flusher_detach(one.flusher, &other->shares[0], now_us, now_us + 20000));
    of_feed_release(other);
    of_feed_release(one.feed);
    one.feed = NULL;
    assert_int_equal(atomic_load(&script.targets), 1); /* The flusher's, until its call ends. */
}

static void a_writer_that_waits_for_memory_costs_nothing(void **state)
{
    enum { LANES = 256 }; /* As many as there are chunks, each with a row begun and not ended. */
    static of_lane *lanes[LANES];
    struct rusage before, after;
    uint32_t count = 0;
    (void)state;
    for (; count < LANES; count++) {
        assert_int_equal(of_lane_new(&one.feed->chunks, one.feed->shares[0].wake,
                                     &one.feed->stopped, 0, "x", &lanes[count], NULL),
                         OUTFALL_OK);
        assert_int_equal(of_share_add(&one.feed->shares[0], lanes[count], NULL), OUTFALL_OK);
        if (of_lane_begin(lanes[count], 14, NULL) != OUTFALL_OK)
            break;
    }
    one.lane->block_us = 500000;
    getrusage(RUSAGE_SELF, &before);
    of_lane_call(one.lane);
    assert_int_equal(of_lane_begin(one.lane, 14, NULL), OUTFALL_ERR_FULL);
    getrusage(RUSAGE_SELF, &after);
    /* A wake and an answer each tenth of a second, where a circle of them makes 100,000. */
    assert_true(after.ru_nvcsw - before.ru_nvcsw < 1000);
    for (uint32_t i = 0; i <= count && i < LANES; i++)
        of_lane_leave(lanes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_passes_is_tried_again, start, stop),
        cmocka_unit_test_setup_teardown(what_does_not_pass_stops_the_feed, start, stop),
        cmocka_unit_test_setup_teardown(an_unknown_outcome_is_written_again, start, stop),
        cmocka_unit_test_setup_teardown(one_bad_row_is_isolated, start, stop),
        cmocka_unit_test_setup_teardown(a_call_that_hangs_is_severed_at_its_deadline, start, stop),
        cmocka_unit_test_setup_teardown(a_call_that_cannot_be_severed_is_left_behind, start, stop),
        cmocka_unit_test_setup_teardown(a_stopped_feed_is_not_tried_again, start, stop),
        cmocka_unit_test_setup_teardown(
            an_abandoned_feed_is_freed_though_another_is_closed_meanwhile, start, stop),
        cmocka_unit_test_setup_teardown(a_writer_that_waits_for_memory_costs_nothing, start, stop),
    };
    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
