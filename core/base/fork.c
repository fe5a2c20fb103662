/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fork.h"

#include <assert.h>

#define PROTECTED_MAX 4

uint32_t of_fork_generation;

static pthread_mutex_t *mutexes[PROTECTED_MAX];
static int count;

static void before_fork(void)
{
    for (int i = 0; i < count; i++)
        pthread_mutex_lock(mutexes[i]);
}

static void after_fork(void)
{
    for (int i = count - 1; i >= 0; i--)
        pthread_mutex_unlock(mutexes[i]);
}

static void in_child(void)
{
    of_fork_generation++; /* The child has one thread at this point. */
    after_fork();
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

void of_fork_protect(pthread_mutex_t *mutex)
{
    assert(count < PROTECTED_MAX);
    mutexes[count++] = mutex;
}
