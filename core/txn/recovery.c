/* SPDX-License-Identifier: Apache-2.0 */
#include "txn/recovery.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/kill.h"
#include "base/log.h"
#include "txn/ledger.h"

#define LISTED_MIN 64
#define PAUSE_LEAST_MS 2
#define PAUSE_MOST_MS 250

void of_recovery_line(const of_gid *gid, char out[OF_BRANCH_LINE_MAX])
{
    snprintf(out, OF_BRANCH_LINE_MAX, "#%u.%u", gid->resource, gid->writer);
}

static outfall_xid xid_of(const of_gid *gid)
{
    outfall_xid xid = {{0}, {0}};
    of_gid_format_gtrid(gid, xid.gtrid);
    of_gid_format_bqual(gid, xid.bqual);
    return xid;
}

/* ---- Trying again ----------------------------------------------------------------- */

/* Pauses before the next try, longer each time. False: the time is over, or all is being closed. */
static bool pause_before(const of_recovery *it, uint32_t tries)
{
    int64_t close_by_us = atomic_load_explicit(it->limits.close_by_us, memory_order_relaxed);
    int64_t until_us = close_by_us < it->give_up_us ? close_by_us : it->give_up_us;
    int64_t left_us = until_us - of_clock_us();
    int64_t pause_us = (int64_t)PAUSE_LEAST_MS * 1000 << (tries < 7 ? tries : 7);
    if (left_us <= 0)
        return false;
    if (pause_us > PAUSE_MOST_MS * 1000)
        pause_us = PAUSE_MOST_MS * 1000;
    if (pause_us > left_us)
        pause_us = left_us;
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = (long)pause_us * 1000};
    nanosleep(&pause, NULL);
    return true;
}

static bool passes(const outfall_error *error)
{
    return error->action == OUTFALL_ACTION_RETRY || error->action == OUTFALL_ACTION_RESOLVE;
}

/* Whether a step that failed is to be tried again, after a pause. */
static bool again(const of_recovery *it, uint32_t tries, const outfall_error *error)
{
    if (!passes(error) || !pause_before(it, tries))
        return false;
    if (error->status == OUTFALL_ERR_IO)
        of_pool_drop_idle(it->pool);
    return true;
}

/* ---- One branch ------------------------------------------------------------------- */

/* Whether the ledger proves that the branch has committed. Without the id there is no telling. */
static int read_line(of_recovery *it, of_lease *lease, const of_gid *gid, bool *found,
                     outfall_error *error)
{
    char name[OF_BRANCH_LINE_MAX];
    *found = false;
    if (it->id == NULL)
        return OUTFALL_OK;
    of_recovery_line(gid, name);
    outfall_ledger_line line = {
        .sink = it->id, .writer = name, .checkpoint = (int64_t)gid->checkpoint};
    int status = of_lease_ledger_read(lease, &line, error);
    *found = status == OUTFALL_OK && line.found && line.epoch == gid->epoch;
    return status;
}

/* Lists what is prepared under names that begin so; the caller frees *out, also on failure. */
static int list_all(of_lease *lease, const char *prefix, outfall_prepared **out, size_t *count,
                    outfall_error *error)
{
    size_t capacity = LISTED_MIN;
    *out = NULL;
    for (;;) {
        outfall_prepared *all = of_realloc(*out, capacity * sizeof *all);
        if (all == NULL)
            return of_fail_nomem(error);
        *out = all;
        int status = of_lease_list_prepared(lease, prefix, all, capacity, count, error);
        if (status != OUTFALL_OK || *count <= capacity)
            return status;
        capacity = *count + LISTED_MIN;
    }
}

/* Whether it is still listed, by a session that lives or by none. */
static int is_listed(of_lease *lease, const outfall_xid *xid, bool *listed, outfall_error *error)
{
    outfall_prepared *all;
    size_t count = 0;
    int status = list_all(lease, xid->gtrid, &all, &count, error);
    *listed = false;
    for (size_t i = 0; status == OUTFALL_OK && i < count; i++)
        *listed = *listed || (strcmp(all[i].xid.gtrid, xid->gtrid) == 0 &&
                              strcmp(all[i].xid.bqual, xid->bqual) == 0);
    of_free(all);
    return status;
}

static int end_prepared(of_lease *lease, const outfall_xid *xid, bool commit, outfall_error *error)
{
    return commit ? of_lease_commit_prepared(lease, xid, error)
                  : of_lease_rollback_prepared(lease, xid, error);
}

/* What it means that the database knows of no such transaction. */
static int explain_absence(of_recovery *it, of_lease *lease, const of_gid *gid, enum of_end *how,
                           outfall_error *error)
{
    outfall_xid xid = xid_of(gid);
    bool listed, found;
    int status = is_listed(lease, &xid, &listed, error);
    if (status != OUTFALL_OK)
        return status;
    if (listed) { /* Its session lives: nobody else can end it. */
        status = of_lease_end_holder(lease, &xid, error);
        if (status != OUTFALL_OK)
            return status;
        return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                                 "%s.%s is prepared, and its session still has it", xid.gtrid,
                                 xid.bqual);
    }
    status = read_line(it, lease, gid, &found, error);
    *how = found ? OF_END_ALREADY : OF_END_GONE;
    return status;
}

/*
 * MariaDB has been seen to say yes and commit nothing, where the session that had prepared was just
 * ending: what it is left with then is listed again after a restart only.
 */
static int prove_commit(of_recovery *it, of_lease *lease, const of_gid *gid, outfall_error *error)
{
    bool found;
    int status = read_line(it, lease, gid, &found, error);
    if (status != OUTFALL_OK || found || it->id == NULL)
        return status;
    return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_STOP,
                             "the server says that checkpoint %" PRIu64 " of \"%.80s\" is "
                             "committed, but its line is not in the ledger: restart the server, "
                             "which lists it again, and recover once more",
                             gid->checkpoint, it->id);
}

static int end_once(of_recovery *it, of_lease *lease, const of_gid *gid, bool commit,
                    enum of_end *how, outfall_error *error)
{
    outfall_xid xid = xid_of(gid);
    int status = end_prepared(lease, &xid, commit, error);
    *how = OF_END_DONE;
    if (status == OUTFALL_ERR_NOT_FOUND)
        return explain_absence(it, lease, gid, how, error);
    if (status == OUTFALL_OK && commit)
        status = prove_commit(it, lease, gid, error);
    return status;
}

int of_recovery_end(of_recovery *it, const of_gid *gid, bool commit, enum of_end *how,
                    outfall_error *error)
{
    for (uint32_t tries = 0;; tries++) {
        outfall_error why;
        of_lease lease;
        int status = of_lease_take(it->pool, &it->limits, &lease, &why);
        if (status == OUTFALL_OK) {
            status = end_once(it, &lease, gid, commit, how, &why);
            of_lease_return(&lease);
        }
        if (status == OUTFALL_OK)
            return OUTFALL_OK;
        if (!again(it, tries, &why))
            return of_fail_copy(error, &why);
    }
}

/* ---- All of them ------------------------------------------------------------------ */

static int fail_lost(const of_recovery *it, const of_gid *gid, outfall_error *error)
{
    return outfall_error_set(
        error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_STOP,
        "checkpoint %" PRIu64 " of \"%.80s\" is decided, but a part of it was "
        "rolled back by someone else and is lost: put its rows in by hand, from "
        "the source or from another database, then delete its decision",
        gid->checkpoint, it->id);
}

static int fail_zombie(const of_recovery *it, const of_gid *gid, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_FENCED, OUTFALL_ACTION_STOP,
                             "a newer process has transaction \"%.120s\" (epoch %u, this one's is "
                             "%u): end one of the two, or give them ids of their own",
                             it->id, gid->epoch, it->epoch);
}

/* Ends one listed branch as judged. *left counts those that are to be looked at again. */
static int end_listed(of_recovery *it, of_lease *lease, const outfall_prepared *one, size_t *left,
                      outfall_error *error)
{
    char text[sizeof one->xid.gtrid + sizeof one->xid.bqual];
    enum of_verdict verdict;
    enum of_end how;
    of_gid gid;
    int length = snprintf(text, sizeof text, "%s.%s", one->xid.gtrid, one->xid.bqual);
    if (!of_gid_parse(text, (size_t)length, &gid))
        return OUTFALL_OK; /* Not a name of ours, whatever it begins with. */
    if (gid.epoch > it->epoch)
        return fail_zombie(it, &gid, error);
    if (gid.checkpoint > it->newest)
        it->newest = gid.checkpoint;
    int status = it->judge(it->context, &gid, &verdict, error);
    if (status != OUTFALL_OK || verdict == OF_VERDICT_LEAVE)
        return status;
    status = end_once(it, lease, &gid, verdict == OF_VERDICT_COMMIT, &how, error);
    if (status == OUTFALL_ERR_UNKNOWN && lease->healthy && passes(error)) {
        /* Its session is being ended. */
        ++*left;
        return OUTFALL_OK;
    }
    if (status != OUTFALL_OK)
        return status;
    if (how == OF_END_GONE && verdict == OF_VERDICT_COMMIT)
        return fail_lost(it, &gid, error);
    if (how == OF_END_DONE) {
        it->committed += verdict == OF_VERDICT_COMMIT;
        it->rolled_back += verdict == OF_VERDICT_ROLL_BACK;
    }
    return OUTFALL_OK;
}

static int sweep_once(of_recovery *it, size_t *left, outfall_error *error)
{
    char prefix[OF_GID_PREFIX_BYTES + 1];
    outfall_prepared *all;
    size_t count = 0;
    of_lease lease;
    *left = 0;
    of_gid_prefix(of_gid_sink(it->id, strlen(it->id)), prefix);
    int status = of_lease_take(it->pool, &it->limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = list_all(&lease, prefix, &all, &count, error);
    for (size_t i = 0; i < count && status == OUTFALL_OK; i++)
        status = end_listed(it, &lease, &all[i], left, error);
    of_lease_return(&lease);
    of_free(all);
    return status;
}

int of_recovery_sweep(of_recovery *it, outfall_error *error)
{
    for (uint32_t tries = 0;; tries++) {
        outfall_error why;
        size_t left;
        int status = sweep_once(it, &left, &why);
        if (status == OUTFALL_OK && left == 0)
            return OUTFALL_OK;
        if (status == OUTFALL_OK)
            outfall_error_set(&why, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                              "%zu prepared transactions of \"%.120s\" belong to sessions that do "
                              "not end: end these",
                              left, it->id);
        if (!again(it, tries, &why))
            return of_fail_copy(error, &why);
    }
}

int of_recovery_find(of_recovery *it, const of_gid *gid, bool *found, outfall_error *error)
{
    for (uint32_t tries = 0;; tries++) {
        outfall_error why;
        of_lease lease;
        int status = of_lease_take(it->pool, &it->limits, &lease, &why);
        if (status == OUTFALL_OK) {
            status = read_line(it, &lease, gid, found, &why);
            of_lease_return(&lease);
        }
        if (status == OUTFALL_OK)
            return OUTFALL_OK;
        if (!again(it, tries, &why))
            return of_fail_copy(error, &why);
    }
}

int of_recovery_take_line(of_recovery *it, outfall_fence *fence, bool mine, outfall_error *error)
{
    for (uint32_t tries = 0;; tries++) {
        outfall_error why;
        int status = of_ledger_takeover(it->pool, &it->limits, fence, 1, mine, &why);
        if (status == OUTFALL_OK)
            return OUTFALL_OK;
        if (!again(it, tries, &why))
            return outfall_error_set(error, why.status, why.action,
                                     "transaction \"%.120s\" cannot be taken over: %.240s%s",
                                     it->id, why.message,
                                     why.status == OUTFALL_ERR_TIMEOUT
                                         ? "; another session holds its line in the ledger: end "
                                           "that, or what is prepared (outfall txn list)"
                                         : "");
    }
}

/* Raises the epochs of all of the id's lines. It waits for transactions that hold one. */
static int raise_epochs(of_recovery *it, outfall_error *error)
{
    outfall_fence all = {.sink = it->id, .writer = NULL, .owner = it->owner};
    return of_recovery_take_line(it, &all, false, error);
}

int of_recovery_run(of_recovery *it, outfall_error *error)
{
    OF_KILL_POINT("recovery-begun");
    int status = of_recovery_sweep(it, error);
    if (status == OUTFALL_OK)
        OF_KILL_POINT("recovery-swept");
    if (status == OUTFALL_OK)
        status = raise_epochs(it, error);
    if (status == OUTFALL_OK)
        OF_KILL_POINT("recovery-raised");
    if (status == OUTFALL_OK)
        status = of_recovery_sweep(it, error);
    if (status == OUTFALL_OK && it->committed + it->rolled_back > 0)
        of_log(OF_LOG_WARNING,
               "recovery of \"%.120s\": %" PRIu64
               " prepared transactions were committed and %" PRIu64 " rolled back",
               it->id, it->committed, it->rolled_back);
    return status;
}
