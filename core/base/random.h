/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for spreading things out; never for secrets. */
#ifndef OF_BASE_RANDOM_H
#define OF_BASE_RANDOM_H

#include <stdint.h>

/* The next number; `*state` is the caller's generator, any non-zero seed. */
static inline uint32_t of_random(uint64_t *state)
{
    /* xorshift64*, Vigna 2016: small, and good enough to spread pauses. */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

#endif
