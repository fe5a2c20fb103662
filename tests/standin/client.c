/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "odbc/utf16.h"

char client_message[2200], client_state[16];

SQLWCHAR *client_wide(const char *text)
{
    static SQLWCHAR units[16384];
    size_t length = strlen(text);
    assert_true(length < sizeof units / sizeof units[0]);
    units[drv_odbc_to_utf16(text, length, units)] = 0;
    return units;
}

static int native_of(SQLSMALLINT kind, SQLHANDLE handle)
{
    SQLWCHAR text[700], code[6];
    SQLINTEGER native = -1;
    SQLSMALLINT length = 0;
    client_message[0] = client_state[0] = '\0';
    if (!SQL_SUCCEEDED(SQLGetDiagRecW(kind, handle, 1, code, &native, text, 700, &length)))
        return -1;
    client_message[drv_odbc_to_utf8(text, (size_t)length, client_message)] = '\0';
    client_state[drv_odbc_to_utf8(code, 5, client_state)] = '\0';
    return native;
}

int client_error(struct client *client)
{
    return native_of(SQL_HANDLE_STMT, client->statement);
}

int client_connection_error(struct client *client)
{
    return native_of(SQL_HANDLE_DBC, client->connection);
}

SQLRETURN client_connect(struct client *client, const char *more)
{
    char string[1024];
    SQLWCHAR out[16];
    const char *url = getenv("OUTFALL_TEST_ODBC_ORACLE_TCP_URL");
    memset(client, 0, sizeof *client);
    if (!url)
        fail_msg("OUTFALL_TEST_ODBC_ORACLE_TCP_URL is not set: run with_servers.py oracle -- …");
    snprintf(string, sizeof string, "%s%s", url + strlen("odbc:"), more);
    assert_int_equal(SQLAllocHandle(SQL_HANDLE_ENV, NULL, &client->environment), SQL_SUCCESS);
    SQLSetEnvAttr(client->environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, client->environment, &client->connection);
    SQLRETURN code = SQLDriverConnectW(client->connection, NULL, client_wide(string), SQL_NTS, out,
                                       16, NULL, SQL_DRIVER_NOPROMPT);
    if (!SQL_SUCCEEDED(code))
        return code;
    assert_int_equal(SQLSetConnectAttr(client->connection, SQL_ATTR_AUTOCOMMIT,
                                       (SQLPOINTER)SQL_AUTOCOMMIT_OFF, SQL_IS_UINTEGER),
                     SQL_SUCCESS);
    return SQLAllocHandle(SQL_HANDLE_STMT, client->connection, &client->statement);
}

void client_close(struct client *client)
{
    if (client->statement) {
        SQLFreeHandle(SQL_HANDLE_STMT, client->statement);
        SQLEndTran(SQL_HANDLE_DBC, client->connection, SQL_ROLLBACK);
        SQLDisconnect(client->connection);
    }
    SQLFreeHandle(SQL_HANDLE_DBC, client->connection);
    SQLFreeHandle(SQL_HANDLE_ENV, client->environment);
}

void client_open(struct client *client, const char *more)
{
    if (!SQL_SUCCEEDED(client_connect(client, more))) {
        client_connection_error(client);
        fail_msg("%s", client_message);
    }
}

int client_run(struct client *client, const char *text)
{
    SQLFreeStmt(client->statement, SQL_CLOSE);
    if (SQL_SUCCEEDED(SQLExecDirectW(client->statement, client_wide(text), SQL_NTS)))
        return 0;
    return client_error(client);
}

void client_must(struct client *client, const char *text)
{
    if (client_run(client, text) != 0)
        fail_msg("%s\n%s", client_message, text);
}

static void bind_text(struct client *client, SQLUSMALLINT number, SQLSMALLINT sql_type,
                      const char *value, SQLLEN *length)
{
    *length = value ? SQL_NTS : SQL_NULL_DATA;
    assert_int_equal(SQLBindParameter(client->statement, number, SQL_PARAM_INPUT, SQL_C_CHAR,
                                      sql_type, 100, 0, (SQLPOINTER)value, 0, length),
                     SQL_SUCCESS);
}

int client_run_with(struct client *client, const char *text, const char *one, const char *two)
{
    SQLLEN lengths[2];
    SQLFreeStmt(client->statement, SQL_CLOSE);
    if (!SQL_SUCCEEDED(SQLPrepareW(client->statement, client_wide(text), SQL_NTS)))
        return client_error(client);
    bind_text(client, 1, SQL_DECIMAL, one, &lengths[0]);
    bind_text(client, 2, SQL_VARCHAR, two, &lengths[1]);
    if (SQL_SUCCEEDED(SQLExecute(client->statement)))
        return 0;
    return client_error(client);
}

void client_commit(struct client *client)
{
    assert_int_equal(SQLEndTran(SQL_HANDLE_DBC, client->connection, SQL_COMMIT), SQL_SUCCESS);
}

SQLLEN client_affected(struct client *client)
{
    SQLLEN count = -1;
    SQLRowCount(client->statement, &count);
    return count;
}

/* A DELETE that is rolled back: no other statement tells. */
SQLLEN client_rows_with(struct client *client, const char *table, const char *column,
                        const char *value)
{
    char text[400];
    SQLLEN length;
    snprintf(text, sizeof text, "DELETE FROM \"%s\" WHERE \"%s\" = ?", table, column);
    SQLFreeStmt(client->statement, SQL_CLOSE);
    assert_int_equal(SQLPrepareW(client->statement, client_wide(text), SQL_NTS), SQL_SUCCESS);
    bind_text(client, 1, SQL_LONGVARCHAR, value, &length);
    if (!SQL_SUCCEEDED(SQLExecute(client->statement))) {
        client_error(client);
        fail_msg("%s", client_message);
    }
    SQLLEN count = client_affected(client);
    assert_int_equal(SQLEndTran(SQL_HANDLE_DBC, client->connection, SQL_ROLLBACK), SQL_SUCCESS);
    return count;
}

const char *client_cell(struct client *client, SQLUSMALLINT column)
{
    static SQLWCHAR units[300];
    static char text[900];
    SQLLEN length = 0;
    assert_true(SQL_SUCCEEDED(
        SQLGetData(client->statement, column, SQL_C_WCHAR, units, sizeof units, &length)));
    if (length == SQL_NULL_DATA)
        return "NULL";
    text[drv_odbc_to_utf8(units, (size_t)length / sizeof units[0], text)] = '\0';
    return text;
}
