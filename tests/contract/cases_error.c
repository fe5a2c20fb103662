/* SPDX-License-Identifier: Apache-2.0 */
/* Each class of error, provoked on the real server, and what the driver says is to be done. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define TABLE "contract_e"
#define ON(kind) (1u << DATABASE_##kind)
#define SERVERS (ON(POSTGRESQL) | ON(MARIADB))
#define ANYWHERE ~0u

static int is_on(const contract_suite *suite, unsigned databases)
{
    return (databases & 1u << suite->quirks->database) != 0;
}

/* ---- Rows at fault ---------------------------------------------------------------- */

static const struct {
    const char *why;
    unsigned databases;
    const char *before;  /* SQL before the table is made; NULL: none. */
    const char *columns; /* Of the table; the first is the key `id`, the second has the fault. */
    const char *after;   /* SQL after it is made; NULL: none. */
    const char *good, *bad;
    const char *column; /* That the error has to name; NULL: it need not. */
} faults[] = {
    {.why = "unique violation",
     .databases = ANYWHERE,
     .columns = "id INTEGER PRIMARY KEY, v INTEGER UNIQUE",
     .after = "INSERT INTO " TABLE " VALUES (-1, -1)",
     .good = "#",
     .bad = "-1"},
    {.why = "not-null violation",
     .databases = ANYWHERE,
     .columns = "id INTEGER PRIMARY KEY, v INTEGER NOT NULL",
     .good = "#",
     .bad = NULL,
     .column = "v"},
    {.why = "check violation",
     .databases = ANYWHERE,
     .columns = "id INTEGER PRIMARY KEY, v INTEGER CHECK (v >= 0)",
     .good = "#",
     .bad = "-5"},
    {.why = "foreign key violation",
     .databases = ANYWHERE,
     .before = "CREATE TABLE contract_parent (p INTEGER PRIMARY KEY); "
               "INSERT INTO contract_parent VALUES (1)",
     .columns = "id INTEGER PRIMARY KEY, v INTEGER, FOREIGN KEY (v) REFERENCES contract_parent (p)",
     .good = "1",
     .bad = "2"},
    {.why = "text that is too long",
     .databases = SERVERS | ON(ORACLE),
     .columns = "id INTEGER PRIMARY KEY, v VARCHAR(5)",
     .good = "fit",
     .bad = "too long"},
    {.why = "text that is too long, checked by the table",
     .databases = ON(SQLITE),
     .columns = "id INTEGER PRIMARY KEY, v TEXT CHECK (length(v) <= 5)",
     .good = "fit",
     .bad = "too long"},
    {.why = "a number out of range",
     .databases = SERVERS | ON(ORACLE),
     .columns = "id INTEGER PRIMARY KEY, v NUMERIC(6,2)",
     .good = "1234.56",
     .bad = "12345.67"},
    {.why = "an integer out of range",
     .databases = ON(MARIADB),
     .columns = "id INTEGER PRIMARY KEY, v TINYINT UNSIGNED",
     .good = "255",
     .bad = "256"},
    {.why = "a moment out of range",
     .databases = ON(MARIADB),
     .columns = "id INTEGER PRIMARY KEY, v TIMESTAMP(6) NULL",
     .good = "2024-01-31 12:34:56.789",
     .bad = "2400-01-01 00:00:00"},
    {.why = "no label of the enum",
     .databases = ON(MARIADB),
     .columns = "id INTEGER PRIMARY KEY, v ENUM('sad', 'ok')",
     .good = "ok",
     .bad = "glad"},
    {.why = "a character that the column's set does not have",
     .databases = ON(MARIADB),
     .columns = "id INTEGER PRIMARY KEY, v VARCHAR(9) CHARACTER SET latin1",
     .good = "\xC3\xA9",
     .bad = "\xF0\x9F\x90\xA6"},
    {.why = "text that is not JSON",
     .databases = SERVERS,
     .columns = "id INTEGER PRIMARY KEY, v JSON",
     .good = "{\"a\": 1}",
     .bad = "{\"a\": "},
    {.why = "a uuid of no version",
     .databases = ON(MARIADB),
     .columns = "id INTEGER PRIMARY KEY, v UUID",
     .good = "12345678-9abc-4ef0-9234-56789abcdef0",
     .bad = "12345678-9abc-def0-1234-56789abcdef0"},
    {.why = "no partition for the row",
     .databases = ON(MARIADB),
     .columns = "id INTEGER, v INTEGER) PARTITION BY RANGE (v) (PARTITION p VALUES LESS THAN (10)",
     .good = "9",
     .bad = "10"},
    {.why = "a trigger that refuses",
     .databases = ON(MARIADB),
     .columns = "id INTEGER PRIMARY KEY, v INTEGER",
     .after = "CREATE TRIGGER refuse BEFORE INSERT ON " TABLE " FOR EACH ROW IF NEW.v < 0 THEN "
              "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF",
     .good = "1",
     .bad = "-1"},
    {.why = "a trigger that refuses",
     .databases = ON(SQLITE),
     .columns = "id INTEGER PRIMARY KEY, v INTEGER",
     .after = "CREATE TRIGGER refuse BEFORE INSERT ON " TABLE " WHEN NEW.v < 0 BEGIN SELECT "
              "RAISE(ABORT, 'no'); END",
     .good = "1",
     .bad = "-1"},
    {.why = "a trigger that refuses",
     .databases = ON(POSTGRESQL),
     .before = "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF "
               "NEW.v < 0 THEN RAISE EXCEPTION ''no''; END IF; RETURN NEW; END'",
     .columns = "id INTEGER PRIMARY KEY, v INTEGER",
     .after =
         "CREATE TRIGGER refuse BEFORE INSERT ON " TABLE " FOR EACH ROW EXECUTE FUNCTION refuse()",
     .good = "1",
     .bad = "-1"},
    {.why = "no label of the enum",
     .databases = ON(POSTGRESQL),
     .before = "DROP TYPE IF EXISTS contract_mood CASCADE; "
               "CREATE TYPE contract_mood AS ENUM ('sad', 'ok')",
     .columns = "id INTEGER PRIMARY KEY, v contract_mood",
     .good = "ok",
     .bad = "glad"},
    {.why = "a value that the domain refuses",
     .databases = ON(POSTGRESQL),
     .before = "DROP DOMAIN IF EXISTS contract_even CASCADE; "
               "CREATE DOMAIN contract_even AS integer CHECK (VALUE % 2 = 0)",
     .columns = "id INTEGER PRIMARY KEY, v contract_even",
     .good = "4",
     .bad = "5"},
    {.why = "text that the type cannot read",
     .databases = ON(POSTGRESQL),
     .columns = "id INTEGER PRIMARY KEY, v inet",
     .good = "10.0.0.1",
     .bad = "10.0.0.300"},
    {.why = "an array that cannot be read",
     .databases = ON(POSTGRESQL),
     .columns = "id INTEGER PRIMARY KEY, v integer[]",
     .good = "{1,2}",
     .bad = "{1,x}"},
    {.why = "an exclusion constraint",
     .databases = ON(POSTGRESQL),
     .columns = "id INTEGER PRIMARY KEY, v int4range, EXCLUDE USING gist (v WITH &&)",
     .after = "INSERT INTO " TABLE " VALUES (-1, '[1,5)')",
     .good = "empty",
     .bad = "[4,6)"},
    {.why = "a generated column that cannot be computed",
     .databases = ON(POSTGRESQL),
     .columns = "id INTEGER PRIMARY KEY, v INTEGER, g INTEGER GENERATED ALWAYS AS (1 / v) STORED",
     .good = "1",
     .bad = "0"},
    {.why = "no partition for the row",
     .databases = ON(POSTGRESQL),
     .columns = "id INTEGER, v INTEGER) PARTITION BY RANGE (v",
     .after = "CREATE TABLE contract_e1 PARTITION OF " TABLE " FOR VALUES FROM (0) TO (10)",
     .good = "9",
     .bad = "10"},
};

/* `count` rows of which row `at` is bad; a # is the row's number. */
static void make_rows(test_rows *rows, const outfall_target *target, size_t fault, size_t count,
                      size_t at)
{
    test_rows_init(rows, target);
    for (size_t i = 0; i < count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%zu", i);
        const char *value = i == at ? faults[fault].bad : faults[fault].good;
        if (value != NULL && strcmp(value, "#") == 0)
            value = id;
        test_rows_add(rows, (const char *const[]){id, value});
    }
}

static void check_fault(contract_suite *suite, size_t fault, int status, size_t at,
                        const outfall_write_result *result)
{
    const char *why = faults[fault].why;
    if (status == OUTFALL_OK)
        fail_msg("%s: taken", why);
    if (suite->error.action != OUTFALL_ACTION_ROW)
        fail_msg("%s: action %d: %s", why, suite->error.action, suite->error.message);
    if (result->bad_row != -1 && result->bad_row != (int64_t)at)
        fail_msg("%s: row %zu is bad, not %lld", why, at, (long long)result->bad_row);
    if (faults[fault].column != NULL && strcmp(suite->error.column, faults[fault].column) != 0)
        fail_msg("%s: column \"%s\": %s", why, suite->error.column, suite->error.message);
}

/* The neighbours of a bad row land in the same transaction. */
static void try_fault(contract_suite *suite, outfall_target *target, size_t fault, size_t count,
                      size_t at)
{
    test_rows rows;
    outfall_write_result result;
    make_rows(&rows, target, fault, count, at);
    int64_t before = suite_count(suite, TABLE);
    suite_begin(suite);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
    check_fault(suite, fault, suite_write(suite, target, &rows, 0, count, &result), at, &result);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK);
    if (at > 0 && suite_write(suite, target, &rows, 0, at, &result) != OUTFALL_OK)
        fail_msg("%s: before it: %s", faults[fault].why, suite->error.message);
    if (at + 1 < count &&
        suite_write(suite, target, &rows, at + 1, count - at - 1, &result) != OUTFALL_OK)
        fail_msg("%s: behind it: %s", faults[fault].why, suite->error.message);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE);
    suite_commit(suite);
    assert_int_equal(suite_count(suite, TABLE), before + (int64_t)count - 1);
    database_run(suite->database, "DELETE FROM " TABLE " WHERE id >= 0");
    test_rows_free(&rows);
}

static void a_row_that_the_database_refuses_is_at_fault(contract_suite *suite)
{
    static const struct {
        size_t count, at;
    } places[] = {{1, 0}, {100, 0}, {100, 57}, {2000, 1234}, {2000, 1999}};
    for (size_t fault = 0; fault < LENGTH(faults); fault++) {
        if (!is_on(suite, faults[fault].databases))
            continue;
        suite_drop(suite, TABLE);
        suite_drop(suite, "contract_parent");
        if (faults[fault].before != NULL)
            suite_sql(suite, faults[fault].before);
        suite_create_sql(suite, TABLE, faults[fault].columns);
        if (faults[fault].after != NULL)
            suite_sql(suite, faults[fault].after);
        outfall_target *target = suite_describe(suite, TABLE, (const char *const[]){"id", "v"}, 2);
        for (size_t i = 0; i < LENGTH(places); i++)
            try_fault(suite, target, fault, places[i].count, places[i].at);
        suite->driver.target_free(target);
    }
    suite_drop(suite, TABLE);
    suite_drop(suite, "contract_parent");
}

/* ---- Errors that are not a row's --------------------------------------------------- */

/*
 * Raised by a trigger with the server's own code, where the real thing would need a full disk or a
 * second server. cases_session.c has those that can be had.
 */
static const struct {
    const char *why;
    const char *sqlstate; /* PostgreSQL's; NULL: has none. */
    int number;           /* MariaDB's, */
    int oracle;           /* and Oracle's; 0: has none. */
    int action;
} raised[] = {
    {"serialization failure", "40001", 0, 8177, OUTFALL_ACTION_RETRY},
    {"deadlock", "40P01", 1213, 60, OUTFALL_ACTION_RETRY},
    {"lock timeout", "55P03", 1205, 30006, OUTFALL_ACTION_RETRY},
    {"disk full", "53100", 1021, 1653, OUTFALL_ACTION_RETRY},
    {"table full", NULL, 1114, 1536, OUTFALL_ACTION_RETRY},
    {"out of memory", "53200", 1037, 4031, OUTFALL_ACTION_RETRY},
    {"too many connections", "53300", 1040, 12520, OUTFALL_ACTION_RETRY},
    {"statement cancelled", "57014", 1317, 0, OUTFALL_ACTION_RETRY},
    {"statement timeout", NULL, 1969, 0, OUTFALL_ACTION_RETRY},
    {"server shutting down", "57P01", 1053, 1089, OUTFALL_ACTION_RETRY},
    {"connection lost", NULL, 0, 3113, OUTFALL_ACTION_RETRY},
    {"session killed", NULL, 1927, 28, OUTFALL_ACTION_RETRY},
    {"read-only", "25006", 1290, 16000, OUTFALL_ACTION_STOP},
    {"read-only transaction", NULL, 1792, 1456, OUTFALL_ACTION_STOP},
    {"permission denied", "42501", 1142, 1031, OUTFALL_ACTION_STOP},
    {"stack depth exceeded", "54001", 0, 0, OUTFALL_ACTION_STOP},
    {"internal error", "XX000", 1105, 600, OUTFALL_ACTION_STOP},
};

/* The stand-in for Oracle fails every insert of a connection that asks for it. */
static int make_fault(contract_suite *suite, size_t i)
{
    char url[2048];
    outfall_connect_options options = {
        .struct_size = sizeof options, .url = url, .application_name = "contract"};
    if (raised[i].oracle == 0)
        return 0;
    snprintf(url, sizeof url, "%sFAULT={insert:*:%d}", suite->url, raised[i].oracle);
    suite->driver.disconnect(suite->connection);
    suite->connection = NULL;
    expect_ok(suite,
              suite->driver.connect(&options, suite_deadline(), &suite->connection, &suite->error));
    return 1;
}

/* Makes inserts into a new table fail in that way; 0 where the database has no such error. */
static int make_trouble(contract_suite *suite, size_t i)
{
    suite_create_sql(suite, TABLE, "id INTEGER PRIMARY KEY, v INTEGER");
    switch (suite->quirks->database) {
    case DATABASE_MARIADB:
        if (raised[i].number == 0)
            return 0;
        database_run(suite->database,
                     "CREATE TRIGGER raiser BEFORE INSERT ON " TABLE
                     " FOR EACH ROW SIGNAL SQLSTATE "
                     "'HY000' SET MYSQL_ERRNO = %d, MESSAGE_TEXT = 'raised'",
                     raised[i].number);
        return 1;
    case DATABASE_POSTGRESQL:
        if (raised[i].sqlstate == NULL)
            return 0;
        database_run(suite->database,
                     "CREATE OR REPLACE FUNCTION raiser() RETURNS trigger LANGUAGE plpgsql AS "
                     "'BEGIN RAISE EXCEPTION ''raised'' USING ERRCODE = ''%s''; END'; "
                     "CREATE TRIGGER raiser BEFORE INSERT ON " TABLE
                     " FOR EACH ROW EXECUTE FUNCTION raiser()",
                     raised[i].sqlstate);
        return 1;
    case DATABASE_ORACLE:
        return make_fault(suite, i);
    default:
        return 0;
    }
}

/* Writes so many rows into the trouble; the connection then works, or a new one does. */
static void meet_trouble(contract_suite *suite, size_t i, size_t size)
{
    test_rows rows;
    outfall_target *target = suite_describe(suite, TABLE, NULL, 0);
    test_rows_init(&rows, target);
    for (size_t n = 0; n < size; n++)
        test_rows_add(&rows, (const char *const[]){"1", "1"});
    if (suite_try(suite, target, &rows, suite_deadline()) == OUTFALL_OK)
        fail_msg("%s: taken", raised[i].why);
    if (suite->error.action != raised[i].action)
        fail_msg("%s: action %d: %s", raised[i].why, suite->error.action, suite->error.message);
    if (suite->driver.ping(suite->connection, NULL, 0, suite_deadline(), &suite->error) !=
        OUTFALL_OK)
        suite_reconnect(suite);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_servers_trouble_is_no_rows_fault(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    if (suite->quirks->database == DATABASE_SQLITE)
        suite_skip(suite, "a trigger of SQLite cannot raise another error than its own");
    for (size_t i = 0; i < LENGTH(raised); i++)
        for (size_t s = 0; s < LENGTH(sizes); s++)
            if (make_trouble(suite, i))
                meet_trouble(suite, i, sizes[s]);
    suite_drop(suite, TABLE);
}

const contract_case error_cases[] = {
    {"a row that the database refuses is at fault", a_row_that_the_database_refuses_is_at_fault,
     NEEDS_TABLES | NEEDS_SAVEPOINTS},
    {"a server's trouble is no row's fault", a_servers_trouble_is_no_rows_fault, NEEDS_TABLES},
    {NULL, NULL, 0},
};
