/* SPDX-License-Identifier: Apache-2.0 */
/* Branches: transactions that are prepared, as the cases of two-phase commit need them. */
#ifndef CONTRACT_BRANCH_H
#define CONTRACT_BRANCH_H

#include "suite.h"

#define BRANCH_TABLE "contract_p" /* Columns id, the key; n; note. */
#define BRANCH_SINK UINT64_C(0xc0117ac7)
#define BRANCH_TRANSACTION "it's \"prepared\""
#define BRANCH_TRIES 400 /* Of a few milliseconds: what takes a moment, and not for ever. */

/* Makes the table and the ledger anew; what is still prepared is rolled back. Skips the case where
 * the driver cannot prepare. */
void branch_start(contract_suite *suite);

/* What is prepared stays its connection's. */
int branch_stays(const contract_suite *suite);
void branch_pause(long ms);

/* ---- Names ------------------------------------------------------------------------ */

outfall_xid branch_name_of(uint64_t sink, unsigned checkpoint, unsigned branch);
/* The first branch of BRANCH_SINK. */
outfall_xid branch_name(unsigned checkpoint);
int branch_is_same(const outfall_xid *one, const outfall_xid *other);

/* By a connection of its own: one that has prepared may be able to do nothing else. */
size_t branch_list(contract_suite *suite, const char *prefix, outfall_prepared *out,
                   size_t capacity);
int branch_is_listed(contract_suite *suite, const outfall_xid *xid);

/* ---- Rows ------------------------------------------------------------------------- */

outfall_target *branch_describe(contract_suite *suite, uint32_t mode);
/* `count` rows with the ids `first` and up. */
void branch_rows(test_rows *rows, const outfall_target *target, int first, size_t count);

/* Makes that writer's line in the ledger, or takes it over; the fence of its first checkpoint. */
outfall_fence branch_take_fence(contract_suite *suite, const char *writer);
void branch_take_over(contract_suite *suite, outfall_fence *fence);

int branch_try_begin(contract_suite *suite, const outfall_xid *xid);
/* Begins by that name, and inserts such rows; returns the status of what failed. */
int branch_try_write(contract_suite *suite, const outfall_xid *xid, int first, size_t count);
void branch_write(contract_suite *suite, const outfall_xid *xid, int first, size_t count);

/* ---- Steps ------------------------------------------------------------------------ */

/* Prepares with the branch's line in the ledger, of that checkpoint; 77 rows, it says. */
int branch_prepare_by(contract_suite *suite, const outfall_xid *xid, outfall_fence *fences,
                      uint32_t fence_count, int64_t checkpoint, int64_t deadline_us);
int branch_try_prepare(contract_suite *suite, const outfall_xid *xid, int64_t checkpoint);
void branch_prepare(contract_suite *suite, const outfall_xid *xid, int64_t checkpoint);

int branch_try_end(contract_suite *suite, outfall_connection *connection, const outfall_xid *xid,
                   int commit);
/* By the suite's connection, which may be the one that has prepared it. */
void branch_end(contract_suite *suite, const outfall_xid *xid, int commit);
/* By another, once that one is closed; it may take a moment. */
void branch_end_elsewhere(contract_suite *suite, const outfall_xid *xid, int commit);

/* ---- What is to be seen ----------------------------------------------------------- */

/* Of a prepare: a certain no. Nothing is prepared, and the connection is as after a rollback, or
 * dead. */
void branch_expect_refused(contract_suite *suite, const outfall_xid *xid, int status);
/* Whether others see the first branch's line in the ledger, of that checkpoint. */
void branch_expect_line(contract_suite *suite, int64_t checkpoint, uint32_t found);
/* Neither commit nor rollback finds it, however often. */
void branch_expect_not_found(contract_suite *suite, outfall_connection *connection,
                             const outfall_xid *xid);

#endif
