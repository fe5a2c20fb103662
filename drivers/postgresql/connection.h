/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing and asking a session. */
#ifndef DRV_PG_CONNECTION_H
#define DRV_PG_CONNECTION_H

#include "postgresql/session.h"

int drv_pg_connect(const outfall_connect_options *options, int64_t deadline_us,
                   outfall_connection **out, outfall_error *error);
void drv_pg_disconnect(outfall_connection *connection);
/* As the contract's is_open. */
int drv_pg_looks_open(outfall_connection *connection);

int drv_pg_ping(outfall_connection *connection, char *description, size_t capacity,
                int64_t deadline_us, outfall_error *error);

/* Notes what is being done, for messages; OUTFALL_ERR_IO where the session is already over. */
int drv_pg_start(outfall_connection *connection, const char *doing, const char *subject,
                 outfall_error *error);

#endif
