/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite driver's pure parts: declared types and result codes. */
#include "sqlite_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "sqlite/action.h"
#include "sqlite/type.h"

static void declared_types_become_columns(void **state)
{
    static const struct {
        const char *declared;
        uint32_t type, flags, precision;
    } cases[] = {
        {"INTEGER", OUTFALL_TYPE_INT64, 0, 0},
        {"int", OUTFALL_TYPE_INT64, 0, 0},
        {"SMALLINT", OUTFALL_TYPE_INT64, 0, 0},
        {"UNSIGNED BIG INT", OUTFALL_TYPE_INT64, 0, 0},
        {"FLOATING POINT", OUTFALL_TYPE_INT64, 0, 0}, /* By SQLite's rules: poINT. */
        {"REAL", OUTFALL_TYPE_FLOAT64, OUTFALL_COLUMN_NO_NAN, 0},
        {"DOUBLE PRECISION", OUTFALL_TYPE_FLOAT64, OUTFALL_COLUMN_NO_NAN, 0},
        {"FLOAT", OUTFALL_TYPE_FLOAT64, OUTFALL_COLUMN_NO_NAN, 0},
        {"TEXT", OUTFALL_TYPE_TEXT, 0, 0},
        {"VARCHAR(64)", OUTFALL_TYPE_TEXT, 0, 0},
        {"NATIVE CHARACTER(70)", OUTFALL_TYPE_TEXT, 0, 0},
        {"CLOB", OUTFALL_TYPE_TEXT, 0, 0},
        {"BLOB", OUTFALL_TYPE_BYTES, 0, 0},
        {"", OUTFALL_TYPE_TEXT, 0, 0},
        {"ANY", OUTFALL_TYPE_TEXT, 0, 0},
        {"STRING", OUTFALL_TYPE_TEXT, 0, 0},
        {"boolean", OUTFALL_TYPE_BOOL, 0, 0},
        {"DATE", OUTFALL_TYPE_DATE, 0, 0},
        {"TIME", OUTFALL_TYPE_TIME, 0, 0},
        {"DATETIME", OUTFALL_TYPE_TIMESTAMP, 0, 0},
        {"timestamp(3)", OUTFALL_TYPE_TIMESTAMP, 0, 0},
        {"TIMESTAMP (6)  WITH  TIME ZONE", OUTFALL_TYPE_TIMESTAMPTZ, 0, 0},
        {"TIMESTAMPTZ", OUTFALL_TYPE_TIMESTAMPTZ, 0, 0},
        {"UUID", OUTFALL_TYPE_UUID, 0, 0},
        {"JSON", OUTFALL_TYPE_JSON, 0, 0},
        {"JSON_TEXT", OUTFALL_TYPE_JSON, 0, 0},
        {"NUMERIC", OUTFALL_TYPE_DECIMAL,
         OUTFALL_COLUMN_APPROXIMATE | OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY, 15},
        {"DECIMAL(10,2)", OUTFALL_TYPE_DECIMAL,
         OUTFALL_COLUMN_APPROXIMATE | OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY, 15},
        {"DECIMAL_TEXT", OUTFALL_TYPE_DECIMAL, 0, 0},
        {"DECIMAL_TEXT(30,5)", OUTFALL_TYPE_DECIMAL, 0, 30},
        {"DECIMAL_TEXT(5,30)", OUTFALL_TYPE_DECIMAL, 0, 0}, /* Makes no sense: no limit. */
        {"a type whose name is so long that no type of ours can be meant by it at all",
         OUTFALL_TYPE_TEXT, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outfall_column column = {.name = "c"};
        lite_type_read(cases[i].declared, 0, &column);
        if (column.type != cases[i].type || column.flags != cases[i].flags ||
            column.precision != cases[i].precision)
            fail_msg("%s: type %u flags %u precision %u", cases[i].declared, column.type,
                     column.flags, column.precision);
    }
}

/* SQLite itself says what it respells: the text is stored and read back. */
static void check_respelling(test_database *database, const char *text)
{
    char *quoted = sqlite3_mprintf("%Q", text);
    database_run(database, "DELETE FROM t; INSERT INTO t VALUES (%s)", quoted);
    int kept = (int)database_number(database, "SELECT CAST(n AS TEXT) = %s FROM t", quoted);
    int respells = lite_type_respells(text, strlen(text));
    sqlite3_free(quoted);
    if (!kept && !respells)
        fail_msg("\"%s\" is changed, which was not foreseen", text);
    /* A refusal without a need; fractions that happen to be kept are refused all the same. */
    if (kept && respells && strchr(text, '.') == NULL)
        fail_msg("\"%s\" is kept, a change was foreseen", text);
}

static void respelling_is_foreseen(void **state)
{
    /* Texts between bars. */
    static const char texts[] =
        "|7|-7|0|-0|007|+7| 7|7 |7\n|1.0|1.5|1e3|1E-3|1e|1e+|.5|5.|.|-|+|| |abc|1a|0x10|inf|nan|1 "
        "2|"
        "--1|1.2.3|999999999999999999|9223372036854775807x|99999999999999999999999|-.5e-7|\t1|1\v|"
        "2024-01-31|12:34:56|infinity|1_000|{\"a\": 1}|null|true|1e999|-1e-999|";
    static const char letters[] = "0123456789.+-eE \tax";
    test_database *database = database_open(DATABASE_SQLITE, "sqlite::memory:");
    uint32_t seed = 1;
    char text[64];
    (void)state;
    database_run(database, "CREATE TABLE t (n NUMERIC)");
    for (const char *at = texts; at[1] != '\0'; at = strchr(at + 1, '|')) {
        size_t length = (size_t)(strchr(at + 1, '|') - at - 1);
        snprintf(text, sizeof text, "%.*s", (int)length, at + 1);
        check_respelling(database, text);
    }
    for (int i = 0; i < 5000; i++) {
        size_t length = (seed = seed * 1664525 + 1013904223) >> 29;
        for (size_t k = 0; k < length; k++) {
            seed = seed * 1664525 + 1013904223;
            text[k] = letters[(seed >> 8) % (sizeof letters - 1)];
        }
        text[length] = '\0';
        check_respelling(database, text);
    }
    database_close(database);
}

static void result_codes_have_actions(void **state)
{
    static const struct {
        int code, system_error, status, action;
    } cases[] = {
        {SQLITE_BUSY, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {SQLITE_BUSY_SNAPSHOT, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {SQLITE_LOCKED_SHAREDCACHE, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {SQLITE_CONSTRAINT_UNIQUE, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {SQLITE_CONSTRAINT_PRIMARYKEY, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {SQLITE_CONSTRAINT_NOTNULL, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {SQLITE_CONSTRAINT_CHECK, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {SQLITE_CONSTRAINT_TRIGGER, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {SQLITE_MISMATCH, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {SQLITE_TOOBIG, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {SQLITE_FULL, 0, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {SQLITE_IOERR_FSYNC, EIO, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {SQLITE_IOERR_SHMSIZE, ENOSPC, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {SQLITE_IOERR_NOMEM, 0, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_RETRY},
        {SQLITE_NOMEM, 0, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_RETRY},
        {SQLITE_READONLY, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {SQLITE_READONLY_DBMOVED, 0, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {SQLITE_CANTOPEN_ISDIR, 0, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP},
        {SQLITE_NOTADB, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {SQLITE_CORRUPT_INDEX, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {SQLITE_SCHEMA, 0, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {SQLITE_INTERRUPT, 0, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY},
        {SQLITE_ERROR, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {SQLITE_MISUSE, 0, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const lite_action *got = lite_action_of(cases[i].code, cases[i].system_error);
        if (got->status != cases[i].status || got->action != cases[i].action)
            fail_msg("code %d: status %d, action %d", cases[i].code, got->status, got->action);
    }
    assert_non_null(strstr(lite_action_of(SQLITE_IOERR_SHMSIZE, ENOSPC)->advice, "disk is full"));
}

static void messages_name_the_column(void **state)
{
    static const struct {
        const char *message, *table, *column;
    } cases[] = {
        {"UNIQUE constraint failed: t.code", "t", "code"},
        {"UNIQUE constraint failed: t.a, t.b", "t", "a"},
        {"UNIQUE constraint failed: t.a, b, t.c", "t", "a, b"},
        {"UNIQUE constraint failed: my.table.a.b", "my.table", "a.b"},
        {"UNIQUE constraint failed: index 'i'", "t", ""},
        {"UNIQUE constraint failed: other.code", "t", ""},
        {"NOT NULL constraint failed: t.n", "t", "n"},
        {"CHECK constraint failed: note <> 'bad'", "t", ""},
        {"FOREIGN KEY constraint failed", "t", ""},
        {"cannot store TEXT value in INTEGER column t.n", "t", "n"},
        {"", "t", ""},
    };
    char column[16];
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        lite_action_column(cases[i].message, cases[i].table, column, sizeof column);
        assert_string_equal(column, cases[i].column);
    }
    lite_action_column("UNIQUE constraint failed: t.a_name_that_is_too_long", "t", column,
                       sizeof column);
    assert_string_equal(column, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_types_become_columns),
        cmocka_unit_test(respelling_is_foreseen),
        cmocka_unit_test(result_codes_have_actions),
        cmocka_unit_test(messages_name_the_column),
    };
    return cmocka_run_group_tests_name("sqlite rules", tests, NULL, NULL);
}
