/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sealed.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"

void of_sealed_name(of_sealed *sealed, const of_gid *gid)
{
    sealed->gid = *gid;
    of_gid_format_gtrid(gid, sealed->xid.gtrid);
    of_gid_format_bqual(gid, sealed->xid.bqual);
}

int of_sealed_reserve(of_sealed *sealed, uint32_t marks, outfall_error *error)
{
    if (sealed->fences != NULL && marks <= sealed->mark_capacity)
        return OUTFALL_OK;
    uint32_t capacity = marks < 8 ? 8 : marks * 2;
    of_mark *more = of_realloc(sealed->marks, capacity * sizeof *more);
    if (more == NULL)
        return of_fail_nomem(error);
    sealed->marks = more;
    outfall_fence *fences = of_realloc(sealed->fences, (capacity + 1) * sizeof *fences);
    if (fences == NULL)
        return of_fail_nomem(error);
    sealed->fences = fences;
    sealed->mark_capacity = capacity;
    return OUTFALL_OK;
}

static void count_rejected(of_share *share, uint64_t rows)
{
    atomic_fetch_add_explicit(&share->feed->rejected, rows, memory_order_relaxed);
    of_count(&share->counters.rows_rejected, rows);
}

/*
 * Whoever polls gets them behind the acknowledgements of earlier rows, as of a plain batch. Returns
 * how many rows of the share were refused.
 */
static uint64_t post_letters(of_share *share)
{
    of_feed *feed = share->feed;
    uint64_t refused = share->recorded_sealed;
    count_rejected(share, refused);
    share->recorded_sealed = 0;
    while (share->sealed != NULL) {
        of_letter *letter = share->sealed;
        of_letter *next = letter->next;
        int64_t deadline_us = of_deadline_us(feed->options.deadletter_wait_ms);
        if (!of_events_post_letter(&feed->events, letter, deadline_us, &feed->stopped,
                                   &feed->close_by_us)) {
            outfall_error error;
            of_fail(&error, OUTFALL_ERR_FULL,
                    "dead letters are not being polled: call outfall_poll, or raise "
                    "deadletter.bytes or deadletter.wait.ms");
            of_feed_stop(feed, &error);
            break;
        }
        share->sealed = next;
        count_rejected(share, 1);
        refused++;
    }
    return refused;
}

static uint64_t rows_of(const of_sealed *sealed, const of_share *share)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < sealed->mark_count; i++) {
        const of_mark *mark = &sealed->marks[i];
        if (mark->share == share)
            rows += mark->position -
                    atomic_load_explicit(&mark->lane->acknowledged, memory_order_relaxed);
    }
    return rows;
}

void of_sealed_settle(of_sealed *sealed, of_share *const *shares, uint32_t share_count)
{
    for (uint32_t i = 0; i < share_count; i++) {
        uint64_t refused = post_letters(shares[i]);
        of_count(&shares[i]->counters.rows_delivered, rows_of(sealed, shares[i]) - refused);
    }
    for (uint32_t i = 0; i < sealed->mark_count; i++) {
        const of_mark *mark = &sealed->marks[i];
        of_share *share = mark->share;
        mark->lane->checkpoint++;
        of_lane_settle(mark->lane, mark->position, mark->source_offset);
        of_events_notify(&share->feed->events);
    }
}

void of_sealed_release(of_sealed *sealed)
{
    of_lease_return(&sealed->lease);
    sealed->state = OF_SEALED_EMPTY;
    sealed->mark_count = sealed->fence_count = 0;
    sealed->rows = sealed->bytes = 0;
}

void of_sealed_free(of_sealed *sealed)
{
    of_free(sealed->marks);
    of_free(sealed->fences);
    memset(sealed, 0, sizeof *sealed);
}
