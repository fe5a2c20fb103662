/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "sink/handle.h"

static void move_to_end(of_share *share, uint32_t at)
{
    of_lane *lane = share->lanes[at];
    for (; at + 1 < share->lane_count; at++)
        share->lanes[at] = share->lanes[at + 1];
    share->lanes[at] = lane;
}

/* The newest acknowledgement of a writer that has not been polled yet. */
static bool take_acknowledgement(of_feed *feed, outfall_event *event)
{
    bool found = false;
    for (uint32_t i = 0; i < feed->share_count && !found; i++) {
        of_share *share = &feed->shares[i];
        pthread_mutex_lock(&share->mutex);
        for (uint32_t at = 0; at < share->lane_count && !found; at++) {
            of_lane *lane = share->lanes[at];
            uint64_t position = atomic_load_explicit(&lane->acknowledged, memory_order_acquire);
            if (position == lane->reported)
                continue;
            found = true;
            lane->reported = position;
            move_to_end(share,
                        at); /* So that a busy writer does not keep others from being seen. */
            event->type = OUTFALL_EVENT_ACKNOWLEDGED;
            event->position = position;
            event->source_offset = atomic_load_explicit(&lane->source_offset, memory_order_relaxed);
            memcpy(event->writer, lane->name, sizeof event->writer);
        }
        pthread_mutex_unlock(&share->mutex);
    }
    return found;
}

/* The stop of the sink, once. */
static bool take_stop(of_feed *feed, outfall_event *event)
{
    if (atomic_load_explicit(&feed->stopped, memory_order_acquire) == 0 ||
        atomic_exchange(&feed->stop_reported, 1) != 0)
        return false;
    (void)of_feed_check(feed, &event->error);
    event->type = OUTFALL_EVENT_ERROR;
    return true;
}

static bool take_checkpoint(outfall_sink *sink, outfall_event *event)
{
    if (!of_checkpoints_take(&sink->checkpoints, sink->feed, &event->position))
        return false;
    event->type = OUTFALL_EVENT_CHECKPOINT;
    return true;
}

/* Acknowledgements before the checkpoint that they belong to. */
static bool take(outfall_sink *sink, outfall_event *event)
{
    of_feed *feed = sink->feed;
    return of_events_take(&feed->events, event) || take_stop(feed, event) ||
           take_acknowledgement(feed, event) || take_checkpoint(sink, event);
}

int outfall_poll(outfall_sink *sink, uint32_t timeout_ms, outfall_event *event,
                 outfall_error *error)
{
    int status = of_sink_check(sink, error);
    if (status == OUTFALL_OK)
        status = of_timeout_check(timeout_ms, error);
    if (status != OUTFALL_OK)
        return status;
    if (event == NULL || event->struct_size < sizeof *event)
        return of_fail(error, OUTFALL_ERR_INVALID, "event is NULL or its struct_size is not set");
    outfall_event_clear(event);
    of_feed *feed = sink->feed;
    int64_t deadline_us = of_deadline_us(timeout_ms);
    bool in_time = timeout_ms > 0;
    while (!take(sink, event)) {
        uint32_t ticket = of_eventcount_arm(&feed->events.posted);
        of_events_quiet(&feed->events);
        bool found = take(sink, event); /* It may have come before the descriptor was emptied. */
        if (found || !in_time) {
            of_eventcount_disarm(&feed->events.posted);
            if (found)
                of_events_notify(&feed->events); /* More may wait behind it. */
            break;
        }
        in_time = of_eventcount_wait(&feed->events.posted, ticket, deadline_us);
    }
    return OUTFALL_OK;
}

void outfall_event_clear(outfall_event *event)
{
    if (event == NULL)
        return;
    of_free(event->row);
    uint32_t size = event->struct_size;
    memset(event, 0, sizeof *event);
    event->struct_size = size;
}

int outfall_event_fd(outfall_sink *sink)
{
    return of_sink_check(sink, NULL) == OUTFALL_OK ? of_events_fd(&sink->feed->events) : -1;
}
