/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer/lane.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/membarrier.h"

#define ENTRY sizeof(outfall_row_entry)
#define CALL_AGAIN_US 100000
#define TIME_USES 16 /* Rows that share one reading of the clock. */

int of_lane_new(of_chunks *chunks, of_eventcount *wake, const atomic_int *stopped, int64_t block_us,
                const char *name, of_lane **out, outfall_error *error)
{
    uint32_t ring = 2; /* Each entry holds at least one chunk, so the ring cannot overflow. */
    while (ring < chunks->count + 1)
        ring *= 2;
    *out = NULL;
    of_lane *lane = of_alloc_aligned(_Alignof(of_lane), sizeof *lane);
    _Atomic(of_chunk *) *slots = of_calloc(ring, sizeof *slots);
    if (lane == NULL || slots == NULL) {
        of_free(lane);
        of_free(slots);
        return of_fail_nomem(error);
    }
    memset(lane, 0, sizeof *lane);
    lane->chunks = chunks;
    lane->wake = wake;
    lane->stopped = stopped;
    lane->block_us = block_us;
    lane->ring = slots;
    lane->ring_mask = ring - 1;
    atomic_init(&lane->wake_rows, 1);
    atomic_init(&lane->wake_bytes, 1);
    snprintf(lane->name, sizeof lane->name, "%s", name);
    *out = lane;
    return OUTFALL_OK;
}

void of_lane_free(of_lane *lane)
{
    if (lane == NULL)
        return;
    uint32_t tail = atomic_load_explicit(&lane->ring_tail, memory_order_acquire);
    for (uint32_t i = lane->ring_head; i != tail; i++)
        of_chunks_free(lane->chunks, atomic_load_explicit(&lane->ring[i & lane->ring_mask],
                                                          memory_order_relaxed));
    of_free(lane->ring);
    of_free(lane);
}

/* ---- Writer ----------------------------------------------------------------------- */

static void seal(of_chunk *chunk)
{
    atomic_store_explicit(&chunk->sealed, 1, memory_order_release);
}

/*
 * Waits for an empty chunk. The flushers are called: they let rows go early. They are called again
 * now and then, as a lane may have become idle without their noticing.
 */
static of_chunk *wait_chunk(of_lane *lane, size_t bytes)
{
    of_chunks *chunks = lane->chunks;
    of_chunk *chunk = of_chunks_try(chunks, bytes);
    if (chunk != NULL)
        return chunk;
    of_chunks_call(chunks);
    if (lane->block_us == 0)
        return NULL;
    int64_t now_us = of_clock_us();
    int64_t call_us = now_us + CALL_AGAIN_US;
    if (lane->block_until_us == 0)
        lane->block_until_us = now_us + lane->block_us;
    atomic_fetch_add_explicit(&chunks->waits, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&chunks->starving, 1, memory_order_relaxed);
    while (chunk == NULL && now_us < lane->block_until_us &&
           atomic_load_explicit(lane->stopped, memory_order_relaxed) == 0) {
        uint32_t ticket = of_eventcount_arm(&chunks->freed);
        chunk = of_chunks_try(chunks, bytes);
        if (chunk != NULL) {
            of_eventcount_disarm(&chunks->freed);
            break;
        }
        of_eventcount_wait(&chunks->freed, ticket,
                           call_us < lane->block_until_us ? call_us : lane->block_until_us);
        now_us = of_clock_us();
        if (now_us >= call_us) {
            of_chunks_call(chunks);
            call_us = now_us + CALL_AGAIN_US;
        }
    }
    atomic_fetch_sub_explicit(&chunks->starving, 1, memory_order_relaxed);
    return chunk;
}

/* Why no chunk was had. */
static int fail_full(const of_lane *lane, size_t bytes, outfall_error *error)
{
    if (bytes > lane->chunks->row_bytes_max)
        return of_fail(error, OUTFALL_ERR_REFUSED,
                       "the row takes at least %zu bytes, more than row.bytes.max and a third of "
                       "buffer.bytes allow (%zu): raise them, or split the row",
                       bytes, lane->chunks->row_bytes_max);
    if (atomic_load_explicit(lane->stopped, memory_order_relaxed) != 0)
        return of_fail(error, OUTFALL_ERR_CLOSED, "the sink has stopped");
    return of_fail(error, OUTFALL_ERR_FULL,
                   "the buffer is full: rows come faster than the database takes them; write again "
                   "later, or raise buffer.bytes or buffer.block.ms");
}

/* Gives the reader a chunk to follow. */
static void ring_push(of_lane *lane, of_chunk *chunk)
{
    uint32_t tail = atomic_load_explicit(&lane->ring_tail, memory_order_relaxed);
    atomic_store_explicit(&lane->ring[tail & lane->ring_mask], chunk, memory_order_relaxed);
    /* Release: the chunk's header and its slot in the ring come before the new tail. */
    atomic_store_explicit(&lane->ring_tail, tail + 1, memory_order_release);
}

/* Goes on in `chunk`, which holds `rows` rows up to `start`; `used` bytes of the next are there. */
static void build_in(of_lane *lane, of_chunk *chunk, uint32_t rows, uint32_t start, size_t used)
{
    lane->chunk = chunk;
    lane->rows = rows;
    lane->published_to = start;
    lane->start = start;
    lane->at = start + (uint32_t)used;
    lane->limit = chunk->bytes - (rows + 1) * (uint32_t)ENTRY;
}

/* Whether a count that grew from `before` by `more` has passed a limit on its way. */
static bool crosses(uint64_t before, uint64_t more, uint64_t limit)
{
    return before < limit && before + more >= limit;
}

/* Shows the reader the rows that are done. */
static void publish(of_lane *lane)
{
    of_chunk *chunk = lane->chunk;
    uint32_t count = lane->rows - atomic_load_explicit(&chunk->published, memory_order_relaxed);
    uint32_t bytes = lane->start - lane->published_to;
    if (count == 0)
        return;
    uint64_t rows_before = atomic_load_explicit(&lane->accepted, memory_order_relaxed);
    uint64_t bytes_before = atomic_load_explicit(&lane->accepted_bytes, memory_order_relaxed);
    atomic_store_explicit(&lane->accepted_bytes, bytes_before + bytes, memory_order_relaxed);
    lane->published_to = lane->start;
    /* Release: the rows and their entries come before the count that shows them. */
    atomic_store_explicit(&chunk->published, lane->rows, memory_order_release);
    atomic_store_explicit(&lane->accepted, rows_before + count, memory_order_release);
    /*
     * The flusher is woken for the first row of an empty lane and for the one that fills a batch.
     * What it has taken is read after the rows are shown; the fence between the two is paid by the
     * flusher, who calls of_membarrier before it looks for the last time and sleeps (flusher.c). So
     * either it sees these rows, or they are seen here to be the first. Where it has taken some of
     * these rows already, the counts are below zero, no limit is crossed, and it is awake.
     */
    atomic_signal_fence(memory_order_seq_cst);
    uint64_t rows = rows_before - atomic_load_explicit(&lane->taken, memory_order_relaxed);
    bytes_before -= atomic_load_explicit(&lane->taken_bytes, memory_order_relaxed);
    if (rows == 0 ||
        crosses(rows, count, atomic_load_explicit(&lane->wake_rows, memory_order_relaxed)) ||
        crosses(bytes_before, bytes, atomic_load_explicit(&lane->wake_bytes, memory_order_relaxed)))
        of_eventcount_wake(lane->wake);
}

/*
 * The reader wants the open chunk back, or has taken it. Declining is a race for `reclaim` that one
 * side wins.
 */
__attribute__((noinline)) static void answer_reclaim(of_lane *lane)
{
    unsigned asked = OF_RECLAIM_ASKED;
    if (atomic_compare_exchange_strong_explicit(&lane->reclaim, &asked, OF_RECLAIM_NONE,
                                                memory_order_acquire, memory_order_acquire))
        return;
    if (asked == OF_RECLAIM_TAKEN) {
        lane->open = NULL;
        atomic_store_explicit(&lane->reclaim, OF_RECLAIM_NONE, memory_order_release);
    }
}

int of_lane_begin(of_lane *lane, size_t bytes, outfall_error *error)
{
    /* `building` must be visible before `reclaim` is read. Here that costs nothing: the reader's
     * of_membarrier, between its store of `reclaim` and its load of `building`, is the fence. */
    atomic_store_explicit(&lane->building, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&lane->reclaim, memory_order_acquire) != OF_RECLAIM_NONE)
        answer_reclaim(lane);
    /* A lane that was empty reads the clock afresh: its next row is as young as it looks. */
    if (atomic_load_explicit(&lane->accepted, memory_order_relaxed) ==
        atomic_load_explicit(&lane->taken, memory_order_relaxed))
        lane->time_uses = 0;
    of_chunk *chunk = lane->open;
    if (chunk != NULL) {
        uint32_t rows = lane->rows;
        uint32_t start = lane->start; /* Rows follow one another. */
        if (start + bytes + (rows + 1) * ENTRY <= chunk->bytes) {
            build_in(lane, chunk, rows, start, 0);
            return OUTFALL_OK;
        }
        seal(chunk);
        lane->open = NULL;
    }
    chunk = bytes <= lane->chunks->row_bytes_max ? wait_chunk(lane, bytes) : NULL;
    if (chunk == NULL) {
        atomic_store_explicit(&lane->building, 0, memory_order_release);
        return fail_full(lane, bytes, error);
    }
    ring_push(lane, chunk);
    lane->open = chunk;
    build_in(lane, chunk, 0, 0, 0);
    return OUTFALL_OK;
}

int of_lane_grow(of_lane *lane, size_t bytes, outfall_error *error)
{
    publish(lane); /* They stay behind in this chunk. */
    of_chunk *old = lane->chunk;
    size_t used = lane->at - lane->start;
    size_t want = used + bytes;
    if (want > lane->chunks->row_bytes_max)
        return fail_full(lane, want, error);
    /* As much again as there is, so that a row of many values is not moved for each of them. */
    size_t room = used + (bytes > used ? bytes : used);
    if (room > lane->chunks->row_bytes_max)
        room = lane->chunks->row_bytes_max;
    of_chunk *chunk = wait_chunk(lane, room);
    if (chunk == NULL)
        return fail_full(lane, want, error);
    memcpy(chunk->data, old->data + lane->start, used);
    seal(old);
    ring_push(lane, chunk);
    lane->open = chunk;
    build_in(lane, chunk, 0, 0, used);
    assert(lane->limit - lane->at >= bytes);
    return OUTFALL_OK;
}

void of_lane_read_clock(of_lane *lane)
{
    lane->time = of_lane_time(of_clock_us());
    lane->time_uses = TIME_USES - 1;
}

void of_lane_leave(of_lane *lane)
{
    if (lane->chunk == NULL)
        return;
    publish(lane);
    lane->chunk = NULL;
    atomic_store_explicit(&lane->building, 0, memory_order_release);
}

/* ---- Reader ----------------------------------------------------------------------- */

static of_chunk *ring_at(const of_lane *lane, uint32_t place)
{
    return atomic_load_explicit(&lane->ring[place & lane->ring_mask], memory_order_relaxed);
}

void of_lane_survey(const of_lane *lane, uint64_t rows_max, uint64_t bytes_max,
                    of_lane_waiting *waiting)
{
    uint32_t tail = atomic_load_explicit(&lane->ring_tail, memory_order_acquire);
    memset(waiting, 0, sizeof *waiting);
    for (uint32_t place = lane->ring_head; place != tail; place++) {
        const of_chunk *chunk = ring_at(lane, place);
        uint32_t published = atomic_load_explicit(&chunk->published, memory_order_acquire);
        if (published == chunk->taken)
            continue;
        const outfall_row_entry *first = of_chunk_entry(chunk, chunk->taken);
        const outfall_row_entry *last = of_chunk_entry(chunk, published - 1);
        if (waiting->rows == 0)
            waiting->oldest_time = first->time;
        waiting->rows += published - chunk->taken;
        waiting->bytes += last->start + last->bytes - first->start;
        if (waiting->rows >= rows_max || waiting->bytes >= bytes_max)
            return;
    }
}

bool of_lane_peek(const of_lane *lane, uint16_t *version)
{
    uint32_t tail = atomic_load_explicit(&lane->ring_tail, memory_order_acquire);
    for (uint32_t place = lane->ring_head; place != tail; place++) {
        const of_chunk *chunk = ring_at(lane, place);
        if (atomic_load_explicit(&chunk->published, memory_order_acquire) > chunk->taken) {
            *version = of_chunk_entry(chunk, chunk->taken)->schema_version;
            return true;
        }
    }
    return false;
}

/* Leaves the chunks at the front that get no more rows and are wholly taken. */
static bool leave_exhausted(of_lane *lane)
{
    bool freed = false;
    while (lane->ring_head != atomic_load_explicit(&lane->ring_tail, memory_order_acquire)) {
        of_chunk *chunk = ring_at(lane, lane->ring_head);
        /* `sealed` first: rows published before it are then all seen. */
        if (atomic_load_explicit(&chunk->sealed, memory_order_acquire) == 0 ||
            atomic_load_explicit(&chunk->published, memory_order_acquire) != chunk->taken)
            break;
        lane->ring_head++;
        chunk->left = true;
        if (chunk->acknowledged == chunk->taken) {
            of_chunks_free(lane->chunks, chunk);
            freed = true;
        }
    }
    return freed;
}

/* How many of `count` rows from `first` on are within `bytes_max` and of one schema version. */
static uint32_t run_length(const of_chunk *chunk, uint32_t first, uint32_t count,
                           uint64_t bytes_max)
{
    const outfall_row_entry *start = of_chunk_entry(chunk, first);
    uint32_t low = 1; /* The first row always goes. */
    uint32_t high = count;
    while (low < high) { /* Both conditions hold up to some row and no further. */
        uint32_t middle = low + (high - low + 1) / 2;
        const outfall_row_entry *entry = of_chunk_entry(chunk, first + middle - 1);
        if (entry->start + entry->bytes - start->start <= bytes_max &&
            entry->schema_version == start->schema_version)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

bool of_lane_take(of_lane *lane, uint64_t rows_max, uint64_t bytes_max, of_span *span)
{
    leave_exhausted(lane);
    if (lane->ring_head == atomic_load_explicit(&lane->ring_tail, memory_order_acquire))
        return false;
    of_chunk *chunk = ring_at(lane, lane->ring_head);
    uint32_t published = atomic_load_explicit(&chunk->published, memory_order_acquire);
    uint32_t count = published - chunk->taken;
    if (count == 0)
        return false;
    if (count > rows_max)
        count = (uint32_t)rows_max;
    count = run_length(chunk, chunk->taken, count, bytes_max);
    uint64_t taken = atomic_load_explicit(&lane->taken, memory_order_relaxed);
    span->rows = (outfall_span){
        .base = chunk->data,
        .entries_end = (const outfall_row_entry *)(const void *)(chunk->data + chunk->bytes),
        .first = chunk->taken,
        .count = count,
    };
    span->lane = lane;
    span->chunk = chunk;
    span->position = taken;
    chunk->taken += count;
    size_t bytes;
    outfall_span_bytes(&span->rows, &bytes);
    atomic_store_explicit(&lane->taken_bytes,
                          atomic_load_explicit(&lane->taken_bytes, memory_order_relaxed) + bytes,
                          memory_order_relaxed);
    atomic_store_explicit(&lane->taken, taken + count, memory_order_relaxed);
    return true;
}

void of_lane_settle(of_lane *lane, uint64_t position, uint64_t source_offset)
{
    atomic_store_explicit(&lane->source_offset, source_offset, memory_order_relaxed);
    /* Release: whoever sees the position sees the offset that goes with it, or a newer one. */
    atomic_store_explicit(&lane->acknowledged, position, memory_order_release);
}

void of_lane_acknowledge(const of_span *span)
{
    const outfall_row_entry *last = outfall_span_entry(&span->rows, span->rows.count - 1);
    of_lane_settle(span->lane, span->position + span->rows.count, last->source_offset);
    of_lane_release(span);
}

void of_lane_release(const of_span *span)
{
    of_lane *lane = span->lane;
    of_chunk *chunk = span->chunk;
    chunk->acknowledged += span->rows.count;
    if (!chunk->left)
        leave_exhausted(lane);
    else if (chunk->acknowledged == chunk->taken)
        of_chunks_free(lane->chunks, chunk);
}

bool of_lane_reclaim(of_lane *lane)
{
    unsigned asked = OF_RECLAIM_ASKED;
    bool freed = leave_exhausted(lane);
    if (lane->ring_head == atomic_load_explicit(&lane->ring_tail, memory_order_acquire) ||
        atomic_load_explicit(&lane->reclaim, memory_order_acquire) != OF_RECLAIM_NONE)
        return freed;
    of_chunk *chunk = ring_at(lane, lane->ring_head);
    if (chunk->acknowledged != atomic_load_explicit(&chunk->published, memory_order_acquire))
        return freed;
    atomic_store_explicit(&lane->reclaim, OF_RECLAIM_ASKED, memory_order_relaxed);
    bool fenced = of_membarrier();
    /* From here on a writer that starts a row sees the question; one that had started before is
     * seen to be building, or to have published. */
    bool idle =
        fenced && atomic_load_explicit(&lane->building, memory_order_acquire) == 0 &&
        atomic_load_explicit(&chunk->published, memory_order_acquire) == chunk->acknowledged &&
        atomic_load_explicit(&chunk->sealed, memory_order_acquire) == 0;
    /* Release: the writer that finds it taken must not see the chunk any more. */
    if (!atomic_compare_exchange_strong_explicit(&lane->reclaim, &asked,
                                                 idle ? OF_RECLAIM_TAKEN : OF_RECLAIM_NONE,
                                                 memory_order_release, memory_order_relaxed) ||
        !idle)
        return freed;
    seal(chunk);
    return leave_exhausted(lane) || freed;
}
