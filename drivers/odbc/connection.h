/* SPDX-License-Identifier: Apache-2.0 */
/* Closing a connection, and asking whether it lives. connect.h opens one. */
#ifndef DRV_ODBC_CONNECTION_H
#define DRV_ODBC_CONNECTION_H

#include "odbc/session.h"

/* Frees it, in whatever state it is; waits for nothing. NULL is legal. */
void drv_odbc_disconnect(outfall_connection *connection);
/* As the contract's is_open. */
int drv_odbc_looks_open(outfall_connection *connection);

int drv_odbc_ping(outfall_connection *connection, char *description, size_t capacity,
                  int64_t deadline_us, outfall_error *error);

#endif
