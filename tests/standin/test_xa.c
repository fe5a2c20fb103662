/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in's DBMS_XA through unixODBC: branches that are really prepared, and its answers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

#define XID "DBMS_XA_XID(20294, HEXTORAW(?), HEXTORAW(?))"
#define START                                                                                      \
    "BEGIN ? := DBMS_XA.XA_START(" XID ", DBMS_XA.TMNOFLAGS); DBMS_SESSION.SET_IDENTIFIER(?); "    \
    "END;"
#define END "BEGIN ? := DBMS_XA.XA_END(" XID ", DBMS_XA.TMSUCCESS); END;"
#define PREPARE "BEGIN ? := DBMS_XA.XA_PREPARE(" XID "); DBMS_SESSION.CLEAR_IDENTIFIER; END;"
#define COMMIT "BEGIN ? := DBMS_XA.XA_COMMIT(" XID ", FALSE); END;"
#define ROLLBACK "BEGIN ? := DBMS_XA.XA_ROLLBACK(" XID "); DBMS_SESSION.CLEAR_IDENTIFIER; END;"
#define LAST "BEGIN ? := DBMS_XA.XA_GETLASTOER(); END;"
#define INSERT "INSERT INTO \"X\" (\"K\", \"V\") VALUES (?, ?)"

/* ORA-NNNNN, as no answer of XA's is. */
#define ORA(number) (1000000 + (number))

static int xa(struct client *client, const char *block, const char *gtrid)
{
    SQLINTEGER answer = -1000;
    SQLLEN told = 0, lengths[3] = {SQL_NTS, SQL_NTS, SQL_NTS};
    const char *const texts[] = {gtrid, "AB", "a.name"};
    SQLFreeStmt(client->statement, SQL_CLOSE);
    SQLFreeStmt(client->statement, SQL_RESET_PARAMS);
    SQLBindParameter(client->statement, 1, SQL_PARAM_OUTPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0,
                     &answer, sizeof answer, &told);
    for (SQLUSMALLINT i = 0; i < 3; i++)
        SQLBindParameter(client->statement, i + 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 128, 0,
                         (SQLPOINTER)(uintptr_t)texts[i], 0, &lengths[i]);
    SQLRETURN code = SQLExecDirectW(client->statement, client_wide(block), SQL_NTS);
    if (!SQL_SUCCEEDED(code))
        return ORA(client_error(client));
    SQLFreeStmt(client->statement, SQL_RESET_PARAMS);
    assert_int_equal(told, sizeof answer);
    return answer;
}

static void insert(struct client *client, const char *key)
{
    SQLFreeStmt(client->statement, SQL_RESET_PARAMS);
    if (client_run_with(client, INSERT, key, "x") != 0)
        fail_msg("%s", client_message);
}

static int rows_of(struct client *client)
{
    int count = 0;
    SQLFreeStmt(client->statement, SQL_RESET_PARAMS);
    client_must(client, "SELECT RAWTOHEX(globalid) FROM dba_pending_transactions");
    while (SQLFetch(client->statement) == SQL_SUCCESS)
        count++;
    SQLFreeStmt(client->statement, SQL_CLOSE);
    SQLEndTran(SQL_HANDLE_DBC, client->connection, SQL_ROLLBACK);
    return count;
}

static void open_two(struct client *one, struct client *two, const char *more)
{
    client_open(one, more);
    client_open(two, "");
    (void)client_run(one, "CREATE TABLE \"X\" (\"K\" NUMBER(10) NOT NULL, \"V\" VARCHAR2(5 CHAR), "
                          "PRIMARY KEY (\"K\"))");
}

static void a_branch_is_prepared_and_ended_by_any_session(void **state)
{
    struct client one, two;
    (void)state;
    open_two(&one, &two, "");
    for (int commit = 0; commit < 2; commit++) {
        assert_int_equal(xa(&one, START, "01"), 0);
        insert(&one, "1");
        assert_int_equal(xa(&two, START, "01"), -8);  /* Its name is taken, */
        assert_int_equal(xa(&two, COMMIT, "01"), -6); /* and it is still written. */
        assert_int_equal(xa(&one, PREPARE, "01"), -6);
        assert_int_equal(xa(&one, COMMIT, "01"), -6);
        assert_int_equal(xa(&one, END, "02"), -4);
        assert_int_equal(xa(&one, END, "01"), 0);
        assert_int_equal(xa(&one, END, "01"), -6);
        assert_int_equal(xa(&one, PREPARE, "01"), 0);
        assert_int_equal(rows_of(&two), 1);
        assert_int_equal(xa(&two, START, "01"), -8);
        assert_int_equal(client_rows_with(&two, "X", "V", "x"), 0);
        assert_int_equal(xa(&two, commit ? COMMIT : ROLLBACK, "01"), 0);
        assert_int_equal(xa(&one, COMMIT, "01"), -4);
        assert_int_equal(xa(&two, ROLLBACK, "01"), -4);
        assert_int_equal(client_rows_with(&two, "X", "V", "x"), commit);
    }
    client_must(&one, "CREATE TABLE \"Y\" (\"K\" NUMBER(10))"); /* The session is as ever. */
    client_close(&one);
    client_close(&two);
}

static void what_wrote_nothing_is_read_only(void **state)
{
    struct client client;
    (void)state;
    client_open(&client, "");
    assert_int_equal(xa(&client, START, "03"), 0);
    assert_int_equal(xa(&client, END, "03"), 0);
    assert_int_equal(xa(&client, PREPARE, "03"), 3);
    assert_int_equal(xa(&client, COMMIT, "03"), -4);
    assert_int_equal(rows_of(&client), 0);
    client_close(&client);
}

/* Between START and END the session ends no transaction; within one of its own it starts none. */
static void a_session_is_in_one_transaction(void **state)
{
    struct client one, two;
    (void)state;
    open_two(&one, &two, "");
    insert(&one, "7");
    assert_int_equal(xa(&one, START, "04"), -9);
    SQLEndTran(SQL_HANDLE_DBC, one.connection, SQL_ROLLBACK);
    assert_int_equal(xa(&one, START, "04"), 0);
    assert_int_equal(xa(&one, START, "05"), -6);
    insert(&one, "7");
    for (int commit = 0; commit < 2; commit++) {
        assert_int_equal(
            SQLEndTran(SQL_HANDLE_DBC, one.connection, commit ? SQL_COMMIT : SQL_ROLLBACK),
            SQL_ERROR);
        assert_int_equal(client_connection_error(&one), 2089);
    }
    assert_int_equal(client_run(&one, "CREATE TABLE \"Z\" (\"K\" NUMBER(10))"), 2089);
    client_must(&one, "SAVEPOINT outfall");
    insert(&one, "8");
    client_must(&one, "ROLLBACK TO SAVEPOINT outfall");
    assert_int_equal(xa(&one, END, "04"), 0);
    assert_int_equal(xa(&one, PREPARE, "04"), 0);
    assert_int_equal(xa(&two, COMMIT, "04"), 0);
    assert_int_equal(client_rows_with(&two, "X", "K", "7"), 1);
    assert_int_equal(client_rows_with(&two, "X", "K", "8"), 0);
    client_close(&one);
    client_close(&two);
}

static void an_answer_can_be_put_in(void **state)
{
    struct client one, two;
    (void)state;
    open_two(&one, &two,
             "FAULT={#xa;xa_start:2:=-9;xa_prepare:1:=104;xa_prepare:2:=-3/1591:after;"
             "xa_commit:1:=6;xa_commit:2:=101;xa_end:3:24761}");
    assert_int_equal(xa(&one, START, "06"), 0);
    insert(&one, "11");
    assert_int_equal(xa(&one, END, "06"), 0);
    assert_int_equal(xa(&one, PREPARE, "06"), 104); /* It is rolled back, */
    assert_int_equal(rows_of(&two), 0);
    assert_int_equal(xa(&one, START, "06"), -9);
    assert_int_equal(xa(&one, START, "06"), 0); /* and its name is free. */
    insert(&one, "11");
    assert_int_equal(xa(&one, END, "06"), 0);
    assert_int_equal(xa(&one, PREPARE, "06"), -3); /* It is prepared all the same. */
    assert_int_equal(rows_of(&two), 1);
    assert_int_equal(xa(&one, COMMIT, "06"), 6); /* As it was, */
    assert_int_equal(rows_of(&two), 1);
    assert_int_equal(xa(&one, COMMIT, "06"), 101); /* and rolled back now. */
    assert_int_equal(rows_of(&two), 0);
    assert_int_equal(xa(&one, START, "06"), 0);
    assert_int_equal(xa(&one, END, "06"), ORA(24761));
    client_close(&one);
    client_close(&two);
}

static void the_error_behind_an_answer_is_told(void **state)
{
    struct client client;
    (void)state;
    client_open(&client, "FAULT={xa_commit:1:=-3/1031}");
    assert_int_equal(xa(&client, COMMIT, "07"), -3);
    assert_int_equal(xa(&client, LAST, "07"), 1031);
    assert_int_equal(xa(&client, COMMIT, "07"), -4);
    assert_int_equal(xa(&client, LAST, "07"), 0);
    client_close(&client);
}

static void a_name_is_looked_at(void **state)
{
    struct client client;
    char longest[131];
    (void)state;
    client_open(&client, "");
    memset(longest, 'A', sizeof longest);
    longest[130] = '\0';
    assert_int_equal(xa(&client, START, longest), -5);
    assert_int_equal(xa(&client, START, ""), -5);
    assert_int_equal(xa(&client, START, "ABC"), -5);
    assert_int_equal(xa(&client, START, "AG"), ORA(1465));
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_branch_is_prepared_and_ended_by_any_session),
        cmocka_unit_test(what_wrote_nothing_is_read_only),
        cmocka_unit_test(a_session_is_in_one_transaction),
        cmocka_unit_test(an_answer_can_be_put_in),
        cmocka_unit_test(the_error_behind_an_answer_is_told),
        cmocka_unit_test(a_name_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
