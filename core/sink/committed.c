/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared transactions by committable: for outer engines, and other processes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <outfall/outfall.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "sink/visit.h"
#include "txn/committable.h"
#include "txn/ledger.h"
#include "txn/recovery.h"

/* ---- By committable --------------------------------------------------------------- */

/* The committable has to be of the database that the URL leads to. */
static int check_database(const of_visit *visit, const of_committable *it, outfall_error *error)
{
    char identity[OF_COMMITTABLE_TEXT_MAX + 1];
    const of_limits limits = of_visit_limits(visit);
    const outfall_driver *driver = of_pool_driver(visit->pool);
    of_lease lease;
    if (strcmp(driver->name, it->driver) != 0)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "the committable is for driver %.32s, the URL for %s", it->driver,
                       driver->name);
    int status = of_lease_take(visit->pool, &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_identify(&lease, identity, sizeof identity, error);
    of_lease_return(&lease);
    if (status == OUTFALL_OK && strcmp(identity, it->resource_identity) != 0)
        status = of_fail(error, OUTFALL_ERR_INVALID,
                         "the committable was made in %.150s, the URL leads to %.150s",
                         it->resource_identity, identity);
    return status;
}

static int judge_end(const of_committable *it, bool commit, enum of_end how, int *outcome,
                     outfall_error *error)
{
    static const int outcomes[2][3] = {
        {OUTFALL_OUTCOME_ROLLED_BACK, OUTFALL_OUTCOME_ALREADY_COMMITTED,
         OUTFALL_OUTCOME_ROLLED_BACK},
        {OUTFALL_OUTCOME_COMMITTED, OUTFALL_OUTCOME_ALREADY_COMMITTED, OUTFALL_OUTCOME_ROLLED_BACK},
    };
    *outcome = outcomes[commit][how];
    if (commit && how == OF_END_GONE)
        return of_fail(error, OUTFALL_ERR_ABORTED,
                       "checkpoint %" PRIu64 " of \"%.80s\" is neither prepared nor in the ledger: "
                       "it was rolled back, and %" PRIu64 " rows are lost",
                       it->gid.checkpoint, it->sink_id, it->rows);
    if (!commit && how == OF_END_ALREADY)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "checkpoint %" PRIu64 " of \"%.80s\" is committed and cannot be rolled back",
                       it->gid.checkpoint, it->sink_id);
    return OUTFALL_OK;
}

static int end_committable(const char *url, const outfall_config *config, const void *bytes,
                           size_t length, bool commit, int *outcome, outfall_error *error)
{
    of_visit visit;
    of_committable it;
    enum of_end how;
    int ignored;
    if (outcome == NULL)
        outcome = &ignored;
    *outcome = OUTFALL_OUTCOME_UNKNOWN;
    if (bytes == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the committable is NULL");
    int status = of_committable_decode(bytes, length, &it, error);
    if (status == OUTFALL_OK)
        status = of_visit_enter(&visit, url, config, OUTFALL_DRIVER_TWO_PHASE, error);
    if (status != OUTFALL_OK)
        return status;
    of_recovery recovery = of_visit_recovery(&visit, it.sink_id);
    status = check_database(&visit, &it, error);
    if (status == OUTFALL_OK)
        status = of_recovery_end(&recovery, &it.gid, commit, &how, error);
    if (status == OUTFALL_OK)
        status = judge_end(&it, commit, how, outcome, error);
    of_visit_leave(&visit);
    return status;
}

int outfall_commit(const char *url, const outfall_config *config, const void *committable,
                   size_t length, int *outcome, outfall_error *error)
{
    return end_committable(url, config, committable, length, true, outcome, error);
}

int outfall_abort(const char *url, const outfall_config *config, const void *committable,
                  size_t length, int *outcome, outfall_error *error)
{
    return end_committable(url, config, committable, length, false, outcome, error);
}

/* ---- Recovery for an outer engine ---------------------------------------------------- */

/* The committables of one id and database. */
typedef struct of_named {
    const of_gid *gids;
    size_t count;
} of_named;

static bool same_branch(const of_gid *a, const of_gid *b)
{
    return a->sink == b->sink && a->epoch == b->epoch && a->checkpoint == b->checkpoint &&
           a->writer == b->writer && a->resource == b->resource;
}

static int judge_named(void *context, const of_gid *gid, enum of_verdict *verdict,
                       outfall_error *error)
{
    const of_named *named = context;
    (void)error;
    *verdict = OF_VERDICT_ROLL_BACK;
    for (size_t i = 0; i < named->count; i++)
        if (same_branch(&named->gids[i], gid))
            *verdict = OF_VERDICT_COMMIT;
    return OUTFALL_OK;
}

/* Reads those that are of this id and database into `gids`. The engine may come before any sink:
 * then there is no ledger yet. */
static int pick(const of_visit *visit, const char *id, const void *const *committables,
                const size_t *lengths, size_t count, of_gid *gids, size_t *picked,
                outfall_error *error)
{
    char identity[OF_COMMITTABLE_TEXT_MAX + 1];
    const of_limits limits = of_visit_limits(visit);
    of_lease lease;
    int status = of_lease_take(visit->pool, &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_identify(&lease, identity, sizeof identity, error);
    if (status == OUTFALL_OK)
        status = of_ledger_ensure(&lease, error);
    of_lease_return(&lease);
    for (size_t i = 0; i < count && status == OUTFALL_OK; i++) {
        of_committable it;
        status = of_committable_decode(committables[i], lengths[i], &it, error);
        if (status == OUTFALL_OK && strcmp(it.sink_id, id) == 0 &&
            strcmp(it.resource_identity, identity) == 0)
            gids[(*picked)++] = it.gid;
    }
    return status;
}

static int judge_nothing(void *context, const of_gid *gid, enum of_verdict *verdict,
                         outfall_error *error)
{
    (void)context;
    (void)gid;
    (void)error;
    *verdict = OF_VERDICT_LEAVE;
    return OUTFALL_OK;
}

/*
 * Lists all at once. A database whose sessions keep what they have prepared has the driver wait
 * until those are gone: here once for all, by the connection that then commits, not once for each.
 */
static int look_ahead(of_recovery *recovery, outfall_error *error)
{
    of_recovery look = *recovery;
    look.judge = judge_nothing;
    return of_recovery_sweep(&look, error);
}

/* Those that were named come first: what is missing of them is told before anything is undone. */
static int commit_named(of_recovery *recovery, const of_named *named, outfall_error *error)
{
    bool stays =
        (of_pool_driver(recovery->pool)->capabilities & OUTFALL_DRIVER_PREPARED_STAYS) != 0;
    if (stays && named->count > 1) {
        int status = look_ahead(recovery, error);
        if (status != OUTFALL_OK)
            return status;
    }
    for (size_t i = 0; i < named->count; i++) {
        enum of_end how;
        int status = of_recovery_end(recovery, &named->gids[i], true, &how, error);
        if (status != OUTFALL_OK)
            return status;
        if (how == OF_END_GONE)
            return of_fail(error, OUTFALL_ERR_ABORTED,
                           "checkpoint %" PRIu64 " of \"%.120s\" is to be committed, and is "
                           "neither prepared nor in the ledger: its rows are lost",
                           named->gids[i].checkpoint, recovery->id);
        recovery->committed += how == OF_END_DONE;
    }
    return OUTFALL_OK;
}

int outfall_recover(const char *url, const outfall_config *config, const char *id,
                    const void *const *committables, const size_t *lengths, size_t count,
                    outfall_recovery *out, outfall_error *error)
{
    of_visit visit;
    of_named named = {0};
    if (id == NULL || (count > 0 && (committables == NULL || lengths == NULL)))
        return of_fail(error, OUTFALL_ERR_INVALID, "the %s NULL",
                       id == NULL ? "id is" : "committables or their lengths are");
    int status = of_visit_enter(&visit, url, config, OUTFALL_DRIVER_TWO_PHASE, error);
    if (status != OUTFALL_OK)
        return status;
    of_gid *gids = of_calloc(count + 1, sizeof *gids);
    of_recovery recovery = of_visit_recovery(&visit, id);
    recovery.judge = judge_named;
    recovery.context = &named;
    named.gids = gids;
    status = gids == NULL
                 ? of_fail_nomem(error)
                 : pick(&visit, id, committables, lengths, count, gids, &named.count, error);
    if (status == OUTFALL_OK)
        status = commit_named(&recovery, &named, error);
    if (status == OUTFALL_OK)
        status = of_recovery_run(&recovery, error);
    of_visit_report(&recovery, out);
    of_free(gids);
    of_visit_leave(&visit);
    return status;
}
