/* SPDX-License-Identifier: Apache-2.0 */
/* From a URL to an open session: options, TLS by default, the session's own settings. */
#ifndef DRV_MY_CONNECT_H
#define DRV_MY_CONNECT_H

#include "mysql/session.h"

/*
 * Opens connection->my and fills what is known of the server. The deadline holds for every wait
 * but the resolver's (getaddrinfo cannot be interrupted). OUTFALL_ERR_CONFIG, OUTFALL_ERR_AUTH,
 * OUTFALL_ERR_NOT_FOUND (no such database), OUTFALL_ERR_IO, OUTFALL_ERR_TIMEOUT,
 * OUTFALL_ERR_UNSUPPORTED, OUTFALL_ERR_NOMEM. On failure connection->my may be left to be closed.
 */
int drv_my_connect_open(outfall_connection *connection, const outfall_connect_options *options,
                        int64_t deadline_us, outfall_error *error);

#endif
