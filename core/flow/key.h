/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a batch's rows, in a form in which equal keys have equal bytes and the order of the
 * bytes is that of the values: -0 is 0, every NaN is one, a decimal has no trailing zeros. Pure.
 */
#ifndef OF_FLOW_KEY_H
#define OF_FLOW_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <outfall/driver.h>

#define OF_KEY_WORD_BYTES 8
#define OF_KEY_NONE UINT32_MAX /* No row. */

/* What is known of a row, a byte each. */
enum of_key_flag {
    OF_KEY_DELETE = 1, /* The row is a delete. */
    OF_KEY_NULL = 2,   /* A field of its key is null: it equals no other. */
    OF_KEY_LAST = 4    /* No later row has this key. */
};

/* A key of any length: it points into the row or into of_keys.text. */
typedef struct of_key_bytes {
    const uint8_t *data;
    uint32_t length;
} of_key_bytes;

/* Memory that is kept and grows by doubling; what is in it does not outlive a growth. */
typedef struct of_room {
    void *data;
    size_t bytes;
} of_room;

typedef struct of_keys {
    uint32_t rows;
    bool wide;           /* Keys are in `bytes`, else in `words`. */
    bool ascending;      /* No key is less than one before it; those with nulls aside. */
    uint32_t deletes;    /* Rows that are deletes. */
    uint32_t nulls;      /* Rows whose key has a null. */
    uint64_t *words;     /* By row: keys of at most OF_KEY_WORD_BYTES, right-aligned. */
    of_key_bytes *bytes; /* By row: others. */
    uint8_t *flags;      /* By row: enum of_key_flag, or-ed. */
    of_room word_room, bytes_room, flag_room, field_room;
    of_room text; /* Keys that differ from the row's bytes. */
    size_t text_used;
} of_keys;

/* OUTFALL_ERR_NOMEM, where what the room held is gone. */
int of_room_reserve(of_room *room, size_t bytes, outfall_error *error);
void of_room_free(of_room *room);

void of_keys_free(of_keys *keys); /* All zeroes is legal. */

/*
 * Reads the keys of all rows, in one pass; they last until the next call or the batch's end.
 * OUTFALL_ERR_NOMEM.
 */
int of_keys_read(of_keys *keys, const outfall_target *target, const outfall_batch *batch,
                 outfall_error *error);

/* Less than, equal to or greater than 0. */
static inline int of_key_bytes_compare(const of_key_bytes *a, const of_key_bytes *b)
{
    uint32_t length = a->length < b->length ? a->length : b->length;
    int order = length > 0 ? memcmp(a->data, b->data, length) : 0;
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static inline bool of_key_bytes_equal(const of_key_bytes *a, const of_key_bytes *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

/* Whether two rows, both without nulls, have the same key. */
static inline bool of_keys_equal(const of_keys *keys, uint32_t a, uint32_t b)
{
    return keys->wide ? of_key_bytes_equal(&keys->bytes[a], &keys->bytes[b])
                      : keys->words[a] == keys->words[b];
}

#endif
