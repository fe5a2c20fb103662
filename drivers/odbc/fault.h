/* SPDX-License-Identifier: Apache-2.0 */
/* Fills an outfall_error from what ODBC reports. */
#ifndef DRV_ODBC_FAULT_H
#define DRV_ODBC_FAULT_H

#include "odbc/session.h"

/*
 * From the diagnostics of a handle (SQL_HANDLE_STMT, SQL_HANDLE_DBC …) after a call that failed;
 * marks the session dead where it is over, and its transaction failed.
 */
int drv_odbc_fail(outfall_connection *connection, SQLSMALLINT type, SQLHANDLE handle,
                  outfall_error *error);

/* The connection is over, for the reason `why`. */
int drv_odbc_fail_lost(outfall_connection *connection, const char *why, outfall_error *error);

/* The deadline passed: the session is cut. */
int drv_odbc_fail_timeout(outfall_connection *connection, outfall_error *error);

/*
 * After SQL_SUCCESS_WITH_INFO: OUTFALL_OK where all diagnostics are mere notes (class 01, nothing
 * cut or rounded), else the first that is not, as drv_odbc_fail has it.
 */
int drv_odbc_fail_notes(outfall_connection *connection, SQLSMALLINT type, SQLHANDLE handle,
                        outfall_error *error);

/* True where the driver knows that its connection is dead; never waits. */
bool drv_odbc_is_lost(const outfall_connection *connection);

/*
 * True where the server has closed its side: what is sent now will not be read. Between statements
 * it has no other reason to. Asks the socket, where that is known.
 */
bool drv_odbc_is_closed(const outfall_connection *connection);

#endif
