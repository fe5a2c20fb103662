/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts rows by their keys. Pure. */
#ifndef OF_FLOW_KEYSORT_H
#define OF_FLOW_KEYSORT_H

#include <stddef.h>
#include <stdint.h>

#include "flow/key.h"

/* The memory that sorting so many rows needs. */
size_t of_keys_sort_bytes(uint32_t rows);

/*
 * Sorts `count` rows, none with a null in its key, by key; rows of equal keys keep their order.
 * O(count × log count) whatever the keys are.
 */
void of_keys_sort(const of_keys *keys, uint32_t *rows, uint32_t count, void *memory);

#endif
