/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ODBC's functions that take or give text, with UTF-8: by the wide functions, or by the narrow ones
 * of a driver that has no others (the driver manager would cut characters to bytes in between).
 */
#ifndef DRV_ODBC_API_H
#define DRV_ODBC_API_H

#include "odbc/session.h"

/* A text of SQLGetInfo; empty where the driver has none. */
void drv_odbc_api_info(const outfall_connection *connection, SQLUSMALLINT what, char *out,
                       size_t capacity);

/* A number of SQLGetInfo, of two or four bytes; 0 where the driver has none. */
uint32_t drv_odbc_api_info_short(const outfall_connection *connection, SQLUSMALLINT what);
uint32_t drv_odbc_api_info_long(const outfall_connection *connection, SQLUSMALLINT what);

/* SQLPrepare and SQLExecDirect, whose SQL_NO_DATA is success. OUTFALL_OK, or the error is filled.
 */
int drv_odbc_api_prepare(outfall_connection *connection, SQLHSTMT statement, const char *sql,
                         outfall_error *error);
int drv_odbc_api_execute(outfall_connection *connection, SQLHSTMT statement, const char *sql,
                         outfall_error *error);

enum drv_odbc_function {
    DRV_ODBC_TABLES,
    DRV_ODBC_COLUMNS,
    DRV_ODBC_PRIMARY_KEYS,
    DRV_ODBC_STATISTICS, /* Unique indexes alone. */
    DRV_ODBC_TYPE_INFO   /* Of no table. */
};

/* Calls a catalog function; NULLs are anything. */
int drv_odbc_api_catalog(outfall_connection *connection, SQLHSTMT statement,
                         enum drv_odbc_function function, const char *catalog, const char *schema,
                         const char *table, outfall_error *error);

/* SQLDriverConnect with a connection string. */
SQLRETURN drv_odbc_api_connect(outfall_connection *connection, const char *string,
                               drv_odbc_wide *wide);

#endif
