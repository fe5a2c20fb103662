/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: opened, asked and set; transactions. */
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "execute.h"
#include "export.h"
#include "wide.h"

STI_EXPORT SQLRETURN SQLDriverConnectW(SQLHDBC handle, SQLHWND window, SQLWCHAR *in,
                                       SQLSMALLINT in_length, SQLWCHAR *out, SQLSMALLINT capacity,
                                       SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    char *string = sti_wide_copy(in, in_length);
    (void)window;
    (void)completion;
    sti_clear(handle);
    if (out && capacity > 0) /* Nothing is completed, and nothing given away. */
        out[0] = 0;
    if (out_length)
        *out_length = 0;
    SQLRETURN code = sti_connect(handle, string);
    free(string);
    return code;
}

STI_EXPORT SQLRETURN SQLDisconnect(SQLHDBC handle)
{
    sti_clear(handle);
    sti_disconnect(handle);
    return SQL_SUCCESS;
}

STI_EXPORT SQLRETURN SQLEndTran(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT completion)
{
    struct sti_connection *connection = handle;
    static const struct sti_failure not_connected = {.code = 3114};
    if (kind != SQL_HANDLE_DBC)
        return sti_report_state(handle, "HYC00", "Optional feature not implemented.");
    sti_clear(connection);
    if (connection->dead)
        return sti_report(connection, &not_connected);
    return sti_end(connection, completion == SQL_COMMIT);
}

STI_EXPORT SQLRETURN SQLSetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                       SQLINTEGER length)
{
    struct sti_connection *connection = handle;
    (void)length;
    sti_clear(connection);
    switch (attribute) {
    case SQL_ATTR_LOGIN_TIMEOUT:
        connection->login_timeout = (SQLULEN)value;
        return SQL_SUCCESS;
    case SQL_ATTR_CONNECTION_TIMEOUT: /* Oracle's driver takes it, and does nothing. */
        return SQL_SUCCESS;
    case SQL_ATTR_TXN_ISOLATION:
        if ((SQLULEN)value == SQL_TXN_READ_COMMITTED)
            return SQL_SUCCESS;
        return sti_report_state(connection, "HYC00", "Optional feature not implemented.");
    case SQL_ATTR_AUTOCOMMIT:
        connection->autocommit = (SQLULEN)value == SQL_AUTOCOMMIT_ON;
        if (SQL_SUCCEEDED(sti_backend()->SQLSetConnectAttr(connection->backend, attribute, value,
                                                           SQL_IS_UINTEGER)))
            return SQL_SUCCESS;
        return sti_report_backend(connection, connection, SQL_HANDLE_DBC, connection->backend,
                                  NULL);
    default:
        return sti_report_state(connection, "HYC00", "Optional feature not implemented.");
    }
}

STI_EXPORT SQLRETURN SQLGetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                       SQLINTEGER capacity, SQLINTEGER *length)
{
    struct sti_connection *connection = handle;
    SQLUINTEGER dead = SQL_CD_FALSE;
    (void)capacity;
    sti_clear(connection);
    if (length)
        *length = sizeof(SQLUINTEGER);
    switch (attribute) {
    case SQL_ATTR_AUTOCOMMIT:
        *(SQLUINTEGER *)value = connection->autocommit ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF;
        return SQL_SUCCESS;
    case SQL_ATTR_CONNECTION_DEAD:
        if (connection->connected)
            sti_backend()->SQLGetConnectAttr(connection->backend, attribute, &dead, 0, NULL);
        *(SQLUINTEGER *)value = connection->dead ? SQL_CD_TRUE : dead;
        return SQL_SUCCESS;
    case SQL_ATTR_TXN_ISOLATION:
        *(SQLUINTEGER *)value = SQL_TXN_READ_COMMITTED;
        return SQL_SUCCESS;
    default:
        return sti_report_state(connection, "HYC00", "Optional feature not implemented.");
    }
}

/* ---- SQLGetInfo --------------------------------------------------------------------------- */

static const struct {
    SQLUSMALLINT type;
    const char *text;
} TEXTS[] = {
    {SQL_DBMS_NAME, "Oracle"},         {SQL_DRIVER_NAME, "liboutfall_oracle_standin.so"},
    {SQL_DRIVER_VER, "19.00.0000"},    {SQL_DRIVER_ODBC_VER, "03.52"},
    {SQL_IDENTIFIER_QUOTE_CHAR, "\""}, {SQL_SEARCH_PATTERN_ESCAPE, "\\"},
    {SQL_SCHEMA_TERM, "Owner"},        {SQL_CATALOG_TERM, ""},
    {SQL_CATALOG_NAME, "N"},           {SQL_CATALOG_NAME_SEPARATOR, ""},
    {SQL_NEED_LONG_DATA_LEN, "N"},     {SQL_DATA_SOURCE_READ_ONLY, "N"},
    {SQL_MULTIPLE_ACTIVE_TXN, "Y"},    {SQL_DESCRIBE_PARAMETER, "N"},
};

static const struct {
    SQLUSMALLINT type;
    SQLUINTEGER value;
    int wide; /* 1: SQLUINTEGER, 0: SQLUSMALLINT */
} NUMBERS[] = {
    {SQL_PARAM_ARRAY_ROW_COUNTS, SQL_PARC_NO_BATCH, 1},
    {SQL_PARAM_ARRAY_SELECTS, SQL_PAS_NO_SELECT, 1},
    {SQL_BATCH_SUPPORT, 0, 1},
    {SQL_GETDATA_EXTENSIONS, 0, 1},
    {SQL_ASYNC_MODE, SQL_AM_NONE, 1},
    {SQL_DEFAULT_TXN_ISOLATION, SQL_TXN_READ_COMMITTED, 1},
    {SQL_TXN_ISOLATION_OPTION, SQL_TXN_READ_COMMITTED | SQL_TXN_SERIALIZABLE, 1},
    {SQL_MAX_STATEMENT_LEN, 0, 1},
    {SQL_SCHEMA_USAGE, SQL_SU_DML_STATEMENTS | SQL_SU_TABLE_DEFINITION, 1},
    {SQL_CATALOG_USAGE, 0, 1},
    {SQL_TXN_CAPABLE, SQL_TC_DDL_COMMIT, 0},
    {SQL_CURSOR_COMMIT_BEHAVIOR, SQL_CB_PRESERVE, 0},
    {SQL_CURSOR_ROLLBACK_BEHAVIOR, SQL_CB_CLOSE, 0},
    {SQL_IDENTIFIER_CASE, SQL_IC_UPPER, 0},
    {SQL_QUOTED_IDENTIFIER_CASE, SQL_IC_SENSITIVE, 0},
    {SQL_MAX_COLUMNS_IN_TABLE, 1000, 0},
    {SQL_MAX_CONCURRENT_ACTIVITIES, 0, 0},
    {SQL_ACTIVE_ENVIRONMENTS, 0, 0},
};

static SQLRETURN give_text(const char *text, SQLPOINTER value, SQLSMALLINT bytes,
                           SQLSMALLINT *length)
{
    SQLRETURN code = SQL_SUCCESS;
    SQLLEN units = sti_wide_give(text, value, bytes / (SQLLEN)sizeof(SQLWCHAR), &code);
    if (length)
        *length = (SQLSMALLINT)(units * (SQLLEN)sizeof(SQLWCHAR));
    return code;
}

static SQLRETURN give_number(SQLUINTEGER number, int wide, SQLPOINTER value, SQLSMALLINT *length)
{
    SQLUSMALLINT narrow = (SQLUSMALLINT)number;
    memcpy(value, wide ? (const void *)&number : &narrow, wide ? sizeof number : sizeof narrow);
    if (length)
        *length = (SQLSMALLINT)(wide ? sizeof number : sizeof narrow);
    return SQL_SUCCESS;
}

STI_EXPORT SQLRETURN SQLGetInfoW(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value,
                                 SQLSMALLINT capacity, SQLSMALLINT *length)
{
    struct sti_connection *connection = handle;
    sti_clear(connection);
    switch (type) {
    case SQL_DBMS_VER:
        return give_text(connection->version, value, capacity, length);
    case SQL_USER_NAME:
        return give_text(connection->user.text, value, capacity, length);
    case SQL_DATABASE_NAME:
    case SQL_SERVER_NAME:
        return give_text(connection->database.text, value, capacity, length);
    case SQL_MAX_COLUMN_NAME_LEN:
    case SQL_MAX_TABLE_NAME_LEN:
    case SQL_MAX_SCHEMA_NAME_LEN:
    case SQL_MAX_IDENTIFIER_LEN:
        return give_number((SQLUINTEGER)connection->identifier_max, 0, value, length);
    default:
        break;
    }
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        if (TEXTS[i].type == type)
            return give_text(TEXTS[i].text, value, capacity, length);
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        if (NUMBERS[i].type == type)
            return give_number(NUMBERS[i].value, NUMBERS[i].wide, value, length);
    return sti_report_state(connection, "HYC00", "Optional feature not implemented.");
}

/* The driver manager takes the wide ones of a driver that has any. */
STI_EXPORT SQLRETURN SQLSetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                        SQLINTEGER length)
{
    return SQLSetConnectAttr(handle, attribute, value, length);
}

STI_EXPORT SQLRETURN SQLGetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                        SQLINTEGER capacity, SQLINTEGER *length)
{
    return SQLGetConnectAttr(handle, attribute, value, capacity, length);
}
