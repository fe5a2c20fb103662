/* SPDX-License-Identifier: Apache-2.0 */
/* The pool's own threads: their end. */
#ifndef OF_POOL_THREADS_H
#define OF_POOL_THREADS_H

#include "pool/state.h"

/*
 * The last act of a thread in the background: sets its *ended, and frees the pool where nobody else
 * will.
 */
void of_pool_leave(of_pool *pool, bool *ended);

#endif
