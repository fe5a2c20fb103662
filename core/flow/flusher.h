/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flusher: a thread that delivers the batches of its shares, one at a time. The sinks on one URL
 * have their shares on the same flushers.
 */
#ifndef OF_FLOW_FLUSHER_H
#define OF_FLOW_FLUSHER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "flow/feed.h"

typedef struct of_flusher of_flusher;

/*
 * Starts a flusher. `ended` is called on its thread when it ends, and is the last that it does: an
 * abandoned flusher (stuck in a client library) ends long after everybody has let go of it. The
 * thread is the caller's to join once it has ended, else to detach.
 */
int of_flusher_new(void (*ended)(void *context), void *context, of_flusher **out, pthread_t *thread,
                   outfall_error *error);

/* The thread ends once it has no shares; `ended` may run before this returns. */
void of_flusher_stop(of_flusher *flusher);

/* Serves a share; it holds a reference to the share's feed until it is detached. */
void of_flusher_attach(of_flusher *flusher, of_share *share);

/* The share's rows go into that branch from here on. NULL: its branch is about to be gone; it has
 * nothing open, and its group has failed. */
void of_flusher_set_branch(of_flusher *flusher, of_share *share, struct of_branch *branch);

/*
 * Ends the service of a share; its rows stay where they are. A delivery that is under way gets
 * until sever_us; then its connection is severed, and at deadline_us it is left to itself: the
 * flusher lets go of the feed when it can. True: it has let go.
 */
bool of_flusher_detach(of_flusher *flusher, of_share *share, int64_t sever_us, int64_t deadline_us);

#endif
