/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer/chunks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"

#define ENTRY sizeof(outfall_row_entry)

/* The bytes for rows and entries in `bytes` of memory: entries lie from their end, aligned. */
static uint32_t usable(size_t bytes)
{
    return (uint32_t)((bytes - sizeof(of_chunk)) / ENTRY * ENTRY);
}

/*
 * The largest row that can always be taken. A row that grows by doubling leaves less than twice its
 * size behind, which the reader may not have given back yet, and one more chunk may be half full.
 */
static size_t largest_row(uint32_t count, size_t chunk_bytes)
{
    uint32_t chunks = (count - 1) / 3;
    return usable((chunks > 1 ? chunks : 1) * chunk_bytes) - 2 * ENTRY;
}

int of_chunks_init(of_chunks *chunks, size_t bytes_max, size_t chunk_bytes, size_t row_bytes_max,
                   outfall_error *error)
{
    memset(chunks, 0, sizeof *chunks);
    /* Whole pages: a large row gives the pages of its ballast back to the system. */
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    chunk_bytes = (chunk_bytes + page - 1) / page * page;
    if (bytes_max < 2 * chunk_bytes)
        return of_fail(
            error, OUTFALL_ERR_CONFIG,
            "buffer.bytes (%zu) holds fewer than two chunks of buffer.chunk.bytes (%zu): "
            "raise the first or lower the second",
            bytes_max, chunk_bytes);
    chunks->chunk_bytes = (uint32_t)chunk_bytes;
    chunks->count = (uint32_t)(bytes_max / chunk_bytes);
    chunks->row_bytes_max = largest_row(chunks->count, chunk_bytes);
    if (row_bytes_max < chunks->row_bytes_max)
        chunks->row_bytes_max = row_bytes_max;
    chunks->block_bytes = (size_t)chunks->count * chunk_bytes;
    of_eventcount_init(&chunks->freed);
    chunks->block = of_alloc_pages(chunks->block_bytes);
    if (chunks->block == NULL || of_freelist_init(&chunks->free, chunks->count) != OUTFALL_OK) {
        of_chunks_destroy(chunks);
        return of_fail(error, OUTFALL_ERR_NOMEM, "out of memory: buffer.bytes asks for %zu bytes",
                       bytes_max);
    }
    return OUTFALL_OK;
}

void of_chunks_destroy(of_chunks *chunks)
{
    of_freelist_destroy(&chunks->free);
    of_free_pages(chunks->block, chunks->block_bytes);
    of_eventcount_destroy(&chunks->freed);
    chunks->block = NULL;
}

size_t of_chunks_room(const of_chunks *chunks)
{
    return usable(chunks->chunk_bytes) - ENTRY;
}

static void *slot(const of_chunks *chunks, uint32_t number)
{
    return chunks->block + (size_t)number * chunks->chunk_bytes;
}

static of_chunk *prepare(of_chunk *chunk, uint32_t number, uint32_t ballast, size_t bytes)
{
    atomic_init(&chunk->published, 0);
    atomic_init(&chunk->sealed, 0);
    chunk->number = number;
    chunk->ballast = ballast;
    chunk->bytes = usable(bytes);
    chunk->taken = 0;
    chunk->acknowledged = 0;
    chunk->left = false;
    chunk->data = (uint8_t *)chunk + sizeof *chunk;
    return chunk;
}

/* Puts `count` numbers, linked by their first word, back. */
static void free_ballast(of_chunks *chunks, uint32_t number, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t next;
        memcpy(&next, slot(chunks, number), sizeof next);
        of_freelist_push(&chunks->free, number);
        number = next;
    }
}

/*
 * A row larger than a chunk gets memory of its own. As many chunks as that memory stands for are
 * taken out of use as ballast, all but the first page of each given back to the system, so that
 * the bound holds for the process and not on paper only.
 */
static of_chunk *try_large(of_chunks *chunks, size_t row_bytes)
{
    size_t bytes = row_bytes + sizeof(of_chunk) + 2 * ENTRY;
    uint32_t want = (uint32_t)((bytes + chunks->chunk_bytes - 1) / chunks->chunk_bytes);
    uint32_t first = 0;
    uint32_t taken = 0;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    of_chunk *chunk = NULL;

    for (; taken < want; taken++) {
        uint32_t number = of_freelist_pop(&chunks->free);
        if (number == OF_FREELIST_NONE)
            goto fail;
        memcpy(slot(chunks, number), &first, sizeof first);
        first = number;
    }
    bytes = (size_t)want * chunks->chunk_bytes;
    chunk = of_alloc_pages(bytes);
    if (chunk == NULL)
        goto fail;
    uint32_t number = first;
    for (uint32_t i = 0; i < want; i++) {
        uint8_t *memory = slot(chunks, number);
        memcpy(&number, memory, sizeof number);
        madvise(memory + page, chunks->chunk_bytes - page, MADV_DONTNEED);
    }
    return prepare(chunk, first, want, bytes);
fail:
    free_ballast(chunks, first, taken);
    return NULL;
}

void of_chunks_watch(of_chunks *chunks, of_eventcount *watcher)
{
    assert(chunks->watcher_count < OF_CHUNKS_WATCHERS_MAX);
    chunks->watchers[chunks->watcher_count++] = watcher;
}

void of_chunks_call(of_chunks *chunks)
{
    atomic_store_explicit(&chunks->short_of, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < chunks->watcher_count; i++)
        of_eventcount_wake(chunks->watchers[i]);
}

of_chunk *of_chunks_try(of_chunks *chunks, size_t row_bytes)
{
    if (row_bytes > of_chunks_room(chunks))
        return try_large(chunks, row_bytes);
    uint32_t number = of_freelist_pop(&chunks->free);
    if (number == OF_FREELIST_NONE)
        return NULL;
    return prepare(slot(chunks, number), number, 0, chunks->chunk_bytes);
}

void of_chunks_free(of_chunks *chunks, of_chunk *chunk)
{
    uint32_t number = chunk->number;
    uint32_t ballast = chunk->ballast;
    atomic_store_explicit(&chunks->short_of, 0, memory_order_relaxed);
    if (ballast == 0) {
        of_freelist_push(&chunks->free, number);
    } else {
        of_free_pages(chunk, (size_t)ballast * chunks->chunk_bytes);
        free_ballast(chunks, number, ballast);
    }
}

void of_chunks_wake(of_chunks *chunks)
{
    of_eventcount_wake(&chunks->freed);
}

void of_chunks_wake_if_roomy(of_chunks *chunks)
{
    if (of_freelist_available(&chunks->free) >= chunks->count / 4)
        of_chunks_wake(chunks);
}

uint64_t of_chunks_bytes_used(const of_chunks *chunks)
{
    return (uint64_t)(chunks->count - of_freelist_available(&chunks->free)) * chunks->chunk_bytes;
}
