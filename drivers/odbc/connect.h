/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a connection within its deadline. SQLDriverConnect cannot be cut: its socket is not known
 * until it returns, and the drivers' own login timeouts do not cover all of its waits. So a thread
 * of its own makes each connection, and one that is still stuck at the deadline is left to itself:
 * it frees what it holds when the server answers or goes away.
 */
#ifndef DRV_ODBC_CONNECT_H
#define DRV_ODBC_CONNECT_H

#include "odbc/connstr.h"
#include "odbc/session.h"

/*
 * Connects `connection`, whose handles are not yet made, and sets its session up. The connection
 * string is taken over and wiped. On failure *connection is NULL: it was freed, or is the stuck
 * thread's now.
 */
int drv_odbc_connect_open(outfall_connection **connection, drv_odbc_connstr *string,
                          int64_t deadline_us, outfall_error *error);

#endif
