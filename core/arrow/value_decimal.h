/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of any width as decimal text. */
#ifndef OF_ARROW_VALUE_DECIMAL_H
#define OF_ARROW_VALUE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OF_ARROW_DECIMAL_BYTES_MAX 32

/*
 * Spells an integer of `width` bytes (4 to 32, a multiple of 4), in the machine's byte order and
 * two's complement where `sign`, divided by 10^scale: "-12.340", "1e+20" where zeros would have to
 * be added. Writes no NUL, at most OF_ARROW_TEXT_MAX bytes; returns their count.
 */
size_t of_arrow_decimal_text(const uint8_t *number, uint32_t width, bool sign, int32_t scale,
                             char *out);

#endif
