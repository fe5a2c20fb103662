/* SPDX-License-Identifier: Apache-2.0 */
/* Waits: another connection holds what a write needs. */
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)

static outfall_target *make_table(contract_suite *suite, test_rows *rows, size_t count)
{
    suite_create_sql(suite, "contract_t", "id INTEGER, note TEXT");
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    test_rows_init(rows, target);
    for (size_t i = 0; i < count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%zu", i);
        test_rows_add(rows, (const char *const[]){id, "note"});
    }
    return target;
}

static void lock(contract_suite *suite)
{
    suite_run(suite, suite->quirks->rules->lock, "contract_t");
}

static void unlock(contract_suite *suite)
{
    database_run(suite->database, "%s", suite->quirks->rules->unlock);
}

/* The connection is spent: the next call on it fails at once, and a new one works. */
static void check_spent(contract_suite *suite, outfall_target *target, const test_rows *rows)
{
    int64_t started = suite_now_us();
    assert_int_not_equal(
        suite->driver.ping(suite->connection, NULL, 0, suite_deadline(), &suite->error),
        OUTFALL_OK);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
    assert_true(suite_now_us() - started < SECOND_US);
    unlock(suite);
    suite->driver.disconnect(suite->connection);
    suite->connection = suite_connect(suite);
    assert_int_equal(suite_count(suite, "contract_t"), 0);
    suite_deliver(suite, target, rows, 0);
    assert_int_equal(suite_count(suite, "contract_t"), rows->count);
}

static void a_deadline_is_kept(contract_suite *suite)
{
    static const size_t sizes[] = {1, 2000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_rows rows;
        outfall_target *target = make_table(suite, &rows, sizes[i]);
        lock(suite);
        int64_t started = suite_now_us();
        int status = suite_try(suite, target, &rows, started + SECOND_US / 2);
        int64_t took = suite_now_us() - started;
        if (status != OUTFALL_ERR_TIMEOUT)
            fail_msg("status %d: %s", status, suite->error.message);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
        assert_true(took > SECOND_US * 4 / 10);
        assert_true(took < SECOND_US * 3 / 2);
        check_spent(suite, target, &rows);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

static void a_deadline_that_has_passed_ends_a_call(contract_suite *suite)
{
    test_rows rows;
    outfall_target *target = make_table(suite, &rows, 1);
    int status = suite_try(suite, target, &rows, suite_now_us() - SECOND_US);
    assert_int_equal(status, OUTFALL_ERR_TIMEOUT);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void *sever_soon(void *context)
{
    contract_suite *suite = context;
    struct timespec pause = {.tv_sec = 0, .tv_nsec = 200000000};
    nanosleep(&pause, NULL);
    suite->driver.sever(suite->connection);
    return NULL;
}

static void sever_ends_a_wait(contract_suite *suite)
{
    static const size_t sizes[] = {1, 2000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_rows rows;
        pthread_t thread;
        outfall_target *target = make_table(suite, &rows, sizes[i]);
        lock(suite);
        assert_int_equal(pthread_create(&thread, NULL, sever_soon, suite), 0);
        int64_t started = suite_now_us();
        int status = suite_try(suite, target, &rows, suite_deadline());
        int64_t took = suite_now_us() - started;
        pthread_join(thread, NULL);
        assert_int_not_equal(status, OUTFALL_OK);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
        assert_true(took > SECOND_US / 10);
        assert_true(took < SECOND_US * 3 / 2);
        check_spent(suite, target, &rows);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

static void a_connection_severed_at_rest_is_spent(contract_suite *suite)
{
    test_rows rows;
    outfall_target *target = make_table(suite, &rows, 10);
    suite->driver.sever(suite->connection);
    suite->driver.sever(suite->connection);
    int status = suite_try(suite, target, &rows, suite_deadline());
    assert_int_not_equal(status, OUTFALL_OK);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
    assert_int_equal(suite_count(suite, "contract_t"), 0);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

const contract_case fault_cases[] = {
    {"a deadline is kept", a_deadline_is_kept, NEEDS_TABLES | NEEDS_DEADLINES},
    {"a deadline that has passed ends a call", a_deadline_that_has_passed_ends_a_call,
     NEEDS_TABLES | NEEDS_DEADLINES},
    {"sever ends a wait", sever_ends_a_wait, NEEDS_TABLES},
    {"a connection severed at rest is spent", a_connection_severed_at_rest_is_spent, NEEDS_TABLES},
    {NULL, NULL, 0},
};
