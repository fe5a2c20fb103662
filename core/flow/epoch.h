/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a batch into its branch: the two-phase counterpart of delivery. */
#ifndef OF_FLOW_EPOCH_H
#define OF_FLOW_EPOCH_H

#include <stdint.h>

#include "flow/feed.h"

/*
 * Writes the share's batch in its branch's transaction; its memory comes free then, so that a
 * checkpoint may be larger than the buffer. Where the transaction is lost with rows of earlier
 * batches in it, the group fails. Blocks as of_deliver does.
 */
void of_write_in_epoch(of_share *share, uint64_t *random);

#endif
