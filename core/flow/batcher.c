/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/batcher.h"

#include "flow/branch.h"

int of_batch_reason(const of_feed_options *options, const of_ripeness *ripeness)
{
    if (ripeness->rows == 0)
        return -1;
    if (ripeness->rows >= options->batch_rows)
        return OUTFALL_FLUSH_ROWS;
    if (ripeness->bytes >= options->batch_bytes)
        return OUTFALL_FLUSH_BYTES;
    if (ripeness->barred)
        return OUTFALL_FLUSH_BARRIER;
    if (ripeness->requested)
        return OUTFALL_FLUSH_REQUEST;
    if (ripeness->age_us >= options->linger_us)
        return OUTFALL_FLUSH_LINGER;
    if (ripeness->starving)
        return OUTFALL_FLUSH_MEMORY;
    return -1;
}

/*
 * One flush is served at a time: all that the lanes held when it began has to leave. Requests that
 * came later share the next one. Returns whether rows still have to leave.
 */
static bool serve_one_flush(of_share *share)
{
    uint64_t requested = atomic_load_explicit(&share->flush_requested, memory_order_acquire);
    uint64_t done = atomic_load_explicit(&share->flush_done, memory_order_relaxed);
    if (share->flush_serving == done && requested > done) {
        share->flush_serving = requested;
        for (uint32_t i = 0; i < share->lane_count; i++)
            share->lanes[i]->flush_to =
                atomic_load_explicit(&share->lanes[i]->accepted, memory_order_acquire);
    }
    bool waiting = false;
    bool acknowledged = true;
    for (uint32_t i = 0; i < share->lane_count; i++) {
        of_lane *lane = share->lanes[i];
        if (atomic_load_explicit(&lane->closing, memory_order_acquire) != 0)
            lane->flush_to = atomic_load_explicit(&lane->accepted, memory_order_acquire);
        waiting |= atomic_load_explicit(&lane->taken, memory_order_relaxed) < lane->flush_to;
        acknowledged &=
            atomic_load_explicit(&lane->acknowledged, memory_order_relaxed) >= lane->flush_to;
    }
    if (acknowledged && share->flush_serving > done) {
        atomic_store_explicit(&share->flush_done, share->flush_serving, memory_order_release);
        of_eventcount_wake(&share->feed->flushed);
        of_events_notify(&share->feed->events); /* It may end a checkpoint. */
    }
    return waiting;
}

/* As serve_one_flush; a flush that was asked for meanwhile is started at once. */
static bool serve_flush(of_share *share)
{
    bool waiting = serve_one_flush(share);
    if (share->flush_serving < atomic_load_explicit(&share->flush_requested, memory_order_acquire))
        waiting = serve_one_flush(share);
    return waiting;
}

/* How many rows of the lane may be taken: at a barrier only those before it. */
static uint64_t takeable(const of_lane *lane, bool barred)
{
    if (!barred)
        return UINT64_MAX;
    uint64_t taken = atomic_load_explicit(&lane->taken, memory_order_relaxed);
    return lane->barrier > taken ? lane->barrier - taken : 0;
}

/* Adds what waits in a lane. */
static void survey_lane(const of_feed_options *options, of_lane *lane, int64_t now_us,
                        of_ripeness *ripeness)
{
    of_lane_waiting waiting;
    uint64_t most = takeable(lane, ripeness->barred);
    if (most == 0)
        return;
    of_lane_survey(lane, options->batch_rows, options->batch_bytes, &waiting);
    ripeness->rows += waiting.rows < most ? waiting.rows : most;
    ripeness->bytes += waiting.bytes;
    if (waiting.rows > 0 && of_lane_age_us(waiting.oldest_time, now_us) > ripeness->age_us)
        ripeness->age_us = of_lane_age_us(waiting.oldest_time, now_us);
}

int of_share_survey(of_share *share, int64_t now_us, int64_t *due_us)
{
    const of_feed_options *options = &share->feed->options;
    of_ripeness ripeness = {0};
    *due_us = INT64_MAX;
    if (of_branch_holds(share))
        return -1;
    pthread_mutex_lock(&share->mutex);
    ripeness.requested = serve_flush(share);
    ripeness.barred = of_branch_bars(share);
    of_share_retire(share);
    uint64_t lanes = share->lane_count > 0 ? share->lane_count : 1;
    for (uint32_t i = 0; i < share->lane_count; i++) {
        of_lane *lane = share->lanes[i];
        /* Each lane's part of a batch. */
        atomic_store_explicit(&lane->wake_rows, (options->batch_rows + lanes - 1) / lanes,
                              memory_order_relaxed);
        atomic_store_explicit(&lane->wake_bytes, (options->batch_bytes + lanes - 1) / lanes,
                              memory_order_relaxed);
        survey_lane(options, lane, now_us, &ripeness);
    }
    pthread_mutex_unlock(&share->mutex);
    ripeness.starving = of_chunks_short(&share->feed->chunks);
    int reason = of_batch_reason(options, &ripeness);
    if (reason < 0 && ripeness.rows > 0)
        *due_us = now_us + options->linger_us - ripeness.age_us;
    return reason;
}

/* Takes one more span of a lane. False: no more from this lane, or of another schema version. */
static bool take_span(of_batch *batch, of_lane *lane, const of_feed_options *options, bool barred)
{
    of_span span;
    uint16_t version;
    uint64_t most = takeable(lane, barred);
    if (batch->span_count == batch->capacity || batch->rows >= options->batch_rows ||
        (batch->bytes >= options->batch_bytes && batch->rows > 0) || most == 0)
        return false;
    if (!of_lane_peek(lane, &version))
        return false;
    if (batch->span_count > 0 && version != batch->version) {
        batch->reason = OUTFALL_FLUSH_SCHEMA;
        return false;
    }
    if (most > options->batch_rows - batch->rows)
        most = options->batch_rows - batch->rows;
    if (!of_lane_take(lane, most, options->batch_bytes - batch->bytes, &span))
        return false;
    of_batch_add(batch, &span);
    return true;
}

void of_batch_take(of_share *share, int reason, int64_t now_us)
{
    of_batch *batch = &share->batch;
    const of_feed_options *options = &share->feed->options;
    batch->span_count = 0;
    batch->rows = 0;
    batch->bytes = 0;
    batch->reason = reason;
    batch->closed_us = now_us;
    pthread_mutex_lock(&share->mutex);
    bool barred = of_branch_bars(share);
    for (uint32_t i = 0; i < share->lane_count; i++) {
        uint32_t at = (share->lane_first + i) % share->lane_count;
        while (take_span(batch, share->lanes[at], options, barred))
            ;
    }
    if (share->lane_count > 0)
        share->lane_first = (share->lane_first + 1) % share->lane_count;
    pthread_mutex_unlock(&share->mutex);
}
