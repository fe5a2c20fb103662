/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One checkpoint's way through two-phase commit: which state an event leads to, and what is to be
 * done then. A table; no I/O, no clock. Any thread.
 *
 * Each checkpoint has a state of its own, which ends in DONE, in IDLE (aborted, and nothing of it
 * is left) or in STUCK. Once the decision to commit is durable nothing leads to ABORTING any more.
 */
#ifndef OF_TXN_STATE_H
#define OF_TXN_STATE_H

#include <stdbool.h>

typedef enum of_txn_state {
    OF_TXN_IDLE,       /* Durable: nothing. */
    OF_TXN_ACTIVE,     /* Nothing. */
    OF_TXN_PREPARING,  /* Unknown: some branches may be. */
    OF_TXN_PREPARED,   /* All branches; without a decision they are rolled back. */
    OF_TXN_COMMITTING, /* All branches, or what became of them, and the decision. */
    OF_TXN_ABORTING,   /* Nothing that is needed. */
    OF_TXN_DONE,       /* The ledger's rows. */
    OF_TXN_IN_DOUBT,   /* Branches, and perhaps a decision. */
    OF_TXN_STUCK,      /* A branch was lost or ended by someone else: no program can mend it. */
    OF_TXN_STATES
} of_txn_state;

typedef enum of_txn_event {
    OF_TXN_BEGIN,   /* Rows are to be written. */
    OF_TXN_FLUSH,   /* All rows are written: the checkpoint is to be prepared. */
    OF_TXN_FAILED,  /* The database said no, or the connection broke before PREPARE was sent. */
    OF_TXN_UNKNOWN, /* No answer by the deadline. */
    OF_TXN_PREPARED_ALL, /* Every branch said yes. */
    OF_TXN_DECIDE,       /* The decision leaves this process: it is about to be sent to where it is
                             kept, or the committable goes to an outer engine. */
    OF_TXN_DECIDED,      /* The decision to commit is durable. */
    OF_TXN_UNDECIDED,    /* There is none, and none can come: its place was fenced, then read. */
    OF_TXN_ABORT,        /* It is wanted no more: by its caller, or by a timer. */
    OF_TXN_FOUND,        /* Recovery found a branch. */
    OF_TXN_ENDED_ALL,    /* Each branch is committed, or no branch is left to roll back. */
    OF_TXN_LOST,         /* A branch is neither listed nor in the ledger. */
    OF_TXN_HEURISTIC,    /* A branch was ended otherwise than decided. */
    OF_TXN_EVENTS
} of_txn_event;

typedef enum of_txn_todo {
    OF_TXN_DO_REFUSE,    /* The event cannot come in this state: the caller's mistake. */
    OF_TXN_DO_NOTHING,   /* It was expected, or has come before. */
    OF_TXN_DO_WRITE,     /* Open the transactions, fence, write rows. */
    OF_TXN_DO_PREPARE,   /* Send PREPARE to every branch. */
    OF_TXN_DO_AWAIT,     /* All is ready for OF_TXN_DECIDE. */
    OF_TXN_DO_RECORD,    /* Send the decision, or hand the committable out. */
    OF_TXN_DO_COMMIT,    /* Commit each branch that is not proven done; again after a pause. */
    OF_TXN_DO_ROLL_BACK, /* Roll back until no branch is listed; again after a pause. */
    OF_TXN_DO_RESOLVE,   /* Reconnect, fence the decision's place, then read it. */
    OF_TXN_DO_FORGET,    /* Ledger rows may be pruned once nothing older is in flight. */
    OF_TXN_DO_STOP,      /* Stop the sink and raise an alarm; never guess. */
    OF_TXN_TODOS
} of_txn_todo;

typedef struct of_txn_step {
    of_txn_state next; /* The state as it was where the event is refused. */
    of_txn_todo todo;
} of_txn_step;

of_txn_step of_txn_next(of_txn_state state, of_txn_event event);

/* Whether a timer may abort: no decision to commit can exist, nor come without this process. */
bool of_txn_may_abort(of_txn_state state);

/* In words, for messages and logs: static, never NULL. */
const char *of_txn_state_name(of_txn_state state);

#endif
