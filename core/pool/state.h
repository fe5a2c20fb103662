/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pool is made of: for its own files alone. From the top down: pool.c makes and ends it and
 * starts keeper.c, which sends warmers.c; queue.c leases, connecting.c opens and closes
 * connections.
 */
#ifndef OF_POOL_STATE_H
#define OF_POOL_STATE_H

#include <pthread.h>

#include "base/histogram.h"
#include "pool/pool.h"
#include "pool/sizing.h"

/* A thread that opens connections ahead; see warmers.h. Under the pool's mutex. */
typedef struct of_warmer {
    of_pool *pool;
    pthread_t thread;
    bool started; /* It is to be joined. */
    bool ended;
} of_warmer;

/* A thread in the queue; lives on its stack. Under the pool's mutex. */
typedef struct of_waiter {
    struct of_waiter *next;
    pthread_cond_t done_changed;
    bool done;
    bool impatient; /* It is to connect, even if the pool has its size. */
    int status;     /* OUTFALL_OK: `slot` is leased, or OPENING and the waiter's to connect. */
    of_slot *slot;
} of_waiter;

struct of_pool {
    const outfall_driver *driver;
    of_pool_options options;
    outfall_connect_options connect; /* Our copy, with what it points at. */
    of_watchdog *watchdog;
    of_slots slots;
    atomic_bool closing;
    _Alignas(64) atomic_uint waiters; /* In the queue. */

    _Alignas(64) pthread_mutex_t mutex; /* Over what follows. */
    of_waiter *first;
    of_waiter **last;
    uint32_t connecting; /* Connects under way. */
    uint32_t failures;   /* Of connects, in a row. */
    int64_t failed_us;   /* When the last of them was counted. */
    int64_t quarantine_until_us;
    outfall_error connect_error; /* Of the last failure. */
    uint64_t random;

    pthread_t keeper;
    pthread_cond_t keeper_wake;
    pthread_cond_t keeper_changed;
    bool keeper_runs;
    bool keeper_ended;
    of_warmer warmers[OF_HEALTH_CONNECTS_MOST];
    uint32_t threads; /* Of the keeper and the warmers: those that have not ended. */
    bool abandoned;   /* The last of them is to free the pool. */
    of_watch keeper_watch;

    int64_t lead_us; /* See of_health_lead_us. Fixed. */

    /* The keeper's own. */
    of_sizing sizing;
    int64_t window_from_us;
    uint64_t busy_from_us;
    uint64_t queued_from_us;

    /* Figures. */
    atomic_uint connections;
    atomic_uint target;
    atomic_uint used_permille;
    atomic_uint sizing_reason;
    atomic_uint_fast64_t connects, warmed, checks, connect_failures, quarantined;
    atomic_uint_fast64_t waits, timeouts, leaks;
    atomic_uint_fast64_t queued_us; /* Time in the queue, of those that have left it. */
    atomic_uint_fast64_t closed[OUTFALL_POOL_CLOSED_REASONS];
    atomic_uint_fast64_t sizings[OUTFALL_POOL_SIZINGS];
    of_histogram wait;
};

static inline void of_pool_count(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Frees all of it; nobody uses it any more. */
void of_pool_destroy(of_pool *pool);

/* ---- queue.c ---- */

/* Gives a connection that nobody uses to the first in the queue, or makes it idle. */
void of_pool_give(of_pool *pool, of_slot *slot, int64_t now_us);

/* Sees to the queue after something became free. */
void of_pool_settle(of_pool *pool);

/* Under the mutex: sees to the queue. */
void of_pool_dispatch(of_pool *pool);

/* Closes every connection that is idle. */
void of_pool_close_idle(of_pool *pool, enum outfall_pool_closed why);

/* ---- connecting.c ---- */

/* How many connections are kept open though nobody uses them. */
uint32_t of_pool_kept(const of_pool *pool);

/* Under the mutex: whether the server is left alone. */
bool of_pool_quarantined(const of_pool *pool, int64_t now_us);

/* Under the mutex: whether one more connect may begin. */
bool of_pool_may_connect(const of_pool *pool);

/* Under the mutex: the error of a lease that a quarantine refuses. */
int of_pool_refuse(of_pool *pool, int64_t now_us, outfall_error *error);

/*
 * Connects in a slot that is the caller's, counted in `connecting` already. On failure the slot's
 * connection is NULL and the slot still the caller's. The caller sees to the queue afterwards: one
 * more may connect.
 */
int of_pool_connect(of_pool *pool, of_slot *slot, int64_t deadline_us, outfall_error *error);

/* Closes the connection of a slot that is the caller's, and counts the reason. */
void of_pool_disconnect(of_pool *pool, of_slot *slot, enum outfall_pool_closed why);

/*
 * Whether the outcome of a wait since from_us says something of the server: a caller in a hurry is
 * not a server that hangs.
 */
bool of_pool_tells(const of_pool *pool, int status, int64_t from_us);

/* Looks at the connection of a slot that is the caller's. False: the server has closed it. */
bool of_pool_look(const of_pool *pool, const of_slot *slot);

/* Asks the connection of a slot that is the caller's. */
int of_pool_check(of_pool *pool, of_slot *slot, int64_t deadline_us, of_watch *watch,
                  outfall_error *error);

/* What health.h has to know of it. */
of_health_facts of_pool_facts(const of_slot *slot, bool spare);

#endif
