/* SPDX-License-Identifier: Apache-2.0 */
/* Two-phase commit by XA: what is MySQL's and MariaDB's own. */
#include "branch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define OF_FORMAT 20294 /* The third part of the names that the driver makes. */

static void start(contract_suite *suite)
{
    if (strcmp(suite->quirks->driver, "mysql") != 0)
        suite_skip(suite, "what is asked is of the mysql driver alone");
    branch_start(suite);
}

/* Opens the suite's connection anew, its rows to go by that method; 0 where there is none such. */
static int connect_by(contract_suite *suite, const char *method)
{
    const outfall_driver_option option = {"mysql.method", method};
    const outfall_connect_options options = {.struct_size = sizeof options,
                                             .option_count = 1,
                                             .url = suite->url,
                                             .application_name = "contract",
                                             .options = &option};
    outfall_connection *connection = NULL;
    int status = suite->driver.connect(&options, suite_deadline(), &connection, &suite->error);
    if (status == OUTFALL_ERR_UNSUPPORTED && strcmp(method, "bulk") == 0)
        return 0; /* A server of MySQL's, or its client library. */
    expect_ok(suite, status);
    suite->driver.disconnect(suite->connection);
    suite->connection = connection;
    return 1;
}

static int try_rollback(contract_suite *suite)
{
    return suite->driver.rollback(suite->connection, suite_deadline(), &suite->error);
}

static int try_savepoint(contract_suite *suite, int step)
{
    return suite->driver.savepoint(suite->connection, step, suite_deadline(), &suite->error);
}

static int end_holder(contract_suite *suite, outfall_connection *connection, const outfall_xid *xid)
{
    return suite->driver.end_holder(connection, xid, suite_deadline(), &suite->error);
}

static int64_t count_where(contract_suite *suite, const char *condition)
{
    return database_number(suite->database, "SELECT count(*) FROM " BRANCH_TABLE " WHERE %s",
                           condition);
}

/* Writes as begun; the target is described by the suite's connection. */
static int write_part(contract_suite *suite, outfall_target *target, int first, size_t count,
                      uint32_t deletion)
{
    test_rows rows;
    outfall_write_result result;
    branch_rows(&rows, target, first, count);
    int status = suite_write_part(suite, target, &rows, &(suite_part){.deletion = deletion},
                                  suite_deadline(), &result);
    test_rows_free(&rows);
    return status;
}

/* ---- Rows ------------------------------------------------------------------------------- */

/*
 * The first transaction begins by itself; of the later ones, whose statements are prepared, what
 * begins it goes along with the rows.
 */
static void rows_by_every_method_are_prepared(contract_suite *suite)
{
    static const char *const methods[] = {"auto", "bulk", "rows", "load"};
    for (size_t m = 0; m < LENGTH(methods); m++) {
        start(suite);
        if (!connect_by(suite, methods[m]))
            continue;
        outfall_target *target = branch_describe(suite, OUTFALL_MODE_UPSERT);
        outfall_target *inserts = branch_describe(suite, OUTFALL_MODE_INSERT);
        for (int round = 0; round < 3; round++) {
            outfall_xid xid = branch_name(20 + (unsigned)round);
            expect_ok(suite, branch_try_begin(suite, &xid));
            expect_ok(suite, write_part(suite, target, 1, 3000, 0));
            expect_ok(suite, write_part(suite, inserts, 4001 + 1000 * round, 1000, 0));
            expect_ok(suite, write_part(suite, target, 1, 1, 1));
            branch_prepare(suite, &xid, 5 + round);
            branch_end(suite, &xid, round != 1);
            assert_int_equal(count_where(suite, "id <= 3000"), 2999);
        }
        for (int round = 0; round < 2; round++) {
            outfall_xid xid = branch_name(30 + (unsigned)round);
            expect_ok(suite, branch_try_begin(suite, &xid));
            expect_ok(suite, write_part(suite, target, 1, 1, 0));
            branch_prepare(suite, &xid, 15 + round);
            branch_end(suite, &xid, round == 1);
            assert_int_equal(count_where(suite, "id = 1"), round);
        }
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 3000 + 2000);
        suite->driver.target_free(inserts);
        suite->driver.target_free(target);
    }
}

static void describing_does_not_keep_it_from_beginning(contract_suite *suite)
{
    start(suite);
    for (int round = 0; round < 2; round++) {
        outfall_xid xid = branch_name(22);
        expect_ok(suite, branch_try_begin(suite, &xid));
        outfall_target *target = branch_describe(suite, OUTFALL_MODE_UPSERT);
        expect_ok(suite, write_part(suite, target, 1, 10, 0));
        branch_prepare(suite, &xid, 5 + round);
        branch_end(suite, &xid, 1);
        suite->driver.target_free(target);
    }
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 10);
}

/* The gaps between the keys stay free, so that other writers of the table go on. */
static outfall_ledger_line line_of(const char *branch, int64_t checkpoint)
{
    return (outfall_ledger_line){.struct_size = sizeof(outfall_ledger_line),
                                 .sink = BRANCH_TRANSACTION,
                                 .writer = branch,
                                 .checkpoint = checkpoint,
                                 .epoch = 3,
                                 .rows = 1};
}

static void prepare_line(contract_suite *suite, const outfall_xid *xid, const char *branch,
                         int64_t checkpoint)
{
    const outfall_ledger_line line = line_of(branch, checkpoint);
    expect_ok(suite, branch_try_begin(suite, xid));
    expect_ok(suite, suite->driver.prepare(suite->connection, xid, NULL, 0, &line, suite_deadline(),
                                           &suite->error));
}

/* All of them prepare before the first may commit: none may wait for another. */
static void branches_prepare_side_by_side(contract_suite *suite)
{
    static const char *const names[] = {"#1.1", "#1.2", "#1.0", "#2.0"}; /* Not as keys lie. */
    outfall_connection *prepared[LENGTH(names)];
    for (int64_t checkpoint = 1; checkpoint < 2 + OUTFALL_LEDGER_KEPT; checkpoint += 600) {
        if (checkpoint == 1)
            start(suite);
        for (size_t i = 0; i < LENGTH(names); i++) {
            outfall_xid xid = branch_name_of(BRANCH_SINK, 40, (unsigned)i);
            prepare_line(suite, &xid, names[i], checkpoint);
            prepared[i] = suite->connection;
            suite->connection = suite_connect(suite);
        }
        const outfall_ledger_line home = line_of("#0", checkpoint);
        suite_begin(suite);
        expect_ok(suite, suite->driver.ledger_write(suite->connection, &home, suite_deadline(),
                                                    &suite->error));
        suite_commit(suite);
        for (size_t i = 0; i < LENGTH(names); i++) {
            outfall_xid xid = branch_name_of(BRANCH_SINK, 40, (unsigned)i);
            expect_ok(suite, branch_try_end(suite, prepared[i], &xid, 1));
            suite->driver.disconnect(prepared[i]);
        }
    }
    assert_int_equal(suite_count(suite, "outfall_ledger"), 2 * (LENGTH(names) + 1));
}

static void what_is_prepared_drops_old_lines(contract_suite *suite)
{
    outfall_xid xid = branch_name(41);
    start(suite);
    for (int64_t checkpoint = 1; checkpoint <= 5; checkpoint++) {
        prepare_line(suite, &xid, "#1.0", checkpoint);
        branch_end(suite, &xid, 1);
    }
    prepare_line(suite, &xid, "#1.1", 1);
    branch_end(suite, &xid, 1);
    suite_reconnect(suite); /* Whose first transaction looks for them. */
    prepare_line(suite, &xid, "#1.0", 4 + OUTFALL_LEDGER_KEPT);
    branch_end(suite, &xid, 1);
    assert_int_equal(database_number(suite->database, "SELECT min(checkpoint) FROM outfall_ledger "
                                                      "WHERE writer = '#1.0'"),
                     4);
    assert_int_equal(suite_count(suite, "outfall_ledger"), 4);
}

static void what_is_prepared_locks_its_rows_alone(contract_suite *suite)
{
    outfall_xid xid = branch_name(23);
    start(suite);
    suite_fill(suite, BRANCH_TABLE, "n * 10, n, 'old'", 1, 100);
    outfall_target *target = branch_describe(suite, OUTFALL_MODE_UPSERT);
    expect_ok(suite, branch_try_begin(suite, &xid));
    for (int id = 100; id < 200; id += 20)
        expect_ok(suite, write_part(suite, target, id, 1, id >= 150));
    branch_prepare(suite, &xid, 5);
    database_run(suite->database, "SET SESSION innodb_lock_wait_timeout = 1");
    database_run(suite->database, "INSERT INTO " BRANCH_TABLE " VALUES (101, 1, 'new'), "
                                  "(115, 1, 'new'), (161, 1, 'new'), (2000, 1, 'new')");
    database_run(suite->database, "SET SESSION innodb_lock_wait_timeout = 20");
    branch_end(suite, &xid, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 102);
    suite->driver.target_free(target);
}

/* ---- Failures --------------------------------------------------------------------------- */

/* The server itself would prepare the rows before the one that failed. */
static void a_savepoint_saves_it_from_a_failure(contract_suite *suite)
{
    for (int saves = 0; saves < 2; saves++) {
        outfall_xid xid = branch_name(24);
        start(suite);
        suite_fill(suite, BRANCH_TABLE, "n, n, 'old'", 15, 1);
        outfall_target *target = branch_describe(suite, OUTFALL_MODE_INSERT);
        expect_ok(suite, branch_try_begin(suite, &xid));
        expect_ok(suite, try_savepoint(suite, OUTFALL_SAVEPOINT_SET));
        expect_ok(suite, try_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE));
        expect_ok(suite, write_part(suite, target, 1, 10, 0));
        expect_ok(suite, try_savepoint(suite, OUTFALL_SAVEPOINT_SET));
        assert_int_equal(write_part(suite, target, 11, 10, 0), OUTFALL_ERR_DATABASE);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_ROW);
        assert_int_equal(try_savepoint(suite, OUTFALL_SAVEPOINT_SET), OUTFALL_ERR_INVALID);
        assert_int_equal(try_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE), OUTFALL_ERR_INVALID);
        if (saves) {
            expect_ok(suite, try_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK));
            expect_ok(suite, write_part(suite, target, 21, 10, 0));
            expect_ok(suite, try_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE));
            branch_prepare(suite, &xid, 5);
            branch_end(suite, &xid, 1);
        } else {
            branch_expect_refused(suite, &xid, branch_try_prepare(suite, &xid, 5));
        }
        assert_int_equal(count_where(suite, "note = 'note'"), saves ? 20 : 0);
        branch_expect_line(suite, 5, (uint32_t)saves);
        suite->driver.target_free(target);
    }
}

static void a_name_in_use_is_tried_again(contract_suite *suite)
{
    outfall_xid used = branch_name(25), before = branch_name(26);
    start(suite);
    branch_write(suite, &used, 1, 10);
    branch_prepare(suite, &used, 5);
    suite_reconnect(suite);
    outfall_target *target = branch_describe(suite, OUTFALL_MODE_INSERT);
    for (int round = 0; round < 3; round++) { /* After the first it goes along with the rows. */
        expect_ok(suite, branch_try_begin(suite, &used));
        assert_int_equal(write_part(suite, target, 101, 10, 0), OUTFALL_ERR_DATABASE);
        assert_int_equal(suite->error.native_code, 1440);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
        if (round == 1)
            assert_int_not_equal(branch_try_prepare(suite, &used, 6), OUTFALL_OK);
        else
            expect_ok(suite, try_rollback(suite));
        assert_int_equal(branch_is_listed(suite, &used), 1); /* The other one's. */
        expect_ok(suite, branch_try_begin(suite, &before));
        expect_ok(suite, write_part(suite, target, 201 + 10 * round, 10, 0));
        branch_prepare(suite, &before, 7 + round);
        branch_end(suite, &before, 1);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), 10 * (round + 1));
    }
    branch_end_elsewhere(suite, &used, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 40);
    branch_expect_line(suite, 6, 0);
    suite->driver.target_free(target);
}

static void *take_row(void *database)
{
    database_try(database, "UPDATE " BRANCH_TABLE " SET n = -1 WHERE id = 1");
    database_try(database, "ROLLBACK");
    return NULL;
}

static void wait_for_lock(contract_suite *suite)
{
    for (int i = 0; i < 100; i++) {
        branch_pause(150); /* Asked more often than each 100 ms it answers as before. */
        if (database_number(suite->database, "SELECT count(*) FROM information_schema.INNODB_TRX "
                                             "WHERE trx_state = 'LOCK WAIT'") > 0)
            return;
    }
    fail_msg("nobody waits for a lock");
}

/* The other session has changed more, so this one is the server's choice. */
static void what_a_deadlock_ends_is_rolled_back(contract_suite *suite)
{
    for (int by = 0; by < 3; by++) {
        pthread_t thread;
        outfall_xid xid = branch_name(27);
        start(suite);
        suite_fill(suite, BRANCH_TABLE, "n, n, 'old'", 1, 500);
        outfall_target *target = branch_describe(suite, OUTFALL_MODE_UPSERT);
        test_database *other = suite_other(suite);
        database_run(other, "BEGIN");
        database_run(other, "UPDATE " BRANCH_TABLE " SET n = -1 WHERE id > 1");
        expect_ok(suite, branch_try_begin(suite, &xid));
        expect_ok(suite, write_part(suite, target, 1, 1, 0));
        assert_int_equal(pthread_create(&thread, NULL, take_row, other), 0);
        wait_for_lock(suite);
        assert_int_equal(write_part(suite, target, 2, 1, 0), OUTFALL_ERR_DATABASE);
        assert_int_equal(suite->error.native_code, 1213);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
        if (by == 0)
            branch_expect_refused(suite, &xid, branch_try_prepare(suite, &xid, 5));
        else if (by == 1)
            expect_ok(suite, try_rollback(suite));
        else
            expect_ok(suite,
                      suite->driver.reset(suite->connection, suite_deadline(), &suite->error));
        assert_int_equal(pthread_join(thread, NULL), 0);
        expect_ok(suite, branch_try_begin(suite, &xid)); /* The name is free. */
        expect_ok(suite, write_part(suite, target, 2, 1, 0));
        branch_prepare(suite, &xid, 6);
        branch_end(suite, &xid, 1);
        assert_int_equal(count_where(suite, "note = 'note'"), 1);
        suite->driver.target_free(target);
    }
}

static void a_lock_timeout_leaves_nothing_prepared(contract_suite *suite)
{
    outfall_xid xid = branch_name(28);
    start(suite);
    suite_fill(suite, BRANCH_TABLE, "n, n, 'old'", 50, 1);
    test_database *other = suite_other(suite);
    database_run(suite->database, "SET GLOBAL innodb_lock_wait_timeout = 1");
    suite_reconnect(suite);
    outfall_target *target = branch_describe(suite, OUTFALL_MODE_UPSERT);
    database_run(other, "BEGIN");
    database_run(other, "UPDATE " BRANCH_TABLE " SET n = -1 WHERE id = 50");
    expect_ok(suite, branch_try_begin(suite, &xid));
    int status = write_part(suite, target, 1, 60, 0);
    database_run(suite->database, "SET GLOBAL innodb_lock_wait_timeout = 50");
    assert_int_equal(status, OUTFALL_ERR_DATABASE);
    assert_int_equal(suite->error.native_code, 1205);
    branch_expect_refused(suite, &xid, branch_try_prepare(suite, &xid, 5));
    database_run(other, "ROLLBACK");
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 1);
    suite->driver.target_free(target);
}

/* ---- Turns ------------------------------------------------------------------------------ */

static void expect_turn(contract_suite *suite, int status)
{
    assert_int_equal(status, OUTFALL_ERR_INVALID);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
}

static void who_has_prepared_does_nothing_else(contract_suite *suite)
{
    char text[128];
    size_t count = 0;
    outfall_xid xid = branch_name(29), other = branch_name(30);
    const outfall_driver *driver = &suite->driver;
    outfall_fence fence = {
        .struct_size = sizeof fence, .sink = "s", .writer = "w", .checkpoint = 1};
    start(suite);
    outfall_target *target = branch_describe(suite, OUTFALL_MODE_INSERT);
    expect_ok(suite, branch_try_begin(suite, &xid));
    expect_ok(suite, write_part(suite, target, 1, 10, 0));
    expect_turn(suite, driver->commit(suite->connection, suite_deadline(), &suite->error));
    branch_prepare(suite, &xid, 5);
    expect_turn(suite, branch_try_begin(suite, &other));
    expect_turn(suite, branch_try_begin(suite, NULL));
    expect_turn(suite, write_part(suite, target, 11, 10, 0));
    expect_turn(suite, try_savepoint(suite, OUTFALL_SAVEPOINT_SET));
    expect_turn(suite, branch_try_prepare(suite, &xid, 6));
    expect_turn(suite, driver->fence(suite->connection, &fence, suite_deadline(), &suite->error));
    expect_turn(suite, driver->commit(suite->connection, suite_deadline(), &suite->error));
    expect_turn(suite, try_rollback(suite));
    expect_turn(suite, driver->reset(suite->connection, suite_deadline(), &suite->error));
    expect_turn(suite, branch_try_end(suite, suite->connection, &other, 0));
    expect_ok(suite,
              driver->ping(suite->connection, text, sizeof text, suite_deadline(), &suite->error));
    expect_ok(suite, driver->list_prepared(suite->connection, xid.gtrid, NULL, 0, &count,
                                           suite_deadline(), &suite->error));
    assert_int_equal(count, 1);
    branch_end(suite, &xid, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 10);
    suite->driver.target_free(target);
}

static void names_that_would_not_be_safe_are_refused(contract_suite *suite)
{
    static const char *const bad[] = {"", "a'b", "a b", "a,b", "a\\b", "a\"b", "\xC3\xA9", "a%b"};
    outfall_xid xid = branch_name(31);
    start(suite);
    for (size_t i = 0; i < LENGTH(bad); i++) {
        snprintf(xid.gtrid, sizeof xid.gtrid, "%s", bad[i]);
        expect_turn(suite, branch_try_begin(suite, &xid));
        expect_turn(suite, branch_try_end(suite, suite->connection, &xid, 1));
        expect_turn(suite, end_holder(suite, suite->connection, &xid));
    }
    memset(&xid, 'a', sizeof xid); /* Without an end. */
    expect_turn(suite, branch_try_begin(suite, &xid));
    memset(xid.gtrid, 'a', sizeof xid.gtrid - 1); /* The longest there are. */
    xid.gtrid[sizeof xid.gtrid - 1] = xid.bqual[sizeof xid.bqual - 1] = '\0';
    branch_write(suite, &xid, 1, 1);
    branch_prepare(suite, &xid, 5);
    assert_int_equal(branch_is_listed(suite, &xid), 1);
    suite_reconnect(suite);
    branch_end_elsewhere(suite, &xid, 1);
    xid.gtrid[1] = xid.bqual[0] = '\0'; /* And the shortest. */
    branch_write(suite, &xid, 2, 1);
    branch_prepare(suite, &xid, 6);
    assert_int_equal(branch_is_listed(suite, &xid), 1);
    branch_end(suite, &xid, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 2);
}

/* ---- Other software --------------------------------------------------------------------- */

static void prepare_natively(test_database *database, const char *xid, int id)
{
    database_run(database, "XA START %s", xid);
    database_run(database, "INSERT INTO " BRANCH_TABLE " VALUES (%d, 0, 'theirs')", id);
    database_run(database, "XA END %s", xid);
    database_run(database, "XA PREPARE %s", xid);
}

static void what_others_prepare_is_not_listed(contract_suite *suite)
{
    outfall_xid xid = branch_name(32);
    char format[160], joined[160], longer[240];
    snprintf(format, sizeof format, "'%s','%s1',1", xid.gtrid, xid.bqual);
    snprintf(joined, sizeof joined, "'%s%s','',%d", xid.gtrid, xid.bqual, OF_FORMAT);
    snprintf(longer, sizeof longer, "'%s','%s.and.more.of.it',%d", xid.gtrid, xid.bqual, OF_FORMAT);
    const char *const theirs[] = {"'theirs','1',1",
                                  "X'6f66312e00ff','',20294",
                                  "X'ff00c3','of1.',20294",
                                  "'of1.it','x y',20294",
                                  longer,
                                  joined,
                                  format};
    for (size_t i = 0; i < LENGTH(theirs); i++) {
        start(suite);
        test_database *database = database_open(suite->quirks->database, suite->native_url);
        prepare_natively(database, theirs[i], 900);
        branch_write(suite, &xid, 1, 10);
        int listed = branch_is_listed(suite, &xid);
        branch_prepare(suite, &xid, 5);
        size_t count = branch_list(suite, "of1.", NULL, 0);
        branch_end(suite, &xid, 1);
        database_run(database, "XA ROLLBACK %s", theirs[i]);
        database_close(database);
        if (listed != 0 || count != 1)
            fail_msg("%s: listed %d, %zu", theirs[i], listed, count);
    }
}

/* ---- Sessions that hang ----------------------------------------------------------------- */

static void a_session_that_hangs_is_ended(contract_suite *suite)
{
    outfall_xid xid = branch_name(34), beside = branch_name(35);
    for (int prepared = 0; prepared < 2; prepared++) {
        start(suite);
        branch_write(suite, &beside, 101, 10); /* Of the same branch; it must not be ended. */
        outfall_connection *neighbour = suite->connection;
        suite->connection = suite_connect(suite);
        branch_write(suite, &xid, 1, 10);
        if (prepared)
            branch_prepare(suite, &xid, 5);
        outfall_connection *rescuer = suite_connect(suite);
        if (prepared)
            branch_expect_not_found(suite, rescuer, &xid);
        expect_ok(suite, end_holder(suite, rescuer, &xid));
        if (prepared)
            branch_end_elsewhere(suite, &xid, 1);
        assert_int_equal(branch_is_listed(suite, &xid), 0);
        int status = prepared ? branch_try_end(suite, suite->connection, &xid, 1)
                              : branch_try_prepare(suite, &xid, 5);
        assert_int_equal(status, OUTFALL_ERR_IO);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
        suite->driver.disconnect(suite->connection);
        suite->connection = neighbour;
        branch_prepare(suite, &beside, 6);
        branch_end(suite, &beside, 1);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), prepared ? 20 : 10);
        for (int i = 0; i < 2; i++) /* There is none any more. */
            expect_ok(suite, end_holder(suite, rescuer, &xid));
        suite->driver.disconnect(rescuer);
    }
}

/* A session of an earlier life has the lock still: it is the one to be ended. */
static void the_lock_is_the_last_transactions(contract_suite *suite)
{
    outfall_xid first = branch_name(36), second = branch_name(37);
    start(suite);
    branch_write(suite, &first, 1, 10);
    suite_rollback(suite);
    branch_write(suite, &second, 1, 10);
    expect_ok(suite, end_holder(suite, suite->connection, &second)); /* Not itself. */
    outfall_connection *rescuer = suite_connect(suite);
    expect_ok(suite, end_holder(suite, rescuer, &first)); /* Which it has no more. */
    branch_prepare(suite, &second, 5);
    branch_end(suite, &second, 1);
    suite->driver.disconnect(rescuer);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 10);
}

/* ---- Which database --------------------------------------------------------------------- */

static void a_database_is_known_however_it_is_reached(contract_suite *suite)
{
    char ours[160], again[160], small[8], url[sizeof suite->url];
    start(suite);
    const char *tcp = getenv(suite->quirks->tcp_variable);
    assert_non_null(tcp);
    expect_ok(suite, suite->driver.identify(suite->connection, ours, sizeof ours, suite_deadline(),
                                            &suite->error));
    assert_int_equal(strncmp(ours, "mysql:", 6), 0);
    assert_int_equal(suite->driver.identify(suite->connection, small, sizeof small,
                                            suite_deadline(), &suite->error),
                     OUTFALL_ERR_INVALID);
    database_run(suite->database, "CREATE DATABASE IF NOT EXISTS contract_other");
    const char *slash = strrchr(tcp, '/');
    snprintf(url, sizeof url, "%.*s/contract_other", (int)(slash - tcp), tcp);
    const char *const urls[] = {tcp, url};
    for (size_t i = 0; i < LENGTH(urls); i++) {
        outfall_connection *connection = NULL;
        const outfall_connect_options options = {.struct_size = sizeof options, .url = urls[i]};
        expect_ok(suite,
                  suite->driver.connect(&options, suite_deadline(), &connection, &suite->error));
        expect_ok(suite, suite->driver.identify(connection, again, sizeof again, suite_deadline(),
                                                &suite->error));
        suite->driver.disconnect(connection);
        assert_int_equal(strcmp(ours, again) != 0, i);
    }
    database_run(suite->database, "DROP DATABASE contract_other");
}

const contract_case xa_cases[] = {
    {"rows by every method are prepared", rows_by_every_method_are_prepared, NEEDS_TABLES},
    {"describing does not keep XA from beginning", describing_does_not_keep_it_from_beginning,
     NEEDS_TABLES},
    {"branches are prepared by XA side by side", branches_prepare_side_by_side, NEEDS_TABLES},
    {"what XA has prepared drops old lines", what_is_prepared_drops_old_lines, NEEDS_TABLES},
    {"what XA has prepared locks its rows alone", what_is_prepared_locks_its_rows_alone,
     NEEDS_TABLES},
    {"a savepoint saves XA from a failure", a_savepoint_saves_it_from_a_failure, NEEDS_TABLES},
    {"a name of XA that is in use is tried again", a_name_in_use_is_tried_again, NEEDS_TABLES},
    {"what a deadlock ends is rolled back by XA", what_a_deadlock_ends_is_rolled_back,
     NEEDS_TABLES},
    {"a lock timeout leaves nothing prepared by XA", a_lock_timeout_leaves_nothing_prepared,
     NEEDS_TABLES},
    {"who has prepared by XA does nothing else", who_has_prepared_does_nothing_else, NEEDS_TABLES},
    {"names that would not be safe are refused by XA", names_that_would_not_be_safe_are_refused,
     NEEDS_TABLES},
    {"what others prepare by XA is not listed", what_others_prepare_is_not_listed, NEEDS_TABLES},
    {"a session of XA that hangs is ended", a_session_that_hangs_is_ended, NEEDS_TABLES},
    {"the lock of XA is the last transaction's", the_lock_is_the_last_transactions, NEEDS_TABLES},
    {"a database is known however it is reached", a_database_is_known_however_it_is_reached,
     NEEDS_TABLES},
    {NULL, NULL, 0},
};
