/* SPDX-License-Identifier: Apache-2.0 */
/* From a URL to an open libpq connection: parameters, TLS by default, errors with an action. */
#ifndef DRV_PG_CONNECT_H
#define DRV_PG_CONNECT_H

#include <libpq-fe.h>
#include <stdint.h>

#include <outfall/driver.h>

/*
 * Opens `*out` in non-blocking mode. The deadline holds for every wait but the resolver's
 * (getaddrinfo cannot be interrupted). OUTFALL_ERR_CONFIG, OUTFALL_ERR_AUTH, OUTFALL_ERR_NOT_FOUND
 * (no such database), OUTFALL_ERR_IO, OUTFALL_ERR_TIMEOUT, OUTFALL_ERR_UNSUPPORTED,
 * OUTFALL_ERR_NOMEM. No message holds the URL, which may hold a password.
 */
int drv_pg_connect_open(const outfall_connect_options *options, int64_t deadline_us, PGconn **out,
                        outfall_error *error);

/* Opens another session, with all that `pg` was opened with. Failures as of drv_pg_connect_open. */
int drv_pg_connect_beside(PGconn *pg, int64_t deadline_us, PGconn **out);

#endif
