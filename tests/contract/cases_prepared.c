/* SPDX-License-Identifier: Apache-2.0 */
/* Two-phase commit: what is prepared waits for its end, whoever brings it. */
#include "branch.h"

#include <string.h>

/* ---- One transaction -------------------------------------------------------------- */

static void what_is_prepared_can_be_ended(contract_suite *suite)
{
    for (int commit = 0; commit < 2; commit++) {
        outfall_xid xid = branch_name(1);
        branch_start(suite);
        branch_write(suite, &xid, 1, 100);
        assert_int_equal(branch_is_listed(suite, &xid), 0);
        branch_prepare(suite, &xid, 5);
        assert_int_equal(branch_is_listed(suite, &xid), 1);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 0);
        branch_expect_line(suite, 5, 0);
        branch_end(suite, &xid, commit);
        assert_int_equal(branch_is_listed(suite, &xid), 0);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), commit ? 100 : 0);
        branch_expect_line(suite, 5, (uint32_t)commit);
        branch_expect_not_found(suite, suite->connection, &xid);
        branch_write(suite, &xid, 101, 100); /* The connection goes on, and the name is free. */
        branch_prepare(suite, &xid, 6);
        branch_end(suite, &xid, 1);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), commit ? 200 : 100);
    }
}

static void what_is_prepared_outlives_its_connection(contract_suite *suite)
{
    for (int commit = 0; commit < 2; commit++) {
        outfall_xid xid = branch_name(2);
        branch_start(suite);
        branch_write(suite, &xid, 1, 100);
        branch_prepare(suite, &xid, 5);
        suite_reconnect(suite);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 0);
        branch_end_elsewhere(suite, &xid, commit);
        assert_int_equal(branch_is_listed(suite, &xid), 0);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), commit ? 100 : 0);
        branch_expect_line(suite, 5, (uint32_t)commit);
    }
}

static void another_connection_ends_it_where_it_may(contract_suite *suite)
{
    for (int commit = 0; commit < 2; commit++) {
        outfall_xid xid = branch_name(3);
        branch_start(suite);
        branch_write(suite, &xid, 1, 10);
        branch_prepare(suite, &xid, 5);
        outfall_connection *other = suite_connect(suite);
        if (branch_stays(suite)) {
            branch_expect_not_found(suite, other, &xid);
            branch_end(suite, &xid, commit);
        } else {
            expect_ok(suite, branch_try_end(suite, other, &xid, commit));
            branch_expect_not_found(suite, suite->connection, &xid);
        }
        suite->driver.disconnect(other);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), commit ? 10 : 0);
    }
}

static void an_unknown_name_is_not_found(contract_suite *suite)
{
    outfall_xid xid = branch_name(4), longer = branch_name_of(BRANCH_SINK, 4, 0xFFFF);
    branch_start(suite);
    branch_expect_not_found(suite, suite->connection, &xid);
    branch_write(suite, &longer, 1, 1);
    branch_prepare(suite, &longer, 5);
    outfall_connection *other = suite_connect(suite);
    branch_expect_not_found(suite, other, &xid);
    suite->driver.disconnect(other);
    branch_end(suite, &longer, 1);
}

static void a_name_is_prepared_once(contract_suite *suite)
{
    outfall_xid xid = branch_name(5);
    outfall_error ignored;
    branch_start(suite);
    branch_write(suite, &xid, 1, 10);
    branch_prepare(suite, &xid, 5);
    outfall_connection *first = suite->connection;
    suite->connection = suite_connect(suite);
    int status = branch_try_write(suite, &xid, 101, 10);
    if (status == OUTFALL_OK)
        status = branch_try_prepare(suite, &xid, 6);
    assert_int_not_equal(status, OUTFALL_OK);
    assert_int_not_equal(suite->error.action, OUTFALL_ACTION_RESOLVE);
    suite->driver.rollback(suite->connection, suite_deadline(), &ignored);
    suite->driver.disconnect(suite->connection);
    suite->connection = first;
    assert_int_equal(branch_is_listed(suite, &xid), 1);
    branch_end(suite, &xid, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 10);
    branch_expect_line(suite, 5, 1);
    branch_expect_line(suite, 6, 0);
}

static void what_has_no_rows_is_prepared(contract_suite *suite)
{
    outfall_xid xid = branch_name(6);
    branch_start(suite);
    expect_ok(suite, branch_try_begin(suite, &xid));
    branch_prepare(suite, &xid, 5);
    suite_reconnect(suite);
    branch_end_elsewhere(suite, &xid, 1);
    branch_expect_line(suite, 5, 1);
}

static void a_named_transaction_can_be_rolled_back(contract_suite *suite)
{
    outfall_xid xid = branch_name(7);
    branch_start(suite);
    for (int by = 0; by < 4; by++) {
        branch_write(suite, &xid, 1, 10);
        if (by == 0)
            suite_rollback(suite);
        else if (by == 1)
            expect_ok(suite,
                      suite->driver.reset(suite->connection, suite_deadline(), &suite->error));
        else if (by == 2)
            suite_reconnect(suite);
        else
            branch_prepare(suite, &xid, 5);
        assert_int_equal(branch_is_listed(suite, &xid), by == 3);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 0);
    }
    branch_end(suite, &xid, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 10);
    expect_ok(suite, branch_try_begin(suite, &xid)); /* Nothing was sent of it yet. */
    suite_rollback(suite);
    suite_begin(suite); /* One without a name is what it always was. */
    suite_commit(suite);
}

/* ---- What is written in it -------------------------------------------------------- */

/* Half of the keys are there, but for an insert. With `equal` one key comes twice. */
static void prepare_rows(contract_suite *suite, uint32_t mode, size_t count, uint32_t flags,
                         int equal)
{
    outfall_xid xid = branch_name(30);
    outfall_write_result result;
    test_rows rows;
    branch_start(suite);
    suite_fill(suite, BRANCH_TABLE, "n, -1, 'old'", 1, mode == OUTFALL_MODE_INSERT ? 0 : count / 2);
    outfall_target *target = branch_describe(suite, mode);
    branch_rows(&rows, target, 1, count);
    if (equal)
        test_rows_add(&rows, (const char *const[]){"1", "77", "note"});
    expect_ok(suite, branch_try_begin(suite, &xid));
    expect_ok(suite, suite_write_part(suite, target, &rows, &(suite_part){.flags = flags},
                                      suite_deadline(), &result));
    branch_prepare(suite, &xid, 5);
    assert_int_equal(suite_count(suite, BRANCH_TABLE),
                     mode == OUTFALL_MODE_INSERT ? 0 : (int64_t)count / 2);
    suite_reconnect(suite);
    branch_end_elsewhere(suite, &xid, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), count);
    int64_t kept = mode == OUTFALL_MODE_IGNORE ? (int64_t)count / 2 : 0;
    assert_int_equal(database_number(suite->database, "SELECT count(*) FROM " BRANCH_TABLE
                                                      " WHERE note = 'old' AND n = -1"),
                     kept);
    assert_int_equal(
        database_number(suite->database, "SELECT count(*) FROM " BRANCH_TABLE " WHERE n = id"),
        (int64_t)count - kept - equal);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void rows_of_every_way_are_prepared(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 10000};
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        prepare_rows(suite, OUTFALL_MODE_INSERT, sizes[s], 0, 0);
        prepare_rows(suite, OUTFALL_MODE_UPSERT, sizes[s], OUTFALL_BATCH_DISTINCT, 0);
        prepare_rows(suite, OUTFALL_MODE_UPSERT, sizes[s], 0, 1);
        prepare_rows(suite, OUTFALL_MODE_REPLACE, sizes[s], OUTFALL_BATCH_DISTINCT, 0);
        prepare_rows(suite, OUTFALL_MODE_IGNORE, sizes[s], OUTFALL_BATCH_DISTINCT, 0);
    }
}

static void deletes_are_prepared(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 10000};
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_xid xid = branch_name(31);
        outfall_write_result result;
        test_rows rows;
        branch_start(suite);
        suite_fill(suite, BRANCH_TABLE, "n, n, 'old'", 1, sizes[s] + 7);
        outfall_target *target = branch_describe(suite, OUTFALL_MODE_UPSERT);
        branch_rows(&rows, target, 1, sizes[s]);
        expect_ok(suite, branch_try_begin(suite, &xid));
        expect_ok(suite, suite_write_part(suite, target, &rows, &(suite_part){.deletion = 1},
                                          suite_deadline(), &result));
        branch_prepare(suite, &xid, 5);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), sizes[s] + 7);
        branch_end(suite, &xid, 1);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 7);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

/* What is undone to a savepoint, a failed write too, is not part of what is prepared. */
static void savepoints_are_part_of_it(contract_suite *suite)
{
    static const size_t sizes[] = {1, 2000}; /* `sizes` rows each time. */
    for (size_t s = 0; s < LENGTH(sizes); s++)
        for (int first = 0; first < 2; first++) {
            outfall_xid xid = branch_name(32);
            outfall_write_result result;
            test_rows rows;
            size_t n = sizes[s];
            branch_start(suite);
            outfall_target *target = branch_describe(suite, OUTFALL_MODE_INSERT);
            branch_rows(&rows, target, 1, 4 * n);
            expect_ok(suite, branch_try_begin(suite, &xid));
            if (first) /* Before the server has heard of the transaction. */
                suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
            expect_ok(suite, suite_write(suite, target, &rows, 0, n, &result));
            if (first)
                suite_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE);
            suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
            expect_ok(suite, suite_write(suite, target, &rows, n, n, &result));
            suite_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK);
            expect_ok(suite, suite_write(suite, target, &rows, 2 * n, n, &result));
            suite_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE);
            suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
            assert_int_not_equal(suite_write(suite, target, &rows, 0, n, &result), OUTFALL_OK);
            suite_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK);
            expect_ok(suite, suite_write(suite, target, &rows, 3 * n, n, &result));
            branch_prepare(suite, &xid, 5); /* With the savepoint still set. */
            suite_reconnect(suite);
            branch_end_elsewhere(suite, &xid, 1);
            assert_int_equal(suite_count(suite, BRANCH_TABLE), 3 * n);
            assert_int_equal(database_number(suite->database,
                                             "SELECT count(*) FROM " BRANCH_TABLE
                                             " WHERE id > %zu AND id <= %zu",
                                             n, 2 * n),
                             0);
            test_rows_free(&rows);
            suite->driver.target_free(target);
        }
}

/* ---- A no ------------------------------------------------------------------------- */

static void what_has_failed_is_not_prepared(contract_suite *suite)
{
    outfall_xid xid = branch_name(8);
    for (size_t before = 0; before < 2; before++) {
        branch_start(suite);
        suite_fill(suite, BRANCH_TABLE, "n, n, 'old'", 500, 1);
        int status = branch_try_write(suite, &xid, before ? 500 : 480, 21 * (2 - before));
        assert_int_not_equal(status, OUTFALL_OK);
        branch_expect_refused(suite, &xid, branch_try_prepare(suite, &xid, 5));
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 1);
        branch_expect_line(suite, 5, 0);
    }
}

/* A transaction that was not begun, or not by that name. */
static void another_transaction_is_not_prepared(contract_suite *suite)
{
    outfall_xid xid = branch_name(9), other = branch_name(10);
    branch_start(suite);
    branch_expect_refused(suite, &xid, branch_try_prepare(suite, &xid, 5));
    branch_write(suite, &other, 1, 10);
    branch_expect_refused(suite, &xid, branch_try_prepare(suite, &xid, 5));
    assert_int_equal(branch_is_listed(suite, &other), 0);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 0);
    branch_expect_line(suite, 5, 0);
}

/* ---- Fences ----------------------------------------------------------------------- */

static void fences_are_set_with_the_rows(contract_suite *suite)
{
    static const char *const writers[] = {"#0", "it's"};
    outfall_fence fences[LENGTH(writers)];
    for (int commit = 0; commit < 2; commit++) {
        outfall_xid xid = branch_name(11);
        branch_start(suite);
        for (size_t i = 0; i < LENGTH(fences); i++) {
            fences[i] = branch_take_fence(suite, writers[i]);
            fences[i].source_offset = 1000 + (int64_t)i;
            fences[i].found = 0;
        }
        branch_write(suite, &xid, 1, 10);
        expect_ok(suite,
                  branch_prepare_by(suite, &xid, fences, LENGTH(fences), 5, suite_deadline()));
        branch_end(suite, &xid, commit);
        for (size_t i = 0; i < LENGTH(fences); i++) {
            assert_int_equal(fences[i].found, 1);
            branch_take_over(suite, &fences[i]);
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
    static const char *const writers[] = {"#0", "#1", "#2"};
    for (size_t c = 0; c < LENGTH(cases); c++) {
        outfall_xid xid = branch_name(12);
        outfall_fence fences[LENGTH(writers)];
        branch_start(suite);
        for (size_t i = 0; i < LENGTH(fences); i++) {
            fences[i] = branch_take_fence(suite, writers[i]);
            fences[i].checkpoint = i == cases[c].lost ? cases[c].checkpoint : 1;
            fences[i].epoch -= i == cases[c].lost ? cases[c].epochs : 0;
        }
        if (cases[c].rows > 0)
            branch_write(suite, &xid, 1, cases[c].rows);
        else
            expect_ok(suite, branch_try_begin(suite, &xid));
        int status = branch_prepare_by(suite, &xid, fences, LENGTH(fences), 5, suite_deadline());
        if (status != OUTFALL_ERR_FENCED || suite->error.action != OUTFALL_ACTION_STOP)
            fail_msg("%s: status %d: %s", cases[c].why, status, suite->error.message);
        for (size_t i = 0; i <= cases[c].lost; i++)
            assert_int_equal(fences[i].found, i != cases[c].lost);
        branch_expect_refused(suite, &xid, status);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 0);
        branch_expect_line(suite, 5, 0);
        branch_take_over(suite, &fences[0]);
        assert_int_equal(fences[0].checkpoint, 0);
    }
}

/* ---- A driver that prepares in other databases ---------------------------------------- */

static void expect_unsupported(contract_suite *suite, const char *what, int status)
{
    if (status != OUTFALL_ERR_UNSUPPORTED || suite->error.action != OUTFALL_ACTION_STOP ||
        strstr(suite->error.message, "prepares no transactions") == NULL)
        fail_msg("%s: status %d: %s", what, status, suite->error.message);
    memset(&suite->error, 0, sizeof suite->error);
}

static void where_none_is_prepared_it_is_said(contract_suite *suite)
{
    const outfall_driver *driver = &suite->driver;
    const outfall_xid xid = branch_name(13);
    outfall_inspect_options options = {.struct_size = sizeof options, .prepared = 1};
    char identity[256];
    size_t count;
    if ((suite->quirks->refused & OUTFALL_DRIVER_TWO_PHASE) == 0)
        suite_skip(suite, "the driver prepares transactions, or says that it has none");
    suite_create_sql(suite, BRANCH_TABLE, "id INTEGER NOT NULL PRIMARY KEY, n INTEGER");
    outfall_target *target = branch_describe(suite, OUTFALL_MODE_INSERT);
    expect_unsupported(
        suite, "inspect",
        driver->inspect(suite->connection, target, &options, suite_deadline(), &suite->error));
    driver->target_free(target);
    expect_unsupported(suite, "begin", branch_try_begin(suite, &xid));
    expect_unsupported(suite, "prepare", branch_try_prepare(suite, &xid, 5));
    expect_unsupported(suite, "commit", branch_try_end(suite, suite->connection, &xid, 1));
    expect_unsupported(suite, "rollback", branch_try_end(suite, suite->connection, &xid, 0));
    expect_unsupported(suite, "list",
                       driver->list_prepared(suite->connection, "of1.", NULL, 0, &count,
                                             suite_deadline(), &suite->error));
    expect_unsupported(
        suite, "end_holder",
        driver->end_holder(suite->connection, &xid, suite_deadline(), &suite->error));
    expect_unsupported(suite, "identify",
                       driver->identify(suite->connection, identity, sizeof identity,
                                        suite_deadline(), &suite->error));
    suite_begin(suite); /* None of these has left anything behind. */
    suite_commit(suite);
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
    {"rows of every way are prepared", rows_of_every_way_are_prepared, NEEDS_TABLES},
    {"deletes are prepared", deletes_are_prepared, NEEDS_TABLES},
    {"savepoints are part of what is prepared", savepoints_are_part_of_it,
     NEEDS_TABLES | NEEDS_SAVEPOINTS},
    {"what has failed is not prepared", what_has_failed_is_not_prepared, NEEDS_TABLES},
    {"another transaction is not prepared", another_transaction_is_not_prepared, NEEDS_TABLES},
    {"fences are set with the rows that are prepared", fences_are_set_with_the_rows, NEEDS_TABLES},
    {"a lost fence keeps a transaction from being prepared",
     a_lost_fence_keeps_it_from_being_prepared, NEEDS_TABLES},
    {"where none is prepared it is said", where_none_is_prepared_it_is_said, NEEDS_TABLES},
    {NULL, NULL, 0},
};
