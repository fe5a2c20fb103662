/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer's way to its flusher: a chain of chunks with one writer and one reader.
 *
 * The writer encodes rows straight into its open chunk and publishes each by one store; the reader
 * chases that position, so nothing is sealed, copied or locked for a batch to be taken. What was
 * taken stays where it is until it is acknowledged; then the chunk goes back.
 */
#ifndef OF_BUFFER_LANE_H
#define OF_BUFFER_LANE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer/chunks.h"

#define OF_LANE_NAME_MAX 64

/* The reader asks, and takes the open chunk unless the writer declines by starting a row. */
enum of_reclaim { OF_RECLAIM_NONE, OF_RECLAIM_ASKED, OF_RECLAIM_TAKEN };

typedef struct of_lane {
    /* Fixed at creation. */
    of_chunks *chunks;
    of_eventcount *wake;       /* Of the flusher that serves this lane. */
    const atomic_int *stopped; /* Non-zero: the sink takes no more rows. */
    char name[OF_LANE_NAME_MAX];
    _Atomic(of_chunk *) *ring; /* Chunks from the writer to the reader, in order. */
    uint32_t ring_mask;

    /* The writer's side. */
    _Alignas(64) of_chunk *open; /* The chunk that the next row goes into. */
    atomic_uint building;        /* 1: a row is being built in it. */
    atomic_uint ring_tail;
    atomic_uint_fast64_t accepted; /* Rows published. */
    atomic_uint_fast64_t accepted_bytes;
    atomic_uint_fast64_t refused;
    atomic_uint closing;
    int64_t block_us;      /* How long a call waits for memory. */
    of_chunk *chunk;       /* `open`, from begin to leave; else NULL. */
    uint32_t rows;         /* In the chunk, with those that are done but not published. */
    uint32_t published_to; /* The first byte behind the published rows. */
    uint32_t start;        /* The row's first byte in the chunk. */
    uint32_t at;           /* Where the next field goes. */
    uint32_t limit;        /* What the row must not pass. */
    uint32_t time;         /* The last reading of the clock, and how many rows may still use it. */
    uint32_t time_uses;
    int64_t block_until_us; /* When this call stops waiting for memory; 0: it has not waited yet. */

    /* The reader's side. */
    _Alignas(64) atomic_uint_fast64_t taken; /* Rows in batches or beyond. */
    atomic_uint reclaim;                     /* enum of_reclaim: the two agree on `open` by it. */
    atomic_uint_fast64_t acknowledged;
    atomic_uint_fast64_t source_offset; /* Of the last acknowledged row. */
    atomic_uint_fast64_t taken_bytes;
    atomic_uint_fast64_t wake_rows; /* The writer wakes the flusher when so much waits. */
    atomic_uint_fast64_t wake_bytes;
    uint32_t ring_head;
    uint64_t flush_to; /* Rows up to here leave without lingering. */
    uint64_t barrier;  /* Of a two-phase sink: rows up to here belong to the checkpoint at hand, */
    uint64_t written;  /* rows up to here were written in its transaction, or the next one's, */
    uint64_t written_offset; /* the last of them with this source offset, */
    uint64_t sealed;         /* and rows up to here have been handed over to be committed. */
    int64_t epoch;           /* Under the ledger: of this opening of the writer, */
    int64_t checkpoint;      /* and of its last batch that is durable; */
    uint32_t fence;          /* in the batch at hand this is its line (flow/fences.h). */
    uint64_t reported;       /* Acknowledged rows that have been polled; under the share's mutex. */
} of_lane;

int of_lane_new(of_chunks *chunks, of_eventcount *wake, const atomic_int *stopped, int64_t block_us,
                const char *name, of_lane **out, outfall_error *error);

/* Frees the lane and every chunk it still holds. Nobody may use it any more. */
void of_lane_free(of_lane *lane);

/* ---- Writer ----------------------------------------------------------------------- */

/* Each public call starts with this: its waits for memory count together. */
static inline void of_lane_call(of_lane *lane)
{
    lane->block_until_us = 0;
}

/*
 * Starts a row with room for at least `bytes`. OUTFALL_ERR_FULL once the call has waited block_us
 * for memory; OUTFALL_ERR_REFUSED: the row is too large; OUTFALL_ERR_CLOSED: the sink has stopped.
 */
int of_lane_begin(of_lane *lane, size_t bytes, outfall_error *error);

/* Makes room for `bytes` more in the row being built by moving it to another chunk. */
int of_lane_grow(of_lane *lane, size_t bytes, outfall_error *error);

/* Makes room for `bytes` more. The common case is one comparison. */
static inline int of_lane_room(of_lane *lane, size_t bytes, outfall_error *error)
{
    if (bytes <= (size_t)(lane->limit - lane->at))
        return OUTFALL_OK;
    return of_lane_grow(lane, bytes, error);
}

static inline uint8_t *of_lane_at(of_lane *lane)
{
    return lane->chunk->data + lane->at;
}

void of_lane_read_clock(of_lane *lane);

/* The row is whole. It is published by of_lane_leave, at the latest. */
static inline void of_lane_done(of_lane *lane, uint64_t source_offset, uint16_t schema_version,
                                uint8_t kind)
{
    outfall_row_entry *entry = of_chunk_entry(lane->chunk, lane->rows++);
    /* Some rows share a reading of the clock, which costs as much as a row. */
    if (lane->time_uses-- == 0)
        of_lane_read_clock(lane);
    *entry = (outfall_row_entry){
        .source_offset = source_offset,
        .start = lane->start,
        .bytes = lane->at - lane->start,
        .time = lane->time,
        .schema_version = schema_version,
        .kind = kind,
    };
    lane->start = lane->at;
}

/* Starts another row after of_lane_done, if one of `bytes` fits behind it in the chunk. */
static inline bool of_lane_more(of_lane *lane, size_t bytes)
{
    if (lane->at + bytes + sizeof(outfall_row_entry) > lane->limit)
        return false;
    lane->limit -= (uint32_t)sizeof(outfall_row_entry);
    return true;
}

/*
 * Publishes the rows that are done and forgets one that is not: wait-free, but for waking the
 * flusher where it may sleep on this lane. Legal, and nothing, where no row was begun.
 */
void of_lane_leave(of_lane *lane);

/* ---- Reader ----------------------------------------------------------------------- */

/* Rows of one chunk, taken for a batch. */
typedef struct of_span {
    outfall_span rows;
    of_lane *lane;
    of_chunk *chunk;
    uint64_t position; /* The first row's number in the lane. */
} of_span;

/* What waits in a lane. */
typedef struct of_lane_waiting {
    uint64_t rows;
    uint64_t bytes;
    uint32_t oldest_time; /* Of the first row; where rows is 0, undefined. */
} of_lane_waiting;

/* Stops counting once `rows_max` or `bytes_max` is reached. */
void of_lane_survey(const of_lane *lane, uint64_t rows_max, uint64_t bytes_max,
                    of_lane_waiting *waiting);

/* The schema version of the first row that waits; false: nothing waits. */
bool of_lane_peek(const of_lane *lane, uint16_t *version);

/*
 * Takes rows from the front, as they lie in one chunk and as long as they are of one schema
 * version, at most `rows_max` and about `bytes_max` (at least one row). False: nothing waits.
 */
bool of_lane_take(of_lane *lane, uint64_t rows_max, uint64_t bytes_max, of_span *span);

/* Done with a span; spans of a lane are acknowledged in the order they were taken. */
void of_lane_acknowledge(const of_span *span);

/* The two halves of it, for rows that are committed later than written: the memory comes free … */
void of_lane_release(const of_span *span);
/* … and all rows up to `position` are durable. Any thread, one at a time. */
void of_lane_settle(of_lane *lane, uint64_t position, uint64_t source_offset);

/*
 * Takes the chunk of an idle lane back, if everything in it is acknowledged. Returns whether any
 * chunk came free.
 */
bool of_lane_reclaim(of_lane *lane);

/* The clock of row entries: tenths of a millisecond. Ages are differences, modulo 2^32. */
static inline uint32_t of_lane_time(int64_t now_us)
{
    return (uint32_t)(now_us / 100);
}

/* The age of a row; 0 where its clock reading is a little ahead of `now_us`. */
static inline int64_t of_lane_age_us(uint32_t time, int64_t now_us)
{
    int32_t age = (int32_t)(of_lane_time(now_us) - time);
    return age > 0 ? (int64_t)age * 100 : 0;
}

#endif
