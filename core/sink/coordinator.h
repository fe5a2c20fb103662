/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a group's checkpoints through two-phase commit, on a thread of its own: txn/state says what
 * is to be done, this does it.
 */
#ifndef OF_SINK_COORDINATOR_H
#define OF_SINK_COORDINATOR_H

#include <outfall/txn.h>

#include "base/histogram.h"
#include "flow/branches.h"
#include "txn/journal.h"
#include "txn/state.h"

/* What an outer engine has said of the checkpoint that is prepared. */
enum of_word {
    OF_WORD_NONE,
    OF_WORD_COMMIT,
    OF_WORD_ABORT,
    OF_WORD_RELEASE /* It is the engine's to end, by its committables. */
};

typedef struct of_coordinator {
    of_group *group;
    of_branches branches;
    uint32_t decision;   /* enum outfall_decision */
    of_branch *home;     /* NULL: the decision is not in a database. */
    of_journal *journal; /* NULL: it is not in a file. */
    int64_t retry_timeout_ms;
    pthread_t thread;

    uint64_t checkpoint; /* At hand. */
    int64_t since_us;    /* Of the phase. */
    uint32_t tries;      /* In the phase, */
    int64_t give_up_us;  /* which ends then, undone. */
    of_txn_state state;  /* The thread's own. */

    atomic_uint_fast64_t prepared; /* The newest checkpoint that an outer engine may decide. */
    atomic_int word;               /* enum of_word */
    atomic_bool stopping;
    atomic_bool ended;    /* The thread does nothing more. */
    atomic_bool in_doubt; /* It has left something that only opening again can end. */
    atomic_uint_fast64_t branches_prepared;
    atomic_uint_fast64_t resolved;
    atomic_uint_fast64_t checkpoints;
    of_histogram seal;
    of_histogram decide;
    of_histogram commit;
} of_coordinator;

/* Starts the thread; what it needs is set. */
int of_coordinator_start(of_coordinator *it, outfall_error *error);

/* Asks it to end; a checkpoint that is decided is committed first. */
void of_coordinator_stop(of_coordinator *it);

#endif
