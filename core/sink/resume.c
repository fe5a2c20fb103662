/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/resume.h"

#include <inttypes.h>

#include "base/fail.h"
#include "txn/ledger.h"

#define TRIES_MAX 5

int of_writer_take_over(outfall_writer *writer, outfall_error *error)
{
    of_feed *feed = writer->feed;
    of_lane *lane = writer->lane;
    const of_limits limits = {feed->options.request_timeout_ms, &feed->close_by_us};
    outfall_error detail;
    outfall_fence fence = {
        .sink = feed->options.sink_id, .writer = lane->name, .owner = feed->options.owner};
    int status = OUTFALL_OK;
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        status = of_ledger_takeover(feed->pool, &limits, &fence, 1, false, &detail);
        bool again = status != OUTFALL_OK && (detail.action == OUTFALL_ACTION_RETRY ||
                                              detail.action == OUTFALL_ACTION_RESOLVE);
        if (!again)
            break;
        if (detail.status == OUTFALL_ERR_IO)
            of_pool_drop_idle(feed->pool);
    }
    if (status != OUTFALL_OK)
        return of_fail_copy(error, &detail);
    lane->epoch = fence.epoch;
    lane->checkpoint = fence.checkpoint;
    writer->resumes = writer->has_offset = fence.checkpoint > 0;
    writer->resume_offset = writer->last_offset = (uint64_t)fence.source_offset;
    atomic_store_explicit(&lane->source_offset, writer->resume_offset, memory_order_relaxed);
    return OUTFALL_OK;
}

int of_writer_check_offset(outfall_writer *writer, uint64_t source_offset, outfall_error *error)
{
    if (source_offset > INT64_MAX)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "source offset %" PRIu64 ": with delivery=exactly-once at most %" PRId64,
                       source_offset, INT64_MAX);
    if (writer->has_offset && source_offset <= writer->last_offset)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "source offset %" PRIu64 " comes after %" PRIu64
                       ": with delivery=exactly-once they grow from row to row, and go on behind "
                       "the one that outfall_writer_resume tells",
                       source_offset, writer->last_offset);
    writer->has_offset = true;
    writer->last_offset = source_offset;
    return OUTFALL_OK;
}

int outfall_writer_resume(const outfall_writer *writer, uint64_t *source_offset,
                          outfall_error *error)
{
    if (writer == NULL || source_offset == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the %s is NULL",
                       writer == NULL ? "writer" : "source_offset");
    *source_offset = 0;
    if (!writer->exactly_once)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "there is no ledger to resume from: open the sink with "
                       "delivery=exactly-once");
    if (!writer->resumes)
        return of_fail(error, OUTFALL_ERR_NOT_FOUND,
                       "no row of writer \"%s\" is durable: begin at the source's start",
                       writer->lane->name);
    *source_offset = writer->resume_offset;
    return OUTFALL_OK;
}
