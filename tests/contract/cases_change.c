/* SPDX-License-Identifier: Apache-2.0 */
/* The table is changed behind the driver's back, between two batches of a target. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define TABLE "contract_c"

static const size_t sizes[] = {1, 100, 10000};

static void make_rows(test_rows *rows, const outfall_target *target, size_t count)
{
    test_rows_init(rows, target);
    for (size_t i = 0; i < count; i++) {
        char n[24];
        snprintf(n, sizeof n, "%zu", i);
        test_rows_add(rows, (const char *const[]){n, n});
    }
}

static void check_rows(contract_suite *suite, size_t count)
{
    assert_int_equal(suite_count(suite, TABLE), count);
    assert_int_equal(database_number(suite->database,
                                     "SELECT count(*) FROM " TABLE
                                     " WHERE CAST(n AS INTEGER) = CAST(id AS INTEGER)"),
                     count);
}

/*
 * A first batch goes in, `change` is run, and a second is written. Returns its status; the rows of
 * a second batch that failed must not be there.
 */
static int write_across(contract_suite *suite, size_t count, const char *change,
                        outfall_target **out)
{
    test_rows rows;
    suite_create_sql(suite, TABLE, "id INTEGER, n INTEGER");
    outfall_target *target = suite_describe(suite, TABLE, NULL, 0);
    make_rows(&rows, target, count);
    suite_deliver(suite, target, &rows, 0);
    suite_run(suite, change, TABLE);
    int status = suite_try(suite, target, &rows, suite_deadline());
    test_rows_free(&rows);
    *out = target;
    return status;
}

static void expect_changed(contract_suite *suite, int status)
{
    if (status != OUTFALL_ERR_CHANGED)
        fail_msg("status %d: %s", status, suite->error.message);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_RESTART);
}

/* Describes anew on the same connection and writes what the table now takes. */
static void go_on(contract_suite *suite, size_t count, size_t before)
{
    test_rows rows;
    outfall_target *target = suite_describe(suite, TABLE, (const char *const[]){"id", "n"}, 2);
    make_rows(&rows, target, count);
    suite_deliver(suite, target, &rows, 0);
    check_rows(suite, before + count);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_table_made_anew_is_noticed(contract_suite *suite)
{
    static const char *const columns[] = {
        "id INTEGER, n TEXT",                     /* Another type. */
        "id INTEGER, n INTEGER NOT NULL",         /* Other flags. */
        "n INTEGER, id DOUBLE PRECISION",         /* Another order and type. */
        "id INTEGER, x INTEGER, n NUMERIC(10,2)", /* One more between. */
    };
    for (size_t i = 0; i < LENGTH(columns); i++) {
        for (size_t s = 0; s < LENGTH(sizes); s++) {
            char change[256];
            outfall_target *target;
            snprintf(change, sizeof change, "DROP TABLE " TABLE "; CREATE TABLE " TABLE " (%s)",
                     columns[i]);
            expect_changed(suite, write_across(suite, sizes[s], change, &target));
            assert_int_equal(suite_count(suite, TABLE), 0);
            go_on(suite, sizes[s], 0);
            suite->driver.target_free(target);
        }
    }
}

/* As it was, but another table: its rows go in, or it is noticed; they may not vanish. */
static void a_table_made_anew_alike_takes_the_rows(contract_suite *suite)
{
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target;
        int status = write_across(
            suite, sizes[s], "DROP TABLE " TABLE "; CREATE TABLE " TABLE " (id INTEGER, n INTEGER)",
            &target);
        if (status != OUTFALL_OK)
            expect_changed(suite, status);
        go_on(suite, sizes[s], status == OUTFALL_OK ? sizes[s] : 0);
        suite->driver.target_free(target);
    }
}

static void a_table_that_is_gone_is_noticed(contract_suite *suite)
{
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target;
        expect_changed(suite, write_across(suite, sizes[s], "DROP TABLE " TABLE, &target));
        outfall_table_name name = {NULL, TABLE};
        outfall_describe_options options = {.struct_size = sizeof options};
        outfall_target *none;
        assert_int_equal(suite->driver.describe(suite->connection, &name, &options,
                                                suite_deadline(), &none, &suite->error),
                         OUTFALL_ERR_NOT_FOUND);
        suite->driver.target_free(target);
    }
}

static void a_retyped_column_is_noticed(contract_suite *suite)
{
    if (suite->quirks->rules->retype == NULL)
        suite_skip(suite, "SQLite has no ALTER COLUMN");
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target;
        expect_changed(suite, write_across(suite, sizes[s], suite->quirks->rules->retype, &target));
        check_rows(suite, sizes[s]);
        go_on(suite, sizes[s], sizes[s]);
        suite->driver.target_free(target);
    }
}

static void a_dropped_column_is_noticed(contract_suite *suite)
{
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target;
        expect_changed(
            suite, write_across(suite, sizes[s], "ALTER TABLE " TABLE " DROP COLUMN n", &target));
        assert_int_equal(suite_count(suite, TABLE), sizes[s]);
        suite->driver.target_free(target);
    }
}

static void a_renamed_column_is_noticed(contract_suite *suite)
{
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target;
        expect_changed(suite, write_across(suite, sizes[s],
                                           "ALTER TABLE " TABLE " RENAME COLUMN n TO m", &target));
        suite->driver.target_free(target);
    }
}

/* The rows still fit: they land under the right columns, or the change is told. */
static void an_added_column_harms_nothing(contract_suite *suite)
{
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target;
        int status = write_across(
            suite, sizes[s], "ALTER TABLE " TABLE " ADD COLUMN extra INTEGER DEFAULT 5", &target);
        if (status != OUTFALL_OK)
            expect_changed(suite, status);
        go_on(suite, sizes[s], status == OUTFALL_OK ? 2 * sizes[s] : sizes[s]);
        assert_int_equal(
            database_number(suite->database, "SELECT count(*) FROM " TABLE " WHERE extra = 5"),
            suite_count(suite, TABLE));
        suite->driver.target_free(target);
    }
}

static void a_change_elsewhere_is_of_no_matter(contract_suite *suite)
{
    database_run(suite->database, "DROP TABLE IF EXISTS contract_other");
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target;
        expect_ok(suite, write_across(suite, sizes[s],
                                      "CREATE TABLE contract_other (a INTEGER); "
                                      "DROP TABLE contract_other",
                                      &target));
        check_rows(suite, 2 * sizes[s]);
        suite->driver.target_free(target);
    }
}

const contract_case change_cases[] = {
    {"a table made anew is noticed", a_table_made_anew_is_noticed, NEEDS_TABLES},
    {"a table made anew alike takes the rows", a_table_made_anew_alike_takes_the_rows,
     NEEDS_TABLES},
    {"a table that is gone is noticed", a_table_that_is_gone_is_noticed, NEEDS_TABLES},
    {"a retyped column is noticed", a_retyped_column_is_noticed, NEEDS_TABLES},
    {"a dropped column is noticed", a_dropped_column_is_noticed, NEEDS_TABLES},
    {"a renamed column is noticed", a_renamed_column_is_noticed, NEEDS_TABLES},
    {"an added column harms nothing", an_added_column_harms_nothing, NEEDS_TABLES},
    {"a change elsewhere is of no matter", a_change_elsewhere_is_of_no_matter, NEEDS_TABLES},
    {NULL, NULL, 0},
};
