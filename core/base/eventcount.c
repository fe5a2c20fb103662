/* SPDX-License-Identifier: Apache-2.0 */
#include "base/eventcount.h"

#include "base/cond.h"

void of_eventcount_init(of_eventcount *events)
{
    atomic_init(&events->waiters, 0);
    atomic_init(&events->sequence, 0);
    pthread_mutex_init(&events->mutex, NULL);
    of_cond_init(&events->changed);
}

void of_eventcount_destroy(of_eventcount *events)
{
    pthread_cond_destroy(&events->changed);
    pthread_mutex_destroy(&events->mutex);
}

uint32_t of_eventcount_arm(of_eventcount *events)
{
    /* Sequentially consistent on both sides: either the waker sees the waiter here, or the
     * waiter's look at the condition, which follows, sees what the waker did before its wake. */
    atomic_fetch_add_explicit(&events->waiters, 1, memory_order_seq_cst);
    return atomic_load_explicit(&events->sequence, memory_order_seq_cst);
}

void of_eventcount_disarm(of_eventcount *events)
{
    atomic_fetch_sub_explicit(&events->waiters, 1, memory_order_relaxed);
}

bool of_eventcount_wait(of_eventcount *events, uint32_t ticket, int64_t deadline_us)
{
    bool in_time = true;
    pthread_mutex_lock(&events->mutex);
    while (atomic_load_explicit(&events->sequence, memory_order_relaxed) == ticket && in_time)
        in_time = of_cond_wait(&events->changed, &events->mutex, deadline_us);
    pthread_mutex_unlock(&events->mutex);
    of_eventcount_disarm(events);
    return in_time;
}

void of_eventcount_wake(of_eventcount *events)
{
    /* An increment of nothing is a read that no earlier store can pass: the other half of arm.
     * (A fence would do, but ThreadSanitizer does not model fences.) */
    if (atomic_fetch_add_explicit(&events->waiters, 0, memory_order_seq_cst) == 0)
        return;
    pthread_mutex_lock(&events->mutex);
    atomic_fetch_add_explicit(&events->sequence, 1, memory_order_relaxed);
    pthread_cond_broadcast(&events->changed);
    pthread_mutex_unlock(&events->mutex);
}
