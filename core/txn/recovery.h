/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends what is prepared in one database under a transaction's id: what an earlier run, or a lost
 * connection, has left. docs/protocol.md has the order of steps, and why it is that one.
 */
#ifndef OF_TXN_RECOVERY_H
#define OF_TXN_RECOVERY_H

#include "pool/lease.h"
#include "txn/gid.h"

enum of_verdict { OF_VERDICT_ROLL_BACK, OF_VERDICT_COMMIT, OF_VERDICT_LEAVE };

typedef struct of_recovery {
    of_pool *pool;
    of_limits limits;
    int64_t give_up_us; /* Or at the time of a close, by the limits, if that is sooner. */
    const char *id;     /* NULL: not known; one branch can be ended all the same. */
    uint32_t epoch;     /* This process's: a higher one that is found makes it the zombie. */
    int64_t owner;
    /* What is to become of a branch. */
    int (*judge)(void *context, const of_gid *gid, enum of_verdict *verdict, outfall_error *error);
    void *context;
    uint64_t newest; /* Out: the highest checkpoint that was listed. */
    uint64_t committed;
    uint64_t rolled_back;
} of_recovery;

/*
 * Ends each branch as judged; then raises the epochs of the id's lines in the database's ledger, so
 * that no older process can prepare any more; then looks again, since one may have just before.
 * OUTFALL_ERR_FENCED; OUTFALL_ERR_UNKNOWN: not all could be ended by give_up_us, or one that was to
 * be committed is lost (the message says so).
 */
int of_recovery_run(of_recovery *it, outfall_error *error);

/* Ends each branch as judged, and does no more. */
int of_recovery_sweep(of_recovery *it, outfall_error *error);

/* Whether the ledger proves that a branch has committed. */
int of_recovery_find(of_recovery *it, const of_gid *gid, bool *found, outfall_error *error);

/* Takes one of the id's lines over, as of_ledger_takeover does, again and again until give_up_us.
 */
int of_recovery_take_line(of_recovery *it, outfall_fence *fence, bool mine, outfall_error *error);

/* How a branch is called in the ledger; out has OF_BRANCH_LINE_MAX bytes. */
#define OF_BRANCH_LINE_MAX 24
void of_recovery_line(const of_gid *gid, char out[OF_BRANCH_LINE_MAX]);

/* The line of the decision, and of the branch that commits with it. */
#define OF_HOME_LINE "#home"

enum of_end { OF_END_DONE, OF_END_ALREADY, OF_END_GONE };

/*
 * Ends one branch on a connection of its own, again and again until give_up_us while the answer is
 * not known. *how: done, ALREADY committed by the ledger, or GONE: neither prepared nor in the
 * ledger.
 */
int of_recovery_end(of_recovery *it, const of_gid *gid, bool commit, enum of_end *how,
                    outfall_error *error);

#endif
