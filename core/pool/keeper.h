/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool's keeper: a thread that has connections opened before they are needed (warmers.h), checks
 * and closes idle ones, decides the pool's size and reports leases that are held for too long.
 */
#ifndef OF_POOL_KEEPER_H
#define OF_POOL_KEEPER_H

#include <stdbool.h>

#include "pool/pool.h"

/* Starts it, where the pool's options need one. */
int of_keeper_start(of_pool *pool, outfall_error *error);

/* Tells it to end, and cuts a check that it is waiting for. Does not wait. */
void of_keeper_stop(of_pool *pool);

/*
 * Waits for it and its warmers to end, for a moment. False: one hangs in a connect, and the last of
 * them frees the pool once that is over; the pool is no longer the caller's.
 */
bool of_keeper_end(of_pool *pool);

#endif
