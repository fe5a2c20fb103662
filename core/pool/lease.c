/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/lease.h"

#include <string.h>

#include "base/clock.h"
#include "base/fail.h"

static int64_t deadline_of(const of_limits *limits)
{
    int64_t deadline_us = of_deadline_us(limits->request_timeout_ms);
    int64_t close_by_us = atomic_load_explicit(limits->close_by_us, memory_order_relaxed);
    return close_by_us < deadline_us ? close_by_us : deadline_us;
}

/* Starts a guarded call; returns its deadline. */
static int64_t start(of_lease *lease)
{
    int64_t deadline_us = deadline_of(&lease->limits);
    of_watchdog_guard(of_pool_watchdog(lease->pool), &lease->watch, lease->driver,
                      lease->connection, deadline_us);
    return deadline_us;
}

/* Ends a guarded call and learns from its status whether the connection is still good. */
static int end(of_lease *lease, int status, outfall_error *error)
{
    if (of_watchdog_release(of_pool_watchdog(lease->pool), &lease->watch)) {
        lease->severed++;
        lease->healthy = false;
        if (status != OUTFALL_OK && status != OUTFALL_ERR_UNKNOWN)
            status = of_fail(error, OUTFALL_ERR_TIMEOUT,
                             "the database did not answer within request.timeout.ms (%lld ms): the "
                             "connection was cut",
                             (long long)lease->limits.request_timeout_ms);
    }
    if (status == OUTFALL_ERR_IO || status == OUTFALL_ERR_TIMEOUT ||
        status == OUTFALL_ERR_UNKNOWN || status == OUTFALL_ERR_NOMEM)
        lease->healthy = false;
    return status;
}

int of_lease_take(of_pool *pool, const of_limits *limits, of_lease *lease, outfall_error *error)
{
    memset(lease, 0, sizeof *lease);
    lease->pool = pool;
    lease->driver = of_pool_driver(pool);
    lease->limits = *limits;
    lease->healthy = true;
    int status = of_pool_take(pool, deadline_of(limits), &lease->watch, &lease->slot, error);
    if (status == OUTFALL_OK)
        lease->connection = lease->slot->connection;
    return status;
}

void of_lease_return(of_lease *lease)
{
    outfall_error ignored;
    if (lease->connection == NULL)
        return;
    if (lease->in_transaction && lease->healthy)
        of_lease_rollback(lease, &ignored); /* Where that fails the connection is closed. */
    of_pool_return(lease->pool, lease->slot,
                   lease->healthy && !lease->in_transaction && !lease->prepared);
    lease->connection = NULL;
}

int of_lease_ping(of_lease *lease, char *description, size_t capacity, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease,
               lease->driver->ping(lease->connection, description, capacity, deadline_us, error),
               error);
}

int of_lease_describe(of_lease *lease, const outfall_table_name *name,
                      const outfall_describe_options *options, outfall_target **out,
                      outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease,
               lease->driver->describe(lease->connection, name, options, deadline_us, out, error),
               error);
}

int of_lease_create_table(of_lease *lease, const outfall_table_name *name,
                          const outfall_schema *schema, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease,
               lease->driver->create_table(lease->connection, name,
                                           outfall_schema_column(schema, 0),
                                           outfall_schema_count(schema), deadline_us, error),
               error);
}

int of_lease_inspect(of_lease *lease, const outfall_target *target,
                     const outfall_inspect_options *options, outfall_error *error)
{
    if (lease->driver->inspect == NULL)
        return OUTFALL_OK;
    int64_t deadline_us = start(lease);
    return end(lease,
               lease->driver->inspect(lease->connection, target, options, deadline_us, error),
               error);
}

int of_lease_create_marked(of_lease *lease, const outfall_table_name *name,
                           const outfall_schema *schema, const char *mark, outfall_error *error)
{
    if (lease->driver->create_marked == NULL)
        return of_lease_create_table(lease, name, schema, error);
    int64_t deadline_us = start(lease);
    return end(lease,
               lease->driver->create_marked(lease->connection, name,
                                            outfall_schema_column(schema, 0),
                                            outfall_schema_count(schema), mark, deadline_us, error),
               error);
}

int of_lease_begin(of_lease *lease, outfall_error *error)
{
    return of_lease_begin_two_phase(lease, NULL, error);
}

int of_lease_begin_two_phase(of_lease *lease, const outfall_xid *xid, outfall_error *error)
{
    const outfall_begin_options options = {.struct_size = sizeof options, .xid = xid};
    int64_t deadline_us = start(lease);
    lease->in_transaction = true;
    return end(lease, lease->driver->begin(lease->connection, &options, deadline_us, error), error);
}

int of_lease_write(of_lease *lease, outfall_target *target, const outfall_batch *batch,
                   outfall_write_result *result, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    memset(result, 0, sizeof *result);
    result->struct_size = sizeof *result;
    result->bad_row = -1;
    return end(lease,
               lease->driver->write(lease->connection, target, batch, deadline_us, result, error),
               error);
}

int of_lease_savepoint(of_lease *lease, int step, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease, lease->driver->savepoint(lease->connection, step, deadline_us, error), error);
}

int of_lease_commit(of_lease *lease, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    int status = end(lease, lease->driver->commit(lease->connection, deadline_us, error), error);
    if (status == OUTFALL_OK)
        lease->in_transaction = false;
    return status;
}

int of_lease_rollback(of_lease *lease, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    int status = end(lease, lease->driver->rollback(lease->connection, deadline_us, error), error);
    if (status == OUTFALL_OK)
        lease->in_transaction = false;
    else
        lease->healthy = false;
    return status;
}

int of_lease_ledger_create(of_lease *lease, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease, lease->driver->ledger_create(lease->connection, deadline_us, error), error);
}

int of_lease_takeover(of_lease *lease, outfall_fence *fence, bool mine, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    fence->struct_size = sizeof *fence;
    return end(lease, lease->driver->takeover(lease->connection, fence, mine, deadline_us, error),
               error);
}

int of_lease_fence(of_lease *lease, outfall_fence *fence, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    fence->struct_size = sizeof *fence;
    return end(lease, lease->driver->fence(lease->connection, fence, deadline_us, error), error);
}

int of_lease_ledger_write(of_lease *lease, const outfall_ledger_line *line, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease, lease->driver->ledger_write(lease->connection, line, deadline_us, error),
               error);
}

int of_lease_ledger_read(of_lease *lease, outfall_ledger_line *line, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    line->struct_size = sizeof *line;
    return end(lease, lease->driver->ledger_read(lease->connection, line, deadline_us, error),
               error);
}

int of_lease_prepare(of_lease *lease, const outfall_xid *xid, outfall_fence *fences,
                     uint32_t fence_count, const outfall_ledger_line *line, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    int status = end(lease,
                     lease->driver->prepare(lease->connection, xid, fences, fence_count, line,
                                            deadline_us, error),
                     error);
    lease->in_transaction = false; /* Prepared, rolled back, or the connection is dead. */
    lease->prepared =
        status == OUTFALL_OK && (lease->driver->capabilities & OUTFALL_DRIVER_PREPARED_STAYS) != 0;
    return status;
}

int of_lease_commit_prepared(of_lease *lease, const outfall_xid *xid, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    int status = end(
        lease, lease->driver->commit_prepared(lease->connection, xid, deadline_us, error), error);
    lease->prepared = lease->prepared && status != OUTFALL_OK;
    return status;
}

int of_lease_rollback_prepared(of_lease *lease, const outfall_xid *xid, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    int status = end(
        lease, lease->driver->rollback_prepared(lease->connection, xid, deadline_us, error), error);
    lease->prepared = lease->prepared && status != OUTFALL_OK;
    return status;
}

int of_lease_list_prepared(of_lease *lease, const char *prefix, outfall_prepared *out,
                           size_t capacity, size_t *count, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease,
               lease->driver->list_prepared(lease->connection, prefix, out, capacity, count,
                                            deadline_us, error),
               error);
}

int of_lease_end_holder(of_lease *lease, const outfall_xid *xid, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease, lease->driver->end_holder(lease->connection, xid, deadline_us, error), error);
}

int of_lease_identify(of_lease *lease, char *out, size_t capacity, outfall_error *error)
{
    int64_t deadline_us = start(lease);
    return end(lease, lease->driver->identify(lease->connection, out, capacity, deadline_us, error),
               error);
}
