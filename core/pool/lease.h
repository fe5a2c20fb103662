/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lease: one thread's use of a pooled connection, and every driver call on it. Each call gets a
 * deadline and is guarded by the watchdog; a lease knows whether its connection may be used again.
 */
#ifndef OF_POOL_LEASE_H
#define OF_POOL_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "pool/pool.h"

/* How long the calls of one user may take. */
typedef struct of_limits {
    int64_t request_timeout_ms;
    /* An absolute time that cuts every deadline short, set by a close; INT64_MAX: none. */
    const atomic_int_fast64_t *close_by_us;
} of_limits;

typedef struct of_lease {
    of_pool *pool;
    const outfall_driver *driver;
    of_limits limits;
    of_slot *slot;
    outfall_connection *connection; /* The slot's; NULL: there is no lease. */
    bool healthy;                   /* It can go back to the pool. */
    bool in_transaction;
    bool prepared; /* It holds a transaction that is prepared, where that stays its connection's. */
    uint64_t severed; /* Calls that the watchdog had to cut. */
    of_watch watch;
} of_lease;

/* Takes a connection. On failure there is nothing to return. */
int of_lease_take(of_pool *pool, const of_limits *limits, of_lease *lease, outfall_error *error);

/* Rolls back what is open and gives the connection back. */
void of_lease_return(of_lease *lease);

int of_lease_ping(of_lease *lease, char *description, size_t capacity, outfall_error *error);
int of_lease_describe(of_lease *lease, const outfall_table_name *name,
                      const outfall_describe_options *options, outfall_target **out,
                      outfall_error *error);
int of_lease_create_table(of_lease *lease, const outfall_table_name *name,
                          const outfall_schema *schema, outfall_error *error);
/* As the driver's `inspect`; OUTFALL_OK where the driver has none. */
int of_lease_inspect(of_lease *lease, const outfall_target *target,
                     const outfall_inspect_options *options, outfall_error *error);
/* As of_lease_create_table, with a mark to tell the table by, where the driver needs one. */
int of_lease_create_marked(of_lease *lease, const outfall_table_name *name,
                           const outfall_schema *schema, const char *mark, outfall_error *error);
int of_lease_begin(of_lease *lease, outfall_error *error);
/* As of_lease_begin, of a transaction that can be prepared; `xid` NULL: of one that cannot. */
int of_lease_begin_two_phase(of_lease *lease, const outfall_xid *xid, outfall_error *error);
int of_lease_write(of_lease *lease, outfall_target *target, const outfall_batch *batch,
                   outfall_write_result *result, outfall_error *error);
int of_lease_savepoint(of_lease *lease, int step, outfall_error *error);
int of_lease_commit(of_lease *lease, outfall_error *error);
int of_lease_rollback(of_lease *lease, outfall_error *error);

/* Of drivers with OUTFALL_DRIVER_LEDGER. */
int of_lease_ledger_create(of_lease *lease, outfall_error *error);
int of_lease_takeover(of_lease *lease, outfall_fence *fence, bool mine, outfall_error *error);
int of_lease_fence(of_lease *lease, outfall_fence *fence, outfall_error *error);
int of_lease_ledger_write(of_lease *lease, const outfall_ledger_line *line, outfall_error *error);
int of_lease_ledger_read(of_lease *lease, outfall_ledger_line *line, outfall_error *error);

/* Of drivers with OUTFALL_DRIVER_TWO_PHASE. */
int of_lease_prepare(of_lease *lease, const outfall_xid *xid, outfall_fence *fences,
                     uint32_t fence_count, const outfall_ledger_line *line, outfall_error *error);
int of_lease_commit_prepared(of_lease *lease, const outfall_xid *xid, outfall_error *error);
int of_lease_rollback_prepared(of_lease *lease, const outfall_xid *xid, outfall_error *error);
int of_lease_list_prepared(of_lease *lease, const char *prefix, outfall_prepared *out,
                           size_t capacity, size_t *count, outfall_error *error);
int of_lease_end_holder(of_lease *lease, const outfall_xid *xid, outfall_error *error);
int of_lease_identify(of_lease *lease, char *out, size_t capacity, outfall_error *error);

#endif
