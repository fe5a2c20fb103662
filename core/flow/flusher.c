/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/flusher.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/fail.h"
#include "base/membarrier.h"
#include "flow/batcher.h"
#include "flow/delivery.h"
#include "flow/epoch.h"
#include "flow/branch.h"
#include "flow/group.h"

/* How often a flusher looks at busy lanes, or where of_membarrier is not to be had. */
#define LOOK_AGAIN_US 5000
/* How long a share is idle before its lanes' chunks go back to the free list. */
#define IDLE_US 1000000

struct of_flusher {
    of_eventcount wake;
    pthread_mutex_t mutex; /* Over what follows; never held across I/O. */
    pthread_cond_t let_go;
    of_share *shares;
    of_share *busy;     /* The share whose batch is being delivered. */
    bool busy_detached; /* It has been detached meanwhile: let go of it afterwards. */
    bool stopping;
    void (*ended)(void *context);
    void *context;
    uint64_t random;
};

/*
 * Gives the chunks of idle lanes back. Writers that wait are woken if that, or an acknowledgement
 * that had not woken them yet, has left any free.
 */
static void reclaim(of_share *share)
{
    of_chunks *chunks = &share->feed->chunks;
    pthread_mutex_lock(&share->mutex);
    for (uint32_t i = 0; i < share->lane_count; i++)
        of_lane_reclaim(share->lanes[i]);
    pthread_mutex_unlock(&share->mutex);
    if (of_freelist_available(&chunks->free) > 0)
        of_chunks_wake(chunks);
    share->reclaimed = true;
}

/* What there is to do about a share, beside its batches. */
enum { NOTHING = -1, SEAL = -2, DROP = -3 };

static int next_of_branch(of_share *share)
{
    of_branch *branch = share->branch;
    if (branch == NULL)
        return NOTHING;
    if (of_group_check(branch->group, NULL) != OUTFALL_OK)
        return atomic_load_explicit(&branch->open, memory_order_relaxed) ? DROP : NOTHING;
    return of_branch_is_due(branch) ? SEAL : NOTHING;
}

/* The next share with something to do, moved to the list's end so that all get their turn. */
static of_share *next_due(of_flusher *flusher, int64_t now_us, int *reason, int64_t *due_us)
{
    *due_us = INT64_MAX;
    for (of_share **at = &flusher->shares; *at != NULL; at = &(*at)->next) {
        of_share *share = *at;
        int64_t share_due_us;
        *reason = next_of_branch(share);
        if (*reason != NOTHING)
            return share;
        /* A batch that is left over was given up: its feed has stopped, or is being closed. */
        if (atomic_load_explicit(&share->feed->stopped, memory_order_relaxed) != 0 ||
            share->batch.span_count > 0)
            continue;
        *reason = of_share_survey(share, now_us, &share_due_us);
        if (*reason >= 0) {
            *at = share->next;
            share->next = NULL;
            while (*at != NULL)
                at = &(*at)->next;
            *at = share;
            return share;
        }
        if (share_due_us < *due_us)
            *due_us = share_due_us;
        if (of_chunks_short(&share->feed->chunks))
            reclaim(share);
    }
    return NULL;
}

static void deliver(of_flusher *flusher, of_share *share, int reason, int64_t now_us)
{
    of_batch_take(share, reason, now_us);
    if (share->batch.rows == 0)
        return;
    if (share->branch != NULL)
        of_write_in_epoch(share, &flusher->random);
    else
        of_deliver(share, &flusher->random);
}

/* Delivers one batch if one is due, or does what a branch needs. */
static bool work(of_flusher *flusher, int64_t *due_us)
{
    int reason = -1;
    int64_t now_us = of_clock_us();
    pthread_mutex_lock(&flusher->mutex);
    of_share *share = next_due(flusher, now_us, &reason, due_us);
    flusher->busy = share;
    pthread_mutex_unlock(&flusher->mutex);
    if (share == NULL)
        return false;

    share->reclaimed = false;
    if (reason == SEAL)
        of_branch_seal(share->branch);
    else if (reason == DROP)
        of_branch_drop(share->branch);
    else
        deliver(flusher, share, reason, now_us);

    pthread_mutex_lock(&flusher->mutex);
    bool release = flusher->busy_detached;
    flusher->busy = NULL;
    flusher->busy_detached = false;
    pthread_cond_broadcast(&flusher->let_go);
    pthread_mutex_unlock(&flusher->mutex);
    if (release)
        of_feed_release(share->feed);
    return true;
}

static void reclaim_all(of_flusher *flusher)
{
    pthread_mutex_lock(&flusher->mutex);
    for (of_share *share = flusher->shares; share != NULL; share = share->next)
        if (!share->reclaimed)
            reclaim(share);
    pthread_mutex_unlock(&flusher->mutex);
}

static bool finished(of_flusher *flusher)
{
    pthread_mutex_lock(&flusher->mutex);
    bool done = flusher->stopping && flusher->shares == NULL;
    pthread_mutex_unlock(&flusher->mutex);
    return done;
}

/* Sleeps by degrees: a moment, then long enough to call it idle, then until it is woken. */
enum of_mood { BUSY, LOOKING, ASLEEP };

static enum of_mood rest(of_flusher *flusher, enum of_mood mood, uint32_t ticket, int64_t due_us)
{
    static const int64_t rests_us[] = {LOOK_AGAIN_US, IDLE_US, INT64_C(3600000000)};
    int64_t until_us = of_clock_us() + rests_us[mood];
    bool timed_out =
        !of_eventcount_wait(&flusher->wake, ticket, due_us < until_us ? due_us : until_us);
    if (!timed_out || due_us < until_us)
        return BUSY;
    if (mood == LOOKING)
        reclaim_all(flusher);
    return mood == BUSY ? LOOKING : ASLEEP;
}

/*
 * Looks for the last time before a sleep, armed. A long sleep has to be sure that no writer has
 * just published rows and thought the flusher awake (lane.c): of_membarrier is the fence between.
 * Returns whether there was something to do after all.
 */
static bool look_once_more(of_flusher *flusher, enum of_mood *mood, int64_t *due_us)
{
    if (*mood != BUSY && !of_membarrier())
        *mood = BUSY;
    return work(flusher, due_us);
}

static void *run(void *argument)
{
    of_flusher *flusher = argument;
    void (*ended)(void *) = flusher->ended;
    void *context = flusher->context;
    enum of_mood mood = LOOKING;
    for (;;) {
        int64_t due_us;
        while (work(flusher, &due_us))
            mood = BUSY;
        uint32_t ticket = of_eventcount_arm(&flusher->wake);
        bool more = look_once_more(flusher, &mood, &due_us);
        if (!more && !finished(flusher)) {
            mood = rest(flusher, mood, ticket, due_us);
            continue;
        }
        of_eventcount_disarm(&flusher->wake);
        if (!more)
            break;
        mood = BUSY;
    }
    of_eventcount_destroy(&flusher->wake);
    pthread_cond_destroy(&flusher->let_go);
    pthread_mutex_destroy(&flusher->mutex);
    of_free(flusher);
    ended(context);
    return NULL;
}

int of_flusher_new(void (*ended)(void *context), void *context, of_flusher **out, pthread_t *thread,
                   outfall_error *error)
{
    *out = NULL;
    of_flusher *flusher = of_calloc(1, sizeof *flusher);
    if (flusher == NULL)
        return of_fail_nomem(error);
    of_eventcount_init(&flusher->wake);
    pthread_mutex_init(&flusher->mutex, NULL);
    of_cond_init(&flusher->let_go);
    flusher->ended = ended;
    flusher->context = context;
    flusher->random = (uint64_t)of_clock_ns() | 1;
    if (pthread_create(thread, NULL, run, flusher) != 0) {
        of_eventcount_destroy(&flusher->wake);
        pthread_cond_destroy(&flusher->let_go);
        pthread_mutex_destroy(&flusher->mutex);
        of_free(flusher);
        return of_fail(error, OUTFALL_ERR_NOMEM, "no thread could be started");
    }
    *out = flusher;
    return OUTFALL_OK;
}

void of_flusher_stop(of_flusher *flusher)
{
    pthread_mutex_lock(&flusher->mutex);
    flusher->stopping = true;
    of_eventcount_wake(&flusher->wake); /* Inside: it may end, and be gone, once unlocked. */
    pthread_mutex_unlock(&flusher->mutex);
}

void of_flusher_attach(of_flusher *flusher, of_share *share)
{
    of_feed_retain(share->feed);
    share->wake = &flusher->wake;
    of_chunks_watch(&share->feed->chunks, &flusher->wake);
    pthread_mutex_lock(&flusher->mutex);
    share->next = flusher->shares;
    flusher->shares = share;
    pthread_mutex_unlock(&flusher->mutex);
}

static void unlink_share(of_flusher *flusher, of_share *share)
{
    for (of_share **at = &flusher->shares; *at != NULL; at = &(*at)->next) {
        if (*at == share) {
            *at = share->next;
            share->next = NULL;
            return;
        }
    }
}

void of_flusher_set_branch(of_flusher *flusher, of_share *share, of_branch *branch)
{
    pthread_mutex_lock(&flusher->mutex);
    while (flusher->busy == share) /* For a moment: it drops or has sealed its branch. */
        of_cond_wait(&flusher->let_go, &flusher->mutex, of_clock_us() + LOOK_AGAIN_US);
    pthread_mutex_lock(&share->mutex);
    share->branch = branch;
    pthread_mutex_unlock(&share->mutex);
    pthread_mutex_unlock(&flusher->mutex);
}

bool of_flusher_detach(of_flusher *flusher, of_share *share, int64_t sever_us, int64_t deadline_us)
{
    bool severed = false;
    pthread_mutex_lock(&flusher->mutex);
    unlink_share(flusher, share);
    while (flusher->busy == share) {
        if (!severed && of_clock_us() >= sever_us) {
            of_watchdog_sever(of_pool_watchdog(share->feed->pool), &of_share_lease(share)->watch);
            severed = true;
        }
        if (!of_cond_wait(&flusher->let_go, &flusher->mutex, severed ? deadline_us : sever_us) &&
            severed)
            break;
    }
    bool let_go = flusher->busy != share;
    if (!let_go)
        flusher->busy_detached = true;
    pthread_mutex_unlock(&flusher->mutex);
    if (let_go)
        of_feed_release(share->feed);
    return let_go;
}
