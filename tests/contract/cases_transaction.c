/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <stdio.h>
#include <string.h>

/* Rows with the ids `first` to `first` + `count` - 1 of a table (id, n, note). */
static void make_rows(test_rows *rows, const outfall_target *target, int first, size_t count)
{
    test_rows_init(rows, target);
    for (size_t i = 0; i < count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%d", first + (int)i);
        test_rows_add(rows, (const char *const[]){id, id, "note"});
    }
}

static outfall_target *make_table(contract_suite *suite, test_rows *rows, size_t count)
{
    suite_create_sql(suite, "contract_t",
                     "id INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL UNIQUE, "
                     "note VARCHAR(64) CHECK (note <> 'bad')");
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    make_rows(rows, target, 1, count);
    return target;
}

static void a_rollback_leaves_nothing(contract_suite *suite)
{
    test_rows rows;
    outfall_write_result result;
    outfall_target *target = make_table(suite, &rows, 2000);
    suite_begin(suite);
    expect_ok(suite, suite_write(suite, target, &rows, 0, 2000, &result));
    assert_int_equal(suite_count(suite, "contract_t"), 0);
    suite_rollback(suite);
    assert_int_equal(suite_count(suite, "contract_t"), 0);
    suite_deliver(suite, target, &rows, 0);
    assert_int_equal(suite_count(suite, "contract_t"), 2000);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_disconnect_rolls_back(contract_suite *suite)
{
    test_rows rows;
    outfall_write_result result;
    outfall_target *target = make_table(suite, &rows, 200);
    suite_begin(suite);
    expect_ok(suite, suite_write(suite, target, &rows, 0, 200, &result));
    suite->driver.disconnect(suite->connection);
    suite->connection = suite_connect(suite);
    suite_deliver(suite, target, &rows, 0);
    assert_int_equal(suite_count(suite, "contract_t"), 200);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_reset_rolls_back(contract_suite *suite)
{
    test_rows rows;
    outfall_write_result result;
    outfall_target *target = make_table(suite, &rows, 200);
    for (int i = 0; i < 2; i++) {
        suite_begin(suite);
        suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
        expect_ok(suite, suite_write(suite, target, &rows, 0, 200, &result));
        expect_ok(suite, suite->driver.reset(suite->connection, suite_deadline(), &suite->error));
        assert_int_equal(suite_count(suite, "contract_t"), 0);
    }
    expect_ok(suite, suite->driver.reset(suite->connection, suite_deadline(), &suite->error));
    suite_deliver(suite, target, &rows, 0);
    assert_int_equal(suite_count(suite, "contract_t"), 200);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void an_empty_transaction_commits(contract_suite *suite)
{
    suite_begin(suite);
    suite_commit(suite);
    suite_begin(suite);
    suite_rollback(suite);
    suite_rollback(suite); /* With nothing open it is legal. */
    suite_begin(suite);
    suite_commit(suite);
}

static void savepoints_keep_the_rows_before_them(contract_suite *suite)
{
    test_rows rows;
    outfall_write_result result;
    outfall_target *target = make_table(suite, &rows, 30);
    suite_begin(suite);
    expect_ok(suite, suite_write(suite, target, &rows, 0, 10, &result));
    suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
    expect_ok(suite, suite_write(suite, target, &rows, 10, 10, &result));
    suite_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK);
    expect_ok(suite, suite_write(suite, target, &rows, 20, 5, &result)); /* It stays set: */
    suite_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK);
    expect_ok(suite, suite_write(suite, target, &rows, 25, 5, &result));
    suite_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE);
    suite_commit(suite);
    assert_int_equal(suite_count(suite, "contract_t"), 15);
    assert_int_equal(database_number(suite->database,
                                     "SELECT count(*) FROM contract_t WHERE id <= 10 OR id > 25"),
                     15);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void savepoints_follow_begin_and_end(contract_suite *suite)
{
    suite_begin(suite);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE);
    suite_commit(suite);
}

/* ---- A row at fault --------------------------------------------------------------- */

static const struct {
    const char *why;
    const char *id, *n, *note; /* The bad row. */
    const char *column;        /* Named in the error; NULL: need not be. */
} faults[] = {
    {"a key that is there", "1", "-1", "x", NULL},
    {"a unique value that is there", "-1", "1", "x", NULL},
    {"NULL in a column that takes none", "-1", NULL, "x", "n"},
    {"a value that a check refuses", "-1", "-1", "bad", NULL},
};

/* `count` rows of which row `at` is bad, after a first row is in the table. */
static void try_fault(contract_suite *suite, outfall_target *target, size_t fault, size_t count,
                      size_t at)
{
    test_rows rows, good;
    outfall_write_result result;
    test_rows_init(&rows, target);
    make_rows(&good, target, 1, 1);
    for (size_t i = 0; i < count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%zu", i + 100);
        if (i == at)
            test_rows_add(&rows, (const char *const[]){faults[fault].id, faults[fault].n,
                                                       faults[fault].note});
        else
            test_rows_add(&rows, (const char *const[]){id, id, "note"});
    }
    suite_begin(suite);
    expect_ok(suite, suite_write(suite, target, &good, 0, 1, &result));
    suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
    int status = suite_write(suite, target, &rows, 0, count, &result);
    if (status == OUTFALL_OK)
        fail_msg("%s: taken", faults[fault].why);
    if (suite->error.action != OUTFALL_ACTION_ROW)
        fail_msg("%s: action %d: %s", faults[fault].why, suite->error.action, suite->error.message);
    if (result.bad_row != (int64_t)at && result.bad_row != -1)
        fail_msg("%s: row %zu of %zu is bad, not %lld", faults[fault].why, at, count,
                 (long long)result.bad_row);
    if (faults[fault].column != NULL)
        assert_string_equal(suite->error.column, faults[fault].column);
    assert_true(strlen(suite->error.message) > 10);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK);
    if (at > 0)
        expect_ok(suite, suite_write(suite, target, &rows, 0, at, &result));
    suite_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE);
    if (at + 1 < count)
        expect_ok(suite, suite_write(suite, target, &rows, at + 1, count - at - 1, &result));
    suite_commit(suite);
    assert_int_equal(suite_count(suite, "contract_t"), count);
    database_run(suite->database, "DELETE FROM contract_t");
    test_rows_free(&rows);
    test_rows_free(&good);
}

static void a_bad_row_is_told_and_its_neighbours_land(contract_suite *suite)
{
    static const struct {
        size_t count, at;
    } places[] = {{1, 0},    {2, 0},    {100, 0},     {100, 57},
                  {100, 99}, {2000, 0}, {2000, 1234}, {2000, 1999}};
    test_rows rows;
    outfall_target *target = make_table(suite, &rows, 1);
    for (size_t fault = 0; fault < LENGTH(faults); fault++)
        for (size_t i = 0; i < LENGTH(places); i++)
            try_fault(suite, target, fault, places[i].count, places[i].at);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_failed_write_rolls_back_whole(contract_suite *suite)
{
    static const size_t sizes[] = {2, 100, 2000};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        test_rows rows;
        outfall_write_result result;
        outfall_target *target = make_table(suite, &rows, sizes[i] - 1);
        test_rows_add(&rows, (const char *const[]){"1", "-1", "twice"});
        suite_begin(suite);
        assert_int_not_equal(suite_write(suite, target, &rows, 0, sizes[i], &result), OUTFALL_OK);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_ROW);
        suite_rollback(suite);
        assert_int_equal(suite_count(suite, "contract_t"), 0);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

const contract_case transaction_cases[] = {
    {"an empty transaction commits", an_empty_transaction_commits, NEEDS_NOTHING},
    {"a rollback leaves nothing", a_rollback_leaves_nothing, NEEDS_TABLES},
    {"a disconnect rolls back", a_disconnect_rolls_back, NEEDS_TABLES},
    {"a reset rolls back", a_reset_rolls_back, NEEDS_TABLES},
    {"savepoints follow begin and end", savepoints_follow_begin_and_end, NEEDS_SAVEPOINTS},
    {"savepoints keep the rows before them", savepoints_keep_the_rows_before_them,
     NEEDS_TABLES | NEEDS_SAVEPOINTS},
    {"a bad row is told and its neighbours land", a_bad_row_is_told_and_its_neighbours_land,
     NEEDS_TABLES | NEEDS_SAVEPOINTS},
    {"a failed write rolls back whole", a_failed_write_rolls_back_whole, NEEDS_TABLES},
    {NULL, NULL, 0},
};
