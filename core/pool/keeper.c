/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/keeper.h"

#include "base/clock.h"
#include "base/cond.h"
#include "base/fail.h"
#include "base/log.h"
#include "pool/state.h"
#include "pool/threads.h"
#include "pool/warmers.h"

#define WINDOW_US 1000000
#define QUIET_WINDOWS 5
#define PAUSE_LEAST_US 10000
#define PAUSE_MOST_US 10000000
/* How long a close waits for a connect of the keeper's. */
#define END_GRACE_US 500000

static bool stopping(of_pool *pool)
{
    return atomic_load_explicit(&pool->closing, memory_order_acquire);
}

static bool sized(const of_pool *pool)
{
    return pool->options.connections_min > 0;
}

static int64_t window_us(const of_pool *pool)
{
    return pool->options.window_us > 0 ? pool->options.window_us : WINDOW_US;
}

/* ---- Size ------------------------------------------------------------------------- */

/* The time on lease of all connections until now, those on lease now included. */
static uint64_t busy_us(const of_pool *pool, int64_t now_us)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < pool->slots.count; i++) {
        const of_slot *slot = &pool->slots.slot[i];
        sum += atomic_load_explicit(&slot->busy_us, memory_order_relaxed);
        /* Acquire: with the state comes the time of this lease or of a later one. */
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != OF_SLOT_LEASED)
            continue;
        int64_t since_us = atomic_load_explicit(&slot->leased_us, memory_order_relaxed);
        if (now_us > since_us)
            sum += (uint64_t)(now_us - since_us);
    }
    return sum;
}

static void publish(of_pool *pool)
{
    const of_sizing *sizing = &pool->sizing;
    atomic_store_explicit(&pool->target, sizing->target, memory_order_relaxed);
    atomic_store_explicit(&pool->used_permille, sizing->used_permille, memory_order_relaxed);
    atomic_store_explicit(&pool->sizing_reason, sizing->reason, memory_order_relaxed);
    of_pool_count(&pool->sizings[sizing->reason]);
}

/* Closes the idle connection that was used longest ago. False: none is idle. */
static bool close_coldest(of_pool *pool)
{
    for (;;) {
        of_slot *coldest = NULL;
        int64_t least_us = INT64_MAX;
        for (uint32_t i = 0; i < pool->slots.count; i++) {
            of_slot *slot = &pool->slots.slot[i];
            int64_t used_us = atomic_load_explicit(&slot->used_us, memory_order_relaxed);
            if (of_slot_state_of(slot) == OF_SLOT_IDLE && used_us < least_us) {
                least_us = used_us;
                coldest = slot;
            }
        }
        if (coldest == NULL)
            return false;
        if (!of_slot_claim(coldest))
            continue; /* It was leased meanwhile. */
        of_pool_disconnect(pool, coldest, OUTFALL_POOL_CLOSED_SHRUNK);
        of_slots_bury(&pool->slots, coldest);
        of_pool_settle(pool);
        return true;
    }
}

/* Threads in the queue: on average, and where the pool is all but used up those of now. */
static uint32_t waiting(of_pool *pool, uint64_t busy_milli, uint32_t open, int64_t passed_us)
{
    uint64_t queued = atomic_load_explicit(&pool->queued_us, memory_order_relaxed);
    uint64_t average = (queued - pool->queued_from_us) / (uint64_t)passed_us;
    uint32_t now = atomic_load_explicit(&pool->waiters, memory_order_relaxed);
    pool->queued_from_us = queued;
    if (busy_milli <= (uint64_t)open * OF_SIZING_HIGH_PERMILLE || now < average)
        return average < UINT32_MAX ? (uint32_t)average : UINT32_MAX;
    return now;
}

/* Once a window: decides the size, and closes what is too many. */
static void decide_size(of_pool *pool, int64_t now_us)
{
    const of_sizing_rules rules = {pool->options.connections_min, pool->options.connections_max,
                                   QUIET_WINDOWS};
    int64_t passed_us = now_us - pool->window_from_us;
    if (passed_us < window_us(pool))
        return;
    uint64_t busy = busy_us(pool, now_us);
    /* A lease that ends while it is read may be missed once, and comes in the next window. */
    uint64_t more = busy > pool->busy_from_us ? busy - pool->busy_from_us : 0;
    of_sizing_load load = {more * 1000 / (uint64_t)passed_us, 0,
                           of_slots_count_lasting(&pool->slots, now_us + pool->lead_us)};
    load.waiting = waiting(pool, load.busy_milli, load.open, passed_us);
    pool->window_from_us = now_us;
    pool->busy_from_us = busy;
    of_sizing_decide(&rules, &load, &pool->sizing);
    publish(pool);
    uint32_t excess = load.open > pool->sizing.target ? load.open - pool->sizing.target : 0;
    while (excess-- > 0 && close_coldest(pool))
        ;
}

/* ---- Idle connections and leases -------------------------------------------------- */

static void report_leak(of_pool *pool, of_slot *slot, int64_t now_us)
{
    /* Acquire: as in busy_us. A later lease that shows here is a young one. */
    if (atomic_load_explicit(&slot->state, memory_order_acquire) != OF_SLOT_LEASED)
        return;
    int64_t since_us = atomic_load_explicit(&slot->leased_us, memory_order_relaxed);
    uint64_t lease = atomic_load_explicit(&slot->leases, memory_order_relaxed);
    if (!of_health_leaked(&pool->options.rules, since_us, now_us) ||
        atomic_load_explicit(&slot->leak, memory_order_relaxed) == lease)
        return;
    atomic_store_explicit(&slot->leak, lease, memory_order_relaxed);
    of_pool_count(&pool->leaks);
    of_log(OF_LOG_WARNING,
           "connection %u has been on lease to thread %d for %lld ms, longer than pool.leak.ms: "
           "was it given back?",
           slot->number, atomic_load_explicit(&slot->holder, memory_order_relaxed),
           (long long)((now_us - since_us) / 1000));
}

static void close_claimed(of_pool *pool, of_slot *slot, enum outfall_pool_closed why)
{
    of_pool_disconnect(pool, slot, why);
    of_slots_bury(&pool->slots, slot);
    of_pool_settle(pool);
}

static void check_claimed(of_pool *pool, of_slot *slot)
{
    outfall_error why;
    int status = of_pool_check(pool, slot, INT64_MAX, &pool->keeper_watch, &why);
    if (status == OUTFALL_OK) {
        if (!of_slot_unclaim(slot))
            of_pool_give(pool, slot, of_clock_us());
        return;
    }
    of_log(OF_LOG_INFO, "an idle connection is closed, it did not answer: %s", why.message);
    close_claimed(pool, slot, OUTFALL_POOL_CLOSED_CHECK);
    if (status == OUTFALL_ERR_IO || status == OUTFALL_ERR_TIMEOUT)
        of_pool_drop_idle(pool); /* They lead to the same server, and would each take as long. */
}

static enum of_health todo_with(const of_pool *pool, const of_slot *slot, bool spare,
                                int64_t now_us)
{
    const of_health_facts facts = of_pool_facts(slot, spare);
    enum of_health todo = of_health_idle(&pool->options.rules, &facts, now_us);
    /* Without connections kept warm, asking is left to who leases. */
    return todo == OF_HEALTH_CHECK && !sized(pool) ? OF_HEALTH_LOOK : todo;
}

/* True: it was closed. */
static bool see_to_idle(of_pool *pool, of_slot *slot, bool spare, int64_t now_us)
{
    if (todo_with(pool, slot, spare, now_us) == OF_HEALTH_KEEP || !of_slot_claim(slot))
        return false;
    enum of_health todo = todo_with(pool, slot, spare, now_us); /* It may have been used since. */
    if (todo == OF_HEALTH_CLOSE_IDLE) {
        close_claimed(pool, slot, OUTFALL_POOL_CLOSED_IDLE);
        return true;
    }
    if (todo == OF_HEALTH_CLOSE_OLD) {
        close_claimed(pool, slot, OUTFALL_POOL_CLOSED_OLD);
        return true;
    }
    if (todo != OF_HEALTH_KEEP && !of_pool_look(pool, slot)) {
        close_claimed(pool, slot, OUTFALL_POOL_CLOSED_GONE);
        return true;
    }
    if (todo == OF_HEALTH_CHECK)
        check_claimed(pool, slot);
    else if (!of_slot_unclaim(slot))
        of_pool_give(pool, slot, now_us);
    return false;
}

static void see_to_slots(of_pool *pool)
{
    uint32_t open = of_slots_count_open(&pool->slots);
    for (uint32_t i = 0; i < pool->slots.count && !stopping(pool); i++) {
        of_slot *slot = &pool->slots.slot[i];
        switch (of_slot_state_of(slot)) {
        case OF_SLOT_IDLE:
            if (see_to_idle(pool, slot, open > of_pool_kept(pool), of_clock_us()))
                open--;
            break;
        case OF_SLOT_LEASED:
            report_leak(pool, slot, of_clock_us());
            break;
        default:
            break;
        }
    }
}

/* ---- The thread ------------------------------------------------------------------- */

static int64_t shorter_us(int64_t pause_us, int64_t period_us)
{
    return period_us > 0 && period_us / 4 < pause_us ? period_us / 4 : pause_us;
}

/* How long to sleep: so that no rule is late by more than a quarter of its time. */
static int64_t pause_us(const of_pool *pool)
{
    const of_health_rules *rules = &pool->options.rules;
    int64_t pause = PAUSE_MOST_US;
    pause = shorter_us(pause, rules->idle_us);
    pause = shorter_us(pause, rules->lifetime_us);
    pause = shorter_us(pause, rules->leak_us);
    if (sized(pool)) {
        pause = shorter_us(pause, rules->check_us);
        pause = pause < window_us(pool) ? pause : window_us(pool);
    }
    return pause > PAUSE_LEAST_US ? pause : PAUSE_LEAST_US;
}

static void *run(void *argument)
{
    of_pool *pool = argument;
    while (!stopping(pool)) {
        if (sized(pool))
            decide_size(pool, of_clock_us());
        see_to_slots(pool);
        of_warmers_send(pool);
        int64_t until_us = of_clock_us() + pause_us(pool);
        pthread_mutex_lock(&pool->mutex);
        if (!stopping(pool))
            of_cond_wait(&pool->keeper_wake, &pool->mutex, until_us);
        pthread_mutex_unlock(&pool->mutex);
    }
    of_pool_leave(pool, &pool->keeper_ended);
    return NULL;
}

int of_keeper_start(of_pool *pool, outfall_error *error)
{
    const of_health_rules *rules = &pool->options.rules;
    pool->sizing.target = pool->options.connections_min;
    atomic_init(&pool->target, pool->options.connections_min);
    atomic_init(&pool->sizing_reason, OF_SIZING_AT_MIN);
    pool->window_from_us = of_clock_us();
    pool->lead_us = of_health_lead_us(rules, window_us(pool));
    if (!sized(pool) && rules->idle_us == 0 && rules->lifetime_us == 0 && rules->leak_us == 0)
        return OUTFALL_OK;
    pool->threads = 1;
    if (pthread_create(&pool->keeper, NULL, run, pool) != 0) {
        pool->threads = 0;
        return of_fail(error, OUTFALL_ERR_NOMEM, "no thread could be started");
    }
    pool->keeper_runs = true;
    return OUTFALL_OK;
}

void of_keeper_stop(of_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_store_explicit(&pool->closing, true, memory_order_release);
    pthread_cond_signal(&pool->keeper_wake);
    pthread_mutex_unlock(&pool->mutex);
    of_watchdog_sever(pool->watchdog, &pool->keeper_watch);
}

bool of_keeper_end(of_pool *pool)
{
    bool in_time = true;
    int64_t deadline_us = of_clock_us() + END_GRACE_US;
    if (!pool->keeper_runs)
        return true;
    pthread_mutex_lock(&pool->mutex);
    while (pool->threads > 0 && in_time)
        in_time = of_cond_wait(&pool->keeper_changed, &pool->mutex, deadline_us);
    bool ended = pool->threads == 0;
    pool->abandoned = !ended;
    /* Under the mutex: the pool is theirs from here on. */
    bool keeper_ended = pool->keeper_ended;
    pthread_t keeper = pool->keeper;
    if (!keeper_ended)
        pthread_detach(keeper);
    of_warmers_part(pool);
    pthread_mutex_unlock(&pool->mutex);
    if (keeper_ended)
        pthread_join(keeper, NULL);
    return ended;
}
