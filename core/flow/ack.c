/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ack.h"

#include "base/clock.h"
#include "base/kill.h"

static uint64_t since_ns(uint32_t time, int64_t now_us)
{
    return (uint64_t)of_lane_age_us(time, now_us) * 1000;
}

/* Rows that share a reading of the clock are recorded at once. */
static void record_durable(of_feed *feed, const outfall_span *span, int64_t now_us)
{
    uint32_t run = 0;
    for (uint32_t i = 0; i < span->count; i++) {
        uint32_t time = outfall_span_entry(span, i)->time;
        run++;
        if (i + 1 == span->count || outfall_span_entry(span, i + 1)->time != time) {
            of_histogram_record_many(&feed->durable, since_ns(time, now_us), run);
            run = 0;
        }
    }
}

void of_acknowledge(of_share *share, uint64_t refused)
{
    of_batch *batch = &share->batch;
    of_feed *feed = share->feed;
    of_share_counters *counters = &share->counters;
    int64_t now_us = of_clock_us();
    of_histogram_record(&feed->batch, since_ns(batch->oldest_time, batch->closed_us));
    of_histogram_record(&feed->flush, (uint64_t)(now_us - batch->closed_us) * 1000);
    for (uint32_t i = 0; i < batch->span_count; i++)
        record_durable(feed, &batch->views[i], now_us);
    of_count(&counters->rows_delivered, batch->rows - refused);
    of_count(&counters->bytes_delivered, batch->bytes);
    of_count(&counters->batches, 1);
    /* Counters first: who sees the position finds the rows counted. */
    for (uint32_t i = 0; i < batch->span_count; i++)
        of_lane_acknowledge(&batch->spans[i]);
    batch->span_count = 0;
    of_chunks_wake_if_roomy(&feed->chunks); /* When idle, the flusher wakes them in any case. */
    of_events_notify(&feed->events);
}

#ifdef OUTFALL_KILL_POINTS
void of_acknowledge_early(of_share *share)
{
    for (uint32_t i = 0; i < share->batch.span_count; i++) {
        const of_span *span = &share->batch.spans[i];
        uint64_t offset = outfall_span_entry(&span->rows, span->rows.count - 1)->source_offset;
        atomic_store_explicit(&span->lane->source_offset, offset, memory_order_relaxed);
        atomic_store_explicit(&span->lane->acknowledged, span->position + span->rows.count,
                              memory_order_release);
    }
    of_events_notify(&share->feed->events);
}
#endif
