/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pool.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/fail.h"
#include "pool/keeper.h"
#include "pool/state.h"

#define PATIENCE_US 20000

/* ---- Making and freeing ----------------------------------------------------------- */

/* NULL stays NULL; false: out of memory. */
static bool copy_text(const char *from, const char **out)
{
    *out = from == NULL ? NULL : of_strdup(from);
    return from == NULL || *out != NULL;
}

/* A keeper that hangs in a connect may outlive what the caller's options point at. */
static bool copy_connect(of_pool *pool, const outfall_connect_options *from)
{
    pool->connect = *from;
    pool->connect.options = NULL;
    pool->connect.option_count = 0;
    bool copied = copy_text(from->url, &pool->connect.url);
    copied = copy_text(from->application_name, &pool->connect.application_name) && copied;
    if (!copied || from->option_count == 0)
        return copied;
    outfall_driver_option *options = of_calloc(from->option_count, sizeof *options);
    pool->connect.options = options;
    if (options == NULL)
        return false;
    pool->connect.option_count = from->option_count;
    for (uint32_t i = 0; i < from->option_count; i++) {
        copied = copy_text(from->options[i].key, &options[i].key) && copied;
        copied = copy_text(from->options[i].value, &options[i].value) && copied;
    }
    return copied;
}

static void free_connect(outfall_connect_options *connect)
{
    for (uint32_t i = 0; i < connect->option_count; i++) {
        of_free((void *)(uintptr_t)connect->options[i].key);
        of_free((void *)(uintptr_t)connect->options[i].value);
    }
    of_free((void *)(uintptr_t)connect->options);
    of_free((void *)(uintptr_t)connect->application_name);
    of_free((void *)(uintptr_t)connect->url);
}

void of_pool_destroy(of_pool *pool)
{
    of_watchdog_free(pool->watchdog);
    of_slots_destroy(&pool->slots);
    free_connect(&pool->connect);
    pthread_cond_destroy(&pool->keeper_changed);
    pthread_cond_destroy(&pool->keeper_wake);
    pthread_mutex_destroy(&pool->mutex);
    of_free(pool);
}

int of_pool_new(const outfall_driver *driver, const of_pool_options *options, of_pool **out,
                outfall_error *error)
{
    *out = NULL;
    of_pool *pool = of_alloc_aligned(_Alignof(of_pool), sizeof *pool);
    if (pool == NULL)
        return of_fail_nomem(error);
    memset(pool, 0, sizeof *pool);
    pool->driver = driver;
    pool->options = *options;
    pool->options.connect = &pool->connect;
    pool->last = &pool->first;
    pool->random = (uint64_t)of_clock_ns() | 1;
    pthread_mutex_init(&pool->mutex, NULL);
    of_cond_init(&pool->keeper_wake);
    of_cond_init(&pool->keeper_changed);
    int status = OUTFALL_OK;
    if (!copy_connect(pool, options->connect) ||
        of_slots_init(&pool->slots, options->connections_max) != OUTFALL_OK)
        status = of_fail_nomem(error);
    if (status == OUTFALL_OK)
        status = of_watchdog_new(&pool->watchdog, error);
    if (status == OUTFALL_OK)
        status = of_keeper_start(pool, error);
    if (status != OUTFALL_OK) {
        of_pool_destroy(pool);
        return status;
    }
    *out = pool;
    return OUTFALL_OK;
}

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
    uint32_t least = pool->options.connections_min;
    uint32_t target = atomic_load_explicit(&pool->target, memory_order_relaxed);
    return of_pool_connections(pool) + pool->connecting >= (target > least ? target : least);
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
    switch (of_health_idle(&pool->options.rules, &facts, now_us)) {
    case OF_HEALTH_CLOSE_OLD:
        close_one(pool, slot, OUTFALL_POOL_CLOSED_OLD);
        return false;
    case OF_HEALTH_CHECK:
        break;
    default:
        return true;
    }
    if (now_us >= deadline_us)
        return true; /* There is no time to ask. */
    int status = of_pool_check(pool, slot, deadline_us, watch, &why);
    if (status == OUTFALL_OK)
        return true;
    close_one(pool, slot, OUTFALL_POOL_CLOSED_CHECK);
    if (status == OUTFALL_ERR_IO || status == OUTFALL_ERR_TIMEOUT)
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

static void close_idle(of_pool *pool, enum outfall_pool_closed why)
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
    close_idle(pool, OUTFALL_POOL_CLOSED_DROPPED);
}

/* ---- The end ---------------------------------------------------------------------- */

#define SHUT_LOOKS_US 1000

static bool all_returned(const of_pool *pool)
{
    for (uint32_t i = 0; i < pool->slots.count; i++) {
        uint32_t state = atomic_load_explicit(&pool->slots.slot[i].state, memory_order_acquire);
        if (state == OF_SLOT_LEASED || state == OF_SLOT_OPENING)
            return false;
    }
    return atomic_load_explicit(&pool->waiters, memory_order_acquire) == 0;
}

bool of_pool_shut(of_pool *pool, int64_t deadline_us)
{
    of_keeper_stop(pool);
    pthread_mutex_lock(&pool->mutex);
    atomic_store_explicit(&pool->closing, true, memory_order_release);
    of_pool_dispatch(pool);
    /* Returns do not signal: they would have to look at one thing more each time. */
    while (!all_returned(pool)) {
        int64_t next_us = of_clock_us() + SHUT_LOOKS_US;
        if (next_us > deadline_us)
            break;
        of_cond_wait(&pool->keeper_changed, &pool->mutex, next_us);
    }
    bool all = all_returned(pool);
    pthread_mutex_unlock(&pool->mutex);
    return all;
}

void of_pool_free(of_pool *pool)
{
    if (pool == NULL)
        return;
    of_keeper_stop(pool);
    atomic_store_explicit(&pool->closing, true, memory_order_release);
    close_idle(pool, OUTFALL_POOL_CLOSED_END);
    if (of_keeper_end(pool)) {
        close_idle(pool, OUTFALL_POOL_CLOSED_END); /* What the keeper had in hand. */
        of_pool_destroy(pool);
    }
}

/* ---- Looking ---------------------------------------------------------------------- */

uint32_t of_pool_connections(const of_pool *pool)
{
    return atomic_load_explicit(&pool->connections, memory_order_relaxed);
}

uint64_t of_pool_connects(const of_pool *pool)
{
    return atomic_load_explicit(&pool->connects, memory_order_relaxed);
}

of_watchdog *of_pool_watchdog(const of_pool *pool)
{
    return pool->watchdog;
}

const outfall_driver *of_pool_driver(const of_pool *pool)
{
    return pool->driver;
}

of_slot *of_pool_slot(const of_pool *pool, uint32_t number)
{
    return number < pool->slots.count ? &pool->slots.slot[number] : NULL;
}
