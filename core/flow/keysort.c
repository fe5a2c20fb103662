/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/keysort.h"

#define DIGITS 256
#define PASSES_MAX 4   /* Four bytes tell 10,000 keys apart, but for a few. */
#define RADIX_LEAST 96 /* Rows from which counting is worth its tables. */
#define INSERTION_MOST 12
#define DEPTH_MAX 8 /* Words of a key that are looked at before whole keys are compared. */

/* A row and eight bytes of its key. */
typedef struct item {
    uint64_t word;
    uint32_t row;
} item;

/* What all steps need. */
typedef struct sorter {
    const of_keys *keys;
    item *spare; /* Room for as many as are being sorted. */
} sorter;

/* ---- Words ------------------------------------------------------------------------ */

/* How many bytes all keys have in common from their start; the first `known` are known to be. */
static uint32_t common_bytes(const of_keys *keys, const item *items, uint32_t count, uint32_t known,
                             uint32_t *least)
{
    const of_key_bytes *first = &keys->bytes[items[0].row];
    uint32_t common = first->length;
    *least = first->length;
    for (uint32_t i = 1; i < count; i++) {
        const of_key_bytes *key = &keys->bytes[items[i].row];
        if (key->length < *least)
            *least = key->length;
        if (key->length < common)
            common = key->length;
        if (common == known || memcmp(key->data + known, first->data + known, common - known) == 0)
            continue;
        common = known;
        while (key->data[common] == first->data[common])
            common++;
    }
    return common;
}

/* Up to eight bytes from `skip`, zeros behind the end: it sorts as they do, ties aside. */
static uint64_t word_at(const of_key_bytes *key, uint32_t skip)
{
    uint64_t word = 0;
    uint32_t left = key->length - skip;
    if (left >= OF_KEY_WORD_BYTES)
        return (uint64_t)outfall_read_i64(key->data + skip);
    for (uint32_t i = 0; i < left; i++)
        word |= (uint64_t)key->data[skip + i] << (56 - 8 * i);
    return word;
}

/* ---- By comparing ----------------------------------------------------------------- */

/* Words first; whole keys only where `deep`. */
static bool after(const of_keys *keys, bool deep, const item *a, const item *b)
{
    if (a->word != b->word || !deep)
        return a->word > b->word;
    return of_key_bytes_compare(&keys->bytes[a->row], &keys->bytes[b->row]) > 0;
}

static void insertion_sort(const sorter *by, bool deep, item *items, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        item moved = items[i];
        uint32_t at = i;
        for (; at > 0 && after(by->keys, deep, &items[at - 1], &moved); at--)
            items[at] = items[at - 1];
        items[at] = moved;
    }
}

static void merge_sort(const sorter *by, bool deep, item *items, uint32_t count)
{
    if (count <= INSERTION_MOST) {
        insertion_sort(by, deep, items, count);
        return;
    }
    item *spare = by->spare;
    uint32_t left = count / 2, i = 0, j = left, out = 0;
    merge_sort(by, deep, items, left);
    merge_sort(by, deep, items + left, count - left);
    if (!after(by->keys, deep, &items[left - 1], &items[left]))
        return;
    memcpy(spare, items, left * sizeof *items);
    while (i < left && j < count)
        items[out++] = after(by->keys, deep, &spare[i], &items[j]) ? items[j++] : spare[i++];
    memcpy(items + out, spare + i, (left - i) * sizeof *items);
}

/* ---- By counting ------------------------------------------------------------------ */

/*
 * The shifts of the bytes in which the words differ, highest first: at most PASSES_MAX, and *unseen
 * has the bits in which words may differ below these.
 */
static uint32_t find_shifts(const item *items, uint32_t count, uint32_t *shifts, uint64_t *unseen)
{
    uint64_t differs = 0;
    uint32_t passes = 0;
    for (uint32_t i = 1; i < count; i++)
        differs |= items[i].word ^ items[0].word;
    for (uint32_t shift = 64; shift > 0 && passes < PASSES_MAX; shift -= 8)
        if (((differs >> (shift - 8)) & 0xFF) != 0)
            shifts[passes++] = shift - 8;
    *unseen = passes == 0 ? 0 : differs & ((UINT64_C(1) << shifts[passes - 1]) - 1);
    return passes;
}

/* One stable pass by the byte at `shift`. */
static void scatter(const item *from, uint32_t count, uint32_t shift, item *to)
{
    uint32_t places[DIGITS] = {0};
    uint32_t place = 0;
    for (uint32_t i = 0; i < count; i++)
        places[(from[i].word >> shift) & 0xFF]++;
    for (uint32_t digit = 0; digit < DIGITS; digit++) {
        uint32_t of_digit = places[digit];
        places[digit] = place;
        place += of_digit;
    }
    for (uint32_t i = 0; i < count; i++)
        to[places[(from[i].word >> shift) & 0xFF]++] = from[i];
}

/* Where the next item begins whose word differs in a bit that is not in `unseen`. */
static uint32_t run_end(const item *items, uint32_t count, uint32_t first, uint64_t unseen)
{
    uint32_t end = first + 1;
    while (end < count && ((items[first].word ^ items[end].word) & ~unseen) == 0)
        end++;
    return end;
}

/* Sorts by words alone. */
static void sort_words(const sorter *by, item *items, uint32_t count)
{
    uint32_t shifts[PASSES_MAX];
    uint64_t unseen;
    item *from = items, *to = by->spare;
    if (count < RADIX_LEAST) {
        merge_sort(by, false, items, count);
        return;
    }
    uint32_t passes = find_shifts(items, count, shifts, &unseen);
    for (uint32_t i = passes; i-- > 0;) { /* The lowest first. */
        item *next = from;
        scatter(from, count, shifts[i], to);
        from = to;
        to = next;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
    for (uint32_t first = 0, end; unseen != 0 && first < count; first = end) {
        end = run_end(items, count, first, unseen);
        merge_sort(by, false, items + first, end - first);
    }
}

/* ---- Keys of any length ----------------------------------------------------------- */

/* Sorts keys of which the first `known` bytes are the same. */
static void sort_bytes(const sorter *by, item *items, uint32_t count, uint32_t known,
                       uint32_t depth)
{
    uint32_t least;
    uint32_t skip = common_bytes(by->keys, items, count, known, &least);
    for (uint32_t i = 0; i < count; i++)
        items[i].word = word_at(&by->keys->bytes[items[i].row], skip);
    if (count <= INSERTION_MOST || depth == DEPTH_MAX || least < skip + OF_KEY_WORD_BYTES) {
        merge_sort(by, true, items, count);
        return;
    }
    sort_words(by, items, count);
    for (uint32_t first = 0, end; first < count; first = end) {
        end = run_end(items, count, first, 0);
        if (end - first > 1)
            sort_bytes(by, items + first, end - first, skip + OF_KEY_WORD_BYTES, depth + 1);
    }
}

size_t of_keys_sort_bytes(uint32_t rows)
{
    return 2 * (size_t)rows * sizeof(item);
}

void of_keys_sort(const of_keys *keys, uint32_t *rows, uint32_t count, void *memory)
{
    item *items = memory;
    sorter by = {.keys = keys, .spare = items + count};
    if (count < 2)
        return;
    for (uint32_t i = 0; i < count; i++)
        items[i] = (item){.row = rows[i], .word = keys->wide ? 0 : keys->words[rows[i]]};
    if (keys->wide)
        sort_bytes(&by, items, count, 0, 0);
    else
        sort_words(&by, items, count);
    for (uint32_t i = 0; i < count; i++)
        rows[i] = items[i].row;
}
