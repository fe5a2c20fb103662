/* SPDX-License-Identifier: Apache-2.0 */
/* Fills an outfall_error from what the client library and the server report. */
#ifndef DRV_MY_FAULT_H
#define DRV_MY_FAULT_H

#include "mysql/session.h"

/* From the connection's last error, or a statement's; marks the session dead where it is over. */
int drv_my_fail(outfall_connection *connection, outfall_error *error);
int drv_my_fail_statement(outfall_connection *connection, MYSQL_STMT *statement,
                          outfall_error *error);

/* The server closed the session between two calls. */
int drv_my_fail_lost(outfall_connection *connection, const char *why, outfall_error *error);

/* The deadline passed: the session is cut, so that the server ends it too. */
int drv_my_fail_timeout(outfall_connection *connection, outfall_error *error);

#endif
