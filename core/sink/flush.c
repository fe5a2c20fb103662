/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/flush.h"

#include "base/clock.h"
#include "base/fail.h"
#include "sink/handle.h"

void of_flush_request(of_feed *feed, uint64_t *tickets)
{
    for (uint32_t i = 0; i < feed->share_count; i++) {
        of_share *share = &feed->shares[i];
        tickets[i] =
            atomic_fetch_add_explicit(&share->flush_requested, 1, memory_order_seq_cst) + 1;
        of_eventcount_wake(share->wake);
    }
}

bool of_flush_is_done(of_feed *feed, const uint64_t *tickets)
{
    for (uint32_t i = 0; i < feed->share_count; i++)
        if (atomic_load_explicit(&feed->shares[i].flush_done, memory_order_acquire) < tickets[i])
            return false;
    return true;
}

int of_flush_until(of_feed *feed, int64_t deadline_us, outfall_error *error)
{
    uint64_t tickets[OF_FLUSH_SHARES_MAX] = {0};
    bool in_time = true;
    of_flush_request(feed, tickets);
    for (;;) {
        uint32_t ticket = of_eventcount_arm(&feed->flushed);
        bool done = of_flush_is_done(feed, tickets);
        int status = of_feed_check(feed, error);
        if (done || status != OUTFALL_OK || !in_time) {
            of_eventcount_disarm(&feed->flushed);
            if (done || status != OUTFALL_OK)
                return done ? OUTFALL_OK : status;
            return of_fail(error, OUTFALL_ERR_TIMEOUT,
                           "rows were still queued at the deadline: flush again, or give it more "
                           "time");
        }
        in_time = of_eventcount_wait(&feed->flushed, ticket, deadline_us);
    }
}

int outfall_flush(outfall_sink *sink, uint32_t timeout_ms, outfall_error *error)
{
    int status = of_sink_check(sink, error);
    if (status == OUTFALL_OK)
        status = of_timeout_check(timeout_ms, error);
    if (status == OUTFALL_OK && sink->feed->options.two_phase)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "with delivery=two-phase rows are durable by outfall_txn_checkpoint only");
    if (status == OUTFALL_OK)
        status = of_flush_until(sink->feed, of_deadline_us(timeout_ms), error);
    return status;
}
