/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dear half of an asymmetric fence: of_membarrier() acts as if every thread of the process had
 * just run a full memory fence. A hot path then gets by with a compiler barrier
 * (atomic_signal_fence) where it would need a full fence, and the rare path pays instead.
 *
 * Source: membarrier(2), MEMBARRIER_CMD_PRIVATE_EXPEDITED, Linux 4.14.
 */
#ifndef OF_BASE_MEMBARRIER_H
#define OF_BASE_MEMBARRIER_H

#include <stdbool.h>

/* False where the system does not offer it: the caller then must not rely on it. */
bool of_membarrier(void);

#endif
