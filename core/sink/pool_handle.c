/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/pool_handle.h"

#include <stddef.h>
#include <string.h>

#include <outfall/outfall.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/fork.h"
#include "config/url.h"
#include "driver/registry.h"
#include "sink/handle.h"

struct outfall_pool {
    uint32_t fork_generation; /* Of the process that opened it. */
    of_pool *pool;
};

int of_pool_open(const char *url, const outfall_config *config, const outfall_driver *driver,
                 of_pool **out, outfall_error *error)
{
    const of_options *values = &config->values;
    outfall_driver_option driver_options[OF_OPTION_COUNT];
    const outfall_connect_options connect = {
        .struct_size = sizeof connect,
        .option_count = (uint32_t)of_config_driver_options(config, driver->name, driver_options),
        .url = url,
        .application_name = values->application_name,
        .options = driver_options,
        .create = values->create == OF_CREATE_IF_MISSING,
    };
    const of_pool_options options = {
        .connections_max = (uint32_t)values->pool_max,
        .connections_min = (uint32_t)values->pool_min,
        .connect_timeout_ms = values->connect_timeout_ms,
        .connect = &connect,
        .rules = {.idle_us = values->pool_idle_ms * 1000,
                  .lifetime_us = values->pool_lifetime_ms * 1000,
                  .check_us = values->pool_check_ms * 1000,
                  .leak_us = values->pool_leak_ms * 1000,
                  .look_us = OF_HEALTH_LOOK_US},
    };
    *out = NULL;
    if (values->pool_min > values->pool_max)
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "pool.min is %lld, over pool.max, which is %lld: lower one or raise the "
                       "other",
                       (long long)values->pool_min, (long long)values->pool_max);
    return of_pool_new(driver, &options, out, error);
}

/* ---- Public ----------------------------------------------------------------------- */

static int check(const outfall_pool *pool, outfall_error *error)
{
    if (pool == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the pool is NULL");
    if (pool->fork_generation != of_fork_generation)
        return of_fail(error, OUTFALL_ERR_CLOSED,
                       "the pool belongs to the parent process: open one after fork");
    return OUTFALL_OK;
}

static int open_parsed(const of_url *url, const outfall_config *config, outfall_pool **out,
                       outfall_error *error)
{
    const outfall_driver *driver;
    int status = of_driver_find(url->scheme, config->values.driver_path, &driver, error);
    if (status != OUTFALL_OK)
        return status;
    outfall_pool *pool = of_calloc(1, sizeof *pool);
    if (pool == NULL)
        return of_fail_nomem(error);
    pool->fork_generation = of_fork_generation;
    status = of_pool_open(url->rest, config, driver, &pool->pool, error);
    if (status == OUTFALL_OK) {
        *out = pool;
        pool = NULL; /* The caller owns it now. */
    }
    of_free(pool);
    return status;
}

int outfall_pool_open(const char *url, const outfall_config *config, outfall_pool **out,
                      outfall_error *error)
{
    outfall_config *copy = NULL;
    of_url parsed = {{0}, NULL};
    if (out == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL");
    *out = NULL;
    if (url == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "url is NULL");
    int status =
        config == NULL ? outfall_config_new(&copy, error) : of_config_copy(config, &copy, error);
    if (status == OUTFALL_OK)
        status = of_url_parse(url, copy, &parsed, error);
    if (status == OUTFALL_OK)
        status = open_parsed(&parsed, copy, out, error);
    of_url_free(&parsed);
    outfall_config_free(copy);
    return status;
}

/* A lease's number: which slot's, and the how-manieth lease of it. */
static outfall_lease number_of(const of_slot *slot)
{
    uint64_t leases = atomic_load_explicit(&slot->leases, memory_order_relaxed);
    return (leases << 32) | (slot->number + 1);
}

/* The slot of a lease that has not ended; NULL: there is no such lease. */
static of_slot *slot_of(const outfall_pool *pool, outfall_lease lease)
{
    uint32_t low = (uint32_t)lease;
    of_slot *slot = low == 0 ? NULL : of_pool_slot(pool->pool, low - 1);
    if (slot == NULL || atomic_load_explicit(&slot->ticket, memory_order_acquire) != lease)
        return NULL;
    return slot;
}

static int fail_lease(outfall_error *error)
{
    return of_fail(error, OUTFALL_ERR_INVALID,
                   "there is no such lease in this pool: it may have been returned already");
}

int outfall_pool_lease(outfall_pool *pool, uint32_t timeout_ms, outfall_lease *out,
                       outfall_error *error)
{
    of_slot *slot;
    of_watch watch;
    if (out == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL");
    *out = 0;
    int status = check(pool, error);
    if (status == OUTFALL_OK)
        status = of_timeout_check(timeout_ms, error);
    if (status == OUTFALL_OK)
        status = of_pool_take(pool->pool, of_deadline_us(timeout_ms), &watch, &slot, error);
    if (status != OUTFALL_OK)
        return status;
    *out = number_of(slot);
    atomic_store_explicit(&slot->ticket, *out, memory_order_release);
    return OUTFALL_OK;
}

int outfall_pool_return(outfall_pool *pool, outfall_lease lease, uint32_t broken,
                        outfall_error *error)
{
    int status = check(pool, error);
    if (status != OUTFALL_OK)
        return status;
    of_slot *slot = slot_of(pool, lease);
    /* An exchange: of two threads that return one lease, one is told so. */
    if (slot == NULL ||
        !atomic_compare_exchange_strong_explicit(&slot->ticket, &(uint64_t){lease}, 0,
                                                 memory_order_acq_rel, memory_order_relaxed))
        return fail_lease(error);
    of_pool_return(pool->pool, slot, broken == 0);
    return OUTFALL_OK;
}

int outfall_pool_ping(outfall_pool *pool, outfall_lease lease, uint32_t timeout_ms,
                      char *description, size_t capacity, outfall_error *error)
{
    of_watch watch;
    int status = check(pool, error);
    if (status == OUTFALL_OK)
        status = of_timeout_check(timeout_ms, error);
    if (status != OUTFALL_OK)
        return status;
    if (description != NULL && capacity == 0)
        return of_fail(error, OUTFALL_ERR_INVALID, "there is no room for the description");
    of_slot *slot = slot_of(pool, lease);
    if (slot == NULL)
        return fail_lease(error);
    const outfall_driver *driver = of_pool_driver(pool->pool);
    of_watchdog *watchdog = of_pool_watchdog(pool->pool);
    int64_t deadline_us = of_deadline_us(timeout_ms);
    if (description != NULL)
        description[0] = '\0';
    of_watchdog_guard(watchdog, &watch, driver, slot->connection, deadline_us);
    status = driver->ping(slot->connection, description, capacity, deadline_us, error);
    if (of_watchdog_release(watchdog, &watch))
        status =
            of_fail(error, OUTFALL_ERR_TIMEOUT,
                    "the database did not answer within %u ms: the connection was cut", timeout_ms);
    return status;
}

int outfall_pool_connection(outfall_pool *pool, outfall_lease lease,
                            const struct outfall_driver **driver,
                            struct outfall_connection **connection, outfall_error *error)
{
    if (driver == NULL || connection == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "driver and connection may not be NULL");
    *driver = NULL;
    *connection = NULL;
    int status = check(pool, error);
    if (status != OUTFALL_OK)
        return status;
    of_slot *slot = slot_of(pool, lease);
    if (slot == NULL)
        return fail_lease(error);
    *driver = of_pool_driver(pool->pool);
    *connection = slot->connection;
    return OUTFALL_OK;
}

int outfall_pool_stats_get(outfall_pool *pool, outfall_pool_stats *out, outfall_error *error)
{
    outfall_pool_stats stats;
    int status = check(pool, error);
    if (status != OUTFALL_OK)
        return status;
    if (out == NULL || out->struct_size < sizeof(uint64_t))
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL or its struct_size is not set");
    stats.struct_size = out->struct_size;
    of_pool_read(pool->pool, &stats);
    memcpy(out, &stats, out->struct_size < sizeof stats ? out->struct_size : sizeof stats);
    return OUTFALL_OK;
}

int outfall_pool_close(outfall_pool *pool, uint32_t timeout_ms, outfall_error *error)
{
    if (pool == NULL)
        return OUTFALL_OK;
    int status = check(pool, error);
    if (status == OUTFALL_OK)
        status = of_timeout_check(timeout_ms, error);
    if (status != OUTFALL_OK)
        return status;
    if (!of_pool_shut(pool->pool, of_deadline_us(timeout_ms)))
        return of_fail(error, OUTFALL_ERR_TIMEOUT,
                       "connections are still on lease after %u ms: return them, and close the "
                       "pool again",
                       timeout_ms);
    of_pool_free(pool->pool);
    of_free(pool);
    return OUTFALL_OK;
}
