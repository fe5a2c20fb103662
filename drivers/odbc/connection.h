/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing and asking. */
#ifndef DRV_ODBC_CONNECTION_H
#define DRV_ODBC_CONNECTION_H

#include "odbc/session.h"

int drv_odbc_connect(const outfall_connect_options *options, int64_t deadline_us,
                     outfall_connection **out, outfall_error *error);
void drv_odbc_disconnect(outfall_connection *connection);
int drv_odbc_ping(outfall_connection *connection, char *description, size_t capacity,
                  int64_t deadline_us, outfall_error *error);

#endif
