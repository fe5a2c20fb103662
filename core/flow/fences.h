/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's lines of a batch: one for each of its writers, written in the transaction of the
 * rows. Where a commit's outcome is not known they tell it.
 */
#ifndef OF_FLOW_FENCES_H
#define OF_FLOW_FENCES_H

#include "flow/feed.h"

/* Makes share->fences for the share's batch. */
int of_fences_make(of_share *share, outfall_error *error);

/* Writes them, in an open transaction. OUTFALL_ERR_FENCED: another process has one of the writers.
 */
int of_fences_write(of_share *share, outfall_error *error);

/* The batch is durable: its writers go on from here. */
void of_fences_advance(of_share *share);

/*
 * Asks what became of a commit, by taking the batch's writers over. *durable: the batch is. On
 * failure it is not known yet; with action RETRY or RESOLVE it may be asked again.
 */
int of_fences_resolve(of_share *share, const of_limits *limits, bool *durable,
                      outfall_error *error);

#endif
