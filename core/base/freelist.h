/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock-free stack of the numbers 0 … n - 1: which slots of a fixed array are free. Last in,
 * first out, so what is taken is warm in the cache. Any thread; lock-free.
 */
#ifndef OF_BASE_FREELIST_H
#define OF_BASE_FREELIST_H

#include <stdatomic.h>
#include <stdint.h>

#define OF_FREELIST_NONE UINT32_MAX

typedef struct of_freelist {
    _Alignas(64) atomic_uint_fast64_t head; /* A tag above, the top's number + 1 below. */
    _Alignas(64) atomic_uint available;     /* A figure for statistics. */
    uint32_t count;
    atomic_uint *next; /* Of each number: the one below it, + 1. */
} of_freelist;

/* All of 0 … count - 1 are free at first. Returns OUTFALL_OK or OUTFALL_ERR_NOMEM. */
int of_freelist_init(of_freelist *list, uint32_t count);
void of_freelist_destroy(of_freelist *list);

/* OF_FREELIST_NONE where none is free. */
uint32_t of_freelist_pop(of_freelist *list);
void of_freelist_push(of_freelist *list, uint32_t number);
uint32_t of_freelist_available(const of_freelist *list);

#endif
