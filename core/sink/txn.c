/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/txn.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/fork.h"
#include "txn/committable.h"

/* Of a close's time, what is kept for cutting connections. */
#define CLOSE_GRACE_MAX_US 200000

static int check(const outfall_txn *txn, outfall_error *error)
{
    if (txn == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the transaction is NULL");
    if (txn->fork_generation != of_fork_generation)
        return of_fail(error, OUTFALL_ERR_CLOSED,
                       "the transaction belongs to the parent process: open one after fork");
    return OUTFALL_OK;
}

/* ---- Checkpoints ------------------------------------------------------------------ */

int outfall_txn_checkpoint(outfall_txn *txn, uint64_t *checkpoint, outfall_error *error)
{
    if (checkpoint != NULL)
        *checkpoint = 0;
    int status = check(txn, error);
    if (status == OUTFALL_OK)
        status = of_group_check(txn->coordinator.group, error);
    if (status != OUTFALL_OK)
        return status;
    uint64_t number = of_branches_request(&txn->coordinator.branches, txn->coordinator.group);
    if (number == 0)
        return of_fail(error, OUTFALL_ERR_FULL,
                       "the checkpoint before has not ended: wait for it, or commit or release it");
    if (checkpoint != NULL)
        *checkpoint = number;
    return OUTFALL_OK;
}

/* What a wait is for: a number that reaches another. */
static int wait_for(outfall_txn *txn, const atomic_uint_fast64_t *reached, uint64_t checkpoint,
                    uint32_t timeout_ms, outfall_error *error)
{
    of_group *group = txn->coordinator.group;
    int64_t deadline_us = of_deadline_us(timeout_ms);
    bool in_time = true;
    for (;;) {
        uint32_t ticket = of_eventcount_arm(&group->changed);
        /* In this order: it may reach the number, and end for another reason, between the two. */
        bool over = atomic_load_explicit(&txn->coordinator.ended, memory_order_acquire);
        bool done = atomic_load_explicit(reached, memory_order_acquire) >= checkpoint;
        int status = over ? of_group_check(group, error) : OUTFALL_OK;
        if (done || status != OUTFALL_OK || over || !in_time) {
            of_eventcount_disarm(&group->changed);
            if (done || status != OUTFALL_OK)
                return done ? OUTFALL_OK : status;
            return of_fail(error, OUTFALL_ERR_TIMEOUT,
                           "checkpoint %" PRIu64 " had not ended at the deadline: wait again",
                           checkpoint);
        }
        in_time = of_eventcount_wait(&group->changed, ticket, deadline_us);
    }
}

int outfall_txn_wait(outfall_txn *txn, uint64_t checkpoint, uint32_t timeout_ms,
                     outfall_error *error)
{
    int status = check(txn, error);
    if (status == OUTFALL_OK)
        status = of_timeout_check(timeout_ms, error);
    if (status != OUTFALL_OK)
        return status;
    of_coordinator *it = &txn->coordinator;
    bool external = it->decision == OUTFALL_DECISION_EXTERNAL;
    return wait_for(txn, external ? &it->prepared : &it->group->ended, checkpoint, timeout_ms,
                    error);
}

int outfall_prepare(outfall_txn *txn, uint64_t *checkpoint, uint32_t timeout_ms,
                    outfall_error *error)
{
    uint64_t number = 0;
    int status = of_timeout_check(timeout_ms, error);
    if (status == OUTFALL_OK)
        status = outfall_txn_checkpoint(txn, &number, error);
    if (checkpoint != NULL)
        *checkpoint = number;
    if (status == OUTFALL_OK)
        status = outfall_txn_wait(txn, number, timeout_ms, error);
    return status;
}

/* ---- An outer engine's decision ----------------------------------------------------- */

/* The checkpoint that waits for its decision; 0: none does. */
static uint64_t undecided(const outfall_txn *txn)
{
    uint64_t prepared = atomic_load_explicit(&txn->coordinator.prepared, memory_order_acquire);
    uint64_t ended = atomic_load_explicit(&txn->coordinator.group->ended, memory_order_acquire);
    return prepared > ended ? prepared : 0;
}

static int fail_nothing(outfall_error *error)
{
    return of_fail(error, OUTFALL_ERR_INVALID,
                   "no checkpoint waits for a decision: call outfall_prepare first, of a "
                   "transaction with OUTFALL_DECISION_EXTERNAL");
}

static int encode(const outfall_txn *txn, const of_branch *branch, void *buffer, size_t capacity,
                  size_t *length, outfall_error *error)
{
    const of_sealed *sealed = &branch->sealed;
    const of_committable committable = {
        .driver = of_pool_driver(branch->pool)->name,
        .resource_identity = of_txn_resource(txn, branch)->identity,
        .sink_id = txn->coordinator.group->id,
        .gid = sealed->gid,
        .rows = sealed->rows,
        .bytes = sealed->bytes,
    };
    return of_committable_encode(&committable, buffer, capacity, length, error);
}

int outfall_txn_committable(outfall_txn *txn, size_t index, void *buffer, size_t capacity,
                            size_t *length, outfall_error *error)
{
    int status = check(txn, error);
    if (status != OUTFALL_OK)
        return status;
    if (buffer == NULL || length == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the buffer or the length is NULL");
    if (undecided(txn) == 0)
        return fail_nothing(error);
    for (uint32_t i = 0; i < txn->coordinator.branches.count; i++)
        if (txn->coordinator.branches.all[i].sealed.state == OF_SEALED_PREPARED && index-- == 0)
            return encode(txn, &txn->coordinator.branches.all[i], buffer, capacity, length, error);
    return of_fail(error, OUTFALL_ERR_NOT_FOUND, "the checkpoint has no more parts");
}

/* The first word counts: it may have been carried out by now. The same one again is a wait. */
static int say(of_coordinator *it, uint64_t checkpoint, int word, outfall_error *error)
{
    static const char *const doing[] = {[OF_WORD_COMMIT] = "committed",
                                        [OF_WORD_ABORT] = "rolled back",
                                        [OF_WORD_RELEASE] = "released"};
    int before = OF_WORD_NONE;
    if (atomic_compare_exchange_strong_explicit(&it->word, &before, word, memory_order_acq_rel,
                                                memory_order_acquire)) {
        of_eventcount_wake(&it->group->changed);
        return OUTFALL_OK;
    }
    if (before == word)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_INVALID,
                   "checkpoint %" PRIu64
                   " is being %s, and cannot be %s: wait by the call that was "
                   "made first",
                   checkpoint, doing[before], doing[word]);
}

static int fail_in_doubt(const outfall_txn *txn, outfall_error *error)
{
    return of_fail(error, OUTFALL_ERR_UNKNOWN,
                   "a checkpoint of \"%.120s\" was not ended everywhere: opening the transaction "
                   "again ends it",
                   txn->coordinator.group->id);
}

/* Says what becomes of the checkpoint that is prepared, and waits for it. */
static int decide(outfall_txn *txn, enum of_word word, uint32_t timeout_ms, outfall_error *error)
{
    int status = check(txn, error);
    if (status == OUTFALL_OK)
        status = of_timeout_check(timeout_ms, error);
    if (status != OUTFALL_OK)
        return status;
    uint64_t checkpoint = undecided(txn);
    if (checkpoint == 0)
        return fail_nothing(error);
    status = say(&txn->coordinator, checkpoint, word, error);
    if (status != OUTFALL_OK)
        return status;
    return wait_for(txn, &txn->coordinator.group->ended, checkpoint, timeout_ms, error);
}

int outfall_txn_commit(outfall_txn *txn, uint32_t timeout_ms, outfall_error *error)
{
    return decide(txn, OF_WORD_COMMIT, timeout_ms, error);
}

int outfall_txn_release(outfall_txn *txn, uint32_t timeout_ms, outfall_error *error)
{
    return decide(txn, OF_WORD_RELEASE, timeout_ms, error);
}

int outfall_txn_abort(outfall_txn *txn, uint32_t timeout_ms, outfall_error *error)
{
    outfall_error why = {0};
    int status = decide(txn, OF_WORD_ABORT, timeout_ms, &why);
    if (status == OUTFALL_ERR_ABORTED &&
        atomic_load_explicit(&txn->coordinator.in_doubt, memory_order_acquire))
        return fail_in_doubt(txn, error);
    if (status == OUTFALL_OK || status == OUTFALL_ERR_ABORTED)
        return OUTFALL_OK; /* As it was wanted. */
    return of_fail_copy(error, &why);
}

/* ---- Figures ---------------------------------------------------------------------- */

int outfall_txn_stats_get(outfall_txn *txn, outfall_txn_stats *out, outfall_error *error)
{
    outfall_txn_stats stats = {0};
    int status = check(txn, error);
    if (status != OUTFALL_OK)
        return status;
    if (out == NULL || out->struct_size < sizeof out->struct_size)
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL, or its struct_size is not set");
    of_coordinator *it = &txn->coordinator;
    stats.struct_size = out->struct_size;
    stats.checkpoints = atomic_load_explicit(&it->checkpoints, memory_order_relaxed);
    stats.branches = atomic_load_explicit(&it->branches_prepared, memory_order_relaxed);
    stats.resolved = atomic_load_explicit(&it->resolved, memory_order_relaxed);
    stats.recovered_commits = txn->recovered_commits;
    stats.recovered_rollbacks = txn->recovered_rollbacks;
    of_histogram_read(&it->group->begin, &stats.begin);
    of_histogram_read(&it->group->prepare, &stats.prepare);
    of_histogram_read(&it->seal, &stats.seal);
    of_histogram_read(&it->decide, &stats.decide);
    of_histogram_read(&it->commit, &stats.commit);
    memcpy(out, &stats, out->struct_size < sizeof stats ? out->struct_size : sizeof stats);
    return OUTFALL_OK;
}

/* ---- Close ------------------------------------------------------------------------ */

/* Waits until neither the coordinator nor a flusher has anything of the group in its hands. */
static bool wait_quiet(outfall_txn *txn, int64_t deadline_us)
{
    of_group *group = txn->coordinator.group;
    for (bool in_time = true;;) {
        uint32_t ticket = of_eventcount_arm(&group->changed);
        bool quiet = atomic_load_explicit(&txn->coordinator.ended, memory_order_acquire) &&
                     of_branches_are_quiet(&txn->coordinator.branches);
        if (quiet || !in_time) {
            of_eventcount_disarm(&group->changed);
            return quiet;
        }
        in_time = of_eventcount_wait(&group->changed, ticket, deadline_us);
    }
}

void of_txn_set_branch(const outfall_txn *txn, const of_branch *of, of_branch *branch)
{
    of_flusher *flusher = of_endpoint_flusher(of_txn_resource(txn, of)->endpoint, of->number);
    for (uint32_t i = 0; i < of->share_count; i++)
        of_flusher_set_branch(flusher, of->shares[i], branch);
}

void of_txn_free(outfall_txn *txn)
{
    of_branches *branches = &txn->coordinator.branches;
    for (uint32_t i = 0; i < branches->count; i++)
        of_sealed_release(&branches->all[i].sealed);
    of_branches_free(branches);
    of_journal_close(txn->coordinator.journal);
    of_group_free(txn->coordinator.group);
    of_free(txn->resources);
    of_free(txn->sinks);
    of_free(txn);
}

/* The sinks can be closed; where all is quiet their flushers forget the branches. */
static void leave(outfall_txn *txn, bool quiet)
{
    const of_branches *branches = &txn->coordinator.branches;
    for (uint32_t i = 0; i < branches->count && quiet; i++)
        of_txn_set_branch(txn, &branches->all[i], NULL);
    for (size_t i = 0; i < txn->sink_count; i++)
        atomic_store_explicit(&txn->sinks[i]->joined, quiet ? OF_SINK_LEFT : OF_SINK_STUCK,
                              memory_order_release);
}

/* What was decided is committed first; then nothing more is taken. */
static void stop(outfall_txn *txn, int64_t sever_us)
{
    outfall_error error;
    of_group *group = txn->coordinator.group;
    atomic_store_explicit(&group->close_by_us, sever_us, memory_order_relaxed);
    of_fail(&error, OUTFALL_ERR_CLOSED,
            "the transaction \"%.120s\" is closed: close its sinks, and open both anew", group->id);
    of_group_fail(group, &error);
    of_coordinator_stop(&txn->coordinator);
}

int outfall_txn_close(outfall_txn *txn, uint32_t timeout_ms, outfall_error *error)
{
    if (txn == NULL)
        return OUTFALL_OK;
    int status = of_timeout_check(timeout_ms, error);
    if (status != OUTFALL_OK || txn->fork_generation != of_fork_generation)
        return status; /* After fork: the handle and all behind it are the parent's. */
    int64_t deadline_us = of_deadline_us(timeout_ms);
    int64_t grace_us = (int64_t)timeout_ms * 1000 / 4;
    of_coordinator *it = &txn->coordinator;
    stop(txn, deadline_us - (grace_us < CLOSE_GRACE_MAX_US ? grace_us : CLOSE_GRACE_MAX_US));
    bool quiet = wait_quiet(txn, deadline_us);
    leave(txn, quiet);
    if (!quiet) {
        pthread_detach(it->thread); /* The handle is left to those that still look at it. */
        return of_fail(error, OUTFALL_ERR_TIMEOUT,
                       "a call to a database has not ended: its thread is left to itself");
    }
    pthread_join(it->thread, NULL);
    if (atomic_load_explicit(&it->in_doubt, memory_order_acquire))
        status = fail_in_doubt(txn, error);
    of_txn_free(txn);
    return status;
}
