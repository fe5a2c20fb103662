/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/coordinator.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/kill.h"
#include "base/log.h"
#include "sink/arbiter.h"
#include "txn/recovery.h"

#define PAUSE_LEAST_MS 2
#define PAUSE_MOST_MS 1000
#define FOREVER_US INT64_C(3600000000)

/* ---- Helpers ---------------------------------------------------------------------- */

static bool stopping(const of_coordinator *it)
{
    return atomic_load_explicit(&it->stopping, memory_order_acquire);
}

static bool failed(const of_coordinator *it)
{
    return of_group_check(it->group, NULL) != OUTFALL_OK;
}

/* Sleeps until something of the group changes: `ticket` was taken before the look. */
static void sleep_on(of_coordinator *it, uint32_t ticket)
{
    of_eventcount_wait(&it->group->changed, ticket, of_clock_us() + FOREVER_US);
}

/* Pauses before a phase is tried again. False: its time is over. */
static bool pause_phase(of_coordinator *it)
{
    int64_t now_us = of_clock_us();
    int64_t pause_ms = (int64_t)PAUSE_LEAST_MS << (it->tries < 10 ? it->tries : 10);
    if (now_us >= it->give_up_us ||
        now_us >= atomic_load_explicit(&it->group->close_by_us, memory_order_relaxed))
        return false;
    it->tries++;
    int64_t until_us = of_deadline_us(pause_ms < PAUSE_MOST_MS ? pause_ms : PAUSE_MOST_MS);
    for (;;) {
        uint32_t ticket = of_eventcount_arm(&it->group->changed);
        int64_t close_by_us = atomic_load_explicit(&it->group->close_by_us, memory_order_relaxed);
        if (!of_eventcount_wait(&it->group->changed, ticket,
                                close_by_us < until_us ? close_by_us : until_us))
            return true;
    }
}

static void enter_phase(of_coordinator *it)
{
    it->since_us = of_clock_us();
    it->tries = 0;
    it->give_up_us = it->since_us + it->retry_timeout_ms * 1000;
}

static void record_phase(of_coordinator *it, of_histogram *histogram)
{
    of_histogram_record(histogram, (uint64_t)(of_clock_us() - it->since_us) * 1000);
}

/* What is prepared or decided stays so. */
static void give_up(of_coordinator *it, const outfall_error *why, const char *remedy)
{
    outfall_error error;
    outfall_error_set(&error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_STOP,
                      "checkpoint %" PRIu64 " of \"%.80s\" could not be ended: %.240s; %s",
                      it->checkpoint, it->group->id, why->message, remedy);
    atomic_store_explicit(&it->in_doubt, true, memory_order_release);
    of_group_fail(it->group, why->status == OUTFALL_ERR_FENCED ? why : &error);
}

static void leave_in_doubt(of_coordinator *it, const outfall_error *why)
{
    give_up(it, why, "opening the transaction again ends it");
}

/* ---- Phases: each does what the state wants, and says what came of it ------------------ */

/* Waits for the next checkpoint's barrier. */
static of_txn_event await_barrier(of_coordinator *it)
{
    of_group *group = it->group;
    uint64_t next = atomic_load_explicit(&group->ended, memory_order_relaxed) + 1;
    for (;;) {
        uint32_t ticket = of_eventcount_arm(&group->changed);
        bool asked = atomic_load_explicit(&group->requested, memory_order_acquire) == next;
        if (asked || failed(it) || stopping(it)) {
            of_eventcount_disarm(&group->changed);
            it->checkpoint = next;
            if (failed(it))
                return OF_TXN_FAILED;
            return asked ? OF_TXN_FLUSH : OF_TXN_ABORT;
        }
        sleep_on(it, ticket);
    }
}

/* All have handed over. Prepares the one that its flusher has left to this, and counts. */
static of_txn_event take_over(of_coordinator *it)
{
    outfall_error error;
    for (uint32_t i = 0; i < it->branches.count; i++) {
        of_branch *branch = &it->branches.all[i];
        if (branch->lone && branch->sealed.state == OF_SEALED_OPEN &&
            of_branch_prepare(branch, &error) != OUTFALL_OK) {
            of_group_abort(it->group, &error);
            return OF_TXN_FAILED;
        }
        if (branch->sealed.state == OF_SEALED_PREPARED)
            atomic_fetch_add_explicit(&it->branches_prepared, 1, memory_order_relaxed);
    }
    record_phase(it, &it->seal);
    return OF_TXN_PREPARED_ALL;
}

/* The flushers seal; this waits for them. */
static of_txn_event await_sealed(of_coordinator *it)
{
    of_group *group = it->group;
    for (;;) {
        uint32_t ticket = of_eventcount_arm(&group->changed);
        bool sealed = of_branches_are_sealed(&it->branches, it->checkpoint);
        if (sealed || failed(it) || stopping(it)) {
            of_eventcount_disarm(&group->changed);
            if (failed(it))
                return OF_TXN_FAILED;
            return sealed ? take_over(it) : OF_TXN_ABORT;
        }
        sleep_on(it, ticket);
    }
}

/*
 * From here on any process may end it. A connection that has what it prepared to itself is kept, to
 * commit on it: who else wants to, ends it first.
 */
static void hand_out(of_coordinator *it)
{
    for (uint32_t i = 0; i < it->branches.count; i++)
        if (!it->branches.all[i].sealed.lease.prepared)
            of_lease_return(&it->branches.all[i].sealed.lease);
    atomic_store_explicit(&it->word, OF_WORD_NONE, memory_order_relaxed);
    atomic_store_explicit(&it->prepared, it->checkpoint, memory_order_release);
    of_eventcount_wake(&it->group->changed);
}

/* All is prepared. An outer engine says what becomes of it; else the decision is this one's. */
static of_txn_event await_word(of_coordinator *it)
{
    of_group *group = it->group;
    if (it->decision != OUTFALL_DECISION_EXTERNAL)
        return OF_TXN_DECIDE;
    hand_out(it);
    for (;;) {
        uint32_t ticket = of_eventcount_arm(&group->changed);
        int word = atomic_load_explicit(&it->word, memory_order_acquire);
        if (word != OF_WORD_NONE || stopping(it)) {
            of_eventcount_disarm(&group->changed);
            enter_phase(it);
            if (word == OF_WORD_COMMIT || word == OF_WORD_ABORT)
                return word == OF_WORD_COMMIT ? OF_TXN_DECIDED : OF_TXN_ABORT;
            return OF_TXN_DECIDE; /* It is the engine's for good. */
        }
        sleep_on(it, ticket);
    }
}

/* The checkpoint is durable everywhere, or the engine sees to it. */
static of_txn_event forget(of_coordinator *it)
{
    of_group *group = it->group;
    OF_KILL_POINT("checkpoint-ended");
    for (uint32_t i = 0; i < it->branches.count; i++) {
        of_branch *branch = &it->branches.all[i];
        if (branch->sealed.state != OF_SEALED_EMPTY)
            branch->counter++;
        of_sealed_settle(&branch->sealed, branch->shares, branch->share_count);
        of_sealed_release(&branch->sealed);
    }
    of_arbiter_forget(it);
    atomic_fetch_add_explicit(&it->checkpoints, 1, memory_order_relaxed);
    of_group_end(group, it->checkpoint);
    return OF_TXN_BEGIN;
}

static of_txn_event record(of_coordinator *it)
{
    outfall_error error;
    if (it->decision == OUTFALL_DECISION_EXTERNAL) /* What is prepared is left to the engine. */
        return atomic_load_explicit(&it->word, memory_order_relaxed) == OF_WORD_RELEASE
                   ? forget(it)
                   : OF_TXN_EVENTS;
    enter_phase(it);
    OF_KILL_POINT("before-decision");
    int status = of_arbiter_decide(it, &error);
    if (status == OUTFALL_OK) {
        OF_KILL_POINT("decided");
        return OF_TXN_DECIDED;
    }
    if (error.action == OUTFALL_ACTION_RESOLVE)
        return OF_TXN_UNKNOWN;
    of_group_abort(it->group, &error);
    return OF_TXN_UNDECIDED;
}

/* The decision was sent, and has not been answered. */
static of_txn_event resolve(of_coordinator *it)
{
    outfall_error error;
    bool decided;
    do {
        int status = of_arbiter_resolve(it, &decided, &error);
        if (status == OUTFALL_OK) {
            atomic_fetch_add_explicit(&it->resolved, 1, memory_order_relaxed);
            of_log(OF_LOG_WARNING, "a decision without an answer was resolved by the ledger: %s",
                   decided ? "the checkpoint is decided" : "it is rolled back");
            if (!decided)
                of_group_abort(it->group, &error);
            return decided ? OF_TXN_DECIDED : OF_TXN_UNDECIDED;
        }
    } while ((error.action == OUTFALL_ACTION_RETRY || error.action == OUTFALL_ACTION_RESOLVE) &&
             pause_phase(it));
    leave_in_doubt(it, &error);
    return OF_TXN_EVENTS;
}

/* Ends one branch, on its own connection if that lives, else on others. */
static int end_branch(of_coordinator *it, of_branch *branch, bool commit, enum of_end *how,
                      outfall_error *error)
{
    of_sealed *sealed = &branch->sealed;
    of_lease *lease = &sealed->lease;
    of_recovery recovery = {
        .pool = branch->pool,
        .limits = it->group->limits,
        .give_up_us = it->give_up_us,
        .id = it->group->id,
        .epoch = it->group->epoch,
        .owner = it->group->owner,
    };
    *how = OF_END_DONE;
    if (lease->connection != NULL && lease->healthy) {
        int status = commit ? of_lease_commit_prepared(lease, &sealed->xid, error)
                            : of_lease_rollback_prepared(lease, &sealed->xid, error);
        if (status == OUTFALL_OK)
            return OUTFALL_OK;
    }
    of_lease_return(lease);
    return of_recovery_end(&recovery, &sealed->gid, commit, how, error);
}

static void fail_lost(of_coordinator *it, const of_branch *branch)
{
    outfall_error why;
    outfall_error_set(
        &why, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_STOP,
        "its part %s.%s is neither prepared nor in the ledger: somebody has rolled it "
        "back",
        branch->sealed.xid.gtrid, branch->sealed.xid.bqual);
    give_up(it, &why, "put its rows in by hand, from the source or from another database");
}

static of_txn_event commit_all(of_coordinator *it)
{
    outfall_error error;
    of_txn_event event = OF_TXN_ENDED_ALL;
    record_phase(it, &it->decide);
    enter_phase(it);
    for (uint32_t i = 0; i < it->branches.count; i++) {
        of_branch *branch = &it->branches.all[i];
        enum of_end how;
        if (branch->sealed.state != OF_SEALED_PREPARED)
            continue;
        int status = end_branch(it, branch, true, &how, &error);
        if (status == OUTFALL_OK && how == OF_END_GONE) {
            fail_lost(it, branch);
            event = OF_TXN_LOST;
            continue;
        }
        if (status != OUTFALL_OK) { /* The other parts are decided all the same. */
            leave_in_doubt(it, &error);
            event = OF_TXN_EVENTS;
            continue;
        }
        branch->sealed.state = OF_SEALED_OPEN; /* It needs no end any more. */
        OF_KILL_POINT("branch-committed");
    }
    if (event == OF_TXN_ENDED_ALL)
        record_phase(it, &it->commit);
    return event;
}

/*
 * A flusher may be sealing its branch yet: what is open it hands over, or drops. However little is
 * to be tried again, the call that it is in has its time.
 */
static int await_flushers(of_coordinator *it, outfall_error *error)
{
    of_group *group = it->group;
    int64_t until_us = it->give_up_us + group->limits.request_timeout_ms * 1000;
    for (bool in_time = true;;) {
        uint32_t ticket = of_eventcount_arm(&group->changed);
        bool quiet = of_branches_are_quiet(&it->branches);
        if (quiet || !in_time) {
            of_eventcount_disarm(&group->changed);
            return quiet
                       ? OUTFALL_OK
                       : of_fail(error, OUTFALL_ERR_TIMEOUT, "a call to a database has not ended");
        }
        int64_t close_by_us = atomic_load_explicit(&group->close_by_us, memory_order_relaxed);
        in_time = of_eventcount_wait(&group->changed, ticket,
                                     close_by_us < until_us ? close_by_us : until_us);
    }
}

/* Once the home's part is handed over its locks may be what its flusher waits for, with later rows.
 */
static void let_home_go(of_coordinator *it)
{
    of_branch *home = it->home;
    if (home != NULL &&
        atomic_load_explicit(&home->sealed_to, memory_order_acquire) >= it->checkpoint)
        of_sealed_release(&home->sealed);
}

/* Rolls back what the flushers handed over; what they still write they drop themselves. */
static of_txn_event roll_back_all(of_coordinator *it)
{
    outfall_error error;
    outfall_error_set(&error, OUTFALL_ERR_ABORTED, OUTFALL_ACTION_STOP, "it was given up");
    of_group_abort(it->group, &error); /* Where nothing has failed before. */
    enter_phase(it);
    let_home_go(it);
    if (await_flushers(it, &error) != OUTFALL_OK) {
        leave_in_doubt(it, &error);
        return OF_TXN_EVENTS;
    }
    of_txn_event event = OF_TXN_ENDED_ALL;
    for (uint32_t i = 0; i < it->branches.count; i++) {
        of_branch *branch = &it->branches.all[i];
        enum of_end how;
        int status = OUTFALL_OK;
        if (branch->sealed.state == OF_SEALED_PREPARED)
            status = end_branch(it, branch, false, &how, &error);
        else if (branch->sealed.state == OF_SEALED_UNKNOWN)
            status = of_arbiter_sweep(it, branch, &error);
        of_sealed_release(&branch->sealed);
        if (status != OUTFALL_OK) { /* The others may well be there. */
            leave_in_doubt(it, &error);
            event = OF_TXN_EVENTS;
        }
    }
    return event;
}

/* ---- The thread ------------------------------------------------------------------- */

/* Does what is to be done; OF_TXN_EVENTS: nothing more. */
static of_txn_event carry_out(of_coordinator *it, of_txn_todo todo)
{
    switch (todo) {
    case OF_TXN_DO_WRITE:
        return await_barrier(it);
    case OF_TXN_DO_PREPARE:
        enter_phase(it);
        return await_sealed(it);
    case OF_TXN_DO_AWAIT:
        return await_word(it);
    case OF_TXN_DO_RECORD:
        return record(it);
    case OF_TXN_DO_RESOLVE:
        return resolve(it);
    case OF_TXN_DO_COMMIT:
        return commit_all(it);
    case OF_TXN_DO_ROLL_BACK:
        return roll_back_all(it);
    case OF_TXN_DO_FORGET:
        return forget(it);
    default: /* Aborted, and nothing is left; or stuck. */
        return OF_TXN_EVENTS;
    }
}

static void *run(void *argument)
{
    of_coordinator *it = argument;
    of_txn_event event = OF_TXN_BEGIN;
    while (event != OF_TXN_EVENTS) {
        if (event == OF_TXN_BEGIN)
            it->state = OF_TXN_IDLE; /* Each checkpoint has a state of its own. */
        of_txn_step step = of_txn_next(it->state, event);
        it->state = step.next;
        event = carry_out(it, step.todo);
    }
    atomic_store_explicit(&it->ended, true, memory_order_release);
    of_eventcount_wake(&it->group->changed);
    return NULL;
}

int of_coordinator_start(of_coordinator *it, outfall_error *error)
{
    if (pthread_create(&it->thread, NULL, run, it) != 0)
        return of_fail(error, OUTFALL_ERR_NOMEM, "no thread could be started");
    return OUTFALL_OK;
}

void of_coordinator_stop(of_coordinator *it)
{
    atomic_store_explicit(&it->stopping, true, memory_order_release);
    of_eventcount_wake(&it->group->changed);
}
