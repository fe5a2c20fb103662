/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions. */
#ifndef DRV_ODBC_TRANSACTION_H
#define DRV_ODBC_TRANSACTION_H

#include "odbc/session.h"

int drv_odbc_begin(outfall_connection *connection, const outfall_begin_options *options,
                   int64_t deadline_us, outfall_error *error);
int drv_odbc_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                       outfall_error *error);
int drv_odbc_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int drv_odbc_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int drv_odbc_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

/*
 * With autocommit off any query begins a transaction: these end the one of a call outside of the
 * library's own, in which they do nothing. Within drv_odbc_enter and leave. `status` is the call's:
 * where it is a failure already that stays, and is returned.
 */
int drv_odbc_settle(outfall_connection *connection, int status, outfall_error *error);
int drv_odbc_settle_commit(outfall_connection *connection, outfall_error *error);

#endif
