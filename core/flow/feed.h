/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A feed: what flushers need to know of one sink. Its lanes are dealt out as shares, one for each
 * flusher of the sink's URL; a share's lanes go through that flusher and no other, so the rows of
 * a writer stay in order.
 */
#ifndef OF_FLOW_FEED_H
#define OF_FLOW_FEED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <outfall/stats.h>

#include "base/eventcount.h"
#include "base/histogram.h"
#include "buffer/chunks.h"
#include "buffer/lane.h"
#include "row/name.h"
#include "flow/batch.h"
#include "flow/dedupe.h"
#include "flow/events.h"
#include "flow/lettertable.h"
#include "flow/rowcopy.h"
#include "pool/lease.h"
#include "row/schema.h"

#define OF_VERSIONS_MAX 1024 /* How often the target's columns may change while a sink is open. */

/* The target's columns at some time; rows are encoded for one. Immutable. */
typedef struct of_version {
    uint16_t number;
    outfall_schema *schema;
    outfall_target *target;
} of_version;

/* Fixed when the sink is opened. */
typedef struct of_feed_options {
    uint64_t batch_rows;
    uint64_t batch_bytes;
    int64_t linger_us;
    int64_t block_us;
    int64_t request_timeout_ms;
    uint32_t retry_base_ms;
    uint32_t retry_max_ms;
    int64_t retry_timeout_ms;
    uint64_t rejected_max; /* 0: no limit. */
    int64_t deadletter_wait_ms;
    of_lettertable *letters; /* NULL: dead letters wait to be polled. The feed's once it is made. */
    bool lossy;
    bool identity_override;
    bool other_unique;
    bool exactly_once;       /* Writers have a line in the ledger. */
    bool two_phase;          /* Rows go to a branch, and are committed by a group (flow/group.h). */
    bool weak;               /* Settings that lose what was committed are no matter. */
    const char *sink_id;     /* Of the ledger; the feed keeps a copy. */
    int64_t owner;           /* This sink's, in the ledger. */
    uint32_t mode;           /* enum outfall_write_mode */
    outfall_table_name name; /* The feed keeps a copy. */
    outfall_schema *schema;  /* As given at open, or NULL; the feed's once it is made, */
    of_names key;            /* as are these. */
    of_names update;
} of_feed_options;

/* One flusher's counters of one feed; it alone writes them. */
typedef struct of_share_counters {
    atomic_uint_fast64_t rows_delivered;
    atomic_uint_fast64_t rows_rejected;
    atomic_uint_fast64_t bytes_delivered;
    atomic_uint_fast64_t batches;
    atomic_uint_fast64_t flushes[OUTFALL_FLUSH_REASONS];
    atomic_uint_fast64_t retries;
    atomic_uint_fast64_t restarts;
    atomic_uint_fast64_t writes;
    atomic_uint_fast64_t severed;
} of_share_counters;

typedef struct of_feed of_feed;

/* The lanes of one feed that one flusher serves. */
typedef struct of_share {
    of_feed *feed;
    struct of_branch *branch; /* Of a two-phase sink, once it is in a group; else NULL. */
    uint64_t barrier;         /* The checkpoint at hand; under the mutex. */
    struct of_share *next;    /* In the flusher's list; under its mutex. */
    of_eventcount *wake;      /* The flusher's. */
    pthread_mutex_t mutex;    /* Over the list of lanes; never held across I/O. */
    of_lane **lanes;
    uint32_t lane_count;
    uint32_t lane_capacity;
    uint64_t retired_accepted; /* What writers that are gone had counted; under the mutex. */
    uint64_t retired_bytes;
    uint64_t retired_refused;
    uint32_t lane_first; /* Where the next batch starts: each lane gets its turn. */
    atomic_uint_fast64_t flush_requested; /* Tickets of outfall_flush … */
    atomic_uint_fast64_t flush_done;      /* … served so far. */
    uint64_t flush_serving;
    bool reclaimed;        /* Idle lanes have given their chunks back. */
    of_dedupe dedupe;      /* Memory of the attempt at hand, kept from batch to batch, */
    of_rowcopy arranged;   /* as is this. */
    of_batch batch;        /* What the flusher is delivering, or has delivered last. */
    outfall_fence *fences; /* One for each writer of the batch, under the ledger; */
    uint32_t fence_count;
    uint32_t fence_capacity;
    of_lease lease;    /* Of the batch that is being delivered; a close may sever it. */
    of_letter *kept;   /* Of a two-phase sink: rows refused since the last seal, */
    of_letter *sealed; /* and those of the checkpoint that is being committed. */
    uint64_t recorded; /* As many of them went to the dead-letter table instead, */
    uint64_t recorded_sealed;
    of_share_counters counters;
} of_share;

struct of_feed {
    atomic_uint references;        /* The sink's, and one for each share that a flusher holds. */
    atomic_uint_fast64_t rejected; /* Over all shares, for rejected_max. */
    of_feed_options options;
    of_pool *pool;
    of_chunks chunks;
    of_events events;
    of_eventcount flushed; /* outfall_flush and outfall_close wait here. */

    _Atomic(of_version *) current;
    of_version *versions[OF_VERSIONS_MAX];
    atomic_uint version_count;
    pthread_mutex_t mutex; /* Over new versions and stop_error. */

    atomic_int stopped; /* Non-zero: the status of stop_error. */
    outfall_error stop_error;
    atomic_int stop_reported;        /* The event of the stop has been polled. */
    atomic_int_fast64_t close_by_us; /* INT64_MAX until the sink is being closed. */

    of_histogram append;
    of_histogram batch;
    of_histogram flush;
    of_histogram durable;
    of_share *shares;
    uint32_t share_count;
};

/*
 * Makes a feed with `share_count` shares on a described target, which it then owns, as it does
 * the options' schema and names; on failure all are still the caller's. The caller has one
 * reference.
 */
int of_feed_new(const of_feed_options *options, of_pool *pool, size_t buffer_bytes,
                size_t chunk_bytes, size_t row_bytes_max, size_t deadletter_bytes,
                outfall_target *target, uint32_t share_count, of_feed **out, outfall_error *error);
void of_feed_retain(of_feed *feed);
void of_feed_release(of_feed *feed); /* NULL is legal. The last one frees. */

/* Stops the feed: rows stay queued, every later call gets `error`. The first error counts. */
void of_feed_stop(of_feed *feed, const outfall_error *error);

/* Wakes the flushers that serve the feed. */
void of_feed_wake(of_feed *feed);

/* The error that stopped the feed, as a status; OUTFALL_OK where it runs. */
int of_feed_check(of_feed *feed, outfall_error *error);

/*
 * Describes the target again on a lease; a version that is not the current one is left alone. On
 * success feed->current is newer than `known`, or the same where the database says so.
 */
int of_feed_redescribe(of_feed *feed, of_lease *lease, const of_version *known,
                       outfall_error *error);

/* How the target is described: at open, and again. */
int of_feed_describe(const of_feed_options *options, of_lease *lease, outfall_target **out,
                     outfall_error *error);

/* Adds a lane to a share. */
int of_share_add(of_share *share, of_lane *lane, outfall_error *error);

/* Frees lanes whose writer is gone and whose rows are all acknowledged. Share's mutex held. */
void of_share_retire(of_share *share);

static inline void of_count(atomic_uint_fast64_t *counter, uint64_t by)
{
    /* One thread writes: no locked addition is needed, readers see either value. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

#endif
