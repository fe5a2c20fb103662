/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/branch.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/kill.h"
#include "flow/group.h"

/* The checkpoint that rows written now belong to. */
static uint64_t checkpoint_of(const of_branch *branch)
{
    return atomic_load_explicit(&branch->sealed_to, memory_order_relaxed) + 1;
}

static of_gid gid_of(const of_branch *branch)
{
    return (of_gid){.sink = branch->group->sink,
                    .checkpoint = checkpoint_of(branch),
                    .epoch = branch->group->epoch,
                    .writer = branch->number,
                    .resource = branch->resource};
}

/* The group is told: its close waits for that. */
static void let_go(of_branch *branch)
{
    branch->rows = branch->bytes = 0;
    atomic_store_explicit(&branch->open, false, memory_order_release);
    of_eventcount_wake(&branch->group->changed);
}

/*
 * Opens it before it has a connection: the group's close waits for one that waits for a lock. Under
 * the mutex a group that has failed either is seen to have, or sees the branch open.
 */
static int open_up(of_branch *branch, outfall_error *error)
{
    pthread_mutex_lock(&branch->group->mutex);
    int status = of_group_check(branch->group, error);
    if (status == OUTFALL_OK)
        atomic_store_explicit(&branch->open, true, memory_order_relaxed);
    pthread_mutex_unlock(&branch->group->mutex);
    return status;
}

int of_branch_begin(of_branch *branch, outfall_error *error)
{
    of_gid gid = gid_of(branch);
    outfall_xid xid;
    if (atomic_load_explicit(&branch->open, memory_order_relaxed))
        return OUTFALL_OK;
    of_gid_format_gtrid(&gid, xid.gtrid);
    of_gid_format_bqual(&gid, xid.bqual);
    int status = open_up(branch, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_take(branch->pool, &branch->group->limits, &branch->lease, error);
    int64_t since_us = of_clock_us();
    if (status == OUTFALL_OK)
        status = of_lease_begin_two_phase(&branch->lease, branch->home ? NULL : &xid, error);
    if (status != OUTFALL_OK) {
        of_lease_return(&branch->lease); /* Where there is none: nothing. */
        let_go(branch);
        return status;
    }
    of_histogram_record(&branch->group->begin, (uint64_t)(of_clock_us() - since_us) * 1000);
    OF_KILL_POINT("branch-begun");
    return OUTFALL_OK;
}

void of_branch_drop(of_branch *branch)
{
    if (!atomic_load_explicit(&branch->open, memory_order_relaxed))
        return;
    of_lease_return(&branch->lease);
    let_go(branch);
}

bool of_branch_bars(const of_share *share)
{
    return share->branch != NULL && share->barrier >= checkpoint_of(share->branch);
}

/*
 * Where the home has no rows in a checkpoint, the decision is a transaction of its own: in a
 * database with one writer at a time it would wait for the next rows, and those for it.
 */
bool of_branch_holds(const of_share *share)
{
    const of_branch *branch = share->branch;
    return branch != NULL && (branch->group->hold || (branch->home && branch->idle)) &&
           atomic_load_explicit(&branch->group->ended, memory_order_acquire) + 1 <
               checkpoint_of(branch);
}

static bool share_is_due(of_share *share)
{
    pthread_mutex_lock(&share->mutex);
    bool due = of_branch_bars(share) && share->batch.span_count == 0;
    for (uint32_t i = 0; i < share->lane_count && due; i++)
        due = share->lanes[i]->written >= share->lanes[i]->barrier;
    pthread_mutex_unlock(&share->mutex);
    return due;
}

bool of_branch_is_due(of_branch *branch)
{
    for (uint32_t i = 0; i < branch->share_count; i++)
        if (!share_is_due(branch->shares[i]))
            return false;
    return true;
}

/* ---- Sealing ---------------------------------------------------------------------- */

static int mark_share(of_branch *branch, of_share *share, outfall_error *error)
{
    of_sealed *sealed = &branch->sealed;
    int status = OUTFALL_OK;
    pthread_mutex_lock(&share->mutex);
    for (uint32_t i = 0; i < share->lane_count && status == OUTFALL_OK; i++) {
        of_lane *lane = share->lanes[i];
        if (lane->written == lane->sealed)
            continue;
        status = of_sealed_reserve(sealed, sealed->mark_count + 1, error);
        if (status != OUTFALL_OK)
            break;
        sealed->marks[sealed->mark_count++] = (of_mark){
            .share = share,
            .lane = lane,
            .position = lane->written,
            .source_offset = lane->written_offset,
        };
        sealed->fences[sealed->fence_count++] = (outfall_fence){
            .struct_size = sizeof(outfall_fence),
            .sink = share->feed->options.sink_id,
            .writer = lane->name,
            .owner = share->feed->options.owner,
            .epoch = lane->epoch,
            .checkpoint = lane->checkpoint + 1,
            .source_offset = (int64_t)lane->written_offset,
        };
        lane->sealed = lane->written;
    }
    share->sealed = share->kept;
    share->kept = NULL;
    share->recorded_sealed = share->recorded;
    share->recorded = 0;
    pthread_mutex_unlock(&share->mutex);
    return status;
}

/* What the transaction says of itself: its own line, and how far each of its writers has got. */
static int describe(of_branch *branch, outfall_error *error)
{
    of_sealed *sealed = &branch->sealed;
    of_gid gid = gid_of(branch);
    int status = of_sealed_reserve(sealed, 0, error);
    if (status != OUTFALL_OK)
        return status;
    of_sealed_name(sealed, &gid);
    sealed->mark_count = 0;
    sealed->fence_count = 1;
    sealed->fences[0] = (outfall_fence){
        .struct_size = sizeof(outfall_fence),
        .sink = branch->group->id,
        .writer = branch->name,
        .owner = branch->group->owner,
        .epoch = branch->epoch,
        .checkpoint = branch->counter + 1,
    };
    for (uint32_t i = 0; i < branch->share_count && status == OUTFALL_OK; i++)
        status = mark_share(branch, branch->shares[i], error);
    sealed->rows = branch->rows;
    sealed->bytes = branch->bytes;
    sealed->line = (outfall_ledger_line){
        .struct_size = sizeof(outfall_ledger_line),
        .sink = branch->group->id,
        .writer = branch->name,
        .checkpoint = (int64_t)gid.checkpoint,
        .epoch = branch->group->epoch,
        .rows = (int64_t)branch->rows,
    };
    return status;
}

int of_branch_prepare(of_branch *branch, outfall_error *error)
{
    of_sealed *sealed = &branch->sealed;
    int64_t since_us = of_clock_us();
    OF_KILL_POINT("before-prepare");
    int status = of_lease_prepare(&sealed->lease, &sealed->xid, sealed->fences, sealed->fence_count,
                                  &sealed->line, error);
    if (status == OUTFALL_OK) {
        OF_KILL_POINT("prepared");
        sealed->state = OF_SEALED_PREPARED;
        of_histogram_record(&branch->group->prepare, (uint64_t)(of_clock_us() - since_us) * 1000);
    } else if (error->action == OUTFALL_ACTION_RESOLVE) {
        sealed->state = OF_SEALED_UNKNOWN;
    } else {
        of_sealed_release(sealed);
    }
    return status;
}

/*
 * The branches of a checkpoint are prepared at once, each on its flusher's thread. Where there is
 * but one, the coordinator can, while the flusher writes what comes next.
 */
static int seal_open(of_branch *branch, outfall_error *error)
{
    of_sealed *sealed = &branch->sealed;
    int status = describe(branch, error);
    if (status != OUTFALL_OK)
        return status;
    sealed->lease = branch->lease; /* No call is under way: nothing points at it. */
    memset(&branch->lease, 0, sizeof branch->lease);
    sealed->state = OF_SEALED_OPEN;
    return branch->home || branch->lone ? OUTFALL_OK : of_branch_prepare(branch, error);
}

void of_branch_seal(of_branch *branch)
{
    outfall_error error;
    uint64_t checkpoint = checkpoint_of(branch);
    int status = OUTFALL_OK;
    branch->idle = !atomic_load_explicit(&branch->open, memory_order_relaxed) || branch->rows == 0;
    if (!branch->idle)
        status = seal_open(branch, &error);
    if (branch->lease.connection == NULL)
        let_go(branch);
    else
        of_branch_drop(branch);
    if (status != OUTFALL_OK)
        of_group_abort(branch->group, &error);
    else
        atomic_store_explicit(&branch->sealed_to, checkpoint, memory_order_release);
    of_eventcount_wake(&branch->group->changed);
}

void of_branch_free(of_branch *branch)
{
    of_sealed_free(&branch->sealed);
    of_free(branch->shares);
}
