/* SPDX-License-Identifier: Apache-2.0 */
/* A diagnostic record: what ODBC says of a call that failed, or that has more to say. */
#ifndef DRV_ODBC_RECORD_H
#define DRV_ODBC_RECORD_H

#include "odbc/session.h"

#define DRV_ODBC_RECORD_UNITS 512 /* Of a diagnostic's text that are looked at. */

typedef struct drv_odbc_record {
    char sqlstate[6];
    SQLINTEGER native;
    char text[3 * DRV_ODBC_RECORD_UNITS + 1];
} drv_odbc_record;

/* Reads record `number` of a handle, from 1. False where there is none. */
bool drv_odbc_record_read(const outfall_connection *connection, SQLSMALLINT type, SQLHANDLE handle,
                          int number, drv_odbc_record *out);

#endif
