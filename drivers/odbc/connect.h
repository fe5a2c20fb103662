/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a connection within its deadline. SQLDriverConnect cannot be cut: its socket is not known
 * until it returns, and the drivers' own login timeouts do not cover all of its waits. So a thread
 * of its own makes each connection, and one that is still stuck at the deadline is left to itself:
 * it frees what it holds when the server answers or goes away.
 */
#ifndef DRV_ODBC_CONNECT_H
#define DRV_ODBC_CONNECT_H

#include "odbc/session.h"

/* `options->url` is odbc:KEY=VALUE;…. On failure *out is NULL. */
int drv_odbc_connect(const outfall_connect_options *options, int64_t deadline_us,
                     outfall_connection **out, outfall_error *error);

#endif
