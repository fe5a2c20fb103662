/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group: sinks whose rows are committed together, checkpoint by checkpoint. A barrier, a position
 * in each lane, says which rows belong to a checkpoint; writers do not stop for it. Each flusher
 * writes its part into a branch (flow/branch.h), seals it at the barrier, and goes on with the next
 * one while the coordinator ends it. This is what they all know of it.
 */
#ifndef OF_FLOW_GROUP_H
#define OF_FLOW_GROUP_H

#include "base/histogram.h"
#include "flow/feed.h"

typedef struct of_group {
    char *id;
    uint64_t sink; /* Its number in names of transactions: of_gid_sink. */
    uint32_t epoch;
    int64_t owner;
    bool hold; /* Rows behind a barrier wait until its checkpoint has ended. */
    of_limits limits;
    atomic_int_fast64_t close_by_us;
    of_feed **feeds; /* Borrowed: they outlive the group. */
    uint32_t feed_count;

    of_eventcount changed;          /* Any of these, or a branch, has: */
    atomic_uint_fast64_t requested; /* the newest checkpoint whose barrier is set, */
    atomic_uint_fast64_t ended;     /* and the newest that has ended; */
    atomic_int failed;              /* the status of `failure`: it takes no more rows. */
    outfall_error failure;
    pthread_mutex_t mutex; /* Over `failure`, and requests. */

    of_histogram begin;   /* Of each branch's transaction; */
    of_histogram prepare; /* and of PREPARE, with what goes before it. */
} of_group;

int of_group_new(const char *id, of_group **out, outfall_error *error);
void of_group_free(of_group *group); /* NULL is legal. */

/* Stops the group and its feeds: nothing that has not been decided will be. The first error counts.
 */
void of_group_fail(of_group *group, const outfall_error *error);
/* As of_group_fail, with OUTFALL_ERR_ABORTED: what is not decided is rolled back, because of `why`.
 */
void of_group_abort(of_group *group, const outfall_error *why);
int of_group_check(of_group *group, outfall_error *error);

/* The checkpoint has ended: its branches are free for the next one. */
void of_group_end(of_group *group, uint64_t checkpoint);

#endif
