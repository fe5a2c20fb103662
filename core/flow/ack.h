/* SPDX-License-Identifier: Apache-2.0 */
/* Acknowledges a batch: positions, memory, counters, latencies, and whoever waits for them. */
#ifndef OF_FLOW_ACK_H
#define OF_FLOW_ACK_H

#include <stdint.h>

#include "flow/feed.h"

/* Every row of the share's batch is durable, but for `refused` of them that are dead letters. */
void of_acknowledge(of_share *share, uint64_t refused);

/* The mutant acknowledge-early (base/kill.h): its writers hear of it before it is. */
void of_acknowledge_early(of_share *share);

#endif
