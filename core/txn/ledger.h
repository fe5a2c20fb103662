/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exactly-once by the ledger: every batch is one transaction with a line for each of its writers,
 * which says how far the writer has got. docs/exactly-once.md has the protocol.
 */
#ifndef OF_TXN_LEDGER_H
#define OF_TXN_LEDGER_H

#include "pool/lease.h"

/* Makes the ledger's tables where they are not there yet. */
int of_ledger_ensure(of_lease *lease, outfall_error *error);

/*
 * Refuses a driver without a ledger, and a database that could not keep its promise for that
 * target; else makes the ledger's tables where they are missing. `allow`: settings that lose what
 * was committed are logged, not refused.
 */
int of_ledger_open(of_lease *lease, const outfall_target *target, bool allow, outfall_error *error);

/* The refusal alone, also for `prepared` transactions that are to be prepared at once. */
int of_ledger_inspect(of_lease *lease, const outfall_target *target, uint32_t prepared, bool allow,
                      outfall_error *error);

/*
 * Takes `count` writers over in one transaction: each line gets a new epoch, and is read. `mine`:
 * only lines that have the fence's owner already; `found` is 0 of those that another process has.
 * After an unknown outcome (action RESOLVE), or one that may pass (RETRY), it may be called again.
 */
int of_ledger_takeover(of_pool *pool, const of_limits *limits, outfall_fence *fences,
                       uint32_t count, bool mine, outfall_error *error);

/* A text that no other table has: see outfall_driver.create_marked. */
void of_ledger_mark(char *out, size_t capacity);

/* What the ledger records of a table: its identity, or that it has none. */
const char *of_ledger_identity(const outfall_target *target);

/* Whether a line that has recorded one table may be that of a target. */
bool of_ledger_same_table(const char *recorded, const outfall_target *target);

/* A number for outfall_fence.owner. */
int64_t of_ledger_owner(void);

#endif
