/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool's warmers: threads that open connections before they are needed, each one after the other
 * and then ends. The keeper sends them, and never waits for one: a connect that hangs holds up
 * neither its checks nor the other connects.
 */
#ifndef OF_POOL_WARMERS_H
#define OF_POOL_WARMERS_H

#include "pool/pool.h"

/* The keeper's: sends as many as there are connections missing, and as may connect at once. */
void of_warmers_send(of_pool *pool);

/*
 * Under the pool's mutex, after the keeper's last send: joins those that have ended, and leaves the
 * others, which hang in a connect, to themselves.
 */
void of_warmers_part(of_pool *pool);

#endif
