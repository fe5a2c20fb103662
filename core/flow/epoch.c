/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/epoch.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/log.h"
#include "flow/attempt.h"
#include "flow/branch.h"
#include "flow/group.h"
#include "flow/isolate.h"
#include "flow/pause.h"
#include "flow/retry.h"

/* Undoes what the batch has written; the rows of batches before it stay. */
static int undo(of_branch *branch, outfall_error *error)
{
    if (branch->rows == 0) {
        of_branch_drop(branch);
        return of_branch_begin(branch, error);
    }
    int status = of_lease_savepoint(&branch->lease, OUTFALL_SAVEPOINT_ROLLBACK, error);
    if (status == OUTFALL_OK)
        status = of_lease_savepoint(&branch->lease, OUTFALL_SAVEPOINT_RELEASE, error);
    return status;
}

/* One try. The first batch of a transaction needs no savepoint: it can be begun anew. */
static int write_once(of_attempt *attempt, outfall_error *error)
{
    of_branch *branch = attempt->share->branch;
    int status = of_attempt_prepare(attempt, error);
    if (status == OUTFALL_OK)
        status = of_branch_begin(branch, error);
    if (status == OUTFALL_OK && attempt->rows.rows == 0)
        return of_attempt_write_letters(attempt, error);
    if (status != OUTFALL_OK)
        return status;
    bool apart = branch->rows > 0;
    if (apart)
        status = of_lease_savepoint(&branch->lease, OUTFALL_SAVEPOINT_SET, error);
    if (status == OUTFALL_OK)
        status = of_attempt_write(attempt, 0, attempt->rows.rows, error);
    if (status == OUTFALL_OK && apart)
        status = of_lease_savepoint(&branch->lease, OUTFALL_SAVEPOINT_RELEASE, error);
    if (status == OUTFALL_OK)
        return of_attempt_write_letters(attempt, error);
    if (error->action != OUTFALL_ACTION_ROW ||
        (branch->lease.driver->capabilities & OUTFALL_DRIVER_SAVEPOINTS) == 0)
        return status;
    int64_t named = attempt->result.bad_row;
    status = undo(branch, error);
    if (status == OUTFALL_OK)
        status = of_isolate(attempt, named, OF_ISOLATE_INSIDE, error);
    return status;
}

/* Describes what has changed again; on a connection of its own, since none is open any more. */
static int redescribe(of_attempt *attempt, outfall_error *error)
{
    of_share *share = attempt->share;
    of_lease lease;
    int status = of_lease_take(share->branch->pool, &share->branch->group->limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_attempt_redescribe(attempt, &lease, error);
    of_lease_return(&lease);
    return status;
}

/* Whether another try is to be made; it needs the batch alone to be in the transaction. */
static bool may_try_again(of_share *share, const outfall_error *error, int64_t give_up_us)
{
    bool passes = error->action == OUTFALL_ACTION_RETRY ||
                  error->action == OUTFALL_ACTION_RESTART ||
                  error->action == OUTFALL_ACTION_RESOLVE;
    return passes && share->branch->rows == 0 && of_clock_us() < give_up_us &&
           of_group_check(share->branch->group, NULL) == OUTFALL_OK;
}

static bool write_all(of_attempt *attempt, uint64_t *random)
{
    of_share *share = attempt->share;
    const of_feed_options *options = &share->feed->options;
    int64_t give_up_us = of_deadline_us(options->retry_timeout_ms);
    outfall_error error;
    for (uint32_t tries = 0;; tries++) {
        if (write_once(attempt, &error) == OUTFALL_OK)
            return true;
        if (!may_try_again(share, &error, give_up_us)) {
            of_branch_drop(share->branch);
            of_group_abort(share->branch->group, &error);
            return false;
        }
        of_branch_drop(share->branch);
        of_count(&share->counters.retries, 1);
        of_log(OF_LOG_WARNING, "a batch is tried again: %s", error.message);
        if (error.action == OUTFALL_ACTION_RESTART) {
            of_count(&share->counters.restarts, 1);
            if (redescribe(attempt, &error) == OUTFALL_OK && tries == 0)
                continue;
        }
        if (error.status == OUTFALL_ERR_IO)
            of_pool_drop_idle(share->feed->pool);
        of_pause(share,
                 of_jitter_ms(of_backoff_ms(tries, options->retry_base_ms, options->retry_max_ms),
                              random));
    }
}

/* The rows are written: their memory is free. They are not acknowledged before they are durable. */
static void release_batch(of_share *share)
{
    of_batch *batch = &share->batch;
    pthread_mutex_lock(&share->mutex); /* Whoever seals reads how far the lanes are. */
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const of_span *span = &batch->spans[i];
        of_lane *lane = span->lane;
        lane->written = span->position + span->rows.count;
        lane->written_offset = outfall_span_entry(&span->rows, span->rows.count - 1)->source_offset;
        of_lane_release(span);
    }
    pthread_mutex_unlock(&share->mutex);
    batch->span_count = 0;
    of_chunks_wake_if_roomy(&share->feed->chunks);
}

void of_write_in_epoch(of_share *share, uint64_t *random)
{
    const of_batch *batch = &share->batch;
    of_attempt attempt;
    of_attempt_init(&attempt, share);
    of_count(&share->counters.flushes[batch->reason], 1);
    if (write_all(&attempt, random)) {
        share->branch->rows += batch->rows;
        share->branch->bytes += batch->bytes;
        of_count(&share->counters.batches, 1);
        of_count(&share->counters.bytes_delivered, batch->bytes);
        of_attempt_keep_letters(&attempt);
        release_batch(share);
    }
    of_attempt_destroy(&attempt);
}
