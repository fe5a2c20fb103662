/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/api.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/fail.h"
#include "odbc/fault.h"
#include "odbc/record.h"
#include "odbc/utf16.h"

#define INFO_UNITS 128

/* ODBC takes text by pointers that are not const. */
static SQLCHAR *narrow(const char *text)
{
    return (SQLCHAR *)(uintptr_t)text;
}

/* ---- What is given ---------------------------------------------------------------- */

void drv_odbc_api_info(const outfall_connection *connection, SQLUSMALLINT what, char *out,
                       size_t capacity)
{
    SQLWCHAR units[INFO_UNITS] = {0};
    char text[DRV_ODBC_UTF8_MAX(INFO_UNITS) + 1] = {0};
    SQLSMALLINT bytes = 0;
    SQLRETURN code = connection->narrow
                         ? SQLGetInfo(connection->dbc, what, text, sizeof text - 1, &bytes)
                         : SQLGetInfoW(connection->dbc, what, units, sizeof units, &bytes);
    if (SQL_SUCCEEDED(code) && !connection->narrow)
        text[drv_odbc_to_utf8(units, drv_odbc_units(units, INFO_UNITS), text)] = '\0';
    snprintf(out, capacity, "%s", SQL_SUCCEEDED(code) ? text : "");
}

uint32_t drv_odbc_api_info_short(const outfall_connection *connection, SQLUSMALLINT what)
{
    SQLUSMALLINT number = 0;
    SQLSMALLINT bytes = 0;
    SQLRETURN code = SQLGetInfo(connection->dbc, what, &number, sizeof number, &bytes);
    return SQL_SUCCEEDED(code) ? number : 0;
}

uint32_t drv_odbc_api_info_long(const outfall_connection *connection, SQLUSMALLINT what)
{
    SQLUINTEGER number = 0;
    SQLSMALLINT bytes = 0;
    SQLRETURN code = SQLGetInfo(connection->dbc, what, &number, sizeof number, &bytes);
    return SQL_SUCCEEDED(code) ? number : 0;
}

/* ---- What is taken ---------------------------------------------------------------- */

/* Prepares or runs SQL, once. */
static SQLRETURN send_once(outfall_connection *connection, SQLHSTMT statement, const char *sql,
                           bool prepare)
{
    SQLWCHAR *units = connection->text.units;
    if (connection->narrow)
        return prepare ? SQLPrepare(statement, narrow(sql), SQL_NTS)
                       : SQLExecDirect(statement, narrow(sql), SQL_NTS);
    return prepare ? SQLPrepareW(statement, units, SQL_NTS)
                   : SQLExecDirectW(statement, units, SQL_NTS);
}

/*
 * True where a lock was waited for in vain and there is time left. The database's own wait is kept
 * short, so that the deadline and sever are heeded.
 */
static bool is_busy(const outfall_connection *connection, SQLHSTMT statement)
{
    drv_odbc_record found;
    return connection->dialect != NULL && connection->dialect->busy_code != 0 &&
           !atomic_load(&connection->severed) && drv_now_us() < connection->deadline_us &&
           drv_odbc_record_read(connection, SQL_HANDLE_STMT, statement, 1, &found) &&
           found.native == connection->dialect->busy_code;
}

static int send(outfall_connection *connection, SQLHSTMT statement, const char *sql, bool prepare,
                outfall_error *error)
{
    SQLRETURN code;
    if (!connection->narrow && !drv_odbc_wide_set(&connection->text, sql))
        return drv_fail_nomem(error);
    do {
        code = send_once(connection, statement, sql, prepare);
    } while (code == SQL_ERROR && is_busy(connection, statement));
    if (SQL_SUCCEEDED(code) || code == SQL_NO_DATA)
        return OUTFALL_OK;
    return drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
}

int drv_odbc_api_prepare(outfall_connection *connection, SQLHSTMT statement, const char *sql,
                         outfall_error *error)
{
    return send(connection, statement, sql, true, error);
}

int drv_odbc_api_execute(outfall_connection *connection, SQLHSTMT statement, const char *sql,
                         outfall_error *error)
{
    return send(connection, statement, sql, false, error);
}

/* Catalog, schema and table, in that order; NULL is not given. */
typedef struct names {
    const char *text[3];
    drv_odbc_wide wide[3];
} names;

static SQLRETURN call_wide(SQLHSTMT statement, enum drv_odbc_function function, names *by)
{
    SQLWCHAR *catalog = by->wide[0].units, *schema = by->wide[1].units, *table = by->wide[2].units;
    switch (function) {
    case DRV_ODBC_TABLES:
        return SQLTablesW(statement, catalog, SQL_NTS, schema, SQL_NTS, table, SQL_NTS, NULL, 0);
    case DRV_ODBC_COLUMNS:
        return SQLColumnsW(statement, catalog, SQL_NTS, schema, SQL_NTS, table, SQL_NTS, NULL, 0);
    case DRV_ODBC_PRIMARY_KEYS:
        return SQLPrimaryKeysW(statement, catalog, SQL_NTS, schema, SQL_NTS, table, SQL_NTS);
    case DRV_ODBC_STATISTICS:
        return SQLStatisticsW(statement, catalog, SQL_NTS, schema, SQL_NTS, table, SQL_NTS,
                              SQL_INDEX_UNIQUE, SQL_QUICK);
    default:
        return SQLGetTypeInfoW(statement, SQL_INTEGER);
    }
}

static SQLRETURN call_narrow(SQLHSTMT statement, enum drv_odbc_function function, const names *by)
{
    SQLCHAR *catalog = narrow(by->text[0]), *schema = narrow(by->text[1]);
    SQLCHAR *table = narrow(by->text[2]);
    switch (function) {
    case DRV_ODBC_TABLES:
        return SQLTables(statement, catalog, SQL_NTS, schema, SQL_NTS, table, SQL_NTS, NULL, 0);
    case DRV_ODBC_COLUMNS:
        return SQLColumns(statement, catalog, SQL_NTS, schema, SQL_NTS, table, SQL_NTS, NULL, 0);
    case DRV_ODBC_PRIMARY_KEYS:
        return SQLPrimaryKeys(statement, catalog, SQL_NTS, schema, SQL_NTS, table, SQL_NTS);
    case DRV_ODBC_STATISTICS:
        return SQLStatistics(statement, catalog, SQL_NTS, schema, SQL_NTS, table, SQL_NTS,
                             SQL_INDEX_UNIQUE, SQL_QUICK);
    default:
        return SQLGetTypeInfo(statement, SQL_INTEGER);
    }
}

int drv_odbc_api_catalog(outfall_connection *connection, SQLHSTMT statement,
                         enum drv_odbc_function function, const char *catalog, const char *schema,
                         const char *table, outfall_error *error)
{
    names by = {.text = {catalog, schema, table}};
    bool made = true;
    int status = OUTFALL_OK;
    for (int i = 0; i < 3 && !connection->narrow; i++)
        made = made && (by.text[i] == NULL || drv_odbc_wide_set(&by.wide[i], by.text[i]));
    if (made) {
        SQLRETURN code = connection->narrow ? call_narrow(statement, function, &by)
                                            : call_wide(statement, function, &by);
        if (!SQL_SUCCEEDED(code))
            status = drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
    } else {
        status = drv_fail_nomem(error);
    }
    for (int i = 0; i < 3; i++)
        drv_odbc_wide_free(&by.wide[i]);
    return status;
}

SQLRETURN drv_odbc_api_connect(outfall_connection *connection, const char *string,
                               drv_odbc_wide *wide)
{
    SQLSMALLINT length = 0;
    if (connection->narrow)
        return SQLDriverConnect(connection->dbc, NULL, narrow(string), SQL_NTS, NULL, 0, &length,
                                SQL_DRIVER_NOPROMPT);
    return SQLDriverConnectW(connection->dbc, NULL, wide->units, SQL_NTS, NULL, 0, &length,
                             SQL_DRIVER_NOPROMPT);
}
