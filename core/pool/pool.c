/* SPDX-License-Identifier: Apache-2.0 */
/* A pool from its making to its end. */
#include "pool/pool.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/fail.h"
#include "pool/keeper.h"
#include "pool/state.h"

/* ---- Making and freeing ----------------------------------------------------------- */

/* NULL stays NULL; false: out of memory. */
static bool copy_text(const char *from, const char **out)
{
    *out = from == NULL ? NULL : of_strdup(from);
    return from == NULL || *out != NULL;
}

/* A keeper that hangs in a connect may outlive what the caller's options point at. */
static bool copy_connect(of_pool *pool, const outfall_connect_options *from)
{
    pool->connect = *from;
    pool->connect.options = NULL;
    pool->connect.option_count = 0;
    bool copied = copy_text(from->url, &pool->connect.url);
    copied = copy_text(from->application_name, &pool->connect.application_name) && copied;
    if (!copied || from->option_count == 0)
        return copied;
    outfall_driver_option *options = of_calloc(from->option_count, sizeof *options);
    pool->connect.options = options;
    if (options == NULL)
        return false;
    pool->connect.option_count = from->option_count;
    for (uint32_t i = 0; i < from->option_count; i++) {
        copied = copy_text(from->options[i].key, &options[i].key) && copied;
        copied = copy_text(from->options[i].value, &options[i].value) && copied;
    }
    return copied;
}

int of_pool_new(const outfall_driver *driver, const of_pool_options *options, of_pool **out,
                outfall_error *error)
{
    *out = NULL;
    of_pool *pool = of_alloc_aligned(_Alignof(of_pool), sizeof *pool);
    if (pool == NULL)
        return of_fail_nomem(error);
    memset(pool, 0, sizeof *pool);
    pool->driver = driver;
    pool->options = *options;
    pool->options.connect = &pool->connect;
    pool->last = &pool->first;
    pool->random = (uint64_t)of_clock_ns() | 1;
    pthread_mutex_init(&pool->mutex, NULL);
    of_cond_init(&pool->keeper_wake);
    of_cond_init(&pool->keeper_changed);
    int status = OUTFALL_OK;
    if (!copy_connect(pool, options->connect) ||
        of_slots_init(&pool->slots, options->connections_max) != OUTFALL_OK)
        status = of_fail_nomem(error);
    if (status == OUTFALL_OK)
        status = of_watchdog_new(&pool->watchdog, error);
    if (status == OUTFALL_OK)
        status = of_keeper_start(pool, error);
    if (status != OUTFALL_OK) {
        of_pool_destroy(pool);
        return status;
    }
    *out = pool;
    return OUTFALL_OK;
}

/* ---- The end ---------------------------------------------------------------------- */

#define SHUT_LOOKS_US 1000

static bool all_returned(const of_pool *pool)
{
    for (uint32_t i = 0; i < pool->slots.count; i++) {
        uint32_t state = atomic_load_explicit(&pool->slots.slot[i].state, memory_order_acquire);
        if (state == OF_SLOT_LEASED || state == OF_SLOT_OPENING)
            return false;
    }
    return atomic_load_explicit(&pool->waiters, memory_order_acquire) == 0;
}

bool of_pool_shut(of_pool *pool, int64_t deadline_us)
{
    of_keeper_stop(pool);
    pthread_mutex_lock(&pool->mutex);
    atomic_store_explicit(&pool->closing, true, memory_order_release);
    of_pool_dispatch(pool);
    /* Returns do not signal: they would have to look at one thing more each time. */
    while (!all_returned(pool)) {
        int64_t next_us = of_clock_us() + SHUT_LOOKS_US;
        if (next_us > deadline_us)
            break;
        of_cond_wait(&pool->keeper_changed, &pool->mutex, next_us);
    }
    bool all = all_returned(pool);
    pthread_mutex_unlock(&pool->mutex);
    return all;
}

void of_pool_free(of_pool *pool)
{
    if (pool == NULL)
        return;
    of_keeper_stop(pool);
    atomic_store_explicit(&pool->closing, true, memory_order_release);
    of_pool_close_idle(pool, OUTFALL_POOL_CLOSED_END);
    if (of_keeper_end(pool)) {
        of_pool_close_idle(pool, OUTFALL_POOL_CLOSED_END); /* What the keeper had in hand. */
        of_pool_destroy(pool);
    }
}
