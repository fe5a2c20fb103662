/* SPDX-License-Identifier: Apache-2.0 */
/* Tells whether this process is the one that made a handle: connections do not survive fork. */
#ifndef OF_BASE_FORK_H
#define OF_BASE_FORK_H

#include <pthread.h>
#include <stdint.h>

/* Counts the forks between the process that loaded the library and this one. */
extern uint32_t of_fork_generation;

/*
 * Keeps a mutex of the process from being held by a thread that does not exist in the child. For
 * mutexes that live as long as the process; call it once each, when the library is loaded.
 */
void of_fork_protect(pthread_mutex_t *mutex);

#endif
