/* SPDX-License-Identifier: Apache-2.0 */
/* What is SQLite's alone: values, clauses, triggers and keys. */
#include "sqlite_suite.h"

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

/* ---- Values ----------------------------------------------------------------------- */

static void values_that_sqlite_would_change_are_refused(void **state)
{
    static const struct {
        const char *declared, *literal, *stored; /* NULL: refused. */
    } cases[] = {
        {"JSON", "1.0", NULL},
        {"JSON", " 12", NULL},
        {"JSON", "12", "12"},
        {"JSON", "{\"a\": 1.0}", "{\"a\": 1.0}"},
        {"JSON_TEXT", "1.0", "1.0"},
        {"STRING", "007", NULL},
        {"STRING", "1e3", NULL},
        {"STRING", "abc", "abc"},
        {"STRING", "", ""},
        {"TEXT", "007", "007"},
        {"", "007", "007"},
        {"NUMERIC", "0.5", "0.5"},
        {"NUMERIC", "123456789012345", "123456789012345"},
        {"NUMERIC(20,4)", "-99999.5", "-99999.5"},
        {"DECIMAL_TEXT", "0.50", "0.50"},
        {"REAL", "nan", NULL},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char columns[64];
        database_answer answer;
        snprintf(columns, sizeof columns, "v %s", cases[i].declared);
        int status = sqlite_try_row(columns, (const char *const[]){cases[i].literal});
        database_ask(here.database, &answer, "SELECT v FROM lite_t");
        if (cases[i].stored == NULL) {
            if (status != OUTFALL_ERR_REFUSED)
                fail_msg("%s \"%s\": status %d", cases[i].declared, cases[i].literal, status);
            assert_int_equal(here.error.action, OUTFALL_ACTION_ROW);
            assert_int_equal(here.error.row, 0);
            assert_string_equal(here.error.column, "v");
            assert_int_equal(answer.rows, 0);
        } else {
            if (status != OUTFALL_OK)
                fail_msg("%s \"%s\": %s", cases[i].declared, cases[i].literal, here.error.message);
            assert_string_equal(answer.cells[0], cases[i].stored);
        }
        database_answer_free(&answer);
    }
}

static void a_decimal_beyond_a_double_is_refused(void **state)
{
    char huge[400] = "1";
    char tiny[400] = "0.";
    (void)state;
    for (int i = 1; i < 350; i++)
        huge[i] = '0';
    for (int i = 2; i < 350; i++)
        tiny[i] = '0';
    tiny[350] = '1';
    const char *const literals[] = {huge, tiny};
    for (size_t i = 0; i < LENGTH(literals); i++) {
        assert_int_equal(sqlite_try_row("v NUMERIC", &literals[i]), OUTFALL_ERR_REFUSED);
        assert_int_equal(here.error.action, OUTFALL_ACTION_ROW);
        assert_int_equal(sqlite_try_row("v DECIMAL_TEXT", &literals[i]), OUTFALL_OK);
        database_answer answer;
        database_ask(here.database, &answer, "SELECT v FROM lite_t");
        assert_string_equal(answer.cells[0], literals[i]);
        database_answer_free(&answer);
    }
}

static void strict_tables_hold_the_same(void **state)
{
    (void)state;
    database_run(here.database, "DROP TABLE IF EXISTS lite_t");
    database_run(here.database,
                 "CREATE TABLE lite_t (i INT, r REAL, t TEXT, b BLOB, a ANY) STRICT");
    outfall_target *target = suite_describe(&here, "LITE_T", NULL, 0); /* In any case. */
    test_rows rows;
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"-5", "1.5", "007", "00ff", "007"});
    suite_deliver(&here, target, &rows, 0);
    assert_int_equal(database_number(here.database,
                                     "SELECT count(*) FROM lite_t WHERE i = -5 AND r = 1.5 AND "
                                     "t = '007' AND b = x'00ff' AND a = '007' AND "
                                     "typeof(a) = 'text'"),
                     1);
    test_rows_free(&rows);
    here.driver.target_free(target);
}

static void the_row_key_numbers_itself(void **state)
{
    static const struct {
        const char *columns;
        int row_key;
    } cases[] = {
        {"id INTEGER PRIMARY KEY, v TEXT", 1},
        {"id INTEGER, v TEXT, PRIMARY KEY (id)", 1},
        {"id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT", 1},
        {"id INTEGER PRIMARY KEY DESC, v TEXT", 0},
        {"id INT PRIMARY KEY, v TEXT", 0},
        {"id INTEGER, v TEXT, PRIMARY KEY (id, v)", 0},
        {"id INTEGER, v TEXT", 0},
        {"id INTEGER UNIQUE, v TEXT", 0},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        suite_create_sql(&here, "lite_t", cases[i].columns);
        outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
        int row_key = (target->columns[0].flags & OUTFALL_COLUMN_IDENTITY_DEFAULT) != 0;
        if (row_key != cases[i].row_key)
            fail_msg("%s: row key %d", cases[i].columns, row_key);
        here.driver.target_free(target);
    }
    assert_int_equal(
        sqlite_try_row("id INTEGER PRIMARY KEY, v TEXT", (const char *const[]){NULL, "x"}),
        OUTFALL_OK);
    assert_int_equal(database_number(here.database, "SELECT id FROM lite_t"), 1);
}

static void a_table_without_row_ids_takes_rows(void **state)
{
    (void)state;
    database_run(here.database, "DROP TABLE IF EXISTS lite_w");
    database_run(here.database,
                 "CREATE TABLE lite_w (k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID");
    outfall_target *target = suite_describe(&here, "lite_w", NULL, 0);
    assert_int_equal(target->columns[0].flags, OUTFALL_COLUMN_KEY | OUTFALL_COLUMN_NOT_NULL);
    test_rows rows;
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"b", "1"});
    test_rows_add(&rows, (const char *const[]){"a", "2"});
    suite_deliver(&here, target, &rows, 0);
    assert_int_equal(suite_count(&here, "lite_w"), 2);
    test_rows_free(&rows);
    here.driver.target_free(target);
}

/* ---- Rows at fault ---------------------------------------------------------------- */

/* Writes ids 0 to 99, but a second 7 at `at`, under a savepoint. Returns the write's status. */
static int write_twice_seven(const char *columns, size_t at, outfall_write_result *result)
{
    test_rows rows;
    outfall_begin_options options = {.struct_size = sizeof options};
    suite_create_sql(&here, "lite_t", columns);
    outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
    test_rows_init(&rows, target);
    for (size_t i = 0; i < 100; i++) {
        char id[24];
        snprintf(id, sizeof id, "%zu", i == at ? 7 : i);
        test_rows_add(&rows, (const char *const[]){id, "x"});
    }
    expect_ok(&here, here.driver.begin(here.connection, &options, suite_deadline(), &here.error));
    int status = suite_write(&here, target, &rows, 0, 100, result);
    outfall_error ignored;
    here.driver.rollback(here.connection, suite_deadline(), &ignored);
    test_rows_free(&rows);
    here.driver.target_free(target);
    return status;
}

static void the_bad_row_is_known(void **state)
{
    static const struct {
        const char *columns;
        size_t at;
    } cases[] = {
        {"id INTEGER PRIMARY KEY, v TEXT", 8},
        {"id INTEGER PRIMARY KEY, v TEXT", 99},
        {"id INTEGER UNIQUE, v TEXT", 50},
        {"id INTEGER UNIQUE ON CONFLICT FAIL, v TEXT", 60},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outfall_write_result result;
        assert_int_equal(write_twice_seven(cases[i].columns, cases[i].at, &result),
                         OUTFALL_ERR_DATABASE);
        assert_int_equal(here.error.action, OUTFALL_ACTION_ROW);
        assert_string_equal(here.error.column, "id");
        assert_int_equal(result.bad_row, cases[i].at);
        assert_int_equal(here.error.row, cases[i].at);
        assert_int_equal(here.error.native_code & 0xFF, SQLITE_CONSTRAINT);
    }
}

static void a_clause_that_drops_rows_stops_the_load(void **state)
{
    outfall_write_result result;
    (void)state;
    assert_int_equal(write_twice_seven("id INTEGER UNIQUE ON CONFLICT IGNORE, v TEXT", 50, &result),
                     OUTFALL_ERR_DATABASE);
    assert_int_equal(here.error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(here.error.message, "counted 99 for 100 rows"));
    /* The table's own wish: the newer row stays. */
    expect_ok(&here,
              write_twice_seven("id INTEGER UNIQUE ON CONFLICT REPLACE, v TEXT", 50, &result));
}

static void triggers_run_as_they_are_written(void **state)
{
    test_rows rows;
    outfall_write_result result;
    outfall_begin_options options = {.struct_size = sizeof options};
    (void)state;
    suite_create_sql(&here, "lite_audit", "id INTEGER PRIMARY KEY");
    suite_create_sql(&here, "lite_t", "id INTEGER, v TEXT CHECK (v <> 'bad')");
    database_run(here.database, "CREATE TRIGGER lite_g AFTER INSERT ON lite_t BEGIN "
                                "INSERT OR IGNORE INTO lite_audit VALUES (new.id); END");
    outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
    test_rows_init(&rows, target);
    for (size_t i = 0; i < 10; i++)
        test_rows_add(&rows, (const char *const[]){"5", "x"});
    suite_deliver(&here, target, &rows, 0); /* OR FAIL would override the trigger's OR IGNORE. */
    assert_int_equal(suite_count(&here, "lite_t"), 10);
    assert_int_equal(suite_count(&here, "lite_audit"), 1);
    test_rows_add(&rows, (const char *const[]){"6", "bad"});
    expect_ok(&here, here.driver.begin(here.connection, &options, suite_deadline(), &here.error));
    assert_int_equal(suite_write(&here, target, &rows, 0, 11, &result), OUTFALL_ERR_DATABASE);
    assert_int_equal(here.error.action, OUTFALL_ACTION_ROW);
    assert_true(result.bad_row == -1 || result.bad_row == 10);
    expect_ok(&here, here.driver.rollback(here.connection, suite_deadline(), &here.error));
    /* A trigger that comes later makes the insert another one. */
    database_run(here.database, "DROP TRIGGER lite_g");
    assert_int_equal(suite_try(&here, target, &rows, suite_deadline()), OUTFALL_ERR_CHANGED);
    assert_int_equal(here.error.action, OUTFALL_ACTION_RESTART);
    test_rows_free(&rows);
    here.driver.target_free(target);
}

static void foreign_keys_are_held_before_the_commit(void **state)
{
    static const char *const clauses[] = {"", " DEFERRABLE INITIALLY DEFERRED"};
    outfall_begin_options options = {.struct_size = sizeof options};
    (void)state;
    for (size_t i = 0; i < LENGTH(clauses); i++) {
        test_rows rows;
        outfall_write_result result;
        database_run(here.database, "DROP TABLE IF EXISTS lite_t");
        suite_create_sql(&here, "lite_parent", "id INTEGER PRIMARY KEY");
        database_run(here.database,
                     "INSERT INTO lite_parent VALUES (1);"
                     "CREATE TABLE lite_t (p INTEGER REFERENCES lite_parent (id)%s)",
                     clauses[i]);
        outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
        test_rows_init(&rows, target);
        test_rows_add(&rows, (const char *const[]){"1"});
        test_rows_add(&rows, (const char *const[]){"2"});
        expect_ok(&here,
                  here.driver.begin(here.connection, &options, suite_deadline(), &here.error));
        expect_ok(&here, suite_write(&here, target, &rows, 0, 1, &result));
        assert_int_equal(suite_write(&here, target, &rows, 1, 1, &result), OUTFALL_ERR_DATABASE);
        assert_int_equal(here.error.action, OUTFALL_ACTION_ROW);
        assert_int_equal(result.bad_row, 0);
        assert_non_null(strstr(here.error.message, "FOREIGN KEY"));
        expect_ok(&here, here.driver.rollback(here.connection, suite_deadline(), &here.error));
        test_rows_free(&rows);
        here.driver.target_free(target);
    }
    database_run(here.database, "DROP TABLE lite_t");
}

/* No lock is waited for: the trigger counts for hours. */
static void a_long_statement_ends_at_its_deadline(void **state)
{
    test_rows rows;
    (void)state;
    suite_create_sql(&here, "lite_t", "i INTEGER");
    database_run(here.database,
                 "CREATE TRIGGER lite_g AFTER INSERT ON lite_t BEGIN "
                 "DELETE FROM lite_t WHERE i = (WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL "
                 "SELECT x + 1 FROM c WHERE x < 100000000000) SELECT count(*) FROM c); END");
    outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"1"});
    int64_t started = suite_now_us();
    int status = suite_try(&here, target, &rows, started + 300000);
    int64_t took_us = suite_now_us() - started;
    here.driver.disconnect(here.connection);
    here.connection = suite_connect(&here);
    assert_int_equal(status, OUTFALL_ERR_TIMEOUT);
    assert_int_equal(here.error.action, OUTFALL_ACTION_RETRY);
    assert_true(took_us > 250000);
    assert_true(took_us < 1300000);
    assert_int_equal(suite_count(&here, "lite_t"), 0);
    test_rows_free(&rows);
    here.driver.target_free(target);
    database_run(here.database, "DROP TABLE lite_t");
}

static void changes_that_only_sqlite_knows_are_noticed(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"(v ANY) STRICT", "(v ANY)"}, /* Would now make 7 of 007. */
        {"(v DECIMAL_TEXT(10,2))", "(v DECIMAL_TEXT(4,1))"},
        {"(v TEXT)", "(v TEXT UNIQUE ON CONFLICT IGNORE)"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        test_rows rows;
        database_run(here.database, "DROP TABLE IF EXISTS lite_t; CREATE TABLE lite_t %s",
                     cases[i].before);
        outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
        test_rows_init(&rows, target);
        test_rows_add(&rows, (const char *const[]){"7"});
        suite_deliver(&here, target, &rows, 0);
        database_run(here.database, "DROP TABLE lite_t; CREATE TABLE lite_t %s", cases[i].after);
        if (suite_try(&here, target, &rows, suite_deadline()) != OUTFALL_ERR_CHANGED)
            fail_msg("%s to %s: %s", cases[i].before, cases[i].after, here.error.message);
        assert_int_equal(here.error.action, OUTFALL_ACTION_RESTART);
        test_rows_free(&rows);
        here.driver.target_free(target);
    }
}

static void malformed_rows_are_refused(void **state)
{
    test_rows rows;
    (void)state;
    suite_create_sql(&here, "lite_t", "i INTEGER, n DECIMAL_TEXT");
    outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
    static const outfall_column wrong[] = {{.name = "i", .type = OUTFALL_TYPE_INT32},
                                           {.name = "n", .type = OUTFALL_TYPE_TEXT}};
    static const outfall_column half_wrong[] = {{.name = "i", .type = OUTFALL_TYPE_INT64},
                                                {.name = "n", .type = OUTFALL_TYPE_TEXT}};
    const struct {
        const outfall_column *columns;
        uint32_t count;
    } cases[] = {{wrong, 2}, {half_wrong, 2}, {half_wrong, 1}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outfall_target fake = {.columns = cases[i].columns, .column_count = cases[i].count};
        test_rows_init(&rows, &fake);
        test_rows_add(&rows, (const char *const[]){"1", "xyz"});
        assert_int_equal(suite_try(&here, target, &rows, suite_deadline()), OUTFALL_ERR_INVALID);
        assert_int_equal(here.error.action, OUTFALL_ACTION_STOP);
        assert_int_equal(suite_count(&here, "lite_t"), 0);
        test_rows_free(&rows);
    }
    here.driver.target_free(target);
}

static void calls_out_of_turn_are_refused(void **state)
{
    test_rows rows;
    outfall_write_result result;
    outfall_begin_options options = {.struct_size = sizeof options};
    (void)state;
    suite_create_sql(&here, "lite_t", "i INTEGER");
    outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"1"});
    assert_int_not_equal(suite_write(&here, target, &rows, 0, 1, &result), OUTFALL_OK);
    assert_int_not_equal(here.driver.commit(here.connection, suite_deadline(), &here.error),
                         OUTFALL_OK);
    assert_int_not_equal(here.driver.savepoint(here.connection, OUTFALL_SAVEPOINT_SET,
                                               suite_deadline(), &here.error),
                         OUTFALL_OK);
    expect_ok(&here, here.driver.begin(here.connection, &options, suite_deadline(), &here.error));
    assert_int_equal(here.driver.begin(here.connection, &options, suite_deadline(), &here.error),
                     OUTFALL_ERR_INVALID);
    expect_ok(&here, here.driver.commit(here.connection, suite_deadline(), &here.error));
    assert_int_equal(suite_count(&here, "lite_t"), 0);
    test_rows_free(&rows);
    here.driver.target_free(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_that_sqlite_would_change_are_refused),
        cmocka_unit_test(a_decimal_beyond_a_double_is_refused),
        cmocka_unit_test(strict_tables_hold_the_same),
        cmocka_unit_test(the_row_key_numbers_itself),
        cmocka_unit_test(a_table_without_row_ids_takes_rows),
        cmocka_unit_test(the_bad_row_is_known),
        cmocka_unit_test(a_clause_that_drops_rows_stops_the_load),
        cmocka_unit_test(triggers_run_as_they_are_written),
        cmocka_unit_test(foreign_keys_are_held_before_the_commit),
        cmocka_unit_test(a_long_statement_ends_at_its_deadline),
        cmocka_unit_test(changes_that_only_sqlite_knows_are_noticed),
        cmocka_unit_test(malformed_rows_are_refused),
        cmocka_unit_test(calls_out_of_turn_are_refused),
    };
    return cmocka_run_group_tests_name("sqlite", tests, sqlite_set_up, sqlite_tear_down);
}
