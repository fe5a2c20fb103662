/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts the calls to malloc and its kin of the whole process, the libraries' included: this
 * program defines those functions and hands on to the C library's own.
 */
#ifndef BENCH_ALLOCATIONS_H
#define BENCH_ALLOCATIONS_H

#include <stdint.h>

/* Counting costs an atomic addition a call, so it is off until asked for. */
void allocations_count(int on);

/* Calls while counting was on; -1 where this build cannot count (sanitizers, other libcs). */
int64_t allocations_so_far(void);

#endif
