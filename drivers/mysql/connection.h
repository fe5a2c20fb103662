/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing and asking a session. */
#ifndef DRV_MY_CONNECTION_H
#define DRV_MY_CONNECTION_H

#include "mysql/session.h"

int drv_my_connect(const outfall_connect_options *options, int64_t deadline_us,
                   outfall_connection **out, outfall_error *error);
void drv_my_disconnect(outfall_connection *connection);
/* As the contract's is_open. */
int drv_my_looks_open(outfall_connection *connection);

int drv_my_ping(outfall_connection *connection, char *description, size_t capacity,
                int64_t deadline_us, outfall_error *error);

#endif
