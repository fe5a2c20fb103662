/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/checkpoints.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "sink/flush.h"
#include "sink/handle.h"

#define PENDING_MAX 64

struct of_checkpoint {
    of_checkpoint *next;
    uint64_t id;
    uint64_t tickets[]; /* One of each share. */
};

void of_checkpoints_init(of_checkpoints *checkpoints)
{
    memset(checkpoints, 0, sizeof *checkpoints);
    pthread_mutex_init(&checkpoints->mutex, NULL);
    checkpoints->last = &checkpoints->first;
    checkpoints->polled = true;
}

void of_checkpoints_destroy(of_checkpoints *checkpoints)
{
    while (checkpoints->first != NULL) {
        of_checkpoint *next = checkpoints->first->next;
        of_free(checkpoints->first);
        checkpoints->first = next;
    }
    pthread_mutex_destroy(&checkpoints->mutex);
}

/* Takes those off the list that are durable. The mutex is held. */
static void settle(of_checkpoints *it, of_feed *feed)
{
    while (it->first != NULL && of_flush_is_done(feed, it->first->tickets)) {
        of_checkpoint *done = it->first;
        it->first = done->next;
        if (it->first == NULL)
            it->last = &it->first;
        it->count--;
        it->durable = done->id;
        it->polled = false;
        of_free(done);
    }
}

bool of_checkpoints_take(of_checkpoints *it, of_feed *feed, uint64_t *id)
{
    pthread_mutex_lock(&it->mutex);
    settle(it, feed);
    bool news = !it->polled;
    it->polled = true;
    *id = it->durable;
    pthread_mutex_unlock(&it->mutex);
    return news;
}

/* ---- Public ----------------------------------------------------------------------- */

static int begin(of_checkpoints *it, of_feed *feed, uint64_t id, outfall_error *error)
{
    settle(it, feed);
    if (id <= it->newest)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "checkpoint %" PRIu64 " comes after %" PRIu64 ": their ids grow", id,
                       it->newest);
    if (it->count == PENDING_MAX)
        return of_fail(error, OUTFALL_ERR_FULL, "%d checkpoints are not durable yet: wait for one",
                       PENDING_MAX);
    of_checkpoint *made = of_calloc(1, sizeof *made + feed->share_count * sizeof made->tickets[0]);
    if (made == NULL)
        return of_fail_nomem(error);
    made->id = it->newest = id;
    of_flush_request(feed, made->tickets);
    *it->last = made;
    it->last = &made->next;
    it->count++;
    return OUTFALL_OK;
}

int outfall_checkpoint(outfall_sink *sink, uint64_t id, outfall_error *error)
{
    int status = of_sink_check(sink, error);
    if (status == OUTFALL_OK)
        status = of_feed_check(sink->feed, error);
    if (status != OUTFALL_OK)
        return status;
    if (sink->feed->options.two_phase)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "with delivery=two-phase a checkpoint is the transaction's: "
                       "outfall_txn_checkpoint");
    pthread_mutex_lock(&sink->checkpoints.mutex);
    status = begin(&sink->checkpoints, sink->feed, id, error);
    pthread_mutex_unlock(&sink->checkpoints.mutex);
    return status;
}

/* Whether the checkpoint is durable; OUTFALL_ERR_INVALID: it was never asked for. */
static int look(outfall_sink *sink, uint64_t id, bool *durable, outfall_error *error)
{
    of_checkpoints *it = &sink->checkpoints;
    pthread_mutex_lock(&it->mutex);
    settle(it, sink->feed);
    *durable = id <= it->durable;
    bool known = id <= it->newest;
    pthread_mutex_unlock(&it->mutex);
    if (!known)
        return of_fail(error, OUTFALL_ERR_INVALID, "there is no checkpoint %" PRIu64 " yet", id);
    return *durable ? OUTFALL_OK : of_feed_check(sink->feed, error);
}

int outfall_checkpoint_wait(outfall_sink *sink, uint64_t id, uint32_t timeout_ms,
                            outfall_error *error)
{
    int status = of_sink_check(sink, error);
    if (status == OUTFALL_OK)
        status = of_timeout_check(timeout_ms, error);
    if (status != OUTFALL_OK)
        return status;
    int64_t deadline_us = of_deadline_us(timeout_ms);
    for (bool in_time = true, durable = false;;) {
        uint32_t ticket = of_eventcount_arm(&sink->feed->flushed);
        status = look(sink, id, &durable, error);
        if (status != OUTFALL_OK || durable || !in_time) {
            of_eventcount_disarm(&sink->feed->flushed);
            if (status != OUTFALL_OK || durable)
                return status;
            return of_fail(error, OUTFALL_ERR_TIMEOUT,
                           "checkpoint %" PRIu64 " was not durable at the deadline: wait again",
                           id);
        }
        in_time = of_eventcount_wait(&sink->feed->flushed, ticket, deadline_us);
    }
}
