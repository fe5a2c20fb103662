/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoints of a sink that are not durable yet: what was asked of each share, in order. */
#ifndef OF_SINK_CHECKPOINTS_H
#define OF_SINK_CHECKPOINTS_H

#include "flow/feed.h"

typedef struct of_checkpoint of_checkpoint;

typedef struct of_checkpoints {
    pthread_mutex_t mutex;
    of_checkpoint *first; /* The oldest. */
    of_checkpoint **last;
    uint32_t count;
    uint64_t newest;  /* Id that was asked for, */
    uint64_t durable; /* and that is durable. */
    bool polled;      /* An event has told of `durable`. */
} of_checkpoints;

void of_checkpoints_init(of_checkpoints *checkpoints);
void of_checkpoints_destroy(of_checkpoints *checkpoints);

/* The newest checkpoint that has become durable since this was last asked; false: none has. */
bool of_checkpoints_take(of_checkpoints *checkpoints, of_feed *feed, uint64_t *id);

#endif
