/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in through unixODBC: connecting, and what it tells of tables. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

/* ---- Connecting and describing ------------------------------------------------------------ */

static void a_connection_that_is_refused_says_why(void **state)
{
    static const struct {
        const char *more;
        int code;
    } cases[] = {
        {"FAULT={connect:1:12541};", 12541},
        {"FAULT={nonsense};", 20999},
        {"COLOUR=blue;", 20999},
    };
    struct client client;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(client_connect(&client, cases[i].more), SQL_ERROR);
        assert_int_equal(client_connection_error(&client), cases[i].code);
        assert_null(strstr(client_message, "canary"));
        client_close(&client);
    }
}

static void the_catalog_has_oracles_types(void **state)
{
    static const struct {
        const char *name, *data_type, *type_name, *size, *digits;
    } wants[] = {
        {"n", "3", "NUMBER", "38", "NULL"},
        {"n10", "3", "NUMBER", "10", "0"},
        {"n12", "3", "NUMBER", "12", "-3"},
        {"bf", "7", "BINARY_FLOAT", "7", "NULL"},
        {"bd", "8", "BINARY_DOUBLE", "15", "NULL"},
        {"v", "12", "VARCHAR2", "20", "NULL"},
        {"c", "-1", "CLOB", "2147483647", "NULL"},
        {"r", "-3", "RAW", "16", "NULL"},
        {"b", "-4", "BLOB", "2147483647", "NULL"},
        {"d", "93", "DATE", "19", "0"},
        {"t", "93", "TIMESTAMP(3)", "23", "3"},
        {"z", "93", "TIMESTAMP(6) WITH TIME ZONE", "26", "6"},
    };
    struct client client;
    (void)state;
    client_open(&client, "");
    client_must(&client,
                "CREATE TABLE \"Types\" (\"n\" NUMBER, \"n10\" NUMBER(10), \"n12\" NUMBER(12, -3), "
                "\"bf\" BINARY_FLOAT, \"bd\" BINARY_DOUBLE, \"v\" VARCHAR2(20 CHAR), \"c\" CLOB, "
                "\"r\" RAW(16), \"b\" BLOB, \"d\" DATE, \"t\" TIMESTAMP(3), "
                "\"z\" TIMESTAMP WITH TIME ZONE)");
    assert_int_equal(
        SQLColumnsW(client.statement, NULL, 0, NULL, 0, client_wide("Types"), SQL_NTS, NULL, 0),
        SQL_SUCCESS);
    for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        assert_int_equal(SQLFetch(client.statement), SQL_SUCCESS);
        assert_string_equal(client_cell(&client, 2), "OUTFALL");
        assert_string_equal(client_cell(&client, 4), wants[i].name);
        assert_string_equal(client_cell(&client, 5), wants[i].data_type);
        assert_string_equal(client_cell(&client, 6), wants[i].type_name);
        assert_string_equal(client_cell(&client, 7), wants[i].size);
        assert_string_equal(client_cell(&client, 9), wants[i].digits);
    }
    assert_int_equal(SQLFetch(client.statement), SQL_NO_DATA);
    client_close(&client);
}

static void a_name_of_128_bytes_is_kept_whole(void **state)
{
    struct client client;
    char name[129], text[600];
    SQLSMALLINT count = 0, type = 0;
    SQLWCHAR type_name[16] = {0};
    (void)state;
    memset(name, 'n', 128);
    memcpy(name + 126, "\xC3\xA9", 3);
    client_open(&client, "");
    snprintf(text, sizeof text,
             "CREATE TABLE \"%s\" (\"%s\" NUMBER(4) NOT NULL, \"V\" CLOB, "
             "PRIMARY KEY (\"%s\"))",
             name, name, name);
    client_must(&client, text);
    snprintf(text, sizeof text, "INSERT INTO \"%s\" (\"%s\", \"V\") VALUES (?, ?)", name, name);
    assert_int_equal(client_run_with(&client, text, "1", "a"), 0);
    client_commit(&client);
    assert_int_equal(client_rows_with(&client, name, name, "1"), 1);
    assert_int_equal(
        SQLPrimaryKeysW(client.statement, NULL, 0, NULL, 0, client_wide(name), SQL_NTS),
        SQL_SUCCESS);
    assert_int_equal(SQLFetch(client.statement), SQL_SUCCESS);
    assert_string_equal(client_cell(&client, 3), name);
    assert_string_equal(client_cell(&client, 4), name);
    SQLFreeStmt(client.statement, SQL_CLOSE);
    snprintf(text, sizeof text, "SELECT x.\"V\", x.\"%s\" FROM \"%s\" x WHERE 1 = 0", name, name);
    assert_int_equal(SQLPrepareW(client.statement, client_wide(text), SQL_NTS), SQL_SUCCESS);
    assert_int_equal(SQLNumResultCols(client.statement, &count), SQL_SUCCESS);
    assert_int_equal(count, 2);
    assert_int_equal(SQLDescribeColW(client.statement, 2, NULL, 0, NULL, &type, NULL, NULL, NULL),
                     SQL_SUCCESS);
    assert_int_equal(type, SQL_DECIMAL);
    assert_int_equal(SQLColAttributeW(client.statement, 1, SQL_DESC_TYPE_NAME, type_name,
                                      sizeof type_name, NULL, NULL),
                     SQL_SUCCESS);
    assert_memory_equal(type_name, client_wide("CLOB"), 5 * sizeof(SQLWCHAR));
    client_close(&client);
    client_open(&client, "VERSION=12.01.0000;"); /* Which takes 30 bytes. */
    assert_int_equal(client_run(&client, text), 972);
    client_close(&client);
}

static void the_dictionary_answers(void **state)
{
    struct client client;
    (void)state;
    client_open(&client, "");
    client_must(&client, "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual");
    assert_int_equal(SQLFetch(client.statement), SQL_SUCCESS);
    assert_string_equal(client_cell(&client, 1), "OUTFALL");
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_is_refused_says_why),
        cmocka_unit_test(the_catalog_has_oracles_types),
        cmocka_unit_test(a_name_of_128_bytes_is_kept_whole),
        cmocka_unit_test(the_dictionary_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
