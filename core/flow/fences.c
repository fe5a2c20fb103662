/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/fences.h"

#include "base/alloc.h"
#include "base/fail.h"
#include "base/kill.h"
#include "txn/ledger.h"

/* The fence of a lane, whose rows lie in several spans; NULL: none was made yet. */
static outfall_fence *find(of_share *share, const of_lane *lane)
{
    bool made = lane->fence < share->fence_count && share->fences[lane->fence].writer == lane->name;
    return made ? &share->fences[lane->fence] : NULL;
}

static int reserve(of_share *share, outfall_error *error)
{
    if (share->fence_capacity >= share->batch.span_count)
        return OUTFALL_OK;
    outfall_fence *fences =
        of_realloc(share->fences, share->batch.span_count * sizeof *share->fences);
    if (fences == NULL)
        return of_fail_nomem(error);
    share->fences = fences;
    share->fence_capacity = share->batch.span_count;
    return OUTFALL_OK;
}

int of_fences_make(of_share *share, outfall_error *error)
{
    const of_batch *batch = &share->batch;
    const of_feed_options *options = &share->feed->options;
    share->fence_count = 0;
    int status = reserve(share, error);
    for (uint32_t i = 0; i < batch->span_count && status == OUTFALL_OK; i++) {
        const of_span *span = &batch->spans[i];
        outfall_fence *fence = find(share, span->lane);
        if (fence == NULL) {
            span->lane->fence = share->fence_count++;
            fence = &share->fences[span->lane->fence];
            *fence = (outfall_fence){.sink = options->sink_id,
                                     .writer = span->lane->name,
                                     .owner = options->owner,
                                     .epoch = span->lane->epoch,
                                     .checkpoint = span->lane->checkpoint + 1};
        }
        fence->source_offset =
            (int64_t)outfall_span_entry(&span->rows, span->rows.count - 1)->source_offset;
    }
    return status;
}

static int fail_fenced(const outfall_fence *fence, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_FENCED, OUTFALL_ACTION_STOP,
                             "another process has opened writer \"%.63s\" of sink \"%.120s\" and "
                             "goes on where this one was: end one of the two, or give them writers "
                             "of different names; or the database has lost what was committed (a "
                             "restored copy, a failover): open the sink again to go on from there",
                             fence->writer, fence->sink);
}

/* The mutant ledger-apart: the lines' transaction ends here, and the rows get another. */
static int part_ledger(of_share *share, outfall_error *error)
{
    int status = of_lease_commit(&share->lease, error);
    if (status == OUTFALL_OK)
        status = of_lease_begin(&share->lease, error);
    return status;
}

int of_fences_write(of_share *share, outfall_error *error)
{
    if (OF_MUTANT("no-ledger"))
        return OUTFALL_OK;
    for (uint32_t i = 0; i < share->fence_count; i++) {
        outfall_fence *fence = &share->fences[i];
        int status = of_lease_fence(&share->lease, fence, error);
        if (status != OUTFALL_OK)
            return status;
        if (!fence->found && !OF_MUTANT("unfenced"))
            return fail_fenced(fence, error);
    }
    return OF_MUTANT("ledger-apart") ? part_ledger(share, error) : OUTFALL_OK;
}

void of_fences_advance(of_share *share)
{
    for (uint32_t i = 0; i < share->batch.span_count; i++) {
        of_lane *lane = share->batch.spans[i].lane;
        const outfall_fence *fence = find(share, lane);
        lane->epoch = fence->epoch;
        lane->checkpoint = fence->checkpoint;
    }
}

/* The lanes' new epochs, and whether all of them, or none, have the batch's checkpoint. */
static int compare(of_share *share, bool *durable, outfall_error *error)
{
    uint32_t reached = 0;
    for (uint32_t i = 0; i < share->batch.span_count; i++) {
        of_lane *lane = share->batch.spans[i].lane;
        const outfall_fence *fence = find(share, lane);
        if (!fence->found)
            return fail_fenced(fence, error);
        if (fence->checkpoint != lane->checkpoint && fence->checkpoint != lane->checkpoint + 1)
            return fail_fenced(fence, error);
        lane->epoch = fence->epoch;
        reached += fence->checkpoint == lane->checkpoint + 1;
    }
    *durable = reached > 0 || OF_MUTANT("resolve-blind");
    if (reached == 0 || reached == share->batch.span_count)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                             "the ledger of sink \"%.200s\" has only some of the writers of one "
                             "transaction: its table was changed by hand, or restored",
                             share->fences[0].sink);
}

int of_fences_resolve(of_share *share, const of_limits *limits, bool *durable, outfall_error *error)
{
    *durable = false;
    OF_KILL_POINT("resolve-begun");
    int status = of_fences_make(share, error);
    if (status == OUTFALL_OK)
        status = of_ledger_takeover(share->feed->pool, limits, share->fences, share->fence_count,
                                    true, error);
    if (status == OUTFALL_OK)
        status = compare(share, durable, error);
    if (status == OUTFALL_OK)
        OF_KILL_POINT("resolve-answered");
    return status;
}
