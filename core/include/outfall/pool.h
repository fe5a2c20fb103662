/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file pool.h
 * Figures of a pool of connections, as its users share it.
 */
#ifndef OUTFALL_POOL_H
#define OUTFALL_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "stats.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Why connections were closed; an index into outfall_pool_stats.closed. */
enum outfall_pool_closed {
    OUTFALL_POOL_CLOSED_BROKEN = 0,  /* Given back as unfit for use. */
    OUTFALL_POOL_CLOSED_CHECK = 1,   /* It did not answer a check (pool.check.ms). */
    OUTFALL_POOL_CLOSED_IDLE = 2,    /* Not needed for pool.idle.ms. */
    OUTFALL_POOL_CLOSED_OLD = 3,     /* Over pool.lifetime.ms. */
    OUTFALL_POOL_CLOSED_SHRUNK = 4,  /* More than were needed: see enum outfall_pool_sizing. */
    OUTFALL_POOL_CLOSED_DROPPED = 5, /* Idle while another one to the same server broke. */
    OUTFALL_POOL_CLOSED_END = 6      /* The pool was closed. */
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

#ifdef __cplusplus
}
#endif
#endif
