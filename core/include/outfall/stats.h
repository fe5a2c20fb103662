/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file stats.h
 * Counters, gauges and latencies of a sink.
 */
#ifndef OUTFALL_STATS_H
#define OUTFALL_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "export.h"
#include "sink.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A distribution of durations in nanoseconds, each figure within 1 % of what was recorded. The ages
 * of rows, and so `batch` and `durable`, are recorded in steps of 0.1 ms, and up to 16 rows that a
 * writer puts one after the other share the first one's time: none looks younger than it is.
 */
typedef struct outfall_latency {
    uint64_t count;
    uint64_t min_ns;
    uint64_t mean_ns;
    uint64_t p50_ns;
    uint64_t p90_ns;
    uint64_t p99_ns;
    uint64_t p999_ns;
    uint64_t max_ns;
} outfall_latency;

/** Why batches were closed; an index into outfall_stats.flushes. */
enum outfall_flush_reason {
    OUTFALL_FLUSH_ROWS = 0,    /* batch.rows was reached. */
    OUTFALL_FLUSH_BYTES = 1,   /* batch.bytes was reached. */
    OUTFALL_FLUSH_LINGER = 2,  /* linger.ms had passed. */
    OUTFALL_FLUSH_REQUEST = 3, /* outfall_flush, or the close of a sink or writer. */
    OUTFALL_FLUSH_MEMORY = 4,  /* A writer waited for buffer memory. */
    OUTFALL_FLUSH_SCHEMA = 5,  /* The target's columns changed between two rows. */
    OUTFALL_FLUSH_BARRIER = 6  /* A checkpoint. */
};
#define OUTFALL_FLUSH_REASONS 8

/** Everything counts from the sink's opening. Grows at its end only. */
typedef struct outfall_stats {
    uint32_t struct_size; /* sizeof(outfall_stats), set by the caller. */
    uint32_t reserved;
    uint64_t rows_accepted;   /* Taken from writers. */
    uint64_t rows_refused;    /* Refused by a put: they did not fit. */
    uint64_t rows_delivered;  /* Durable. */
    uint64_t rows_rejected;   /* Dead letters. */
    uint64_t bytes_accepted;  /* Encoded. */
    uint64_t bytes_delivered; /* Encoded; rejected rows of the same batches included. */
    uint64_t batches_delivered;
    uint64_t flushes[OUTFALL_FLUSH_REASONS]; /* By enum outfall_flush_reason. */
    uint64_t retries;                        /* Batches tried again after RETRY or RESTART. */
    uint64_t restarts;                       /* Of those, because the target had changed. */
    uint64_t reconnects;       /* Connections opened after the first, by all sinks on this URL. */
    uint64_t writes;           /* Write statements sent, bisecting included. */
    uint64_t severed;          /* Connections cut by the watchdog at a deadline. */
    uint64_t waits_full;       /* Times that a writer had to wait for buffer memory. */
    uint64_t buffer_bytes;     /* Now held by rows, whole chunks. */
    uint64_t buffer_bytes_max; /* The bound. */
    uint64_t rows_queued;      /* Accepted, not yet acknowledged. */
    uint64_t writers;          /* Open now. */
    uint64_t connections;      /* Open now, shared by the sinks on this URL. */
    uint64_t allocations;      /* Calls to the allocator by the library, process-wide. */
    outfall_latency append;    /* One row into the buffer (one in 64 is timed). */
    outfall_latency batch;     /* First row of a batch accepted to batch closed. */
    outfall_latency flush;     /* Batch closed to durable. */
    outfall_latency durable;   /* Row accepted to durable: write-to-durable. */
} outfall_stats;

/**
 * Reads a sink's figures into `out`, at most out->struct_size bytes of them.
 * Any thread; does not block; figures are read one by one, not at one instant.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID, OUTFALL_ERR_CLOSED (a child of fork).
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_stats_get(outfall_sink *sink, outfall_stats *out,
                                                   outfall_error *error);

/**
 * The same as one JSON object, NUL-terminated, with the figures of the URL's connections (pool.h)
 * as the object "pool". Any thread; does not block.
 *
 * @param length  Receives its length without the NUL; may be NULL. Where `capacity` is too small,
 *                OUTFALL_ERR_INVALID is returned and `*length` says what is needed.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_stats_json(outfall_sink *sink, char *buffer,
                                                    size_t capacity, size_t *length,
                                                    outfall_error *error);

#ifdef __cplusplus
}
#endif
#endif
