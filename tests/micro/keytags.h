/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A way of finding equal keys that the library does not use, kept so that it can be measured: a
 * one-byte tag for each slot, of which one SIMD instruction compares 16 with a key's.
 */
#ifndef MICRO_KEYTAGS_H
#define MICRO_KEYTAGS_H

#include <stddef.h>
#include <stdint.h>

#include "flow/key.h"

size_t keytags_bytes(uint32_t rows);

/* As of_keyset_link, but that it never gives up. False where this machine has no such instruction.
 */
bool keytags_link(of_keys *keys, void *memory, uint32_t *previous);

#endif
