/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C (Castagnoli), as in RFC 3720: what damaged bytes are known by. Pure. */
#ifndef OF_BASE_CRC32C_H
#define OF_BASE_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The CRC of `length` bytes that follow those of which `crc` is the CRC; 0 where there are none
 * before them. `data` may be NULL where `length` is 0. Any thread.
 */
uint32_t of_crc32c(uint32_t crc, const void *data, size_t length);

/* The way of doing it that every machine has; the same result. */
uint32_t of_crc32c_by_table(uint32_t crc, const void *data, size_t length);

/* Whether of_crc32c has this machine's instruction for it, and so another way than the table. */
bool of_crc32c_has_instruction(void);

#endif
