/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/record.h"

#include <string.h>

#include "odbc/utf16.h"

static bool wide_record(SQLSMALLINT type, SQLHANDLE handle, int number, drv_odbc_record *out)
{
    SQLWCHAR state[6] = {0}, text[DRV_ODBC_RECORD_UNITS] = {0};
    SQLSMALLINT units = 0;
    SQLRETURN code = SQLGetDiagRecW(type, handle, (SQLSMALLINT)number, state, &out->native, text,
                                    DRV_ODBC_RECORD_UNITS, &units);
    if (!SQL_SUCCEEDED(code))
        return false;
    for (int i = 0; i < 5; i++)
        out->sqlstate[i] = state[i] < 0x80 ? (char)state[i] : '?';
    size_t length = drv_odbc_units(text, DRV_ODBC_RECORD_UNITS);
    out->text[drv_odbc_to_utf8(text, length, out->text)] = '\0';
    return true;
}

bool drv_odbc_record_read(const outfall_connection *connection, SQLSMALLINT type, SQLHANDLE handle,
                          int number, drv_odbc_record *out)
{
    SQLSMALLINT bytes = 0;
    memset(out, 0, sizeof *out);
    if (!connection->narrow)
        return wide_record(type, handle, number, out);
    return SQL_SUCCEEDED(SQLGetDiagRec(type, handle, (SQLSMALLINT)number, (SQLCHAR *)out->sqlstate,
                                       &out->native, (SQLCHAR *)out->text,
                                       (SQLSMALLINT)(sizeof out->text - 1), &bytes));
}
