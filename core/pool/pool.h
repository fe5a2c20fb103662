/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to one URL, bounded in number. Taking an idle one and giving it back takes no lock;
 * who finds none waits in a fair queue. All network work is done outside of any lock. Where the
 * rules need it a keeper thread opens, checks and closes connections in the background.
 */
#ifndef OF_POOL_POOL_H
#define OF_POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>
#include <outfall/pool.h>

#include "pool/health.h"
#include "pool/slots.h"
#include "pool/watchdog.h"

typedef struct of_pool of_pool;

typedef struct of_pool_options {
    uint32_t connections_max;
    int64_t connect_timeout_ms;
    const outfall_connect_options *connect; /* Copied. */
    uint32_t connections_min;               /* 0: none is opened before it is needed. */
    of_health_rules rules;
    int64_t window_us; /* How often the size is decided, with a minimum; 0: every second. */
} of_pool_options;

int of_pool_new(const outfall_driver *driver, const of_pool_options *options, of_pool **out,
                outfall_error *error);

/*
 * Closes idle connections; what was taken must have been returned. NULL is legal. Where the keeper
 * hangs in a connect, it is left to end by itself.
 */
void of_pool_free(of_pool *pool);

/*
 * Refuses new leases, those that wait included (OUTFALL_ERR_CLOSED), and waits for what was taken
 * to be returned. False: some of it was not by deadline_us.
 */
bool of_pool_shut(of_pool *pool, int64_t deadline_us);

/*
 * The connection used last that is idle, else a new one, else waits for one to be returned. It is
 * in (*out)->connection. OUTFALL_ERR_TIMEOUT at the deadline, or what connecting failed with, also
 * while the server is left alone after several failures: *out is NULL. `watch` is for the check of
 * a connection that nobody has used for long: of_watchdog_sever ends it.
 */
int of_pool_take(of_pool *pool, int64_t deadline_us, of_watch *watch, of_slot **out,
                 outfall_error *error);

/* Gives it back, or closes it where it is not `healthy`. */
void of_pool_return(of_pool *pool, of_slot *slot, bool healthy);

/* Closes every idle connection: the server behind them may be gone. */
void of_pool_drop_idle(of_pool *pool);

uint32_t of_pool_connections(const of_pool *pool);
uint64_t of_pool_connects(const of_pool *pool); /* Ever opened. */
of_watchdog *of_pool_watchdog(const of_pool *pool);
const outfall_driver *of_pool_driver(const of_pool *pool);

/* The slot of that number; NULL past the last. */
of_slot *of_pool_slot(const of_pool *pool, uint32_t number);

/* struct_size is left alone. */
void of_pool_read(of_pool *pool, outfall_pool_stats *out);

#endif
