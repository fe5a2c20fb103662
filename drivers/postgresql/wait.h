/* SPDX-License-Identifier: Apache-2.0 */
/* Every wait for the server ends at a deadline; libpq's own blocking calls are never used. */
#ifndef DRV_PG_WAIT_H
#define DRV_PG_WAIT_H

#include <stdint.h>

#include "postgresql/session.h"

/* Polls a descriptor for `events`. Returns what poll reported, 0 at the deadline, -1 on errno. */
int drv_pg_poll(int descriptor, short events, int64_t deadline_us);

/*
 * Sends what libpq has buffered, reading meanwhile, since a server that cannot send may not read.
 * OUTFALL_OK also where the connection broke: the next result says how.
 */
int drv_pg_flush(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

/* The next result, NULL after a statement's last; the caller clears it. */
int drv_pg_result(outfall_connection *connection, int64_t deadline_us, PGresult **out,
                  outfall_error *error);

/*
 * Looks without waiting whether the server has closed the session: a goodbye is read, and then the
 * end of the stream. Between statements; costs a poll where nothing has come.
 */
bool drv_pg_is_open(outfall_connection *connection);

/* Drops results to the end of the query string. */
int drv_pg_drain(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

/*
 * Runs a string of one or more statements. `out` (may be NULL) receives the last one's result; the
 * first error ends it and is the call's.
 */
int drv_pg_query(outfall_connection *connection, const char *sql, int64_t deadline_us,
                 PGresult **out, outfall_error *error);

#endif
