/* SPDX-License-Identifier: Apache-2.0 */
/* Flushing: each share of a feed gives a ticket, and says which tickets it has served. */
#ifndef OF_SINK_FLUSH_H
#define OF_SINK_FLUSH_H

#include "flow/feed.h"

#define OF_FLUSH_SHARES_MAX 64 /* The option flushers allows no more. */

/* Asks every share for a flush; tickets go to `tickets`, which has room for one each. */
void of_flush_request(of_feed *feed, uint64_t *tickets);
bool of_flush_is_done(of_feed *feed, const uint64_t *tickets);

/* Flushes, and waits for it. OUTFALL_ERR_TIMEOUT, or the error that stopped the feed. */
int of_flush_until(of_feed *feed, int64_t deadline_us, outfall_error *error);

#endif
