/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in through unixODBC, as the driver uses it: what it stores, and what it refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

#define MERGE(table)                                                                               \
    "MERGE INTO \"" table "\" t USING (SELECT ? AS \"K\", ? AS \"V\" FROM dual) s "                \
    "ON (t.\"K\" = s.\"K\") WHEN MATCHED THEN UPDATE SET \"V\" = s.\"V\" "                         \
    "WHEN NOT MATCHED THEN INSERT (\"K\", \"V\") VALUES (s.\"K\", s.\"V\")"
#define INSERT(table) "INSERT INTO \"" table "\" (\"K\", \"V\") VALUES (?, ?)"

/* ---- Rows --------------------------------------------------------------------------------- */

static void an_array_is_merged_row_after_row(void **state)
{
    struct client client;
    char keys[4][4] = {"1", "2", "1", "3"}, values[4][4] = {"a", "b", "c", ""};
    SQLLEN key_lengths[4] = {1, 1, 1, 1}, value_lengths[4] = {1, 1, 1, 0};
    SQLUSMALLINT status[4];
    SQLULEN processed = 0;
    (void)state;
    client_open(&client, "");
    client_must(&client, "CREATE TABLE \"A\" (\"K\" NUMBER(10) NOT NULL, \"V\" VARCHAR2(5 CHAR), "
                         "PRIMARY KEY (\"K\"))");
    SQLHSTMT statement = client.statement;
    SQLSetStmtAttr(statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)4, 0);
    SQLSetStmtAttr(statement, SQL_ATTR_PARAM_STATUS_PTR, status, 0);
    SQLSetStmtAttr(statement, SQL_ATTR_PARAMS_PROCESSED_PTR, &processed, 0);
    assert_int_equal(SQLPrepareW(statement, client_wide(MERGE("A")), SQL_NTS), SQL_SUCCESS);
    SQLBindParameter(statement, 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_DECIMAL, 10, 0, keys, 4,
                     key_lengths);
    SQLBindParameter(statement, 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 5, 0, values, 4,
                     value_lengths);
    assert_int_equal(SQLExecute(statement), SQL_SUCCESS);
    assert_int_equal(client_affected(&client), 4);
    assert_int_equal(processed, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(status[i], SQL_PARAM_SUCCESS);
    client_commit(&client);
    /* A row that fails ends it; those before it stay. */
    memcpy(keys,
           "9\0\0\0x\0\0\0"
           "8\0\0\0"
           "7\0\0",
           sizeof keys);
    assert_int_equal(SQLExecute(statement), SQL_ERROR);
    assert_int_equal(client_error(&client), 1722);
    assert_int_equal(processed, 2);
    assert_int_equal(status[0], SQL_PARAM_SUCCESS);
    assert_int_equal(status[1], SQL_PARAM_ERROR);
    assert_int_equal(status[2], SQL_PARAM_UNUSED);
    client_commit(&client);
    SQLSetStmtAttr(statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)1, 0);
    SQLSetStmtAttr(statement, SQL_ATTR_PARAM_STATUS_PTR, NULL, 0);
    SQLSetStmtAttr(statement, SQL_ATTR_PARAMS_PROCESSED_PTR, NULL, 0);
    assert_int_equal(client_rows_with(&client, "A", "V", "a"), 1); /* Of the key 9. */
    assert_int_equal(client_rows_with(&client, "A", "V", "c"), 1); /* The last of the key 1. */
    assert_int_equal(client_rows_with(&client, "A", "K", "8"), 0);
    client_close(&client);
}

/* ---- Errors ------------------------------------------------------------------------------- */

static const struct {
    const char *why;
    const char *text, *key, *value;
    int code;
    const char *in_message;
} ROWS[] = {
    {"a row", INSERT("R"), "1", "one", 0, NULL},
    {"its key again", INSERT("R"), "1", "two", 1, "unique constraint (OUTFALL."},
    {"no key", INSERT("R"), NULL, "x", 1400, "cannot insert NULL into (\"OUTFALL\".\"R\".\"K\")"},
    {"an empty text is NULL", INSERT("R"), "2", "", 1400, "\"OUTFALL\".\"R\".\"V\""},
    {"a text too long", INSERT("R"), "2", "123456", 12899, "(actual: 6, maximum: 5)"},
    {"blanks are not cut", INSERT("R"), "2", "12345 ", 12899, "\"OUTFALL\".\"R\".\"V\""},
    {"characters count, not bytes", INSERT("R"), "2", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 0,
     NULL},
    {"a number too large", INSERT("R"), "12345", "x", 1438, NULL},
    {"no number", INSERT("R"), "NaN", "x", 1722, NULL},
    {"no such table", INSERT("S"), "1", "x", 942, NULL},
    {"no such column", "INSERT INTO \"R\" (\"K\", \"W\") VALUES (?, ?)", "1", "x", 904, "\"W\""},
    {"a table in lower case", INSERT("r"), "1", "x", 942, NULL},
    {"a syntax error", "INSERT INTO \"R\" (\"K\", \"V\") VALUES (?, ?", "1", "x", 907, NULL},
    {"a merge of it", MERGE("R"), "1", "three", 0, NULL},
    {"a merge that is too long", MERGE("R"), "1", "123456", 12899, NULL},
};

static void a_row_gets_oracles_error(void **state)
{
    struct client client;
    (void)state;
    client_open(&client, "");
    client_must(&client,
                "CREATE TABLE \"R\" (\"K\" NUMBER(4) NOT NULL, \"V\" VARCHAR2(5 CHAR) NOT NULL, "
                "PRIMARY KEY (\"K\"))");
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        int code = client_run_with(&client, ROWS[i].text, ROWS[i].key, ROWS[i].value);
        if (code != ROWS[i].code)
            fail_msg("%s: %d, not %d: %s", ROWS[i].why, code, ROWS[i].code, client_message);
        if (ROWS[i].in_message && !strstr(client_message, ROWS[i].in_message))
            fail_msg("%s: %s", ROWS[i].why, client_message);
    }
    client_commit(&client); /* What failed took nothing else with it. */
    assert_int_equal(client_rows_with(&client, "R", "V", "three"), 1);
    client_close(&client);
}

static void what_oracle_would_change_in_silence_is_refused(void **state)
{
    struct client client;
    SQLLEN length = 0;
    SQL_TIMESTAMP_STRUCT moment = {2024, 1, 31, 12, 30, 15, 500000000};
    char digits[64];
    (void)state;
    client_open(&client, "");
    client_must(&client, "CREATE TABLE \"C\" (\"K\" NUMBER, \"V\" CLOB, \"D\" DATE)");
    memset(digits, '7', sizeof digits);
    digits[38] = '\0';
    assert_int_equal(client_run_with(&client, INSERT("C"), digits, "x"), 0);
    digits[38] = '7';
    digits[39] = '\0';
    assert_int_equal(client_run_with(&client, INSERT("C"), digits, "x"), 20999);
    /* A point in text is a point only where the session says so. */
    client_must(&client, "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = ',.'");
    assert_int_equal(
        client_run_with(&client, "INSERT INTO \"C\" (\"V\", \"K\") VALUES (?, ?)", "x", "1.5"),
        1722);
    client_must(&client, "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,'");
    assert_int_equal(
        client_run_with(&client, "INSERT INTO \"C\" (\"V\", \"K\") VALUES (?, ?)", "x", "1.5"), 0);
    SQLFreeStmt(client.statement, SQL_RESET_PARAMS);
    SQLPrepareW(client.statement, client_wide("INSERT INTO \"C\" (\"D\") VALUES (?)"), SQL_NTS);
    SQLBindParameter(client.statement, 1, SQL_PARAM_INPUT, SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP,
                     26, 6, &moment, 0, &length);
    assert_int_equal(SQLExecute(client.statement), SQL_ERROR);
    assert_int_equal(client_error(&client), 20999);
    moment.fraction = 0;
    assert_int_equal(SQLExecute(client.statement), SQL_SUCCESS);
    moment.year = 0;
    assert_int_equal(SQLExecute(client.statement), SQL_ERROR);
    assert_int_equal(client_error(&client), 1841);
    client_close(&client);
}

static void a_long_text_in_a_merge_has_to_be_a_lob(void **state)
{
    struct client client;
    char *text = malloc(5001);
    SQLLEN key_length = SQL_NTS, length = 5000;
    (void)state;
    memset(text, 'x', 5001);
    text[5000] = '\0';
    client_open(&client, "");
    client_must(&client,
                "CREATE TABLE \"L\" (\"K\" NUMBER(4) NOT NULL, \"V\" CLOB, PRIMARY KEY (\"K\"))");
    assert_int_equal(client_run_with(&client, MERGE("L"), "1", text), 1461);
    assert_int_equal(client_run_with(&client, INSERT("L"), "2", text), 0);
    SQLPrepareW(client.statement, client_wide(MERGE("L")), SQL_NTS);
    SQLBindParameter(client.statement, 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_DECIMAL, 4, 0, "1", 0,
                     &key_length);
    SQLBindParameter(client.statement, 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_LONGVARCHAR, 5000, 0,
                     text, 0, &length);
    assert_int_equal(SQLExecute(client.statement), SQL_SUCCESS);
    /* A CLOB is compared with nothing. */
    assert_int_equal(
        client_run_with(&client, "DELETE FROM \"L\" WHERE \"K\" = ? AND \"V\" = ?", "1", "x"), 932);
    client_close(&client);
    free(text);
}

static void wide_characters_are_text_too(void **state)
{
    struct client client;
    SQLWCHAR values[2][8] = {{0xd83d, 0xdc26, 'x', 0}, {0}};
    SQLLEN lengths[2] = {6, 0}, key_lengths[2] = {1, 1};
    (void)state;
    client_open(&client, "");
    client_must(&client, "CREATE TABLE \"U\" (\"K\" NUMBER(4), \"V\" VARCHAR2(2 CHAR))");
    SQLPrepareW(client.statement, client_wide(INSERT("U")), SQL_NTS);
    SQLSetStmtAttr(client.statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)2, 0);
    SQLBindParameter(client.statement, 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_DECIMAL, 4, 0, "12", 1,
                     key_lengths);
    SQLBindParameter(client.statement, 2, SQL_PARAM_INPUT, SQL_C_WCHAR, SQL_WVARCHAR, 2, 0, values,
                     sizeof values[0], lengths);
    assert_int_equal(SQLExecute(client.statement), SQL_SUCCESS);
    client_commit(&client);
    SQLSetStmtAttr(client.statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)1, 0);
    assert_int_equal(client_rows_with(&client, "U", "V", "\xF0\x9F\x90\xA6x"), 1);
    assert_int_equal(client_rows_with(&client, "U", "K", "2"), 1);
    client_close(&client);
}

static void sixty_four_bit_integers_are_unknown(void **state)
{
    struct client client;
    SQLBIGINT value = 1;
    (void)state;
    client_open(&client, "");
    assert_int_equal(SQLBindParameter(client.statement, 1, SQL_PARAM_INPUT, SQL_C_SBIGINT,
                                      SQL_BIGINT, 0, 0, &value, 0, NULL),
                     SQL_ERROR);
    assert_int_equal(client_error(&client), 0);
    assert_string_equal(client_state, "HY004");
    assert_non_null(strstr(client_message, "Invalid SQL data type <-25>"));
    client_close(&client);
}

/* ---- Transactions ------------------------------------------------------------------------- */

static void a_savepoint_is_gone_back_to(void **state)
{
    struct client client;
    (void)state;
    client_open(&client, "");
    client_must(&client, "CREATE TABLE \"P\" (\"K\" NUMBER(4), \"V\" VARCHAR2(5 CHAR))");
    assert_int_equal(client_run_with(&client, INSERT("P"), "1", "a"), 0);
    client_must(&client, "SAVEPOINT outfall");
    assert_int_equal(client_run_with(&client, INSERT("P"), "2", "b"), 0);
    client_must(&client, "ROLLBACK TO SAVEPOINT outfall");
    assert_int_equal(client_run_with(&client, INSERT("P"), "3", "c"), 0);
    client_commit(&client);
    assert_int_equal(client_rows_with(&client, "P", "K", "1"), 1);
    assert_int_equal(client_rows_with(&client, "P", "K", "2"), 0);
    assert_int_equal(client_rows_with(&client, "P", "K", "3"), 1);
    assert_int_equal(client_run(&client, "ROLLBACK TO SAVEPOINT outfall"), 1086);
    client_close(&client);
}

static void a_write_with_autocommit_on_is_refused(void **state)
{
    struct client client;
    (void)state;
    client_open(&client, "");
    client_must(&client, "CREATE TABLE \"W\" (\"K\" NUMBER(4), \"V\" VARCHAR2(5 CHAR))");
    SQLSetConnectAttr(client.connection, SQL_ATTR_AUTOCOMMIT, (SQLPOINTER)SQL_AUTOCOMMIT_ON,
                      SQL_IS_UINTEGER);
    assert_int_equal(client_run_with(&client, INSERT("W"), "1", "a"), 20999);
    assert_non_null(strstr(client_message, "autocommit"));
    client_close(&client);
}

static void ddl_commits_what_is_open(void **state)
{
    struct client client;
    (void)state;
    client_open(&client, "");
    client_must(&client, "CREATE TABLE \"D1\" (\"K\" NUMBER(4), \"V\" VARCHAR2(5 CHAR))");
    assert_int_equal(client_run_with(&client, INSERT("D1"), "1", "a"), 0);
    client_must(&client, "CREATE TABLE \"D2\" (\"K\" DATE)");
    SQLEndTran(SQL_HANDLE_DBC, client.connection, SQL_ROLLBACK);
    assert_int_equal(client_rows_with(&client, "D1", "K", "1"), 1);
    assert_int_equal(client_run(&client, "CREATE TABLE \"D2\" (\"K\" DATE)"), 955);
    client_close(&client);
}

static void the_time_zone_outlives_a_rollback(void **state)
{
    struct client client;
    SQL_TIMESTAMP_STRUCT moment = {2024, 7, 1, 12, 0, 0, 0};
    SQLLEN length = 0;
    (void)state;
    client_open(&client, "");
    client_must(&client,
                "CREATE TABLE \"Z\" (\"T\" TIMESTAMP(6) WITH TIME ZONE, \"D\" VARCHAR2(40 CHAR))");
    client_must(&client, "ALTER SESSION SET TIME_ZONE = '+00:00'");
    SQLEndTran(SQL_HANDLE_DBC, client.connection, SQL_ROLLBACK);
    SQLPrepareW(client.statement, client_wide("INSERT INTO \"Z\" (\"T\") VALUES (?)"), SQL_NTS);
    SQLBindParameter(client.statement, 1, SQL_PARAM_INPUT, SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP,
                     26, 6, &moment, 0, &length);
    assert_int_equal(SQLExecute(client.statement), SQL_SUCCESS);
    client_commit(&client);
    client_must(&client,
                "ALTER SESSION SET NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6 TZH:TZM'");
    assert_int_equal(client_rows_with(&client, "Z", "T", "2024-07-01 12:00:00.000000 +00:00"), 1);
    client_close(&client);
}

/* ---- Scripts ------------------------------------------------------------------------------ */

static void a_scripted_error_comes_when_it_is_due(void **state)
{
    struct client client;
    (void)state;
    client_open(&client, "FAULT={insert:2:60;row:3:1};");
    client_must(&client, "CREATE TABLE \"F\" (\"K\" NUMBER(4), \"V\" VARCHAR2(5 CHAR))");
    assert_int_equal(client_run_with(&client, INSERT("F"), "1", "a"), 0);
    assert_int_equal(client_run_with(&client, INSERT("F"), "2", "a"), 60);
    assert_int_equal(client_run_with(&client, INSERT("F"), "3", "a"), 0);
    assert_int_equal(client_run_with(&client, INSERT("F"), "4", "a"), 1);
    client_commit(&client);
    assert_int_equal(client_rows_with(&client, "F", "V", "a"), 2);
    client_close(&client);
}

static void a_lost_session_is_lost(void **state)
{
    struct client client;
    SQLUINTEGER dead = SQL_CD_FALSE;
    (void)state;
    client_open(&client, "FAULT={insert:2:3113};");
    client_must(&client, "CREATE TABLE \"G\" (\"K\" NUMBER(4), \"V\" VARCHAR2(5 CHAR))");
    assert_int_equal(client_run_with(&client, INSERT("G"), "1", "a"), 0);
    assert_int_equal(client_run_with(&client, INSERT("G"), "2", "a"), 3113);
    assert_string_equal(client_state, "08S01");
    SQLGetConnectAttr(client.connection, SQL_ATTR_CONNECTION_DEAD, &dead, 0, NULL);
    assert_int_equal(dead, SQL_CD_TRUE);
    assert_int_equal(SQLEndTran(SQL_HANDLE_DBC, client.connection, SQL_COMMIT), SQL_ERROR);
    assert_int_equal(client_connection_error(&client), 3114);
    client_close(&client);
    client_open(&client, "");
    assert_int_equal(client_rows_with(&client, "G", "V", "a"), 0);
    client_close(&client);
}

static void a_lost_commit_may_have_been_done(void **state)
{
    static const struct {
        const char *why, *script, *key;
        SQLLEN rows;
    } cases[] = {
        {"before it", "FAULT={#H;commit:2:3113};", "1", 0},
        {"after it", "FAULT={#H;commit:2:3113:after};", "2", 1},
    };
    struct client client;
    (void)state;
    client_open(&client, "");
    client_must(&client, "CREATE TABLE \"H\" (\"K\" NUMBER(4), \"V\" VARCHAR2(5 CHAR))");
    client_close(&client);
    for (size_t i = 0; i < 2; i++) {
        client_open(&client, cases[i].script);
        client_commit(&client);
        assert_int_equal(client_run_with(&client, INSERT("H"), cases[i].key, "a"), 0);
        assert_int_equal(SQLEndTran(SQL_HANDLE_DBC, client.connection, SQL_COMMIT), SQL_ERROR);
        assert_int_equal(client_connection_error(&client), 3113);
        client_close(&client);
        client_open(&client, "");
        if (client_rows_with(&client, "H", "K", cases[i].key) != cases[i].rows)
            fail_msg("%s", cases[i].why);
        client_close(&client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_is_merged_row_after_row),
        cmocka_unit_test(a_row_gets_oracles_error),
        cmocka_unit_test(what_oracle_would_change_in_silence_is_refused),
        cmocka_unit_test(a_long_text_in_a_merge_has_to_be_a_lob),
        cmocka_unit_test(wide_characters_are_text_too),
        cmocka_unit_test(sixty_four_bit_integers_are_unknown),
        cmocka_unit_test(a_savepoint_is_gone_back_to),
        cmocka_unit_test(a_write_with_autocommit_on_is_refused),
        cmocka_unit_test(ddl_commits_what_is_open),
        cmocka_unit_test(the_time_zone_outlives_a_rollback),
        cmocka_unit_test(a_scripted_error_comes_when_it_is_due),
        cmocka_unit_test(a_lost_session_is_lost),
        cmocka_unit_test(a_lost_commit_may_have_been_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
