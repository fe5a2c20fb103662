/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/warmers.h"

#include "base/clock.h"
#include "base/log.h"
#include "pool/state.h"
#include "pool/threads.h"

static bool is_closing(const of_pool *pool)
{
    return atomic_load_explicit(&pool->closing, memory_order_acquire);
}

/* Those whose lifetime is about to end are missing already: others are there before they go. */
static uint32_t count_lasting(const of_pool *pool)
{
    return of_slots_count_lasting(&pool->slots, of_clock_us() + pool->lead_us);
}

/* A slot to connect in, and the right to; NULL: not now, or none is missing. */
static of_slot *begin(of_pool *pool)
{
    of_slot *slot = NULL;
    pthread_mutex_lock(&pool->mutex);
    /* Counted under the mutex: else two would open what one is missing. */
    if (!is_closing(pool) && count_lasting(pool) < of_pool_kept(pool) &&
        !of_pool_quarantined(pool, of_clock_us()) && of_pool_may_connect(pool)) {
        slot = of_slots_claim_empty(&pool->slots);
        if (slot != NULL)
            pool->connecting++;
    }
    pthread_mutex_unlock(&pool->mutex);
    return slot;
}

static bool warm_one(of_pool *pool)
{
    outfall_error why;
    of_slot *slot = begin(pool);
    if (slot == NULL)
        return false;
    int status = of_pool_connect(pool, slot, INT64_MAX, &why);
    if (status != OUTFALL_OK) {
        of_log(OF_LOG_WARNING, "no connection could be opened ahead: %s", why.message);
        of_slots_bury(&pool->slots, slot);
        of_pool_settle(pool);
        return false;
    }
    of_pool_count(&pool->warmed);
    if (!of_slot_unclaim(slot))
        of_pool_give(pool, slot, of_clock_us());
    of_pool_settle(pool); /* It may be leased, and one more may connect. */
    return true;
}

static void *run(void *argument)
{
    of_warmer *warmer = argument;
    of_pool *pool = warmer->pool;
    while (warm_one(pool))
        ;
    of_pool_leave(pool, &warmer->ended);
    return NULL;
}

/* A warmer that is not under way; its thread was joined. NULL: all are, or the pool is closing. */
static of_warmer *find_resting(of_pool *pool)
{
    of_warmer *found = NULL;
    pthread_t thread;
    pthread_mutex_lock(&pool->mutex);
    for (uint32_t i = 0; i < OF_HEALTH_CONNECTS_MOST && found == NULL && !is_closing(pool); i++)
        if (!pool->warmers[i].started || pool->warmers[i].ended)
            found = &pool->warmers[i];
    bool joins = found != NULL && found->started;
    if (joins) {
        thread = found->thread;
        found->started = false; /* Who closes the pool does not join it again. */
    }
    pthread_mutex_unlock(&pool->mutex);
    if (joins)
        pthread_join(thread, NULL);
    return found;
}

static bool send_one(of_pool *pool)
{
    of_warmer *warmer = find_resting(pool);
    bool sent = false, failed = false;
    if (warmer == NULL)
        return false;
    pthread_mutex_lock(&pool->mutex); /* Its end waits until it is known to have begun. */
    if (!is_closing(pool)) {
        warmer->pool = pool;
        warmer->ended = false;
        warmer->started = pthread_create(&warmer->thread, NULL, run, warmer) == 0;
        pool->threads += warmer->started;
        sent = warmer->started;
        failed = !sent;
    }
    pthread_mutex_unlock(&pool->mutex);
    if (failed)
        of_log(OF_LOG_WARNING, "no connection is opened ahead: no thread could be started");
    return sent;
}

/* How many may be sent. What is being opened is not missing any more. */
static uint32_t needed(of_pool *pool)
{
    uint32_t kept = of_pool_kept(pool);
    uint32_t most = of_health_connects_max(pool->options.connections_max);
    pthread_mutex_lock(&pool->mutex);
    uint32_t open = count_lasting(pool);
    uint32_t missing = open < kept ? kept - open : 0;
    uint32_t free = pool->connecting < most ? most - pool->connecting : 0;
    if (of_pool_quarantined(pool, of_clock_us()))
        missing = 0;
    pthread_mutex_unlock(&pool->mutex);
    return missing < free ? missing : free;
}

void of_warmers_send(of_pool *pool)
{
    for (uint32_t left = needed(pool); left > 0 && send_one(pool); left--)
        ;
}

void of_warmers_part(of_pool *pool)
{
    for (uint32_t i = 0; i < OF_HEALTH_CONNECTS_MOST; i++) {
        of_warmer *warmer = &pool->warmers[i];
        if (!warmer->started)
            continue;
        if (warmer->ended)
            pthread_join(warmer->thread, NULL); /* It takes the mutex no more. */
        else
            pthread_detach(warmer->thread);
    }
}
