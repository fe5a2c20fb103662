/* SPDX-License-Identifier: Apache-2.0 */
/* What every call of the driver does first and last. */
#ifndef DRV_ODBC_CALL_H
#define DRV_ODBC_CALL_H

#include "odbc/session.h"

/*
 * Starts a call: nothing is sent on a dead session or after the deadline. SIGPIPE is blocked until
 * drv_odbc_leave, for a client library that writes to a socket that is shut. `doing` and `subject`
 * are for messages and must live until then.
 */
int drv_odbc_enter(outfall_connection *connection, const char *doing, const char *subject,
                   int64_t deadline_us, outfall_error *error);

/* Ends a call; legal after a drv_odbc_enter that failed. Returns `status`. */
int drv_odbc_leave(outfall_connection *connection, int status);

/* Of SIGPIPE alone, in the calling thread, for what is no call: the end of a session. */
void drv_odbc_block_pipe(outfall_connection *connection);
void drv_odbc_unblock_pipe(outfall_connection *connection);

#endif
