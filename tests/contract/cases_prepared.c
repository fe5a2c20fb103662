/* SPDX-License-Identifier: Apache-2.0 */
/* Two-phase commit: what is prepared waits for its end, whoever brings it. */
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TABLE "contract_p"
#define SINK UINT64_C(0xc0117ac7)
#define TRANSACTION "it's \"prepared\""
#define TRIES 400 /* Of a few milliseconds: what takes a moment, and not for ever. */

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static int stays(const contract_suite *suite)
{
    return (suite->driver.capabilities & OUTFALL_DRIVER_PREPARED_STAYS) != 0;
}

/* ---- Names ------------------------------------------------------------------------ */

static outfall_xid name_of(uint64_t sink, unsigned checkpoint, unsigned branch)
{
    outfall_xid xid;
    snprintf(xid.gtrid, sizeof xid.gtrid, "of1.%016llx.%08x.%016x", (unsigned long long)sink, 3u,
             checkpoint);
    snprintf(xid.bqual, sizeof xid.bqual, "%04x.%04x", branch & 0xFFFF, 1u);
    return xid;
}

static outfall_xid name(unsigned checkpoint)
{
    return name_of(SINK, checkpoint, 0);
}

static int is_same(const outfall_xid *one, const outfall_xid *other)
{
    return strcmp(one->gtrid, other->gtrid) == 0 && strcmp(one->bqual, other->bqual) == 0;
}

/* By a connection of its own: one that has prepared may be able to do nothing else. */
static size_t list(contract_suite *suite, const char *prefix, outfall_prepared *out,
                   size_t capacity)
{
    size_t count = 0;
    outfall_connection *connection = suite_connect(suite);
    expect_ok(suite, suite->driver.list_prepared(connection, prefix, out, capacity, &count,
                                                 suite_deadline(), &suite->error));
    suite->driver.disconnect(connection);
    return count;
}

static int is_listed(contract_suite *suite, const outfall_xid *xid)
{
    outfall_prepared found[4];
    size_t count = list(suite, xid->gtrid, found, LENGTH(found));
    assert_true(count <= LENGTH(found));
    for (size_t i = 0; i < count; i++)
        if (is_same(&found[i].xid, xid))
            return 1;
    return 0;
}

/* ---- Steps ------------------------------------------------------------------------ */

static int try_end(contract_suite *suite, outfall_connection *connection, const outfall_xid *xid,
                   int commit)
{
    memset(&suite->error, 0, sizeof suite->error);
    return (commit ? suite->driver.commit_prepared : suite->driver.rollback_prepared)(
        connection, xid, suite_deadline(), &suite->error);
}

/* Once its connection is closed any other can end it, be it a moment later. */
static void end_elsewhere(contract_suite *suite, const outfall_xid *xid, int commit)
{
    outfall_connection *connection = suite_connect(suite);
    int status = try_end(suite, connection, xid, commit);
    for (int i = 0; i < TRIES && status == OUTFALL_ERR_NOT_FOUND; i++) {
        pause_ms(5);
        status = try_end(suite, connection, xid, commit);
    }
    suite->driver.disconnect(connection);
    if (status != OUTFALL_OK)
        fail_msg("%s.%s: %s", xid->gtrid, xid->bqual, suite->error.message);
}

/* A case that failed may have left some behind, and what they lock. */
static void start(contract_suite *suite)
{
    outfall_prepared left[64];
    if ((suite->driver.capabilities & OUTFALL_DRIVER_TWO_PHASE) == 0)
        suite_skip(suite, "the driver prepares no transactions");
    size_t count = list(suite, "of1.", left, LENGTH(left));
    for (size_t i = 0; i < count && i < LENGTH(left); i++)
        end_elsewhere(suite, &left[i].xid, 0);
    suite_drop(suite, "outfall_fence");
    suite_drop(suite, "outfall_ledger");
    expect_ok(suite,
              suite->driver.ledger_create(suite->connection, suite_deadline(), &suite->error));
    suite_create_sql(suite, TABLE,
                     "id INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL, note VARCHAR(64)");
}

static outfall_target *describe(contract_suite *suite, uint32_t mode)
{
    return suite_describe_as(suite, TABLE, &(suite_wanted){.mode = mode});
}

static void make_rows(test_rows *rows, const outfall_target *target, int first, size_t count)
{
    test_rows_init(rows, target);
    for (size_t i = 0; i < count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%d", first + (int)i);
        test_rows_add(rows, (const char *const[]){id, id, "note"});
    }
}

static int try_begin(contract_suite *suite, const outfall_xid *xid)
{
    outfall_begin_options options = {.struct_size = sizeof options, .xid = xid};
    memset(&suite->error, 0, sizeof suite->error);
    return suite->driver.begin(suite->connection, &options, suite_deadline(), &suite->error);
}

/* Begins by that name, and writes rows of those ids. */
static int try_write(contract_suite *suite, const outfall_xid *xid, int first, size_t count)
{
    test_rows rows;
    outfall_write_result result;
    outfall_target *target = describe(suite, OUTFALL_MODE_INSERT);
    make_rows(&rows, target, first, count);
    int status = try_begin(suite, xid);
    if (status == OUTFALL_OK)
        status = suite_write(suite, target, &rows, 0, count, &result);
    test_rows_free(&rows);
    suite->driver.target_free(target);
    return status;
}

static void write_named(contract_suite *suite, const outfall_xid *xid, int first, size_t count)
{
    expect_ok(suite, try_write(suite, xid, first, count));
}

static outfall_ledger_line line_of(int64_t checkpoint)
{
    return (outfall_ledger_line){.struct_size = sizeof(outfall_ledger_line),
                                 .sink = TRANSACTION,
                                 .writer = "#1.0",
                                 .checkpoint = checkpoint,
                                 .epoch = 3,
                                 .rows = 77};
}

static int prepare_by(contract_suite *suite, const outfall_xid *xid, outfall_fence *fences,
                      uint32_t fence_count, int64_t checkpoint, int64_t deadline_us)
{
    outfall_ledger_line line = line_of(checkpoint);
    memset(&suite->error, 0, sizeof suite->error);
    return suite->driver.prepare(suite->connection, xid, fences, fence_count, &line, deadline_us,
                                 &suite->error);
}

static int try_prepare(contract_suite *suite, const outfall_xid *xid, int64_t checkpoint)
{
    return prepare_by(suite, xid, NULL, 0, checkpoint, suite_deadline());
}

static void prepare(contract_suite *suite, const outfall_xid *xid, int64_t checkpoint)
{
    expect_ok(suite, try_prepare(suite, xid, checkpoint));
}

static void end_here(contract_suite *suite, const outfall_xid *xid, int commit)
{
    expect_ok(suite, try_end(suite, suite->connection, xid, commit));
}

/* It said no: nothing is prepared, and the connection is as after a rollback, or dead. */
static void expect_refused(contract_suite *suite, const outfall_xid *xid, int status)
{
    outfall_error ignored;
    if (status == OUTFALL_OK || suite->error.action == OUTFALL_ACTION_RESOLVE)
        fail_msg("status %d, action %d: %s", status, suite->error.action, suite->error.message);
    assert_true(strlen(suite->error.message) > 10);
    assert_int_equal(is_listed(suite, xid), 0);
    if (suite->driver.reset(suite->connection, suite_deadline(), &ignored) != OUTFALL_OK)
        suite_reconnect(suite);
    suite_begin(suite);
    suite_commit(suite);
}

static void expect_line(contract_suite *suite, int64_t checkpoint, uint32_t found)
{
    outfall_ledger_line line = line_of(checkpoint);
    outfall_connection *connection = suite_connect(suite);
    line.rows = line.epoch = 0;
    expect_ok(suite, suite->driver.ledger_read(connection, &line, suite_deadline(), &suite->error));
    suite->driver.disconnect(connection);
    assert_int_equal(line.found, found);
    assert_int_equal(line.rows, found ? 77 : 0);
}

static void expect_not_found(contract_suite *suite, outfall_connection *connection,
                             const outfall_xid *xid)
{
    for (int commit = 0; commit < 4; commit++) {
        assert_int_equal(try_end(suite, connection, xid, commit & 1), OUTFALL_ERR_NOT_FOUND);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RESOLVE);
    }
}

/* ---- One transaction -------------------------------------------------------------- */

static void what_is_prepared_can_be_ended(contract_suite *suite)
{
    for (int commit = 0; commit < 2; commit++) {
        outfall_xid xid = name(1);
        start(suite);
        write_named(suite, &xid, 1, 100);
        assert_int_equal(is_listed(suite, &xid), 0);
        prepare(suite, &xid, 5);
        assert_int_equal(is_listed(suite, &xid), 1);
        assert_int_equal(suite_count(suite, TABLE), 0);
        expect_line(suite, 5, 0);
        end_here(suite, &xid, commit);
        assert_int_equal(is_listed(suite, &xid), 0);
        assert_int_equal(suite_count(suite, TABLE), commit ? 100 : 0);
        expect_line(suite, 5, (uint32_t)commit);
        expect_not_found(suite, suite->connection, &xid);
        write_named(suite, &xid, 101, 100); /* The connection goes on, and the name is free. */
        prepare(suite, &xid, 6);
        end_here(suite, &xid, 1);
        assert_int_equal(suite_count(suite, TABLE), commit ? 200 : 100);
    }
}

static void what_is_prepared_outlives_its_connection(contract_suite *suite)
{
    for (int commit = 0; commit < 2; commit++) {
        outfall_xid xid = name(2);
        start(suite);
        write_named(suite, &xid, 1, 100);
        prepare(suite, &xid, 5);
        suite_reconnect(suite);
        assert_int_equal(suite_count(suite, TABLE), 0);
        end_elsewhere(suite, &xid, commit);
        assert_int_equal(is_listed(suite, &xid), 0);
        assert_int_equal(suite_count(suite, TABLE), commit ? 100 : 0);
        expect_line(suite, 5, (uint32_t)commit);
    }
}

static void another_connection_ends_it_where_it_may(contract_suite *suite)
{
    for (int commit = 0; commit < 2; commit++) {
        outfall_xid xid = name(3);
        start(suite);
        write_named(suite, &xid, 1, 10);
        prepare(suite, &xid, 5);
        outfall_connection *other = suite_connect(suite);
        if (stays(suite)) {
            expect_not_found(suite, other, &xid);
            end_here(suite, &xid, commit);
        } else {
            expect_ok(suite, try_end(suite, other, &xid, commit));
            expect_not_found(suite, suite->connection, &xid);
        }
        suite->driver.disconnect(other);
        assert_int_equal(suite_count(suite, TABLE), commit ? 10 : 0);
    }
}

static void an_unknown_name_is_not_found(contract_suite *suite)
{
    outfall_xid xid = name(4), longer = name_of(SINK, 4, 0xFFFF);
    start(suite);
    expect_not_found(suite, suite->connection, &xid);
    write_named(suite, &longer, 1, 1);
    prepare(suite, &longer, 5);
    outfall_connection *other = suite_connect(suite);
    expect_not_found(suite, other, &xid);
    suite->driver.disconnect(other);
    end_here(suite, &longer, 1);
}

static void a_name_is_prepared_once(contract_suite *suite)
{
    outfall_xid xid = name(5);
    outfall_error ignored;
    start(suite);
    write_named(suite, &xid, 1, 10);
    prepare(suite, &xid, 5);
    outfall_connection *first = suite->connection;
    suite->connection = suite_connect(suite);
    int status = try_write(suite, &xid, 101, 10);
    if (status == OUTFALL_OK)
        status = try_prepare(suite, &xid, 6);
    assert_int_not_equal(status, OUTFALL_OK);
    assert_int_not_equal(suite->error.action, OUTFALL_ACTION_RESOLVE);
    suite->driver.rollback(suite->connection, suite_deadline(), &ignored);
    suite->driver.disconnect(suite->connection);
    suite->connection = first;
    assert_int_equal(is_listed(suite, &xid), 1);
    end_here(suite, &xid, 1);
    assert_int_equal(suite_count(suite, TABLE), 10);
    expect_line(suite, 5, 1);
    expect_line(suite, 6, 0);
}

static void what_has_no_rows_is_prepared(contract_suite *suite)
{
    outfall_xid xid = name(6);
    start(suite);
    expect_ok(suite, try_begin(suite, &xid));
    prepare(suite, &xid, 5);
    suite_reconnect(suite);
    end_elsewhere(suite, &xid, 1);
    expect_line(suite, 5, 1);
}

static void a_named_transaction_can_be_rolled_back(contract_suite *suite)
{
    outfall_xid xid = name(7);
    start(suite);
    for (int by = 0; by < 4; by++) {
        write_named(suite, &xid, 1, 10);
        if (by == 0)
            suite_rollback(suite);
        else if (by == 1)
            expect_ok(suite,
                      suite->driver.reset(suite->connection, suite_deadline(), &suite->error));
        else if (by == 2)
            suite_reconnect(suite);
        else
            prepare(suite, &xid, 5);
        assert_int_equal(is_listed(suite, &xid), by == 3);
        assert_int_equal(suite_count(suite, TABLE), 0);
    }
    end_here(suite, &xid, 1);
    assert_int_equal(suite_count(suite, TABLE), 10);
    expect_ok(suite, try_begin(suite, &xid)); /* Nothing was sent of it yet. */
    suite_rollback(suite);
    suite_begin(suite); /* One without a name is what it always was. */
    suite_commit(suite);
}

/* ---- A no ------------------------------------------------------------------------- */

static void what_has_failed_is_not_prepared(contract_suite *suite)
{
    outfall_xid xid = name(8);
    for (size_t before = 0; before < 2; before++) {
        start(suite);
        suite_fill(suite, TABLE, "n, n, 'old'", 500, 1);
        int status = try_write(suite, &xid, before ? 500 : 480, 21 * (2 - before));
        assert_int_not_equal(status, OUTFALL_OK);
        expect_refused(suite, &xid, try_prepare(suite, &xid, 5));
        assert_int_equal(suite_count(suite, TABLE), 1);
        expect_line(suite, 5, 0);
    }
}

/* A transaction that was not begun, or not by that name. */
static void another_transaction_is_not_prepared(contract_suite *suite)
{
    outfall_xid xid = name(9), other = name(10);
    start(suite);
    expect_refused(suite, &xid, try_prepare(suite, &xid, 5));
    write_named(suite, &other, 1, 10);
    expect_refused(suite, &xid, try_prepare(suite, &xid, 5));
    assert_int_equal(is_listed(suite, &other), 0);
    assert_int_equal(suite_count(suite, TABLE), 0);
    expect_line(suite, 5, 0);
}

/* ---- Fences ----------------------------------------------------------------------- */

static outfall_fence fence_of(const char *writer)
{
    return (outfall_fence){
        .struct_size = sizeof(outfall_fence), .sink = TRANSACTION, .writer = writer, .owner = 7};
}

static void take_over(contract_suite *suite, outfall_fence *fence)
{
    suite_begin(suite);
    expect_ok(suite,
              suite->driver.takeover(suite->connection, fence, 0, suite_deadline(), &suite->error));
    suite_commit(suite);
}

static void fences_are_set_with_the_rows(contract_suite *suite)
{
    outfall_fence fences[] = {fence_of("#0"), fence_of("it's")};
    for (int commit = 0; commit < 2; commit++) {
        outfall_xid xid = name(11);
        start(suite);
        for (size_t i = 0; i < LENGTH(fences); i++) {
            take_over(suite, &fences[i]);
            fences[i].checkpoint = 1;
            fences[i].source_offset = 1000 + (int64_t)i;
            fences[i].found = 0;
        }
        write_named(suite, &xid, 1, 10);
        expect_ok(suite, prepare_by(suite, &xid, fences, LENGTH(fences), 5, suite_deadline()));
        end_here(suite, &xid, commit);
        for (size_t i = 0; i < LENGTH(fences); i++) {
            assert_int_equal(fences[i].found, 1);
            take_over(suite, &fences[i]);
            assert_int_equal(fences[i].checkpoint, commit);
            assert_int_equal(fences[i].source_offset, commit ? 1000 + (int)i : 0);
        }
    }
}

static void a_lost_fence_keeps_it_from_being_prepared(contract_suite *suite)
{
    static const struct {
        const char *why;
        int64_t epochs, checkpoint; /* What is wrong with it. */
        size_t lost, rows;
    } cases[] = {
        {"the first, taken over", 1, 1, 0, 10},
        {"the second", 1, 1, 1, 10},
        {"the last", 1, 1, 2, 10},
        {"a checkpoint that is there", 0, 0, 1, 10},
        {"one behind a gap", 0, 2, 2, 10},
        {"no rows", 1, 1, 1, 0},
    };
    for (size_t c = 0; c < LENGTH(cases); c++) {
        outfall_xid xid = name(12);
        outfall_fence fences[] = {fence_of("#0"), fence_of("#1"), fence_of("#2")};
        start(suite);
        for (size_t i = 0; i < LENGTH(fences); i++) {
            take_over(suite, &fences[i]);
            fences[i].checkpoint = i == cases[c].lost ? cases[c].checkpoint : 1;
            fences[i].epoch -= i == cases[c].lost ? cases[c].epochs : 0;
        }
        if (cases[c].rows > 0)
            write_named(suite, &xid, 1, cases[c].rows);
        else
            expect_ok(suite, try_begin(suite, &xid));
        int status = prepare_by(suite, &xid, fences, LENGTH(fences), 5, suite_deadline());
        if (status != OUTFALL_ERR_FENCED || suite->error.action != OUTFALL_ACTION_STOP)
            fail_msg("%s: status %d: %s", cases[c].why, status, suite->error.message);
        for (size_t i = 0; i <= cases[c].lost; i++)
            assert_int_equal(fences[i].found, i != cases[c].lost);
        expect_refused(suite, &xid, status);
        assert_int_equal(suite_count(suite, TABLE), 0);
        expect_line(suite, 5, 0);
        take_over(suite, &fences[0]);
        assert_int_equal(fences[0].checkpoint, 0);
    }
}

const contract_case prepared_cases[] = {
    {"what is prepared can be ended", what_is_prepared_can_be_ended, NEEDS_TABLES},
    {"what is prepared outlives its connection", what_is_prepared_outlives_its_connection,
     NEEDS_TABLES},
    {"another connection ends what is prepared where it may",
     another_connection_ends_it_where_it_may, NEEDS_TABLES},
    {"an unknown prepared transaction is not found", an_unknown_name_is_not_found, NEEDS_TABLES},
    {"a name is prepared once", a_name_is_prepared_once, NEEDS_TABLES},
    {"a transaction without rows is prepared", what_has_no_rows_is_prepared, NEEDS_TABLES},
    {"a named transaction can be rolled back", a_named_transaction_can_be_rolled_back,
     NEEDS_TABLES},
    {"what has failed is not prepared", what_has_failed_is_not_prepared, NEEDS_TABLES},
    {"another transaction is not prepared", another_transaction_is_not_prepared, NEEDS_TABLES},
    {"fences are set with the rows that are prepared", fences_are_set_with_the_rows, NEEDS_TABLES},
    {"a lost fence keeps a transaction from being prepared",
     a_lost_fence_keeps_it_from_being_prepared, NEEDS_TABLES},
    {NULL, NULL, 0},
};
