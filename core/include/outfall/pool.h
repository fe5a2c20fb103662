/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file pool.h
 * A pool of connections to one URL: the one that sinks use, for programs that talk to a driver
 * themselves. Bounded, with a lease that costs no lock where a connection is idle, a fair queue
 * where none is, and the options pool.* for what is kept open and for how long.
 */
#ifndef OUTFALL_POOL_H
#define OUTFALL_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "export.h"
#include "stats.h"

#ifdef __cplusplus
extern "C" {
#endif

struct outfall_driver; /* driver.h */
struct outfall_connection;

typedef struct outfall_pool outfall_pool;

/** A connection on lease, as a number that is never given twice by one pool; 0: none. */
typedef uint64_t outfall_lease;

/** Why connections were closed; an index into outfall_pool_stats.closed. */
enum outfall_pool_closed {
    OUTFALL_POOL_CLOSED_BROKEN = 0,  /* Given back as unfit for use. */
    OUTFALL_POOL_CLOSED_CHECK = 1,   /* It did not answer a check (pool.check.ms). */
    OUTFALL_POOL_CLOSED_IDLE = 2,    /* Not needed for pool.idle.ms. */
    OUTFALL_POOL_CLOSED_OLD = 3,     /* Over pool.lifetime.ms. */
    OUTFALL_POOL_CLOSED_SHRUNK = 4,  /* More than were needed: see enum outfall_pool_sizing. */
    OUTFALL_POOL_CLOSED_DROPPED = 5, /* Idle while another one to the same server broke. */
    OUTFALL_POOL_CLOSED_END = 6,     /* The pool was closed. */
    OUTFALL_POOL_CLOSED_GONE = 7     /* Idle, and found closed by the server. */
};
#define OUTFALL_POOL_CLOSED_REASONS 8

/**
 * What was decided, once a second, about the number of connections of a pool with a pool.min; an
 * index into outfall_pool_stats.sizings. The aim: each is leased for 50 to 80 % of the time.
 */
enum outfall_pool_sizing {
    OUTFALL_POOL_SIZING_IN_BAND = 0,  /* Kept: between 50 and 80 %. */
    OUTFALL_POOL_SIZING_BUSY = 1,     /* Grown: over 80 %. */
    OUTFALL_POOL_SIZING_WAITING = 2,  /* Grown: threads waited. */
    OUTFALL_POOL_SIZING_QUIET = 3,    /* Shrunk: below 50 % for five seconds. */
    OUTFALL_POOL_SIZING_SETTLING = 4, /* Kept: below 50 %, but not for so long yet. */
    OUTFALL_POOL_SIZING_COARSE = 5,   /* Kept: below 50 %, but one fewer would be over 80 %. */
    OUTFALL_POOL_SIZING_AT_MIN = 6,   /* pool.min decided. */
    OUTFALL_POOL_SIZING_AT_MAX = 7    /* pool.max decided. */
};
#define OUTFALL_POOL_SIZINGS 8

/** Counts are since the pool was opened. Grows at its end only. */
typedef struct outfall_pool_stats {
    uint32_t struct_size;          /* sizeof(outfall_pool_stats), set by the caller. */
    uint32_t sizing;               /* What was decided last: enum outfall_pool_sizing. */
    uint64_t active;               /* Connections on lease. */
    uint64_t idle;                 /* Open and not on lease, those being checked included. */
    uint64_t opening;              /* Being opened. */
    uint64_t waiting;              /* Threads that wait for a connection. */
    uint64_t connections_min;      /* pool.min */
    uint64_t connections_max;      /* pool.max */
    uint64_t target;               /* How many are to be kept open; 0: as many as are used. */
    uint64_t utilisation_permille; /* Of the last second; without pool.min, of this moment. */
    uint64_t busy_us;              /* Time that connections were on lease, in sum. */
    uint64_t leases;               /* Given. */
    uint64_t waits;                /* Of those, that found no connection idle. */
    uint64_t timeouts;             /* Refused: none came in time. */
    uint64_t created;              /* Connections opened. */
    uint64_t warmed;               /* Of those, in the background. */
    uint64_t checks;               /* Times that a connection was asked whether it is alive. */
    uint64_t connect_failures;     /* Connections that could not be opened. */
    uint64_t quarantined;          /* Leases refused at once: the server was left alone. */
    uint64_t quarantine_ms;        /* For how long that still lasts; 0: it does not. */
    uint64_t leaks;                /* Leases held for longer than pool.leak.ms. */
    uint64_t closed[OUTFALL_POOL_CLOSED_REASONS]; /* By enum outfall_pool_closed. */
    uint64_t sizings[OUTFALL_POOL_SIZINGS];       /* By enum outfall_pool_sizing. */
    outfall_latency wait; /* Of leases that found none idle: until they had one, or failed. */
} outfall_pool_stats;

/**
 * Opens a pool; nothing is connected yet, unless pool.min asks for connections ahead, which are
 * opened in the background. Any thread; does not wait for the database, but may load a driver.
 *
 * @param url     As for a sink; borrowed for the call.
 * @param config  Borrowed for the call; NULL: defaults. What counts is connect.timeout.ms, pool.*,
 *                application.name, driver.path, create and the driver's own options.
 * @param out     Receives it; end it with outfall_pool_close. NULL on failure.
 * @return OUTFALL_OK, OUTFALL_ERR_CONFIG, OUTFALL_ERR_NOT_FOUND (no such driver),
 *         OUTFALL_ERR_UNSUPPORTED (an unfit driver), OUTFALL_ERR_NOMEM, OUTFALL_ERR_INVALID.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_pool_open(const char *url, const outfall_config *config,
                                                   outfall_pool **out, outfall_error *error);

/**
 * Leases a connection: the one used last that is idle, else a new one, else waits, in the order in
 * which threads came, for one to be returned. Any thread; takes no lock where one is idle.
 *
 * @param timeout_ms  Milliseconds, 0 to 3,600,000: for waiting and for connecting together; a
 *                    driver that does not keep its deadline may take longer to connect. 0: only
 *                    what is idle.
 * @param out         Receives the lease; 0 on failure.
 * @return OUTFALL_OK; OUTFALL_ERR_TIMEOUT; what connecting failed with (OUTFALL_ERR_IO,
 *         OUTFALL_ERR_AUTH, …; after repeated failures the last one again at once, for up to two
 *         seconds, without another try); OUTFALL_ERR_CLOSED; OUTFALL_ERR_INVALID.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_pool_lease(outfall_pool *pool, uint32_t timeout_ms,
                                                    outfall_lease *out, outfall_error *error);

/**
 * Gives a connection back. Any thread, but nobody may use it any more. No transaction may be open:
 * where one may be, or where a call failed and left the connection in doubt, say that it is broken.
 *
 * @param broken  1: it is closed, which rolls back; 0: the next one gets it.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID (no such lease: it ended before), OUTFALL_ERR_CLOSED (a
 *         child of fork).
 */
OUTFALL_EXPORT int outfall_pool_return(outfall_pool *pool, outfall_lease lease, uint32_t broken,
                                       outfall_error *error);

/**
 * Asks the server behind a lease for an answer. The leasing thread; blocks for the answer.
 *
 * @param timeout_ms   Milliseconds, 0 to 3,600,000; a driver that overruns it is cut a quarter of
 *                     a second later.
 * @param description  Receives the server's version, NUL-terminated; may be NULL.
 * @return OUTFALL_OK; OUTFALL_ERR_TIMEOUT or OUTFALL_ERR_IO: return it as broken;
 *         OUTFALL_ERR_INVALID; OUTFALL_ERR_CLOSED (a child of fork).
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_pool_ping(outfall_pool *pool, outfall_lease lease,
                                                   uint32_t timeout_ms, char *description,
                                                   size_t capacity, outfall_error *error);

/**
 * The connection of a lease and its driver's table, for direct calls as driver.h describes them.
 * The leasing thread; does not block. Both are borrowed, the connection until the lease ends.
 *
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID, OUTFALL_ERR_CLOSED (a child of fork).
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_pool_connection(outfall_pool *pool, outfall_lease lease,
                                                         const struct outfall_driver **driver,
                                                         struct outfall_connection **connection,
                                                         outfall_error *error);

/**
 * Reads a pool's figures into `out`, at most out->struct_size bytes of them. Any thread; waits for
 * no network; figures are read one by one, not at one instant.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID, OUTFALL_ERR_CLOSED (a child of fork).
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_pool_stats_get(outfall_pool *pool, outfall_pool_stats *out,
                                                        outfall_error *error);

/**
 * Refuses new leases, those that wait for one included, waits for what is on lease to be returned,
 * then closes all connections and frees the pool; NULL is legal. One thread; no other may begin a
 * call then, but outfall_pool_return until all is returned.
 *
 * @param timeout_ms  Milliseconds, 0 to 3,600,000; up to a quarter of a second comes on top where
 *                    a connection is being opened in the background.
 * @return OUTFALL_OK; OUTFALL_ERR_TIMEOUT: something is still on lease, and the pool is not freed:
 *         call again; OUTFALL_ERR_INVALID; OUTFALL_ERR_CLOSED (a child of fork).
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_pool_close(outfall_pool *pool, uint32_t timeout_ms,
                                                    outfall_error *error);

#ifdef __cplusplus
}
#endif
#endif
