/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, checking and closing a pool's connections; everything here that waits holds no lock. */
#include "base/clock.h"
#include "base/fail.h"
#include "pool/state.h"

#define TELLING_WAIT_US 1000000

static int64_t earlier(int64_t left_us, int64_t right_us)
{
    return left_us < right_us ? left_us : right_us;
}

uint32_t of_pool_kept(const of_pool *pool)
{
    uint32_t least = pool->options.connections_min;
    uint32_t target = atomic_load_explicit(&pool->target, memory_order_relaxed);
    return target > least ? target : least;
}

bool of_pool_quarantined(const of_pool *pool, int64_t now_us)
{
    return now_us < pool->quarantine_until_us;
}

bool of_pool_may_connect(const of_pool *pool)
{
    return pool->connecting < of_health_connects_max(pool->options.connections_max);
}

int of_pool_refuse(of_pool *pool, int64_t now_us, outfall_error *error)
{
    const outfall_error *last = &pool->connect_error;
    int64_t left_us = pool->quarantine_until_us - now_us;
    of_pool_count(&pool->quarantined);
    if (error != NULL) {
        *error = *last;
        snprintf(error->message, sizeof error->message,
                 "%.400s (failed %u times in a row; not tried again for %lld ms)", last->message,
                 pool->failures, (long long)(left_us > 0 ? left_us / 1000 + 1 : 0));
    }
    return last->status;
}

/*
 * Only what says that the server cannot be reached counts: a wrong password is an answer, and
 * fails for good by itself. Of connects that were under way together one doubles the pause.
 */
static void learn(of_pool *pool, int64_t from_us, int status, const outfall_error *error)
{
    if (status != OUTFALL_ERR_IO && status != OUTFALL_ERR_TIMEOUT) {
        pool->failures = 0;
        pool->quarantine_until_us = 0;
        return;
    }
    pool->connect_error = *error;
    if (pool->failures >= OF_HEALTH_FAILURES_LEAST && from_us < pool->failed_us)
        return;
    if (pool->failures < UINT32_MAX)
        pool->failures++;
    pool->failed_us = of_clock_us();
    int64_t pause_us = of_health_quarantine_us(pool->failures, &pool->random);
    if (pause_us > 0)
        pool->quarantine_until_us = pool->failed_us + pause_us;
}

static void opened(of_pool *pool, of_slot *slot)
{
    int64_t now_us = of_clock_us();
    pthread_mutex_lock(&pool->mutex);
    int64_t expires_us = of_health_expires_us(&pool->options.rules, now_us, &pool->random);
    int64_t early_us = of_health_early_us(&pool->options.rules, &pool->random);
    pthread_mutex_unlock(&pool->mutex);
    atomic_store_explicit(&slot->used_us, now_us, memory_order_relaxed);
    atomic_store_explicit(&slot->checked_us, now_us, memory_order_relaxed);
    atomic_store_explicit(&slot->expires_us, expires_us, memory_order_relaxed);
    atomic_store_explicit(&slot->early_us, early_us, memory_order_relaxed);
    atomic_fetch_add_explicit(&pool->connections, 1, memory_order_relaxed);
    of_pool_count(&pool->connects);
}

bool of_pool_tells(const of_pool *pool, int status, int64_t from_us)
{
    int64_t connect_us = pool->options.connect_timeout_ms * 1000;
    if (status == OUTFALL_ERR_TIMEOUT)
        return of_clock_us() - from_us >= earlier(connect_us, TELLING_WAIT_US);
    return true;
}

/* Sets *telling where the outcome says something about the server. */
static int try_connect(of_pool *pool, of_slot *slot, int64_t deadline_us, bool *telling,
                       outfall_error *error)
{
    int64_t from_us = of_clock_us();
    int64_t connect_us = pool->options.connect_timeout_ms * 1000;
    *telling = false;
    slot->connection = NULL;
    if (from_us >= deadline_us)
        return of_fail(error, OUTFALL_ERR_TIMEOUT,
                       "no connection is idle, and there is no time left to open one");
    int status = pool->driver->connect(&pool->connect, earlier(from_us + connect_us, deadline_us),
                                       &slot->connection, error);
    *telling = of_pool_tells(pool, status, from_us);
    if (status == OUTFALL_OK) {
        opened(pool, slot);
    } else {
        slot->connection = NULL;
        of_pool_count(&pool->connect_failures);
    }
    return status;
}

int of_pool_connect(of_pool *pool, of_slot *slot, int64_t deadline_us, outfall_error *error)
{
    outfall_error why;
    bool telling;
    int64_t from_us = of_clock_us();
    int status = try_connect(pool, slot, deadline_us, &telling, &why);
    if (status != OUTFALL_OK)
        of_fail_copy(error, &why);
    pthread_mutex_lock(&pool->mutex);
    pool->connecting--;
    if (telling)
        learn(pool, from_us, status, &why);
    pthread_mutex_unlock(&pool->mutex);
    return status;
}

void of_pool_disconnect(of_pool *pool, of_slot *slot, enum outfall_pool_closed why)
{
    pool->driver->disconnect(slot->connection);
    slot->connection = NULL;
    atomic_store_explicit(&slot->expires_us, OF_HEALTH_NEVER_US, memory_order_relaxed);
    atomic_fetch_sub_explicit(&pool->connections, 1, memory_order_relaxed);
    of_pool_count(&pool->closed[why]);
}

bool of_pool_look(const of_pool *pool, const of_slot *slot)
{
    return pool->driver->is_open == NULL || pool->driver->is_open(slot->connection) != 0;
}

int of_pool_check(of_pool *pool, of_slot *slot, int64_t deadline_us, of_watch *watch,
                  outfall_error *error)
{
    int64_t ping_by_us = earlier(of_deadline_us(pool->options.connect_timeout_ms), deadline_us);
    of_pool_count(&pool->checks);
    of_watchdog_guard(pool->watchdog, watch, pool->driver, slot->connection, ping_by_us);
    int status = pool->driver->ping(slot->connection, NULL, 0, ping_by_us, error);
    if (of_watchdog_release(pool->watchdog, watch))
        status = of_fail(error, OUTFALL_ERR_TIMEOUT, "the connection was cut while it was checked");
    if (status == OUTFALL_OK)
        atomic_store_explicit(&slot->checked_us, of_clock_us(), memory_order_relaxed);
    return status;
}

of_health_facts of_pool_facts(const of_slot *slot, bool spare)
{
    return (of_health_facts){
        .used_us = atomic_load_explicit(&slot->used_us, memory_order_relaxed),
        .checked_us = atomic_load_explicit(&slot->checked_us, memory_order_relaxed),
        .expires_us = atomic_load_explicit(&slot->expires_us, memory_order_relaxed),
        .spare = spare,
        .early_us = atomic_load_explicit(&slot->early_us, memory_order_relaxed),
    };
}
