/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffers of an array of one type, as far as they can be checked before a value is read. The
 * ABI does not say how large a buffer is: that it holds `length` values has to be believed.
 */
#ifndef OF_ARROW_VIEW_H
#define OF_ARROW_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "arrow/type.h"

typedef struct of_arrow_view {
    const of_arrow_type *type;
    const char *name;          /* The column's, for messages. */
    int64_t start;             /* Of value 0 in the buffers, */
    int64_t length;            /* which hold so many values. */
    const uint8_t *valid;      /* A bit for each value; NULL: none is null. */
    const uint8_t *fixed;      /* Values of fixed width, bits, offsets or views. */
    const uint8_t *data;       /* What offsets point into; may be NULL where nothing is. */
    int64_t data_end;          /* The last offset: none may be beyond it. */
    const void *const *parts;  /* What views point into, */
    const uint8_t *part_bytes; /* an int64 for each, */
    int64_t part_count;        /* and how many they are. */
} of_arrow_view;

/* OUTFALL_ERR_INVALID: the array is not one of this type, or has been released. */
int of_arrow_view_open(const struct ArrowArray *array, const of_arrow_type *type, const char *name,
                       of_arrow_view *out, outfall_error *error);

static inline bool of_arrow_bit(const uint8_t *bits, int64_t index)
{
    return (bits[index >> 3] >> (index & 7) & 1) != 0;
}

static inline bool of_arrow_is_null(const of_arrow_view *view, int64_t row)
{
    return view->valid != NULL && !of_arrow_bit(view->valid, view->start + row);
}

/* Buffers need not be aligned. */
static inline int32_t of_arrow_load32(const uint8_t *buffer, int64_t index)
{
    int32_t number;
    memcpy(&number, buffer + index * 4, sizeof number);
    return number;
}

static inline int64_t of_arrow_load64(const uint8_t *buffer, int64_t index)
{
    int64_t number;
    memcpy(&number, buffer + index * 8, sizeof number);
    return number;
}

#endif
