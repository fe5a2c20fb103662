/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a batch durable: tries, obeys the errors' actions, acknowledges. */
#ifndef OF_FLOW_DELIVERY_H
#define OF_FLOW_DELIVERY_H

#include <stdint.h>

#include "flow/feed.h"

/*
 * Delivers the share's batch. Returns once it is acknowledged, or the feed has stopped
 * or is past its close: the batch's rows then stay where they are. `random` is the caller's
 * generator for jitter. Blocks for as long as retry.timeout.ms and one try allow.
 */
void of_deliver(of_share *share, uint64_t *random);

#endif
