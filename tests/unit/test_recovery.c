/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery in one database, whose answers the test makes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "expect_pool.h"
#include "txn/recovery.h"

#define ID "job"

/* What the database has and says. */
static struct {
    size_t prepared;     /* So many branches of checkpoint 1 are listed, numbered from 0. */
    bool proven;         /* The ledger has each line. */
    bool away;           /* Nothing is answered. */
    bool gone_when_told; /* A branch is not listed any more once it was to be ended. */
    int told;            /* What the end of one is answered with. */
} database;

static int fail_away(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, "nobody answers");
}

static int list_prepared(outfall_connection *connection, const char *prefix, outfall_prepared *out,
                         size_t capacity, size_t *count, int64_t deadline_us, outfall_error *error)
{
    (void)connection;
    (void)prefix;
    (void)deadline_us;
    *count = 0;
    if (database.away)
        return fail_away(error);
    for (size_t i = 0; i < database.prepared; i++) {
        const of_gid gid = {.sink = of_gid_sink(ID, strlen(ID)),
                            .checkpoint = 1,
                            .epoch = 1,
                            .writer = (uint16_t)i};
        if (i < capacity) {
            memset(&out[i], 0, sizeof out[i]);
            of_gid_format_gtrid(&gid, out[i].xid.gtrid);
            of_gid_format_bqual(&gid, out[i].xid.bqual);
        }
        ++*count;
    }
    return OUTFALL_OK;
}

static int end_prepared(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                        outfall_error *error)
{
    (void)connection;
    (void)xid;
    (void)deadline_us;
    if (database.away)
        return fail_away(error);
    if (database.gone_when_told)
        database.prepared = 0;
    return database.told == OUTFALL_OK
               ? OUTFALL_OK
               : outfall_error_set(error, database.told, OUTFALL_ACTION_RESOLVE, "not here");
}

static int end_holder(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                      outfall_error *error)
{
    (void)connection;
    (void)xid;
    (void)deadline_us;
    (void)error;
    return OUTFALL_OK;
}

static int ledger_read(outfall_connection *connection, outfall_ledger_line *line,
                       int64_t deadline_us, outfall_error *error)
{
    (void)connection;
    (void)deadline_us;
    line->found = database.proven;
    line->epoch = 1;
    return database.away ? fail_away(error) : OUTFALL_OK;
}

static int judge_decided(void *context, const of_gid *gid, enum of_verdict *verdict,
                         outfall_error *error)
{
    (void)context;
    (void)gid;
    (void)error;
    *verdict = OF_VERDICT_COMMIT;
    return OUTFALL_OK;
}

static atomic_int_fast64_t close_by_us;

static of_recovery start(int64_t give_up_ms)
{
    static outfall_driver driver;
    driver = fake_driver;
    driver.list_prepared = list_prepared;
    driver.commit_prepared = driver.rollback_prepared = end_prepared;
    driver.end_holder = end_holder;
    driver.ledger_read = ledger_read;
    const outfall_connect_options connect = {.struct_size = sizeof connect, .url = FAKE_URL};
    const of_pool_options options = {
        .connect = &connect, .connect_timeout_ms = 1000, .connections_max = 2};
    assert_int_equal(of_pool_new(&driver, &options, &pool, NULL), OUTFALL_OK);
    atomic_store(&close_by_us, INT64_MAX);
    return (of_recovery){.pool = pool,
                         .limits = {.request_timeout_ms = 1000, .close_by_us = &close_by_us},
                         .give_up_us = of_deadline_us(give_up_ms),
                         .id = ID,
                         .epoch = 2,
                         .judge = judge_decided};
}

static int begin_recovery(void **state)
{
    memset(&database, 0, sizeof database);
    return begin(state);
}

/* The server says yes, and has committed nothing: that is not for another look to hide. */
static void a_commit_that_the_ledger_does_not_prove_is_told(void **state)
{
    outfall_error error = {0};
    (void)state;
    of_recovery recovery = start(10000);
    database.prepared = 1;
    database.gone_when_told = true;
    assert_int_equal(of_recovery_sweep(&recovery, &error), OUTFALL_ERR_UNKNOWN);
    assert_int_equal(error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(error.message, "restart the server"));
    assert_int_equal(recovery.committed, 0);
}

static void one_that_its_session_has_is_not_lost_among_many(void **state)
{
    static const size_t counts[] = {1, 64, 65, 1000};
    outfall_error error = {0};
    (void)state;
    of_recovery recovery = start(20);
    database.told = OUTFALL_ERR_NOT_FOUND;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        enum of_end how = OF_END_DONE;
        const of_gid last = {.sink = of_gid_sink(ID, strlen(ID)),
                             .checkpoint = 1,
                             .epoch = 1,
                             .writer = (uint16_t)(counts[i] - 1)};
        database.prepared = counts[i];
        assert_int_equal(of_recovery_end(&recovery, &last, true, &how, &error),
                         OUTFALL_ERR_UNKNOWN);
        assert_non_null(strstr(error.message, "its session still has it"));
    }
}

static void it_is_given_up_when_the_transaction_is_closed(void **state)
{
    static const of_gid gid = {.checkpoint = 1, .epoch = 1};
    outfall_error error = {0};
    enum of_end how;
    bool found;
    (void)state;
    of_recovery recovery = start(60000);
    database.away = true;
    atomic_store(&close_by_us, of_deadline_us(200));
    int64_t until_us = of_deadline_us(5000);
    assert_int_not_equal(of_recovery_end(&recovery, &gid, true, &how, &error), OUTFALL_OK);
    assert_int_not_equal(of_recovery_find(&recovery, &gid, &found, &error), OUTFALL_OK);
    assert_int_not_equal(of_recovery_sweep(&recovery, &error), OUTFALL_OK);
    assert_true(of_clock_us() < until_us);
}

#define RECOVERY(name) cmocka_unit_test_setup_teardown(name, begin_recovery, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECOVERY(a_commit_that_the_ledger_does_not_prove_is_told),
        RECOVERY(one_that_its_session_has_is_not_lost_among_many),
        RECOVERY(it_is_given_up_when_the_transaction_is_closed),
    };
    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
