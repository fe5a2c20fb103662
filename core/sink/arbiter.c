/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/arbiter.h"

#include "base/alloc.h"
#include "base/fail.h"
#include "base/kill.h"
#include "base/log.h"
#include "txn/journal.h"
#include "txn/ledger.h"

/* ---- In the home's ledger ---------------------------------------------------------- */

static outfall_fence home_fence(const of_coordinator *it)
{
    const of_branch *home = it->home;
    return (outfall_fence){.struct_size = sizeof(outfall_fence),
                           .sink = it->group->id,
                           .writer = home->name,
                           .owner = it->group->owner,
                           .epoch = home->epoch,
                           .checkpoint = home->counter + 1};
}

static int fail_fenced(const of_coordinator *it, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_FENCED, OUTFALL_ACTION_STOP,
                             "another process has opened transaction \"%.120s\", or one of its "
                             "writers, and goes on where this one was: end one of the two, or give "
                             "them ids of their own",
                             it->group->id);
}

static int set_fences(of_coordinator *it, of_lease *lease, outfall_fence *fences, uint32_t count,
                      outfall_error *error)
{
    int status = OUTFALL_OK;
    for (uint32_t i = 0; i < count && status == OUTFALL_OK; i++) {
        status = of_lease_fence(lease, &fences[i], error);
        if (status == OUTFALL_OK && !fences[i].found)
            status = fail_fenced(it, error);
    }
    return status;
}

/* The transaction of the home's rows becomes that of the decision; where it has none, a new one. */
static int decide_at_home(of_coordinator *it, outfall_error *error)
{
    of_sealed *sealed = &it->home->sealed;
    outfall_fence own = home_fence(it);
    outfall_ledger_line line = {.sink = it->group->id,
                                .writer = it->home->name,
                                .checkpoint = (int64_t)it->checkpoint,
                                .epoch = it->group->epoch,
                                .rows = (int64_t)sealed->rows};
    int status = OUTFALL_OK;
    line.struct_size = sizeof line;
    bool has_rows = sealed->state == OF_SEALED_OPEN;
    if (!has_rows) {
        status = of_lease_take(it->home->pool, &it->group->limits, &sealed->lease, error);
        if (status == OUTFALL_OK)
            status = of_lease_begin(&sealed->lease, error);
    }
    if (status == OUTFALL_OK)
        status = set_fences(it, &sealed->lease, has_rows ? sealed->fences : &own,
                            has_rows ? sealed->fence_count : 1, error);
    if (status == OUTFALL_OK)
        status = of_lease_ledger_write(&sealed->lease, &line, error);
    if (status == OUTFALL_OK)
        status = of_lease_commit(&sealed->lease, error);
    else if (error->action == OUTFALL_ACTION_RESOLVE)
        error->action = OUTFALL_ACTION_RETRY; /* COMMIT was not sent. */
    sealed->state = OF_SEALED_OPEN;
    if (status != OUTFALL_OK)
        of_lease_return(&sealed->lease);
    return status;
}

/* Takes over what is still this process's own: its COMMIT can come no more. */
static int resolve_at_home(of_coordinator *it, bool *decided, outfall_error *error)
{
    outfall_fence fence = home_fence(it);
    outfall_ledger_line line = {
        .sink = it->group->id, .writer = it->home->name, .checkpoint = (int64_t)it->checkpoint};
    of_lease lease;
    int status = of_ledger_takeover(it->home->pool, &it->group->limits, &fence, 1, true, error);
    if (status == OUTFALL_OK && !fence.found)
        return fail_fenced(it, error);
    if (status == OUTFALL_OK)
        status = of_lease_take(it->home->pool, &it->group->limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_ledger_read(&lease, &line, error);
    of_lease_return(&lease);
    if (status != OUTFALL_OK)
        return status;
    it->home->epoch = fence.epoch;
    *decided = line.found && line.epoch == it->group->epoch;
    if (!*decided)
        outfall_error_set(error, OUTFALL_ERR_ABORTED, OUTFALL_ACTION_STOP,
                          "the connection broke before its COMMIT was carried out");
    return OUTFALL_OK;
}

/* ---- In a journal ------------------------------------------------------------------ */

static int decide_in_journal(of_coordinator *it, outfall_error *error)
{
    const of_group *group = it->group;
    uint32_t count = 0;
    of_party *parties = of_calloc(it->branches.count, sizeof *parties);
    if (parties == NULL)
        return of_fail_nomem(error);
    for (uint32_t i = 0; i < it->branches.count; i++)
        if (it->branches.all[i].sealed.state == OF_SEALED_PREPARED)
            parties[count++] = (of_party){.writer = it->branches.all[i].number,
                                          .resource = it->branches.all[i].resource};
    int status =
        of_journal_commit(it->journal, group->epoch, it->checkpoint, parties, count, error);
    of_free(parties);
    /* There may be one all the same: only the next opening can read it. */
    if (status == OUTFALL_ERR_UNKNOWN && error != NULL)
        error->action = OUTFALL_ACTION_RESOLVE;
    return status;
}

static int judge_by_journal(of_coordinator *it, const of_gid *gid, enum of_verdict *verdict,
                            outfall_error *error)
{
    const of_decision *decision;
    int status = of_journal_find(it->journal, gid->epoch, gid->checkpoint, &decision, error);
    *verdict = status == OUTFALL_OK ? OF_VERDICT_COMMIT : OF_VERDICT_ROLL_BACK;
    return status == OUTFALL_ERR_NOT_FOUND ? OUTFALL_OK : status;
}

void of_arbiter_forget(of_coordinator *it)
{
    outfall_error error;
    if (it->journal != NULL && of_journal_forget(it->journal, it->checkpoint, &error) != OUTFALL_OK)
        of_log(OF_LOG_WARNING, "%s", error.message);
}

/* ---- Anywhere --------------------------------------------------------------------- */

static bool has_work(const of_coordinator *it)
{
    for (uint32_t i = 0; i < it->branches.count; i++)
        if (it->branches.all[i].sealed.state != OF_SEALED_EMPTY)
            return true;
    return false;
}

int of_arbiter_decide(of_coordinator *it, outfall_error *error)
{
    if (!has_work(it))
        return OUTFALL_OK; /* No row came since the last one: there is nothing to decide. */
    return it->journal != NULL ? decide_in_journal(it, error) : decide_at_home(it, error);
}

int of_arbiter_resolve(of_coordinator *it, bool *decided, outfall_error *error)
{
    if (it->journal != NULL)
        return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_STOP,
                                 "the disk has failed while its journal was written");
    return resolve_at_home(it, decided, error);
}

static int judge_at_home(of_coordinator *it, const of_gid *gid, enum of_verdict *verdict,
                         outfall_error *error)
{
    outfall_ledger_line line = {
        .sink = it->group->id, .writer = it->home->name, .checkpoint = (int64_t)gid->checkpoint};
    of_lease lease;
    int status = of_lease_take(it->home->pool, &it->group->limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_ledger_read(&lease, &line, error);
    of_lease_return(&lease);
    bool decided = line.found && line.epoch == gid->epoch && !OF_MUTANT("undo-prepared");
    *verdict = decided ? OF_VERDICT_COMMIT : OF_VERDICT_ROLL_BACK;
    return status;
}

int of_arbiter_judge(void *context, const of_gid *gid, enum of_verdict *verdict,
                     outfall_error *error)
{
    of_coordinator *it = context;
    if (it->decision == OUTFALL_DECISION_EXTERNAL) {
        /* What the engine may know of is its own; of the checkpoint at hand it knows nothing yet.
         */
        bool unheard = gid->epoch == it->group->epoch && gid->checkpoint == it->checkpoint;
        *verdict = unheard ? OF_VERDICT_ROLL_BACK : OF_VERDICT_LEAVE;
        return OUTFALL_OK;
    }
    return it->journal != NULL ? judge_by_journal(it, gid, verdict, error)
                               : judge_at_home(it, gid, verdict, error);
}

int of_arbiter_sweep(of_coordinator *it, of_branch *branch, outfall_error *error)
{
    of_recovery recovery = {
        .pool = branch->pool,
        .limits = it->group->limits,
        .give_up_us = it->give_up_us,
        .id = it->group->id,
        .epoch = it->group->epoch,
        .owner = it->group->owner,
        .judge = of_arbiter_judge,
        .context = it,
    };
    return of_recovery_run(&recovery, error);
}
