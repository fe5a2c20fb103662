/* SPDX-License-Identifier: Apache-2.0 */
/* In doubt: what others can see of prepared transactions, and do about them. */
#include "branch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

/* ---- Lists ------------------------------------------------------------------------ */

/* Prepares that name by a connection of its own, which is closed. */
static void leave_prepared(contract_suite *suite, const outfall_xid *xid, int first)
{
    outfall_connection *mine = suite->connection;
    suite->connection = suite_connect(suite);
    branch_write(suite, xid, first, 3);
    branch_prepare(suite, xid, first);
    suite->driver.disconnect(suite->connection);
    suite->connection = mine;
}

static void a_list_has_what_begins_with_its_prefix(contract_suite *suite)
{
    const outfall_xid all[] = {branch_name_of(BRANCH_SINK, 1, 0), branch_name_of(BRANCH_SINK, 1, 1),
                               branch_name_of(BRANCH_SINK, 0x10, 2),
                               branch_name_of(BRANCH_SINK + 1, 1, 3)};
    static const struct {
        const char *prefix;
        size_t count;
    } cases[] = {
        {"of1.", 4},
        {"of1.00000000c0117ac7.", 3},
        {"of1.00000000c0117ac8.", 1},
        {"of1.00000000c0117ac7.00000003.0000000000000001", 2},
        {"of1.00000000c0117ac7.00000003.000000000000001", 1},
        {"of1.00000000c0117ac7.00000003.0000000000000001.", 0}, /* Of the gtrid. */
        {"of1.00000000C0117AC7.", 0},
        {"of2.", 0},
        {"of1_", 0}, /* No pattern. */
        {"%", 0},
        {"f1.", 0},
        {"' OR ''='", 0},
        {"\\", 0},
    };
    branch_start(suite);
    for (size_t i = 0; i < LENGTH(all); i++)
        leave_prepared(suite, &all[i], 1 + (int)i * 10);
    for (size_t c = 0; c < LENGTH(cases); c++)
        for (size_t capacity = 0; capacity <= LENGTH(all) + 1; capacity++) {
            outfall_prepared found[LENGTH(all) + 1];
            memset(found, 0x55, sizeof found);
            size_t count = branch_list(suite, cases[c].prefix, found, capacity);
            if (count != cases[c].count)
                fail_msg("%s: %zu of %zu", cases[c].prefix, count, cases[c].count);
            for (size_t i = 0; i < LENGTH(found); i++) {
                size_t known = 0;
                while (known < LENGTH(all) && !branch_is_same(&found[i].xid, &all[known]))
                    known++;
                assert_int_equal(known < LENGTH(all), i < count && i < capacity);
                for (size_t before = 0; before < i && known < LENGTH(all); before++)
                    assert_false(branch_is_same(&found[before].xid, &found[i].xid));
                if (known == LENGTH(all))
                    continue;
                assert_true(found[i].age_us >= -1);
                assert_true(found[i].age_us < 600 * SECOND_US);
                assert_true(memchr(found[i].owner, 0, sizeof found[i].owner) != NULL);
                assert_string_equal(found[i].blocks, "");
            }
        }
    for (size_t i = 0; i < LENGTH(all); i++)
        branch_end_elsewhere(suite, &all[i], (int)i % 2);
    assert_int_equal(branch_list(suite, "of1.", NULL, 0), 0);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 6);
}

/* Those of one checkpoint wait for one another: none may wait for a lock of another's. */
static void branches_do_not_wait_for_each_other(contract_suite *suite)
{
    static const unsigned orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
    for (size_t o = 0; o < LENGTH(orders); o++) {
        outfall_connection *sessions[LENGTH(orders[0])];
        outfall_fence fences[LENGTH(orders[0])];
        char writers[LENGTH(orders[0])][8];
        branch_start(suite);
        outfall_connection *mine = suite->connection;
        for (unsigned i = 0; i < LENGTH(sessions); i++) {
            snprintf(writers[i], sizeof writers[i], "#%u", i);
            fences[i] = branch_take_fence(suite, writers[i]);
        }
        for (unsigned i = 0; i < LENGTH(sessions); i++) {
            outfall_xid xid = branch_name_of(BRANCH_SINK, 5, orders[o][i]);
            sessions[i] = suite->connection = suite_connect(suite);
            branch_write(suite, &xid, 1 + (int)i * 10, 3);
            expect_ok(suite, branch_prepare_by(suite, &xid, &fences[orders[o][i]], 1, 5,
                                               suite_now_us() + 10 * SECOND_US));
        }
        for (unsigned i = 0; i < LENGTH(sessions); i++) {
            outfall_xid xid = branch_name_of(BRANCH_SINK, 5, orders[o][i]);
            suite->connection = sessions[i];
            branch_end(suite, &xid, 1);
            suite->driver.disconnect(sessions[i]);
        }
        suite->connection = mine;
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 3 * LENGTH(sessions));
        assert_int_equal(suite_count(suite, "outfall_ledger"), LENGTH(sessions));
    }
}

/* ---- Two at once ------------------------------------------------------------------ */

typedef struct ender {
    contract_suite *suite;
    outfall_connection *connection;
    const outfall_xid *xid;
    pthread_barrier_t *together;
    atomic_int *ended; /* How many had success. */
    int commit;
    int told; /* 1: OK; 0: not found in the end; -1: something else, which `error` has. */
    outfall_error error;
} ender;

static void *end_at_once(void *context)
{
    ender *me = context;
    const outfall_driver *driver = &me->suite->driver;
    pthread_barrier_wait(me->together);
    for (int i = 0; i < BRANCH_TRIES; i++) {
        int others = atomic_load(me->ended); /* Before: what it says may be older. */
        int status = (me->commit ? driver->commit_prepared : driver->rollback_prepared)(
            me->connection, me->xid, suite_deadline(), &me->error);
        me->told = status == OUTFALL_OK;
        if (status == OUTFALL_OK)
            atomic_fetch_add(me->ended, 1);
        if (status == OUTFALL_OK || (status == OUTFALL_ERR_NOT_FOUND && others > 0))
            return NULL;
        if (status != OUTFALL_ERR_NOT_FOUND && me->error.action != OUTFALL_ACTION_RETRY)
            break;
        branch_pause(1);
    }
    me->told = -1;
    return NULL;
}

static void one_of_two_ends_it(contract_suite *suite)
{
    enum { ROUNDS = 24 };
    branch_start(suite);
    for (int round = 0, rows = 0; round < ROUNDS; round++) {
        outfall_xid xid = branch_name(20 + (unsigned)round);
        ender two[2];
        pthread_t threads[LENGTH(two)];
        pthread_barrier_t together;
        atomic_int ended = 0;
        leave_prepared(suite, &xid, 1 + round * 10);
        pthread_barrier_init(&together, NULL, LENGTH(two));
        for (size_t i = 0; i < LENGTH(two); i++) {
            two[i] = (ender){.suite = suite,
                             .xid = &xid,
                             .together = &together,
                             .ended = &ended,
                             .commit = i == 0 || round % 2 == 0};
            two[i].connection = suite_connect(suite);
        }
        for (size_t i = 0; i < LENGTH(two); i++)
            assert_int_equal(pthread_create(&threads[i], NULL, end_at_once, &two[i]), 0);
        for (size_t i = 0; i < LENGTH(two); i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&together);
        for (size_t i = 0; i < LENGTH(two); i++) {
            suite->driver.disconnect(two[i].connection);
            if (two[i].told < 0)
                fail_msg("status %d: %s", two[i].error.status, two[i].error.message);
            rows += two[i].told && two[i].commit ? 3 : 0;
        }
        assert_int_equal(two[0].told + two[1].told, 1);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), rows);
    }
}

/* ---- Sessions that hang ----------------------------------------------------------- */

static int end_holder(contract_suite *suite, outfall_connection *by, const outfall_xid *xid)
{
    memset(&suite->error, 0, sizeof suite->error);
    return suite->driver.end_holder(by, xid, suite_deadline(), &suite->error);
}

/* The session that had the name and the keys may take a moment to be gone. */
static void write_once_gone(contract_suite *suite, const outfall_xid *xid, size_t count)
{
    int status = branch_try_write(suite, xid, 1, count);
    for (int i = 0; i < BRANCH_TRIES && status != OUTFALL_OK; i++) {
        suite_rollback(suite);
        branch_pause(5);
        status = branch_try_write(suite, xid, 1, count);
    }
    if (status != OUTFALL_OK)
        fail_msg("status %d: %s", status, suite->error.message);
}

static void a_session_that_hangs_is_ended(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_xid xid = branch_name(50), another = branch_name(51);
        branch_start(suite);
        outfall_connection *hanging = suite->connection, *other = suite_connect(suite);
        branch_write(suite, &xid, 1, sizes[s]);
        expect_ok(suite, end_holder(suite, other, &another)); /* There is none. */
        suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);        /* It lives. */
        expect_ok(suite, end_holder(suite, other, &xid));
        suite->connection = other;
        write_once_gone(suite, &xid, sizes[s]);
        suite->connection = hanging;
        int status = branch_try_prepare(suite, &xid, 5);
        assert_int_not_equal(status, OUTFALL_OK);
        assert_int_equal(branch_is_listed(suite, &xid), 0);
        suite->connection = other;
        suite->driver.disconnect(hanging);
        branch_prepare(suite, &xid, 6);
        branch_end(suite, &xid, 1);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), sizes[s]);
        branch_expect_line(suite, 5, 0);
        branch_expect_line(suite, 6, 1);
    }
}

/* A session that has prepared is ended only where nobody else could end its transaction. */
static void what_is_prepared_has_no_holder(contract_suite *suite)
{
    outfall_xid xid = branch_name(52);
    branch_start(suite);
    branch_write(suite, &xid, 1, 10);
    branch_prepare(suite, &xid, 5);
    outfall_connection *other = suite_connect(suite);
    expect_ok(suite, end_holder(suite, other, &xid));
    expect_ok(suite, end_holder(suite, other, &xid));
    suite->driver.disconnect(other);
    assert_int_equal(branch_is_listed(suite, &xid), 1);
    branch_end_elsewhere(suite, &xid, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 10);
    if (!branch_stays(suite))
        expect_ok(suite,
                  suite->driver.ping(suite->connection, NULL, 0, suite_deadline(), &suite->error));
}

/* ---- Who waits -------------------------------------------------------------------- */

typedef struct waiter {
    test_database *database;
    const char *sql;
} waiter;

static void *wait_for(void *context)
{
    waiter *now = context;
    database_try(now->database, "%s", now->sql);
    return NULL;
}

/* Until the list says so, of the one that is prepared. */
static void expect_blocks(contract_suite *suite, const outfall_xid *xid, const char *want)
{
    outfall_prepared found[2];
    for (int i = 0; i < BRANCH_TRIES; i++) {
        memset(found, 0, sizeof found);
        assert_int_equal(branch_list(suite, xid->gtrid, found, 1), 1);
        if (strcmp(found[0].blocks, want) == 0)
            return;
        branch_pause(10);
    }
    fail_msg("\"%s\", not \"%s\"", found[0].blocks, want);
}

/* The rows that it has changed, or its table; more sessions wait behind the first. */
static void the_list_tells_how_many_wait(contract_suite *suite)
{
    static const char *const wants[] = {
        "UPDATE " BRANCH_TABLE " SET n = n + 1 WHERE id = 500",
        "ALTER TABLE " BRANCH_TABLE " ADD COLUMN more INTEGER",
        "BEGIN; LOCK TABLE " BRANCH_TABLE " IN SHARE MODE; COMMIT",
    };
    if (suite->quirks->database != DATABASE_POSTGRESQL)
        suite_skip(suite, "only PostgreSQL's list tells who waits");
    for (size_t w = 0; w < LENGTH(wants); w++) {
        waiter waiters[3];
        pthread_t threads[LENGTH(waiters)];
        outfall_xid xid = branch_name(60), idle = branch_name(61);
        outfall_write_result result;
        test_rows rows;
        branch_start(suite);
        suite_fill(suite, BRANCH_TABLE, "n, n, 'old'", 500, 2);
        leave_prepared(suite, &idle, 1); /* Of another row: nobody waits for it. */
        outfall_target *target = branch_describe(suite, OUTFALL_MODE_UPSERT);
        branch_rows(&rows, target, 500, 1);
        expect_ok(suite, branch_try_begin(suite, &xid));
        expect_ok(suite, suite_write(suite, target, &rows, 0, 1, &result));
        branch_prepare(suite, &xid, 5);
        expect_blocks(suite, &xid, "");
        for (size_t i = 0; i < LENGTH(waiters); i++) {
            waiters[i] =
                (waiter){database_open(suite->quirks->database, suite->native_url), wants[w]};
            assert_int_equal(pthread_create(&threads[i], NULL, wait_for, &waiters[i]), 0);
            char want[64];
            snprintf(want, sizeof want, "%zu session%s for it", i + 1,
                     i == 0 ? " waits" : "s wait");
            expect_blocks(suite, &xid, want);
        }
        if (w == 0)
            expect_blocks(suite, &idle, "");
        else
            branch_end_elsewhere(suite, &idle, 1);
        branch_end(suite, &xid, 1);
        for (size_t i = 0; i < LENGTH(waiters); i++) {
            pthread_join(threads[i], NULL);
            database_close(waiters[i].database);
        }
        if (w == 0) {
            assert_int_equal(
                database_number(suite->database, "SELECT n FROM " BRANCH_TABLE " WHERE id = 500"),
                503);
            branch_end_elsewhere(suite, &idle, 1);
        }
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

/* ---- Answers that do not come ------------------------------------------------------ */

/* Whether it comes to be prepared, of a session that nobody hears any more. */
static int comes_to_be_listed(contract_suite *suite, const outfall_xid *xid)
{
    for (int i = 0; i < BRANCH_TRIES / 4; i++) {
        if (branch_is_listed(suite, xid))
            return 1;
        branch_pause(10);
    }
    return 0;
}

static void *sever_soon(void *context)
{
    contract_suite *suite = context;
    branch_pause(200);
    suite->driver.sever(suite->connection);
    return NULL;
}

/* The server is still at it, and prepares: a certain no would have been a lie. */
static void a_prepare_without_an_answer_is_in_doubt(contract_suite *suite)
{
    /* With calls that can overrun it nothing but sever ends a wait. */
    int blocks = (suite->driver.capabilities & OUTFALL_DRIVER_BLOCKS) != 0;
    for (int severed = blocks; severed < 2; severed++) {
        outfall_xid xid = branch_name(70);
        pthread_t thread;
        branch_start(suite);
        outfall_fence fence = branch_take_fence(suite, "#0");
        branch_write(suite, &xid, 1, 10);
        database_run(suite_other(suite),
                     "BEGIN; UPDATE outfall_fence SET source_offset = source_offset + 1");
        if (severed)
            assert_int_equal(pthread_create(&thread, NULL, sever_soon, suite), 0);
        int status = branch_prepare_by(suite, &xid, &fence, 1, 5,
                                       severed ? suite_deadline() : suite_now_us() + SECOND_US / 2);
        outfall_error error = suite->error;
        if (severed)
            pthread_join(thread, NULL);
        assert_int_not_equal(status, OUTFALL_OK);
        assert_int_equal(branch_is_listed(suite, &xid), 0);
        database_run(suite_other(suite), "ROLLBACK");
        int prepared = comes_to_be_listed(suite, &xid);
        if (prepared && error.action != OUTFALL_ACTION_RESOLVE)
            fail_msg("action %d: %s", error.action, error.message);
        assert_int_equal(error.action == OUTFALL_ACTION_RESOLVE,
                         error.status == OUTFALL_ERR_UNKNOWN);
        if (suite->quirks->database == DATABASE_POSTGRESQL)
            assert_int_equal(prepared, 1);
        suite_reconnect(suite);
        if (prepared)
            branch_end_elsewhere(suite, &xid, 0);
        branch_expect_not_found(suite, suite->connection, &xid);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 0);
        branch_expect_line(suite, 5, 0);
    }
}

/* Nothing was sent: a certain no. */
static void a_prepare_that_is_not_sent_is_a_no(contract_suite *suite)
{
    for (int severed = 0; severed < 2; severed++) {
        outfall_xid xid = branch_name(71);
        branch_start(suite);
        branch_write(suite, &xid, 1, 10);
        if (severed)
            suite->driver.sever(suite->connection);
        int status = branch_prepare_by(suite, &xid, NULL, 0, 5,
                                       severed ? suite_deadline() : suite_now_us() - SECOND_US);
        branch_expect_refused(suite, &xid, status);
        assert_int_equal(comes_to_be_listed(suite, &xid), 0);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 0);
    }
}

/* A connection that is over: whatever it says, the transaction waits for its end. */
static void an_end_that_is_not_sent_ends_nothing(contract_suite *suite)
{
    for (int severed = 0; severed < 2; severed++) {
        outfall_xid xid = branch_name(72);
        branch_start(suite);
        branch_write(suite, &xid, 1, 10);
        branch_prepare(suite, &xid, 5);
        if (severed)
            suite->driver.sever(suite->connection);
        int status = suite->driver.commit_prepared(
            suite->connection, &xid, severed ? suite_deadline() : suite_now_us() - SECOND_US,
            &suite->error);
        assert_int_not_equal(status, OUTFALL_OK);
        assert_int_not_equal(status, OUTFALL_ERR_NOT_FOUND);
        assert_true(suite->error.action == OUTFALL_ACTION_RETRY ||
                    suite->error.action == OUTFALL_ACTION_RESOLVE);
        suite_reconnect(suite);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 0);
        branch_end_elsewhere(suite, &xid, 1);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 10);
    }
}

/* ---- Identity --------------------------------------------------------------------- */

static void a_database_is_the_same_by_each_connection(contract_suite *suite)
{
    char first[256], second[256], small[8] = "";
    branch_start(suite);
    expect_ok(suite, suite->driver.identify(suite->connection, first, sizeof first,
                                            suite_deadline(), &suite->error));
    suite_reconnect(suite);
    expect_ok(suite, suite->driver.identify(suite->connection, second, sizeof second,
                                            suite_deadline(), &suite->error));
    assert_string_equal(first, second);
    assert_int_equal(strncmp(first, suite->driver.name, strlen(suite->driver.name)), 0);
    assert_int_equal(first[strlen(suite->driver.name)], ':');
    assert_non_null(strstr(first, "/test"));
    expect_ok(suite, suite->driver.identify(suite->connection, first, strlen(second) + 1,
                                            suite_deadline(), &suite->error));
    assert_int_not_equal(suite->driver.identify(suite->connection, small, sizeof small,
                                                suite_deadline(), &suite->error),
                         OUTFALL_OK);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
}

const contract_case indoubt_cases[] = {
    {"a list has what begins with its prefix", a_list_has_what_begins_with_its_prefix,
     NEEDS_TABLES},
    {"branches do not wait for each other to be prepared", branches_do_not_wait_for_each_other,
     NEEDS_TABLES},
    {"one of two ends a prepared transaction", one_of_two_ends_it, NEEDS_TABLES},
    {"a session that hangs with a named transaction is ended", a_session_that_hangs_is_ended,
     NEEDS_TABLES},
    {"what is prepared has no holder", what_is_prepared_has_no_holder, NEEDS_TABLES},
    {"the list of what is prepared tells how many wait", the_list_tells_how_many_wait,
     NEEDS_TABLES},
    {"a prepare without an answer is in doubt", a_prepare_without_an_answer_is_in_doubt,
     NEEDS_TABLES},
    {"a prepare that is not sent is a no", a_prepare_that_is_not_sent_is_a_no, NEEDS_TABLES},
    {"an end that is not sent ends nothing", an_end_that_is_not_sent_ends_nothing, NEEDS_TABLES},
    {"a database is the same by each connection", a_database_is_the_same_by_each_connection,
     NEEDS_TABLES},
    {NULL, NULL, 0},
};
