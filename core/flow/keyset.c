/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/keyset.h"

#define XXH_INLINE_ALL /* A call into a shared library costs as much as a short key's hash. */
#include <xxhash.h>

#define AHEAD 8        /* Rows by which a slot is asked for before it is looked at. */
#define PASSED_A_ROW 8 /* Slots passed for each; by chance it is one or two. */

typedef struct slot {
    uint32_t tag; /* Of the hash, never 0: the slot is taken. */
    uint32_t row; /* The last of its key so far. */
} slot;

/* A power of two; at most three of four are taken, and so few is the best for a small cache. */
static size_t slots_for(uint32_t rows)
{
    size_t slots = 16;
    while (slots < (size_t)rows + rows / 3)
        slots *= 2;
    return slots;
}

size_t of_keyset_bytes(uint32_t rows)
{
    return slots_for(rows) * sizeof(slot) + rows * sizeof(uint64_t);
}

/* A multiply carries upwards only: the high half, which all bits have reached, goes on the low. */
static inline uint64_t hash_word(uint64_t word)
{
    uint64_t hash = word * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

/*
 * `wide` is keys->wide, a constant where these are called, so that each kind of key has a loop of
 * its own.
 */
static inline uint64_t hash_key(const of_keys *keys, bool wide, uint32_t row)
{
    if (wide)
        return XXH3_64bits(keys->bytes[row].data, keys->bytes[row].length);
    return hash_word(keys->words[row]);
}

static inline bool equal(const of_keys *keys, bool wide, uint32_t a, uint32_t b)
{
    return wide ? of_key_bytes_equal(&keys->bytes[a], &keys->bytes[b])
                : keys->words[a] == keys->words[b];
}

/*
 * How many slots may be passed before the keys count as chosen to collide. One row can pass no more
 * than there are rows, so the most work is twice this.
 */
static uint64_t passed_most(uint32_t rows)
{
    return (uint64_t)PASSED_A_ROW * rows + 64;
}

/*
 * Looks for the row's key and takes its slot, behind the row of the same key that is there.
 * Returns how many slots it had to pass.
 */
static inline uint64_t link_row(const of_keys *keys, bool wide, slot *slots, size_t mask,
                                uint32_t row, uint64_t hash, uint32_t *previous)
{
    uint32_t tag = (uint32_t)(hash >> 32) | 1;
    size_t at = hash & mask;
    uint64_t passed = 0;
    while (slots[at].tag != 0 && (slots[at].tag != tag || !equal(keys, wide, slots[at].row, row))) {
        at = (at + 1) & mask;
        passed++;
    }
    previous[row] = OF_KEY_NONE;
    if (slots[at].tag != 0) {
        previous[row] = slots[at].row;
        keys->flags[slots[at].row] &= (uint8_t)~OF_KEY_LAST;
    }
    keys->flags[row] |= OF_KEY_LAST;
    slots[at] = (slot){tag, row};
    return passed;
}

static inline bool link_plain(const of_keys *keys, bool wide, slot *slots, uint32_t *previous)
{
    size_t mask = slots_for(keys->rows) - 1;
    uint64_t passed = 0, most = passed_most(keys->rows);
    memset(slots, 0, (mask + 1) * sizeof *slots);
    for (uint32_t row = 0; row < keys->rows && passed < most; row++) {
        if ((keys->flags[row] & OF_KEY_NULL) != 0) {
            previous[row] = OF_KEY_NONE;
            continue;
        }
        uint64_t hash = hash_key(keys, wide, row);
        passed += link_row(keys, wide, slots, mask, row, hash, previous);
    }
    return passed < most;
}

static inline bool link_batched(const of_keys *keys, bool wide, slot *slots, uint32_t *previous)
{
    size_t mask = slots_for(keys->rows) - 1;
    uint64_t passed = 0, most = passed_most(keys->rows);
    uint64_t *hashes = (uint64_t *)(void *)(slots + mask + 1);
    memset(slots, 0, (mask + 1) * sizeof *slots);
    for (uint32_t row = 0; row < keys->rows; row++)
        hashes[row] = hash_key(keys, wide, row); /* Of nulls too: a branch costs more. */
    for (uint32_t row = 0; row < keys->rows && passed < most; row++) {
        if (row + AHEAD < keys->rows)
            __builtin_prefetch(&slots[hashes[row + AHEAD] & mask]);
        if ((keys->flags[row] & OF_KEY_NULL) != 0) {
            previous[row] = OF_KEY_NONE;
            continue;
        }
        passed += link_row(keys, wide, slots, mask, row, hashes[row], previous);
    }
    return passed < most;
}

bool of_keyset_link_plain(of_keys *keys, void *memory, uint32_t *previous)
{
    return keys->wide ? link_plain(keys, true, memory, previous)
                      : link_plain(keys, false, memory, previous);
}

bool of_keyset_link_batched(of_keys *keys, void *memory, uint32_t *previous)
{
    return keys->wide ? link_batched(keys, true, memory, previous)
                      : link_batched(keys, false, memory, previous);
}

/*
 * tests/micro/dedupe.c measures both, and a third, in which one SIMD instruction compares the tags
 * of 16 slots. Times as parts of the plain loop's, batches of 1,000 and of 10,000 rows:
 *
 *                   hashes first              and SIMD tags
 *   words           1.0-1.1    0.95-1.2       1.7-2.1    0.9-1.4
 *   other keys      0.9-1.0    0.75-0.9       1.0-1.3    0.75-1.0
 *
 * A word's hash is one multiplication: the processor runs ahead of the loop as it is. With hashes
 * first the table's memory is asked for early, which pays once it is larger than the first cache.
 * With a quarter of the slots free a key is found in its first two, so that there is nothing for
 * 16 tags at once to save.
 */
bool of_keyset_link(of_keys *keys, void *memory, uint32_t *previous)
{
    return keys->wide ? of_keyset_link_batched(keys, memory, previous)
                      : of_keyset_link_plain(keys, memory, previous);
}
