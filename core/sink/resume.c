/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/resume.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "flow/retry.h"
#include "sink/binding.h"
#include "txn/ledger.h"

/* Pauses before the next try, by no more than what is left. */
static void pause_before(const of_feed *feed, uint32_t tries, int64_t left_us, uint64_t *random)
{
    const of_feed_options *options = &feed->options;
    uint32_t pause_ms =
        of_jitter_ms(of_backoff_ms(tries, options->retry_base_ms, options->retry_max_ms), random);
    int64_t pause_us = (int64_t)pause_ms * 1000;
    if (pause_us > left_us)
        pause_us = left_us;
    const struct timespec pause = {.tv_sec = pause_us / 1000000,
                                   .tv_nsec = (long)(pause_us % 1000000) * 1000};
    nanosleep(&pause, NULL);
}

/* Tried again for as long as one request may take: another process may hold the writer's line. */
static int take_over(of_feed *feed, outfall_fence *fence, bool mine, outfall_error *error)
{
    const of_limits limits = {feed->options.request_timeout_ms, &feed->close_by_us};
    int64_t give_up_us = of_deadline_us(feed->options.request_timeout_ms);
    uint64_t random = (uint64_t)feed->options.owner;
    for (uint32_t tries = 0;; tries++) {
        outfall_error why;
        int status = of_ledger_takeover(feed->pool, &limits, fence, 1, mine, &why);
        if (status == OUTFALL_OK)
            return OUTFALL_OK;
        bool again = why.action == OUTFALL_ACTION_RETRY || why.action == OUTFALL_ACTION_RESOLVE;
        int64_t left_us = give_up_us - of_clock_us();
        if (!again || left_us <= 0)
            return outfall_error_set(error, why.status, why.action,
                                     "writer \"%s\" cannot be taken over: %.300s%s", fence->writer,
                                     why.message,
                                     why.status == OUTFALL_ERR_TIMEOUT
                                         ? "; another process may hold its line in the ledger in "
                                           "a transaction that does not end: end that session"
                                         : "");
        if (why.status == OUTFALL_ERR_IO)
            of_pool_drop_idle(feed->pool);
        pause_before(feed, tries, left_us, &random);
    }
}

int of_writer_take_over(outfall_writer *writer, outfall_error *error)
{
    of_feed *feed = writer->feed;
    of_lane *lane = writer->lane;
    if (feed->options.two_phase &&
        atomic_load_explicit(&writer->sink->joined, memory_order_acquire) == OF_SINK_ALONE)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "with delivery=two-phase a sink is in a transaction before it has writers: "
                       "call outfall_txn_open");
    outfall_binding binding = {.struct_size = sizeof binding,
                               .target = of_ledger_identity(feed->versions[0]->target)};
    outfall_fence fence = {.sink = feed->options.sink_id,
                           .writer = lane->name,
                           .owner = feed->options.owner,
                           .binding = &binding};
    int status = take_over(feed, &fence, false, error);
    if (status == OUTFALL_OK)
        status = of_binding_check_table(feed, &fence, error);
    if (status != OUTFALL_OK)
        return status;
    memcpy(writer->source, binding.recorded_source, sizeof writer->source);
    lane->epoch = fence.epoch;
    lane->checkpoint = fence.checkpoint;
    writer->resumes = writer->has_offset = fence.checkpoint > 0;
    writer->resume_offset = writer->last_offset = (uint64_t)fence.source_offset;
    atomic_store_explicit(&lane->source_offset, writer->resume_offset, memory_order_relaxed);
    return OUTFALL_OK;
}

int of_writer_record(outfall_writer *writer, const char *source, outfall_error *error)
{
    of_feed *feed = writer->feed;
    of_lane *lane = writer->lane;
    outfall_binding binding = {.struct_size = sizeof binding, .source = source};
    outfall_fence fence = {.sink = feed->options.sink_id,
                           .writer = lane->name,
                           .owner = feed->options.owner,
                           .binding = &binding};
    int status = take_over(feed, &fence, true, error);
    if (status != OUTFALL_OK)
        return status;
    if (!fence.found || fence.checkpoint != lane->checkpoint)
        return of_fail(error, OUTFALL_ERR_FENCED,
                       "another process has opened writer \"%s\" meanwhile, or its line in the "
                       "ledger was deleted: end that process, or open the writer again",
                       lane->name);
    lane->epoch = fence.epoch;
    memcpy(writer->source, binding.recorded_source, sizeof writer->source);
    return OUTFALL_OK;
}

int of_writer_check_offset(outfall_writer *writer, uint64_t source_offset, outfall_error *error)
{
    if (source_offset > INT64_MAX)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "source offset %" PRIu64 ": with %s at most %" PRId64, source_offset,
                       writer->exactly_once ? "delivery=exactly-once" : "deadletter.table",
                       INT64_MAX);
    if (!writer->exactly_once)
        return OUTFALL_OK;
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

int outfall_writer_progress(const outfall_writer *writer, outfall_progress *out,
                            outfall_error *error)
{
    outfall_progress progress = {0};
    if (writer == NULL || out == NULL || out->struct_size < sizeof(uint64_t))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the writer or out is NULL, or out->struct_size is not set");
    progress.struct_size = out->struct_size;
    progress.acknowledged = atomic_load_explicit(&writer->lane->acknowledged, memory_order_acquire);
    progress.source_offset =
        atomic_load_explicit(&writer->lane->source_offset, memory_order_relaxed);
    progress.accepted = atomic_load_explicit(&writer->lane->accepted, memory_order_relaxed);
    memcpy(out, &progress, out->struct_size < sizeof progress ? out->struct_size : sizeof progress);
    return OUTFALL_OK;
}
