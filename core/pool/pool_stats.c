/* SPDX-License-Identifier: Apache-2.0 */
/* What a pool shows of itself. */
#include <string.h>

#include "base/clock.h"
#include "pool/state.h"

/* The public names are the rules' own. */
_Static_assert((int)OUTFALL_POOL_SIZING_IN_BAND == (int)OF_SIZING_IN_BAND, "sizing reasons");
_Static_assert((int)OUTFALL_POOL_SIZING_BUSY == (int)OF_SIZING_BUSY, "sizing reasons");
_Static_assert((int)OUTFALL_POOL_SIZING_WAITING == (int)OF_SIZING_WAITING, "sizing reasons");
_Static_assert((int)OUTFALL_POOL_SIZING_QUIET == (int)OF_SIZING_QUIET, "sizing reasons");
_Static_assert((int)OUTFALL_POOL_SIZING_SETTLING == (int)OF_SIZING_SETTLING, "sizing reasons");
_Static_assert((int)OUTFALL_POOL_SIZING_COARSE == (int)OF_SIZING_COARSE, "sizing reasons");
_Static_assert((int)OUTFALL_POOL_SIZING_AT_MIN == (int)OF_SIZING_AT_MIN, "sizing reasons");
_Static_assert((int)OUTFALL_POOL_SIZING_AT_MAX == (int)OF_SIZING_AT_MAX, "sizing reasons");
_Static_assert((int)OF_SIZING_REASONS <= OUTFALL_POOL_SIZINGS, "sizing reasons");

static uint64_t read_counter(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void read_slots(const of_pool *pool, int64_t now_us, outfall_pool_stats *out)
{
    for (uint32_t i = 0; i < pool->slots.count; i++) {
        const of_slot *slot = &pool->slots.slot[i];
        out->leases += read_counter(&slot->leases);
        out->busy_us += read_counter(&slot->busy_us);
        /* Acquire: with the state comes the time of this lease or of a later one. */
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != OF_SLOT_LEASED)
            continue;
        int64_t since_us = atomic_load_explicit(&slot->leased_us, memory_order_relaxed);
        out->active++;
        out->busy_us += now_us > since_us ? (uint64_t)(now_us - since_us) : 0;
    }
}

static void read_connects(of_pool *pool, int64_t now_us, outfall_pool_stats *out)
{
    pthread_mutex_lock(&pool->mutex);
    out->opening = pool->connecting;
    if (pool->quarantine_until_us > now_us)
        out->quarantine_ms = (uint64_t)(pool->quarantine_until_us - now_us + 999) / 1000;
    pthread_mutex_unlock(&pool->mutex);
}

void of_pool_read(of_pool *pool, outfall_pool_stats *out)
{
    int64_t now_us = of_clock_us();
    uint32_t struct_size = out->struct_size;
    memset(out, 0, sizeof *out);
    out->struct_size = struct_size;
    read_slots(pool, now_us, out);
    read_connects(pool, now_us, out);
    uint64_t open = atomic_load_explicit(&pool->connections, memory_order_relaxed);
    out->idle = open > out->active ? open - out->active : 0;
    out->waiting = atomic_load_explicit(&pool->waiters, memory_order_relaxed);
    out->connections_min = pool->options.connections_min;
    out->connections_max = pool->options.connections_max;
    out->target = atomic_load_explicit(&pool->target, memory_order_relaxed);
    out->sizing = atomic_load_explicit(&pool->sizing_reason, memory_order_relaxed);
    if (pool->options.connections_min > 0)
        out->utilisation_permille =
            atomic_load_explicit(&pool->used_permille, memory_order_relaxed);
    else if (open > 0)
        out->utilisation_permille = out->active < open ? out->active * 1000 / open : 1000;
    out->waits = read_counter(&pool->waits);
    out->timeouts = read_counter(&pool->timeouts);
    out->created = read_counter(&pool->connects);
    out->warmed = read_counter(&pool->warmed);
    out->checks = read_counter(&pool->checks);
    out->connect_failures = read_counter(&pool->connect_failures);
    out->quarantined = read_counter(&pool->quarantined);
    out->leaks = read_counter(&pool->leaks);
    for (int i = 0; i < OUTFALL_POOL_CLOSED_REASONS; i++)
        out->closed[i] = read_counter(&pool->closed[i]);
    for (int i = 0; i < OUTFALL_POOL_SIZINGS; i++)
        out->sizings[i] = read_counter(&pool->sizings[i]);
    of_histogram_read(&pool->wait, &out->wait);
}

uint32_t of_pool_connections(const of_pool *pool)
{
    return atomic_load_explicit(&pool->connections, memory_order_relaxed);
}

uint64_t of_pool_connects(const of_pool *pool)
{
    return atomic_load_explicit(&pool->connects, memory_order_relaxed);
}

of_watchdog *of_pool_watchdog(const of_pool *pool)
{
    return pool->watchdog;
}

const outfall_driver *of_pool_driver(const of_pool *pool)
{
    return pool->driver;
}

of_slot *of_pool_slot(const of_pool *pool, uint32_t number)
{
    return number < pool->slots.count ? &pool->slots.slot[number] : NULL;
}
