/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the rows of a batch that have equal keys: by hash and compare, in a table with open
 * addressing. Pure.
 */
#ifndef OF_FLOW_KEYSET_H
#define OF_FLOW_KEYSET_H

#include <stddef.h>
#include <stdint.h>

#include "flow/key.h"

/* The memory that linking so many rows needs. */
size_t of_keyset_bytes(uint32_t rows);

/*
 * Sets previous[row] to the row of the same key before it, or OF_KEY_NONE, and OF_KEY_LAST in the
 * flags of each key's last row. Rows with a null in their key equal none.
 *
 * Returns false where the hashes of the keys collide so much (they can be chosen to) that it would
 * take long; what it has set is then of no use.
 */
bool of_keyset_link(of_keys *keys, void *memory, uint32_t *previous);

/* The two ways of doing it, of which of_keyset_link takes the faster one. */
bool of_keyset_link_plain(of_keys *keys, void *memory, uint32_t *previous);   /* Row by row. */
bool of_keyset_link_batched(of_keys *keys, void *memory, uint32_t *previous); /* Hashes first. */

#endif
