/* SPDX-License-Identifier: Apache-2.0 */
#include "keytags.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define GROUP 16 /* Slots that are looked at together. */
#define AHEAD 8

static size_t groups_for(uint32_t rows)
{
    size_t groups = 1;
    while (groups * GROUP < (size_t)rows + rows / 3)
        groups *= 2;
    return groups;
}

size_t keytags_bytes(uint32_t rows)
{
    return groups_for(rows) * GROUP * (1 + sizeof(uint32_t)) + rows * sizeof(uint64_t);
}

#ifdef __SSE2__
#include <emmintrin.h>

static void hash_all(const of_keys *keys, uint64_t *hashes)
{
    for (uint32_t row = 0; row < keys->rows; row++) {
        if (keys->wide) {
            hashes[row] = XXH3_64bits(keys->bytes[row].data, keys->bytes[row].length);
        } else {
            hashes[row] = keys->words[row] * UINT64_C(0x9E3779B97F4A7C15);
            hashes[row] ^= hashes[row] >> 32;
        }
    }
}

/* The bits of those of a group's slots whose tag is this. */
static inline uint32_t slots_with(const uint8_t *tags, uint32_t tag)
{
    __m128i group = _mm_loadu_si128((const __m128i *)(const void *)tags);
    /* By 32 bits: gcc 12 takes a byte through memory, and waits for it. */
    __m128i wanted = _mm_set1_epi32((int)(tag * 0x01010101u));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(group, wanted));
}

/* The slot that has the row's key, or is to have it. */
static inline size_t find(const of_keys *keys, const uint8_t *tags, const uint32_t *rows,
                          size_t mask, uint32_t row, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 57) | 0x80;
    for (size_t group = hash & mask;; group = (group + 1) & mask) {
        for (uint32_t same = slots_with(tags + group * GROUP, tag); same != 0; same &= same - 1) {
            size_t slot = group * GROUP + (size_t)__builtin_ctz(same);
            if (of_keys_equal(keys, rows[slot], row))
                return slot;
        }
        uint32_t empty = slots_with(tags + group * GROUP, 0);
        if (empty != 0)
            return group * GROUP + (size_t)__builtin_ctz(empty);
    }
}

bool keytags_link(of_keys *all, void *memory, uint32_t *previous)
{
    const of_keys keys = *all;
    size_t groups = groups_for(keys.rows), mask = groups - 1;
    uint64_t *hashes = memory;                                        /* By row. */
    uint32_t *rows = (uint32_t *)(void *)(hashes + keys.rows);        /* By slot. */
    uint8_t *tags = memset(rows + groups * GROUP, 0, groups * GROUP); /* By slot; 0: free. */
    hash_all(&keys, hashes);
    for (uint32_t row = 0; row < keys.rows; row++) {
        if (row + AHEAD < keys.rows) {
            size_t group = hashes[row + AHEAD] & mask;
            __builtin_prefetch(tags + group * GROUP);
            __builtin_prefetch(rows + group * GROUP);
        }
        previous[row] = OF_KEY_NONE;
        if ((keys.flags[row] & OF_KEY_NULL) != 0)
            continue;
        size_t slot = find(&keys, tags, rows, mask, row, hashes[row]);
        if (tags[slot] != 0) {
            previous[row] = rows[slot];
            keys.flags[rows[slot]] &= (uint8_t)~OF_KEY_LAST;
        } else { /* Only then: a load of 16 bytes waits for a byte that was just stored. */
            tags[slot] = (uint8_t)(hashes[row] >> 57 | 0x80);
        }
        rows[slot] = row;
        keys.flags[row] |= OF_KEY_LAST;
    }
    return true;
}
#else
bool keytags_link(of_keys *keys, void *memory, uint32_t *previous)
{
    (void)keys;
    (void)memory;
    (void)previous;
    return false;
}
#endif
