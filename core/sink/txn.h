/* SPDX-License-Identifier: Apache-2.0 */
/* What the handle of a transaction points at. */
#ifndef OF_SINK_TXN_H
#define OF_SINK_TXN_H

#include "sink/coordinator.h"
#include "sink/handle.h"

#define OF_IDENTITY_MAX 512

/* One of a transaction's databases. */
typedef struct of_resource {
    of_endpoint *endpoint; /* Borrowed of its first sink. */
    of_pool *pool;
    char identity[OF_IDENTITY_MAX];
} of_resource;

struct outfall_txn {
    uint32_t fork_generation;
    of_coordinator coordinator;
    of_resource *resources;
    uint32_t resource_count;
    outfall_sink **sinks; /* Borrowed: closed after it. */
    size_t sink_count;
    uint64_t recovered_commits;
    uint64_t recovered_rollbacks;
};

/* The database a branch is in. */
static inline const of_resource *of_txn_resource(const outfall_txn *txn, const of_branch *branch)
{
    return &txn->resources[branch->resource];
}

/* Tells the flusher which branch the rows of the shares of a branch go to: that one, or NULL. */
void of_txn_set_branch(const outfall_txn *txn, const of_branch *of, of_branch *branch);

/* Frees the handle, whose threads have ended. */
void of_txn_free(outfall_txn *txn);

#endif
