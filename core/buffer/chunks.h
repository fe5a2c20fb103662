/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink's buffer memory: equal chunks out of one block that is reserved and touched once, so
 * the memory bound holds and no page fault comes later. Lock-free; waiting is by event count.
 *
 * A chunk is slotted: rows lie behind one another from the front, their entries from the back.
 */
#ifndef OF_BUFFER_CHUNKS_H
#define OF_BUFFER_CHUNKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "base/eventcount.h"
#include "base/freelist.h"

typedef struct of_chunk {
    /* The writer's: set when it takes the chunk, and as it goes. */
    _Alignas(64) atomic_uint published; /* Rows that the reader may take; release and acquire. */
    atomic_uint sealed;                 /* 1: no more rows come; after the last published. */
    /* Fixed while the chunk is in use. Its place in the block; of its first ballast if large. */
    _Alignas(64) uint32_t number;
    uint32_t ballast; /* A large chunk's own memory stands for this many; else 0. */
    uint32_t bytes;   /* Room at data, entries included. */
    /* The reader's. */
    uint32_t taken;        /* Rows that are in a batch or beyond. */
    uint32_t acknowledged; /* Of those, done. */
    bool left;             /* The reader has followed the writer to the next chunk. */
    uint8_t *data;
} of_chunk;

#define OF_CHUNKS_WATCHERS_MAX 64

typedef struct of_chunks {
    of_freelist free;
    uint8_t *block;
    size_t block_bytes;
    uint32_t chunk_bytes; /* Header included. */
    uint32_t count;
    size_t row_bytes_max;
    atomic_uint starving; /* Writers that wait for a chunk. */
    atomic_uint short_of; /* 1: a writer got none, and none has come free since. */
    atomic_uint_fast64_t waits;
    of_eventcount freed;
    of_eventcount *watchers[OF_CHUNKS_WATCHERS_MAX]; /* Flushers, who can make memory come free. */
    uint32_t watcher_count;
} of_chunks;

/* `bytes_max` in all, in chunks of `chunk_bytes`. */
int of_chunks_init(of_chunks *chunks, size_t bytes_max, size_t chunk_bytes, size_t row_bytes_max,
                   outfall_error *error);
void of_chunks_destroy(of_chunks *chunks);

/* The room for a row and its entry in an ordinary chunk. */
size_t of_chunks_room(const of_chunks *chunks);

/* Whom to wake when memory is short; before any writer is there. */
void of_chunks_watch(of_chunks *chunks, of_eventcount *watcher);

/* A writer got no chunk: wakes the watchers. */
void of_chunks_call(of_chunks *chunks);

/* Rows should leave early, and idle lanes give their chunks back. */
static inline bool of_chunks_short(const of_chunks *chunks)
{
    return atomic_load_explicit(&chunks->starving, memory_order_relaxed) > 0 ||
           atomic_load_explicit(&chunks->short_of, memory_order_relaxed) != 0;
}

/* An empty chunk with at least `row_bytes` of room for one row; NULL where there is none now. */
of_chunk *of_chunks_try(of_chunks *chunks, size_t row_bytes);

/* Gives a chunk back. Any thread; of_chunks_wake follows once all are given back that can be. */
void of_chunks_free(of_chunks *chunks, of_chunk *chunk);

/* Wakes the writers that wait for a chunk. */
void of_chunks_wake(of_chunks *chunks);

/*
 * Wakes them if a quarter of the chunks is free: a writer that is woken for one chunk soon sleeps
 * again, and each time costs a switch of threads. Whoever uses this calls of_chunks_wake when it
 * has nothing left to do that would free more.
 */
void of_chunks_wake_if_roomy(of_chunks *chunks);

uint64_t of_chunks_bytes_used(const of_chunks *chunks);

/* Entry `index` of a chunk. */
static inline outfall_row_entry *of_chunk_entry(const of_chunk *chunk, uint32_t index)
{
    return (outfall_row_entry *)(void *)(chunk->data + chunk->bytes) - 1 - index;
}

#endif
