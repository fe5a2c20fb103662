/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/delivery.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/kill.h"
#include "base/log.h"
#include "flow/ack.h"
#include "flow/attempt.h"
#include "flow/fences.h"
#include "flow/isolate.h"
#include "flow/pause.h"
#include "flow/retry.h"

/* Tries without a pause, after the target was described again. */
#define AT_ONCE_MAX 3

/* ---- One try ---------------------------------------------------------------------- */

/* Writes and commits all rows at once. On failure nothing of it is durable, unless UNKNOWN. */
static int write_whole(of_attempt *attempt, bool *commit_failed, outfall_error *error)
{
    *commit_failed = false;
    int status = of_attempt_begin(attempt, error);
    if (status == OUTFALL_OK && attempt->rows.rows > 0)
        status = of_attempt_write(attempt, 0, attempt->rows.rows, error);
    if (status == OUTFALL_OK) /* Rows that were refused when they were encoded anew. */
        status = of_attempt_write_letters(attempt, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_attempt_commit(attempt, error);
    *commit_failed = status != OUTFALL_OK;
    return status;
}

/* Rolls back after a refused row, before its neighbours are tried. */
static int roll_back(of_lease *lease, outfall_error *error)
{
    return lease->in_transaction ? of_lease_rollback(lease, error) : OUTFALL_OK;
}

/* Of an error of a row: only rows in transactions of their own would tell which one it is. */
static int fail_piecewise(outfall_error *error)
{
    const outfall_error why = *error;
    return outfall_error_set(error, why.status, OUTFALL_ACTION_STOP,
                             "%.380s (only COMMIT says so: under delivery=exactly-once the row "
                             "cannot be told; make the constraint immediate)",
                             why.message);
}

static int write_rows(of_attempt *attempt, outfall_error *error)
{
    of_lease *lease = &attempt->share->lease;
    outfall_error why;
    bool commit_failed;
    bool exactly_once = attempt->share->feed->options.exactly_once;
    if (attempt->rows.rows == 0 && !exactly_once && !of_attempt_records(attempt))
        return OUTFALL_OK; /* All were refused when they were encoded anew. */
    int status = write_whole(attempt, &commit_failed, error);
    if (status == OUTFALL_OK || error->action != OUTFALL_ACTION_ROW)
        return status;
    int64_t named = commit_failed ? -1 : attempt->result.bad_row;
    bool piecewise =
        commit_failed || (lease->driver->capabilities & OUTFALL_DRIVER_SAVEPOINTS) == 0;
    if (piecewise && exactly_once)
        return fail_piecewise(error);
    status = roll_back(lease, error);
    if (status == OUTFALL_OK)
        status =
            of_isolate(attempt, named, piecewise ? OF_ISOLATE_PIECES : OF_ISOLATE_WHOLE, error);
    if (status == OUTFALL_OK || error->action != OUTFALL_ACTION_ROW)
        return status;
    /* The commit refused what the statements took: a deferred constraint. */
    if (exactly_once)
        return fail_piecewise(error);
    status = roll_back(lease, &why);
    if (status != OUTFALL_OK)
        return of_fail_copy(error, &why);
    status = of_attempt_prepare(attempt, error);
    if (status == OUTFALL_OK)
        status = of_isolate(attempt, -1, OF_ISOLATE_PIECES, error);
    if (status != OUTFALL_OK && error->action == OUTFALL_ACTION_ROW)
        error->action = OUTFALL_ACTION_STOP; /* Cannot be pinned on a row. */
    return status;
}

static of_limits limits_of(of_feed *feed)
{
    return (of_limits){feed->options.request_timeout_ms, &feed->close_by_us};
}

static int try_once(of_attempt *attempt, outfall_error *error)
{
    of_share *share = attempt->share;
    of_limits limits = limits_of(share->feed);
    int status = of_attempt_prepare(attempt, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_take(share->feed->pool, &limits, &share->lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = write_rows(attempt, error);
    of_count(&share->counters.severed, share->lease.severed);
    of_lease_return(&share->lease);
    return status;
}

/* ---- Policy ----------------------------------------------------------------------- */

/* Describes what has changed again after RESTART. A table that is gone may be on its way back. */
static int redescribe(const of_attempt *attempt, outfall_error *error)
{
    of_share *share = attempt->share;
    of_feed *feed = share->feed;
    of_limits limits = limits_of(feed);
    int status = of_lease_take(feed->pool, &limits, &share->lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_attempt_redescribe(attempt, &share->lease, error);
    of_lease_return(&share->lease);
    if (status == OUTFALL_ERR_NOT_FOUND && error->column[0] == '\0')
        error->action = OUTFALL_ACTION_RETRY;
    return status;
}

/* Whether the sink's close leaves no time for another try. */
static bool closed(of_feed *feed, int64_t now_us)
{
    return now_us >= atomic_load_explicit(&feed->close_by_us, memory_order_relaxed);
}

static void stop(of_feed *feed, const outfall_error *error, int64_t started_us, uint32_t tries)
{
    outfall_error last = *error;
    if (tries > 1)
        snprintf(last.message, sizeof last.message, "%.400s (given up after %u tries in %lld s)",
                 error->message, tries, (long long)((of_clock_us() - started_us) / 1000000));
    of_feed_stop(feed, &last);
}

/* Asks the ledger what became of a commit. */
static int resolve(of_share *share, bool *durable, outfall_error *error)
{
    of_limits limits = limits_of(share->feed);
    int status = of_fences_resolve(share, &limits, durable, error);
    if (status == OUTFALL_OK)
        of_log(OF_LOG_WARNING, "a commit without an answer was resolved by the ledger: %s",
               *durable ? "the batch is durable" : "it is written again");
    return status;
}

/* One try, or the question that has to come before it. */
static int advance(of_attempt *attempt, bool *in_doubt, bool *durable, outfall_error *error)
{
    of_share *share = attempt->share;
    int status = OUTFALL_OK;
    *durable = false;
    if (*in_doubt)
        status = resolve(share, durable, error);
    if (status == OUTFALL_OK) {
        *in_doubt = false;
        if (!*durable)
            status = try_once(attempt, error);
        *durable = status == OUTFALL_OK;
    }
    if (*durable && share->feed->options.exactly_once)
        of_fences_advance(share);
    return status;
}

/* Tries until the batch is durable. False: the feed has stopped, or its close is over. */
static bool make_durable(of_attempt *attempt, uint64_t *random)
{
    of_share *share = attempt->share;
    of_feed *feed = share->feed;
    const of_feed_options *options = &feed->options;
    outfall_error error;
    bool in_doubt = false, durable;
    int64_t started_us = of_clock_us();
    int64_t give_up_us = started_us + options->retry_timeout_ms * 1000;
    for (uint32_t tries = 1;; tries++) {
        int status = advance(attempt, &in_doubt, &durable, &error);
        if (durable)
            return true;
        /* At-least-once: an unknown outcome is written again. */
        if (error.action == OUTFALL_ACTION_RESOLVE && options->exactly_once)
            in_doubt = true;
        if (error.action == OUTFALL_ACTION_RESTART) {
            of_count(&share->counters.restarts, 1);
            status = redescribe(attempt, &error);
            if (status == OUTFALL_OK)
                error.action = OUTFALL_ACTION_RETRY;
        }
        int64_t now_us = of_clock_us();
        if (closed(feed, now_us) || atomic_load_explicit(&feed->stopped, memory_order_relaxed) != 0)
            return false;
        bool again = error.action == OUTFALL_ACTION_RETRY ||
                     error.action == OUTFALL_ACTION_RESTART ||
                     error.action == OUTFALL_ACTION_RESOLVE;
        if (!again || now_us >= give_up_us) {
            stop(feed, &error, started_us, tries);
            return false;
        }
        of_count(&share->counters.retries, 1);
        of_log(OF_LOG_WARNING, "a batch is tried again: %s", error.message);
        if (error.status == OUTFALL_ERR_IO)
            of_pool_drop_idle(feed->pool); /* They lead to the same server. */
        if (status != OUTFALL_OK || tries > AT_ONCE_MAX)
            of_pause(share, of_jitter_ms(of_backoff_ms(tries - 1, options->retry_base_ms,
                                                       options->retry_max_ms),
                                         random));
    }
}

static void count_rejected(of_share *share, uint64_t rows)
{
    atomic_fetch_add_explicit(&share->feed->rejected, rows, memory_order_relaxed);
    of_count(&share->counters.rows_rejected, rows);
}

/*
 * Hands refused rows over to be polled, but for those that are durable in a table. False: nobody
 * has polled, and the feed stops.
 */
static bool post_letters(of_attempt *attempt)
{
    of_feed *feed = attempt->share->feed;
    if (of_attempt_records(attempt))
        count_rejected(attempt->share, attempt->letter_count);
    while (attempt->letters != NULL) {
        of_letter *letter = attempt->letters;
        of_letter *next = letter->next;
        /* Each letter has the whole wait: somebody who polls slowly is somebody who polls. */
        int64_t deadline_us = of_deadline_us(feed->options.deadletter_wait_ms);
        if (!of_events_post_letter(&feed->events, letter, deadline_us, &feed->stopped,
                                   &feed->close_by_us)) {
            outfall_error error;
            of_fail(
                &error, OUTFALL_ERR_FULL,
                "dead letters are not being polled: %llu rejected rows wait; call outfall_poll, "
                "or raise deadletter.bytes or deadletter.wait.ms",
                (unsigned long long)attempt->letter_count);
            of_feed_stop(feed, &error);
            return false;
        }
        attempt->letters = next;
        attempt->letter_count--;
        if (next == NULL)
            attempt->letters_end = &attempt->letters;
        count_rejected(attempt->share, 1);
    }
    return true;
}

void of_deliver(of_share *share, uint64_t *random)
{
    const of_batch *batch = &share->batch;
    of_attempt attempt;
    OF_KILL_POINT("batch-taken");
    if (OF_MUTANT("acknowledge-early"))
        of_acknowledge_early(share);
    of_attempt_init(&attempt, share);
    of_count(&share->counters.flushes[batch->reason], 1);
    if (make_durable(&attempt, random)) {
        uint64_t refused = attempt.letter_count;
        if (post_letters(&attempt)) {
            OF_KILL_POINT("before-acknowledge");
            of_acknowledge(share, refused);
            OF_KILL_POINT("acknowledged");
        }
    }
    of_attempt_destroy(&attempt);
}
