/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pool.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/fail.h"

struct of_pool {
    const outfall_driver *driver;
    of_pool_options options;
    of_watchdog *watchdog;
    pthread_mutex_t mutex;
    pthread_cond_t returned;
    outfall_connection **idle; /* A stack: the last used is the warmest. */
    uint32_t idle_count;
    uint32_t open; /* Idle, leased or being opened. */
    atomic_uint connections;
    atomic_uint_fast64_t connects;
};

int of_pool_new(const outfall_driver *driver, const of_pool_options *options, of_pool **out,
                outfall_error *error)
{
    int status = OUTFALL_ERR_NOMEM;
    *out = NULL;
    of_pool *pool = of_calloc(1, sizeof *pool);
    if (pool == NULL)
        return of_fail_nomem(error);
    pool->driver = driver;
    pool->options = *options;
    pthread_mutex_init(&pool->mutex, NULL);
    of_cond_init(&pool->returned);
    pool->idle = of_calloc(options->connections_max, sizeof *pool->idle);
    if (pool->idle == NULL)
        status = of_fail_nomem(error);
    else
        status = of_watchdog_new(&pool->watchdog, error);
    if (status != OUTFALL_OK) {
        of_pool_free(pool);
        return status;
    }
    *out = pool;
    return OUTFALL_OK;
}

void of_pool_free(of_pool *pool)
{
    if (pool == NULL)
        return;
    if (pool->idle != NULL)
        of_pool_drop_idle(pool);
    of_watchdog_free(pool->watchdog);
    of_free(pool->idle);
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->mutex);
    of_free(pool);
}

/* Waits for an idle connection, in *out, or for the right to open one: *out is NULL. */
static int claim(of_pool *pool, int64_t deadline_us, outfall_connection **out, outfall_error *error)
{
    bool in_time = true;
    int status = OUTFALL_OK;
    *out = NULL;
    pthread_mutex_lock(&pool->mutex);
    while (pool->idle_count == 0 && pool->open == pool->options.connections_max && in_time)
        in_time = of_cond_wait(&pool->returned, &pool->mutex, deadline_us);
    if (pool->idle_count > 0)
        *out = pool->idle[--pool->idle_count];
    else if (pool->open < pool->options.connections_max)
        pool->open++;
    else
        status =
            of_fail(error, OUTFALL_ERR_TIMEOUT, "all %u connections are in use: raise pool.max",
                    pool->options.connections_max);
    pthread_mutex_unlock(&pool->mutex);
    return status;
}

/* One connection fewer; lets a waiter open its own. */
static void forget(of_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->open--;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

int of_pool_take(of_pool *pool, int64_t deadline_us, outfall_connection **out, outfall_error *error)
{
    int64_t connect_by_us = of_deadline_us(pool->options.connect_timeout_ms);
    int status = claim(pool, deadline_us, out, error);
    if (status != OUTFALL_OK || *out != NULL)
        return status;
    status = pool->driver->connect(pool->options.connect,
                                   connect_by_us < deadline_us ? connect_by_us : deadline_us, out,
                                   error);
    if (status != OUTFALL_OK) {
        *out = NULL;
        forget(pool);
        return status;
    }
    atomic_fetch_add_explicit(&pool->connections, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&pool->connects, 1, memory_order_relaxed);
    return OUTFALL_OK;
}

static void close_one(of_pool *pool, outfall_connection *connection)
{
    pool->driver->disconnect(connection);
    atomic_fetch_sub_explicit(&pool->connections, 1, memory_order_relaxed);
    forget(pool);
}

void of_pool_return(of_pool *pool, outfall_connection *connection, bool healthy)
{
    if (!healthy) {
        close_one(pool, connection);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->idle[pool->idle_count++] = connection;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

void of_pool_drop_idle(of_pool *pool)
{
    for (;;) {
        outfall_connection *connection = NULL;
        pthread_mutex_lock(&pool->mutex);
        if (pool->idle_count > 0)
            connection = pool->idle[--pool->idle_count];
        pthread_mutex_unlock(&pool->mutex);
        if (connection == NULL)
            return;
        close_one(pool, connection);
    }
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
