/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A branch: the transaction in which one flusher writes the rows of a group's sinks to one
 * database, from one checkpoint to the next. Its open part is the flusher's; a sealed one is the
 * coordinator's until it has ended.
 */
#ifndef OF_FLOW_BRANCH_H
#define OF_FLOW_BRANCH_H

#include "flow/sealed.h"

#define OF_BRANCH_NAME_MAX 24

struct of_group;

typedef struct of_branch {
    struct of_group *group;
    of_pool *pool;
    of_share **shares; /* Whose rows it takes: of all sinks of the group on this flusher. */
    uint32_t share_count;
    char name[OF_BRANCH_NAME_MAX]; /* Its line in the ledger: "#resource.number". */
    uint16_t resource;             /* Which of the group's databases. */
    uint16_t number;               /* Which branch there. */
    bool home;                     /* It commits with the decision, and is not prepared. */
    bool idle;                     /* The flusher's: it sealed without rows the last time. */
    bool lone;                     /* No other is prepared: the coordinator does it. */
    int64_t epoch;                 /* Of its line, */
    int64_t counter;               /* and how often it has committed. */

    atomic_bool open; /* A transaction is, on this lease. The flusher's. */
    of_lease lease;
    uint64_t rows;
    uint64_t bytes;

    of_sealed sealed;
    atomic_uint_fast64_t sealed_to; /* The newest checkpoint that was handed over. */
} of_branch;

/* The connection that a share writes on. */
static inline of_lease *of_share_lease(of_share *share)
{
    return share->branch != NULL ? &share->branch->lease : &share->lease;
}

/* Opens its transaction, where none is open. */
int of_branch_begin(of_branch *branch, outfall_error *error);

/* Rolls the open transaction back and gives the connection back. */
void of_branch_drop(of_branch *branch);

/* Whether the share's rows stop at a barrier that the branch has not been sealed at yet. */
bool of_branch_bars(const of_share *share);

/* Whether rows of the share may not be written now. */
bool of_branch_holds(const of_share *share);

/* Whether all rows up to the barrier are written: it is to be sealed. */
bool of_branch_is_due(of_branch *branch);

/* Ends the writing, prepares unless that is the coordinator's, and hands it over. The flusher's. */
void of_branch_seal(of_branch *branch);

/* Prepares what is sealed. Where the answer is a certain no, nothing is sealed any more. */
int of_branch_prepare(of_branch *branch, outfall_error *error);

void of_branch_free(of_branch *branch);

#endif
