/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to one URL, bounded in number. All network work is done outside the lock.
 */
#ifndef OF_POOL_POOL_H
#define OF_POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "pool/watchdog.h"

typedef struct of_pool of_pool;

typedef struct of_pool_options {
    uint32_t connections_max;
    int64_t connect_timeout_ms;
    const outfall_connect_options *connect; /* Borrowed for as long as the pool lives. */
} of_pool_options;

int of_pool_new(const outfall_driver *driver, const of_pool_options *options, of_pool **out,
                outfall_error *error);

/* Closes idle connections; what was taken must have been returned. NULL is legal. */
void of_pool_free(of_pool *pool);

/*
 * The connection used last that is idle, else a new one, else waits for one to be
 * returned. OUTFALL_ERR_TIMEOUT at the deadline, or what connecting failed with: *out is NULL.
 */
int of_pool_take(of_pool *pool, int64_t deadline_us, outfall_connection **out,
                 outfall_error *error);

/* Gives it back, or closes it where it is not `healthy`. */
void of_pool_return(of_pool *pool, outfall_connection *connection, bool healthy);

/* Closes every idle connection: the server behind them may be gone. */
void of_pool_drop_idle(of_pool *pool);

uint32_t of_pool_connections(const of_pool *pool);
uint64_t of_pool_connects(const of_pool *pool); /* Ever opened. */
of_watchdog *of_pool_watchdog(const of_pool *pool);
const outfall_driver *of_pool_driver(const of_pool *pool);

#endif
