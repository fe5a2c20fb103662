/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when a share's waiting rows become a batch, and takes them. */
#ifndef OF_FLOW_BATCHER_H
#define OF_FLOW_BATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/feed.h"

/* What a decision rests on. */
typedef struct of_ripeness {
    uint64_t rows;
    uint64_t bytes;
    int64_t age_us; /* Of the oldest row; 0 where there is none. */
    bool requested; /* A flush or a close waits for some of them. */
    bool starving;  /* A writer waits for memory. */
    bool barred;    /* A checkpoint waits for all of them. */
} of_ripeness;

/*
 * Whether waiting rows make a batch now: an enum outfall_flush_reason, or -1 for not yet. Pure.
 */
int of_batch_reason(const of_feed_options *options, const of_ripeness *ripeness);

/*
 * Looks at a share: returns the reason why a batch is due, or -1; *due_us is then when to look
 * again at the latest, INT64_MAX where nothing waits. Serves flush tickets and retires lanes.
 */
int of_share_survey(of_share *share, int64_t now_us, int64_t *due_us);

/* Takes a batch within the feed's limits into share->batch. The share's flusher alone calls this.
 */
void of_batch_take(of_share *share, int reason, int64_t now_us);

#endif
