/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and the rows that have them: what is equal, what is refused, at fault, or changes. */
#include "sqlite_suite.h"

#include <stdio.h>
#include <string.h>

#define UPSERT .mode = OUTFALL_MODE_UPSERT
#define REPLACE .mode = OUTFALL_MODE_REPLACE
#define IGNORE .mode = OUTFALL_MODE_IGNORE
#define KEYS_MAX 7
#define MODEL_KEYS 8192

static void drop_all(void)
{
    database_run(here.database, "DROP TABLE IF EXISTS log; DROP TABLE IF EXISTS t");
}

/* ---- Which keys are equal --------------------------------------------------------- */

/*
 * Within a class the bytes of keys are alike, a decimal's trailing zeros and a zero's sign aside.
 * Where bytes are said to decide, there are to be as many rows as classes.
 */
static void where_bytes_decide_they_do(void **state)
{
    static const struct {
        const char *type;
        size_t classes;
        const char *keys[KEYS_MAX];
    } types[] = {
        {"INTEGER", 2, {"1", "-1", "1"}},
        {"BOOLEAN", 2, {"true", "false", "true"}},
        {"REAL", 3, {"1", "1.0", "0", "-0.0", "inf"}},
        {"NUMERIC", 3, {"1", "1.0", "1.5", "1.50", "0"}},
        {"DECIMAL(9,2)", 3, {"1000000", "0.1", "0.10", "123456789012345"}},
        {"DECIMAL_TEXT(9,2)", 2, {"1.50", "1.00", "1.50"}},
        {"TEXT", 6, {"a", "A", "a ", "1", "1.0", "01"}},
        {"VARCHAR(5)", 3, {"a", "A", "a "}},
        {"", 4, {"a", "A", "1", "1.0", "1"}},
        {"STRING", 4, {"7", "7a", "-7", "0", "7"}},
        {"JSON", 3, {"7", "{\"a\":7}", "{\"a\": 7}"}},
        {"JSON_TEXT", 3, {"7", "7.0", "07"}},
        {"BLOB", 3, {"00", "0000", "ff", "00"}},
        {"DATE", 3, {"2024-01-31", "infinity", "-infinity"}},
        {"TIME", 3, {"00:00:00", "24:00:00", "00:00:00.1"}},
        {"TIMESTAMPTZ", 2, {"2024-01-31 00:00:00", "2024-01-31 00:00:00.000001"}},
        {"UUID",
         2,
         {"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000010"}},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(types); i++) {
        test_rows rows;
        drop_all();
        database_run(here.database, "CREATE TABLE t (k %s PRIMARY KEY, v)", types[i].type);
        outfall_target *target = suite_describe_as(&here, "t", &(suite_wanted){UPSERT});
        test_rows_init(&rows, target);
        for (size_t k = 0; k < KEYS_MAX && types[i].keys[k] != NULL; k++)
            test_rows_add(&rows, (const char *const[]){types[i].keys[k], "1"});
        suite_deliver_part(&here, target, &rows, &(suite_part){0});
        if ((target->flags & OUTFALL_TARGET_BYTEWISE) == 0 ||
            (size_t)suite_count(&here, "t") != types[i].classes)
            fail_msg("%s: flags %u, %d rows", types[i].type, target->flags,
                     (int)suite_count(&here, "t"));
        test_rows_free(&rows);
        here.driver.target_free(target);
    }
    drop_all();
}

/* ---- Many rows -------------------------------------------------------------------- */

/* Values by key; -1: there is no such key. */
static int model[MODEL_KEYS];

static void check_model(const char *make, uint32_t mode, int batch)
{
    database_answer answer;
    size_t count = 0;
    for (size_t i = 0; i < MODEL_KEYS; i++)
        count += model[i] >= 0;
    database_ask(here.database, &answer, "SELECT k, v FROM t");
    if (answer.rows != count)
        fail_msg("%s, mode %u, batch %d: %zu rows, not %zu", make, mode, batch, answer.rows, count);
    for (size_t i = 0; i < answer.rows; i++) {
        const long key = strtol(answer.cells[2 * i], NULL, 10);
        if (strtol(answer.cells[2 * i + 1], NULL, 10) != model[key])
            fail_msg("%s, mode %u, batch %d: key %ld has %s, not %d", make, mode, batch, key,
                     answer.cells[2 * i + 1], model[key]);
    }
    database_answer_free(&answer);
}

/* Batches with equal keys, the fourth of deletes; some with rows together, some far apart. */
static void write_many(const char *make, uint32_t mode, size_t size)
{
    static const char filler[] =
        "so that rows fill pages: 0123456789012345678901234567890123456789";
    unsigned random = 7;
    drop_all();
    database_run(here.database, "%s", make);
    memset(model, 0xFF, sizeof model);
    outfall_target *target =
        suite_describe_as(&here, "t", &(suite_wanted){.mode = mode, .key = {"k"}});
    for (int batch = 0; batch < 8; batch++) {
        test_rows rows;
        const suite_part part = {.span_rows = size > 100 ? size / 3 : 0, .deletion = batch == 3};
        test_rows_init(&rows, target);
        for (size_t i = 0; i < size; i++) {
            random = random * 1103515245u + 12345u;
            const unsigned key = batch < 2 ? (unsigned)i / 3 : (random >> 8) % MODEL_KEYS;
            const int value = batch * 100000 + (int)i;
            char texts[2][24];
            snprintf(texts[0], sizeof texts[0], "%u", key);
            snprintf(texts[1], sizeof texts[1], "%d", value);
            test_rows_add(&rows, (const char *const[]){texts[0], texts[1], filler});
            if (part.deletion)
                model[key] = -1;
            else if (mode != OUTFALL_MODE_IGNORE || model[key] < 0)
                model[key] = value;
        }
        suite_deliver_part(&here, target, &rows, &part);
        test_rows_free(&rows);
        check_model(make, mode, batch);
    }
    here.driver.target_free(target);
}

static void many_rows_have_the_effect_of_each(void **state)
{
    static const size_t sizes[] = {1, 100, 10000};
    static const char *const tables[] = {
        "CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER, f TEXT)",
        "CREATE TABLE t (k BIGINT PRIMARY KEY, v INTEGER, f TEXT) WITHOUT ROWID",
        "CREATE TABLE t (k TEXT COLLATE NOCASE UNIQUE, v INTEGER UNIQUE, f TEXT)",
        ("CREATE TABLE t (k NUMERIC UNIQUE, v INTEGER, f TEXT); CREATE TRIGGER g AFTER UPDATE ON t "
         "WHEN new.v < 0 BEGIN DELETE FROM t; END"),
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(tables); i++)
        for (size_t s = 0; s < LENGTH(sizes); s++)
            for (uint32_t mode = OUTFALL_MODE_UPSERT; mode <= OUTFALL_MODE_IGNORE; mode++)
                write_many(tables[i], mode, sizes[s]);
    drop_all();
}

/* ---- Refused ---------------------------------------------------------------------- */

static void what_cannot_be_upserted_is_refused_by_name(void **state)
{
    static const struct {
        const char *make, *drop;
        suite_wanted wanted;
        const char *names, *fix;
    } refused[] = {
        {"CREATE VIRTUAL TABLE t USING rtree (id, a, b)",
         "DROP TABLE t",
         {UPSERT},
         "\"t\" is a virtual table",
         "use mode=insert"},
        {"CREATE VIEW t AS SELECT 1 AS k, 2 AS v; CREATE TRIGGER g INSTEAD OF INSERT ON t BEGIN "
         "SELECT 1; END",
         "DROP VIEW t",
         {UPSERT, .key = {"k"}},
         "\"t\" is a view",
         "name the table"},
        {"CREATE TABLE t (a INTEGER, k AS (a + 1) UNIQUE)",
         "DROP TABLE t",
         {UPSERT, .key = {"k"}},
         "\"k\"",
         "not among the rows' columns"},
        {"CREATE TABLE t (k TEXT, v); CREATE UNIQUE INDEX i ON t (k) WHERE v > 0",
         "DROP TABLE t",
         {REPLACE, .key = {"k"}},
         "index i of \"t\" holds some of the rows only",
         "CREATE UNIQUE INDEX \"t_outfall_key\" ON \"t\" (\"k\")"},
        {"CREATE TABLE t (k TEXT, v); CREATE UNIQUE INDEX i ON t (lower(k))",
         "DROP TABLE t",
         {IGNORE, .key = {"k"}},
         "\"t\" has no unique index on just the key's columns",
         "CREATE UNIQUE INDEX \"t_outfall_key\" ON \"t\" (\"k\")"},
        {"CREATE TABLE t (k TEXT, v)",
         "DROP TABLE t",
         {UPSERT},
         "\"t\" has no primary key",
         "set key"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(refused); i++) {
        outfall_target *target = NULL;
        drop_all();
        database_run(here.database, "%s", refused[i].make);
        int status = suite_try_describe_as(&here, "t", &refused[i].wanted, &target);
        database_run(here.database, "%s", refused[i].drop);
        if (status == OUTFALL_OK || here.error.action != OUTFALL_ACTION_STOP ||
            strstr(here.error.message, refused[i].names) == NULL ||
            strstr(here.error.message, refused[i].fix) == NULL)
            fail_msg("%s: %d: %s", refused[i].make, status, here.error.message);
        assert_null(target);
    }
}

/* ---- Rows at fault ---------------------------------------------------------------- */

#define FAULT_ROWS 100

/* Rows with keys 0 to 99; the one at `at` is bad: its w. */
static void add_fault_rows(test_rows *rows, const outfall_target *target, size_t at)
{
    test_rows_init(rows, target);
    for (size_t i = 0; i < FAULT_ROWS; i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        test_rows_add(rows, (const char *const[]){key, i == at ? "bad" : key});
    }
}

static void check_fault(const char *why, outfall_target *target, size_t at, int64_t bad_row)
{
    test_rows rows;
    outfall_write_result result;
    add_fault_rows(&rows, target, at);
    suite_begin(&here);
    assert_int_equal(suite_write(&here, target, &rows, 0, FAULT_ROWS, &result),
                     OUTFALL_ERR_DATABASE);
    if (here.error.action != OUTFALL_ACTION_ROW || result.bad_row != bad_row ||
        here.error.row != bad_row)
        fail_msg("%s at %zu: row %lld: %s", why, at, (long long)result.bad_row, here.error.message);
    suite_rollback(&here);
    test_rows_free(&rows);
}

/* What follows goes row by row: see rows_have_their_effect_one_at_a_time. */
static void scatter(outfall_target *target)
{
    test_rows rows;
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"1000", "good"});
    suite_deliver_part(&here, target, &rows, &(suite_part){0});
    test_rows_free(&rows);
}

static void the_row_at_fault_is_known_in_every_mode(void **state)
{
    static const struct {
        const char *why, *make;
        int read_first; /* SQLite reads all the rows before it writes one: there is a trigger. */
    } faults[] = {
        {"a check", "CREATE TABLE t (k INTEGER PRIMARY KEY, w TEXT CHECK (w <> 'bad'))", 0},
        {"another unique index",
         "CREATE TABLE t (k INTEGER PRIMARY KEY, w TEXT UNIQUE); INSERT INTO t VALUES (500, 'bad')",
         0},
        {"a trigger",
         "CREATE TABLE t (k INTEGER PRIMARY KEY, w TEXT); CREATE TRIGGER g BEFORE INSERT ON t "
         "WHEN new.w = 'bad' BEGIN SELECT raise(ABORT, 'bad'); END",
         1},
    };
    static const size_t places[] = {0, 1, 50, FAULT_ROWS - 1};
    (void)state;
    for (size_t i = 0; i < LENGTH(faults); i++) {
        for (uint32_t mode = OUTFALL_MODE_INSERT; mode <= OUTFALL_MODE_IGNORE; mode++) {
            drop_all();
            database_run(here.database, "%s", faults[i].make);
            outfall_target *target = suite_describe_as(&here, "t", &(suite_wanted){.mode = mode});
            for (size_t j = 0; j < LENGTH(places); j++)
                check_fault(faults[i].why, target, places[j],
                            faults[i].read_first ? -1 : (int64_t)places[j]);
            scatter(target);
            int each = mode == OUTFALL_MODE_UPSERT || mode == OUTFALL_MODE_REPLACE;
            for (size_t j = 0; j < LENGTH(places); j++)
                check_fault(faults[i].why, target, places[j],
                            faults[i].read_first && !each ? -1 : (int64_t)places[j]);
            here.driver.target_free(target);
        }
    }
    drop_all();
}

static void a_delete_at_fault_is_known(void **state)
{
    static const char *const clauses[] = {"", "DEFERRABLE INITIALLY DEFERRED"};
    (void)state;
    for (size_t i = 0; i < LENGTH(clauses); i++) {
        test_rows rows;
        outfall_write_result result;
        drop_all();
        database_run(here.database,
                     "CREATE TABLE t (k INTEGER PRIMARY KEY, v); CREATE TABLE log (x REFERENCES t "
                     "(k) %s); INSERT INTO t VALUES (1, 0), (2, 0), (3, 0); INSERT INTO log VALUES "
                     "(2)",
                     clauses[i]);
        outfall_target *target = suite_describe_as(&here, "t", &(suite_wanted){UPSERT});
        test_rows_init(&rows, target);
        for (int k = 1; k <= 3; k++)
            test_rows_add(&rows, (const char *const[]){k == 1 ? "1" : k == 2 ? "2" : "3", NULL});
        suite_begin(&here);
        assert_int_equal(suite_write_part(&here, target, &rows, &(suite_part){.deletion = 1},
                                          suite_deadline(), &result),
                         OUTFALL_ERR_DATABASE);
        assert_int_equal(here.error.action, OUTFALL_ACTION_ROW);
        assert_non_null(strstr(here.error.message, "delete from \"t\": FOREIGN KEY"));
        /* A deferred key is looked at when the batch is done. */
        assert_int_equal(result.bad_row, i == 0 ? 1 : -1);
        suite_rollback(&here);
        test_rows_free(&rows);
        here.driver.target_free(target);
    }
    drop_all();
}

static void a_delete_needs_a_mode_with_a_key(void **state)
{
    test_rows rows;
    outfall_write_result result;
    (void)state;
    drop_all();
    database_run(here.database, "CREATE TABLE t (k INTEGER PRIMARY KEY, v)");
    outfall_target *target = suite_describe(&here, "t", NULL, 0);
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"1", NULL});
    suite_begin(&here);
    assert_int_equal(suite_write_part(&here, target, &rows, &(suite_part){.deletion = 1},
                                      suite_deadline(), &result),
                     OUTFALL_ERR_INVALID);
    suite_rollback(&here);
    test_rows_free(&rows);
    here.driver.target_free(target);
}

/* ---- Changes ---------------------------------------------------------------------- */

static void a_key_that_changes_is_noticed(void **state)
{
    static const struct {
        const char *before, *after;
        int noticed;
    } changes[] = {
        {"CREATE UNIQUE INDEX i ON t (k)", "DROP INDEX i", 1},
        {"CREATE UNIQUE INDEX i ON t (k)",
         "DROP INDEX i; CREATE UNIQUE INDEX i ON t (k COLLATE NOCASE)", 1},
        {"CREATE UNIQUE INDEX i ON t (k)",
         "DROP INDEX i; CREATE UNIQUE INDEX i ON t (k) "
         "WHERE v > 0",
         1},
        {"CREATE UNIQUE INDEX i ON t (k)", "CREATE UNIQUE INDEX j ON t (v)", 1},
        {"CREATE UNIQUE INDEX i ON t (k)", "DROP INDEX i; CREATE UNIQUE INDEX j ON t (k DESC)", 0},
        {"CREATE UNIQUE INDEX i ON t (k)", "CREATE INDEX j ON t (v)", 0},
        {"CREATE UNIQUE INDEX i ON t (k)", "ALTER TABLE t ADD COLUMN x DEFAULT 7", 0},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(changes); i++) {
        test_rows rows;
        drop_all();
        database_run(here.database, "CREATE TABLE t (k TEXT, v); %s", changes[i].before);
        outfall_target *target =
            suite_describe_as(&here, "t", &(suite_wanted){UPSERT, .key = {"k"}});
        test_rows_init(&rows, target);
        test_rows_add(&rows, (const char *const[]){"a", "1"});
        suite_deliver(&here, target, &rows, 0);
        database_run(here.database, "%s", changes[i].after);
        int status = suite_try(&here, target, &rows, suite_deadline());
        if (status != (changes[i].noticed ? OUTFALL_ERR_CHANGED : OUTFALL_OK))
            fail_msg("%s: %d: %s", changes[i].after, status, here.error.message);
        if (changes[i].noticed)
            assert_int_equal(here.error.action, OUTFALL_ACTION_RESTART);
        else
            assert_int_equal(suite_count(&here, "t"), 1);
        test_rows_free(&rows);
        here.driver.target_free(target);
    }
    drop_all();
}

/* A replace has to reset a column that came later. */
static void a_new_column_is_reset_too(void **state)
{
    test_rows rows;
    (void)state;
    drop_all();
    database_run(here.database, "CREATE TABLE t (k TEXT PRIMARY KEY, v)");
    outfall_target *target =
        suite_describe_as(&here, "t", &(suite_wanted){REPLACE, .columns = {"k", "v"}});
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"a", "1"});
    suite_deliver(&here, target, &rows, 0);
    database_run(here.database, "ALTER TABLE t ADD COLUMN x DEFAULT 7; UPDATE t SET x = 8");
    assert_int_equal(suite_try(&here, target, &rows, suite_deadline()), OUTFALL_ERR_CHANGED);
    assert_int_equal(here.error.action, OUTFALL_ACTION_RESTART);
    here.driver.target_free(target);
    target = suite_describe_as(&here, "t", &(suite_wanted){REPLACE, .columns = {"k", "v"}});
    suite_deliver(&here, target, &rows, 0);
    assert_int_equal(database_number(here.database, "SELECT x FROM t"), 7);
    test_rows_free(&rows);
    here.driver.target_free(target);
    drop_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_bytes_decide_they_do),
        cmocka_unit_test(many_rows_have_the_effect_of_each),
        cmocka_unit_test(what_cannot_be_upserted_is_refused_by_name),
        cmocka_unit_test(the_row_at_fault_is_known_in_every_mode),
        cmocka_unit_test(a_delete_at_fault_is_known),
        cmocka_unit_test(a_delete_needs_a_mode_with_a_key),
        cmocka_unit_test(a_key_that_changes_is_noticed),
        cmocka_unit_test(a_new_column_is_reset_too),
    };
    return cmocka_run_group_tests_name("sqlite keys", tests, sqlite_set_up, sqlite_tear_down);
}
