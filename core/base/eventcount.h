/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event count: threads sleep until a condition that other threads make true without a lock.
 *
 *   ticket = of_eventcount_arm(&events);       the waiter says that it is about to sleep,
 *   if (the condition holds) disarm; else      looks once more,
 *   of_eventcount_wait(&events, ticket, …);    and sleeps unless woken since arm.
 *
 * The waker makes the condition true and calls of_eventcount_wake, which costs a fence and a load
 * while nobody sleeps. A sleep may end without a cause: look at the condition in a loop.
 */
#ifndef OF_BASE_EVENTCOUNT_H
#define OF_BASE_EVENTCOUNT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct of_eventcount {
    atomic_uint waiters;
    atomic_uint sequence;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} of_eventcount;

void of_eventcount_init(of_eventcount *events);
void of_eventcount_destroy(of_eventcount *events);

uint32_t of_eventcount_arm(of_eventcount *events);
void of_eventcount_disarm(of_eventcount *events);

/* Sleeps and disarms. Returns false once deadline_us has passed without a wake. */
bool of_eventcount_wait(of_eventcount *events, uint32_t ticket, int64_t deadline_us);

/* Wakes all that are armed. */
void of_eventcount_wake(of_eventcount *events);

#endif
