/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: the fair queue of those who wait for one, taking and returning. */
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/fail.h"
#include "pool/state.h"

#define PATIENCE_US 20000 /* Of a pool that is sized: how long a return is waited for. */

/* ---- The queue -------------------------------------------------------------------- */

/* Takes the first out of the queue and lets it go on. */
static void answer(of_pool *pool, int status, of_slot *slot)
{
    of_waiter *waiter = pool->first;
    pool->first = waiter->next;
    if (pool->first == NULL)
        pool->last = &pool->first;
    atomic_fetch_sub_explicit(&pool->waiters, 1, memory_order_relaxed);
    waiter->status = status;
    waiter->slot = slot;
    waiter->done = true;
    pthread_cond_signal(&waiter->done_changed);
}

static void count_lease(of_slot *slot)
{
    atomic_store_explicit(&slot->leases,
                          atomic_load_explicit(&slot->leases, memory_order_relaxed) + 1,
                          memory_order_relaxed); /* Its owner alone writes it. */
}

/* Of a slot that is the caller's. Release: who sees it leased sees since when. */
static void lease_owned(of_slot *slot, int64_t now_us)
{
    atomic_store_explicit(&slot->leased_us, now_us, memory_order_relaxed);
    atomic_store_explicit(&slot->state, OF_SLOT_LEASED, memory_order_release);
    count_lease(slot);
}

/* Whether as many connections are open as were decided on. */
static bool has_its_size(const of_pool *pool)
{
    return of_pool_connections(pool) + pool->connecting >= of_pool_kept(pool);
}

void of_pool_dispatch(of_pool *pool)
{
    bool freed;
    while (pool->first != NULL) {
        if (atomic_load_explicit(&pool->closing, memory_order_relaxed)) {
            answer(pool, OUTFALL_ERR_CLOSED, NULL);
            continue;
        }
        int64_t now_us = of_clock_us();
        of_slot *slot = of_slots_take_idle(&pool->slots, now_us, &freed);
        if (slot != NULL) {
            count_lease(slot);
            answer(pool, OUTFALL_OK, slot);
            continue;
        }
        if (!pool->first->impatient && has_its_size(pool))
            return; /* It comes here again when its patience is over. */
        bool quarantined = of_pool_quarantined(pool, now_us);
        if (!quarantined && !of_pool_may_connect(pool))
            return; /* Whoever connects now comes here at its end. */
        slot = of_slots_take_free(&pool->slots);
        if (slot == NULL)
            return;
        if (quarantined) {
            of_slots_put_free(&pool->slots, slot);
            answer(pool, OUTFALL_ERR_IO, NULL);
        } else {
            pool->connecting++;
            answer(pool, OUTFALL_OK, slot);
        }
    }
}

void of_pool_settle(of_pool *pool)
{
    /*
     * An exchange with the queue's count, as a waiter's own on coming in: either this one sees the
     * waiter, or the waiter's exchange came after, and it then sees what has become free.
     */
    if (atomic_fetch_add_explicit(&pool->waiters, 0, memory_order_acq_rel) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    of_pool_dispatch(pool);
    pthread_mutex_unlock(&pool->mutex);
}

void of_pool_give(of_pool *pool, of_slot *slot, int64_t now_us)
{
    if (atomic_load_explicit(&pool->waiters, memory_order_relaxed) > 0) {
        pthread_mutex_lock(&pool->mutex);
        bool handed =
            pool->first != NULL && !atomic_load_explicit(&pool->closing, memory_order_relaxed);
        if (handed) { /* From hand to hand: no newcomer can get in between. */
            lease_owned(slot, now_us);
            answer(pool, OUTFALL_OK, slot);
        }
        pthread_mutex_unlock(&pool->mutex);
        if (handed)
            return;
    }
    of_slots_put_idle(&pool->slots, slot);
    of_pool_settle(pool);
}

static void enter(of_pool *pool, of_waiter *waiter)
{
    *pool->last = waiter;
    pool->last = &waiter->next;
    atomic_fetch_add_explicit(&pool->waiters, 1, memory_order_acq_rel); /* See settle. */
}

static void leave(of_pool *pool, of_waiter *waiter)
{
    of_waiter **at = &pool->first;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    if (*at == NULL)
        pool->last = at;
    atomic_fetch_sub_explicit(&pool->waiters, 1, memory_order_relaxed);
}

/* What to say to who waited in vain. Under the mutex. */
static int fail_waiter(of_pool *pool, int status, outfall_error *error)
{
    if (status == OUTFALL_ERR_CLOSED)
        return of_fail(error, status, "the pool is being closed");
    if (status != OUTFALL_ERR_TIMEOUT)
        return of_pool_refuse(pool, of_clock_us(), error);
    of_pool_count(&pool->timeouts);
    if (pool->connecting > 0)
        return of_fail(error, status, "no connection in time: %u are being opened, of %u at most",
                       pool->connecting, pool->options.connections_max);
    return of_fail(error, status, "all %u connections are in use: raise pool.max",
                   pool->options.connections_max);
}

/*
 * In a pool that has its size a connection is soon returned, mostly sooner than one could be
 * opened; were each moment without an idle one to open another, there would soon be as many as
 * threads.
 */
static int64_t half_way_us(int64_t now_us, int64_t deadline_us)
{
    int64_t half_us = (deadline_us - now_us) / 2;
    return now_us + (half_us < PATIENCE_US ? half_us : PATIENCE_US);
}

/* A leased slot, or one to connect in: its state is OPENING. */
static int queue(of_pool *pool, int64_t deadline_us, of_slot **out, outfall_error *error)
{
    bool sized = pool->options.connections_min > 0;
    of_waiter waiter = {.status = OUTFALL_ERR_TIMEOUT, .impatient = !sized};
    bool in_time = true;
    int64_t patient_until_us = half_way_us(of_clock_us(), deadline_us);
    of_cond_init(&waiter.done_changed);
    pthread_mutex_lock(&pool->mutex);
    enter(pool, &waiter);
    of_pool_dispatch(pool);
    while (!waiter.done && in_time) {
        in_time = of_cond_wait(&waiter.done_changed, &pool->mutex,
                               waiter.impatient ? deadline_us : patient_until_us);
        if (!in_time && !waiter.impatient) {
            waiter.impatient = true;
            in_time = true;
            of_pool_dispatch(pool);
        }
    }
    if (!waiter.done)
        leave(pool, &waiter);
    int status = waiter.status;
    if (status != OUTFALL_OK)
        status = fail_waiter(pool, status, error);
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_destroy(&waiter.done_changed);
    *out = waiter.slot;
    return status;
}

/* ---- Taking and returning --------------------------------------------------------- */

/* The slot's owner has no connection in it: somebody else may. */
static void release(of_pool *pool, of_slot *slot)
{
    of_slots_put_free(&pool->slots, slot);
    of_pool_settle(pool);
}

static void close_one(of_pool *pool, of_slot *slot, enum outfall_pool_closed why)
{
    of_pool_disconnect(pool, slot, why);
    release(pool, slot);
}

/* The slow way: by the queue, and by a connect where the queue allows one. */
static int take_slowly(of_pool *pool, int64_t deadline_us, of_slot **out, outfall_error *error)
{
    int64_t from_ns = of_clock_ns();
    of_slot *slot;
    of_pool_count(&pool->waits);
    int status = queue(pool, deadline_us, &slot, error);
    atomic_fetch_add_explicit(&pool->queued_us, (uint64_t)(of_clock_ns() - from_ns) / 1000,
                              memory_order_relaxed);
    if (status == OUTFALL_OK && of_slot_state_of(slot) == OF_SLOT_OPENING) {
        status = of_pool_connect(pool, slot, deadline_us, error);
        if (status == OUTFALL_OK) {
            lease_owned(slot, of_clock_us());
            of_pool_settle(pool); /* One more may connect now. */
        } else {
            release(pool, slot);
        }
    }
    of_histogram_record(&pool->wait, (uint64_t)(of_clock_ns() - from_ns));
    *out = status == OUTFALL_OK ? slot : NULL;
    return status;
}

/* Whether an idle connection may be used; else it is closed. */
static bool fit(of_pool *pool, of_slot *slot, int64_t deadline_us, of_watch *watch)
{
    outfall_error why;
    const of_health_facts facts = of_pool_facts(slot, false);
    int64_t now_us = atomic_load_explicit(&slot->leased_us, memory_order_relaxed);
    enum of_health todo = of_health_idle(&pool->options.rules, &facts, now_us);
    if (todo == OF_HEALTH_KEEP)
        return true;
    if (todo == OF_HEALTH_CLOSE_OLD) {
        close_one(pool, slot, OUTFALL_POOL_CLOSED_OLD);
        return false;
    }
    /* One session's end says nothing of the others: each is looked at. */
    if (!of_pool_look(pool, slot)) {
        close_one(pool, slot, OUTFALL_POOL_CLOSED_GONE);
        return false;
    }
    if (todo == OF_HEALTH_LOOK || now_us >= deadline_us)
        return true; /* Enough, or there is no time to ask. */
    int status = of_pool_check(pool, slot, deadline_us, watch, &why);
    if (status == OUTFALL_OK)
        return true;
    close_one(pool, slot, OUTFALL_POOL_CLOSED_CHECK);
    if ((status == OUTFALL_ERR_IO || status == OUTFALL_ERR_TIMEOUT) &&
        of_pool_tells(pool, status, now_us))
        of_pool_drop_idle(pool); /* They lead to the same server. */
    return false;
}

static int32_t thread_number(void)
{
    static _Thread_local int32_t number;
    if (number == 0)
        number = (int32_t)syscall(SYS_gettid);
    return number;
}

/* Without a lock: what is idle and warm, unless others wait for it. */
static of_slot *take_fast(of_pool *pool)
{
    bool freed;
    if (atomic_load_explicit(&pool->waiters, memory_order_relaxed) > 0)
        return NULL;
    of_slot *slot = of_slots_take_idle(&pool->slots, of_clock_us(), &freed);
    if (slot != NULL)
        count_lease(slot);
    if (freed)
        of_pool_settle(pool);
    return slot;
}

int of_pool_take(of_pool *pool, int64_t deadline_us, of_watch *watch, of_slot **out,
                 outfall_error *error)
{
    int status = OUTFALL_OK;
    *out = NULL;
    do { /* Each round closes a connection that was not fit, or is the last. */
        if (atomic_load_explicit(&pool->closing, memory_order_acquire))
            return of_fail(error, OUTFALL_ERR_CLOSED, "the pool is being closed");
        of_slot *slot = take_fast(pool);
        if (slot == NULL)
            status = take_slowly(pool, deadline_us, &slot, error);
        if (status == OUTFALL_OK && fit(pool, slot, deadline_us, watch))
            *out = slot;
    } while (status == OUTFALL_OK && *out == NULL);
    if (*out != NULL)
        atomic_store_explicit(&(*out)->holder, thread_number(), memory_order_relaxed);
    return status;
}

void of_pool_return(of_pool *pool, of_slot *slot, bool healthy)
{
    int64_t now_us = of_clock_us();
    int64_t leased_us = atomic_load_explicit(&slot->leased_us, memory_order_relaxed);
    uint64_t busy_us = atomic_load_explicit(&slot->busy_us, memory_order_relaxed);
    /* In this order a reader may miss this lease for a moment, but counts it once. */
    atomic_store_explicit(&slot->leased_us, now_us, memory_order_relaxed);
    atomic_store_explicit(&slot->busy_us, busy_us + (uint64_t)(now_us - leased_us),
                          memory_order_relaxed);
    atomic_store_explicit(&slot->used_us, now_us, memory_order_relaxed);
    if (!healthy)
        close_one(pool, slot, OUTFALL_POOL_CLOSED_BROKEN);
    else if (atomic_load_explicit(&pool->closing, memory_order_acquire))
        close_one(pool, slot, OUTFALL_POOL_CLOSED_END);
    else if (now_us >= atomic_load_explicit(&slot->expires_us, memory_order_relaxed))
        close_one(pool, slot, OUTFALL_POOL_CLOSED_OLD);
    else
        of_pool_give(pool, slot, now_us);
}

void of_pool_close_idle(of_pool *pool, enum outfall_pool_closed why)
{
    bool freed;
    of_slot *slot;
    while ((slot = of_slots_take_idle(&pool->slots, of_clock_us(), &freed)) != NULL)
        close_one(pool, slot, why);
    if (freed)
        of_pool_settle(pool);
}

void of_pool_drop_idle(of_pool *pool)
{
    of_pool_close_idle(pool, OUTFALL_POOL_CLOSED_DROPPED);
}
