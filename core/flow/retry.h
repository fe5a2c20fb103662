/* SPDX-License-Identifier: Apache-2.0 */
/* How long to pause before a batch is tried again. Pure. */
#ifndef OF_FLOW_RETRY_H
#define OF_FLOW_RETRY_H

#include <stdint.h>

/* The pause before try `attempt` (0 is the first again): doubles from base_ms, at most max_ms. */
uint32_t of_backoff_ms(uint32_t attempt, uint32_t base_ms, uint32_t max_ms);

/*
 * A random part of the pause, from half of it to all of it, so that flushers that failed together
 * do not come back together. `*state` is the caller's generator, any non-zero seed.
 */
uint32_t of_jitter_ms(uint32_t pause_ms, uint64_t *state);

#endif
