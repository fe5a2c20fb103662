/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/value_decimal.h"

#include <stdio.h>
#include <string.h>

#include "arrow/cells.h"

#define WORDS_MAX (OF_ARROW_DECIMAL_BYTES_MAX / 4)
#define DIGITS_MAX 78 /* Of 2^255 and 2^256 - 1. */
#define PLAIN_SCALE_MAX 80
#define DIGITS_ROOM (WORDS_MAX * 10)
#define UNIT 1000000000u /* Nine digits are divided off at a time. */

_Static_assert(OF_ARROW_TEXT_MAX >= sizeof "-0." + PLAIN_SCALE_MAX &&
                   OF_ARROW_TEXT_MAX >= sizeof "-" + DIGITS_MAX + sizeof "e-2147483647",
               "any decimal fits");

/* Words from the least significant on, of the absolute value; returns whether it was negative. */
static bool load_words(const uint8_t *number, uint32_t count, bool sign, uint32_t *words)
{
    memcpy(words, number, count * sizeof *words);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (uint32_t i = 0; i < count / 2; i++) {
        uint32_t word = words[i];
        words[i] = words[count - 1 - i];
        words[count - 1 - i] = word;
    }
#endif
    if (!sign || (words[count - 1] & 0x80000000u) == 0)
        return false;
    uint64_t carry = 1;
    for (uint32_t i = 0; i < count; i++) {
        carry += (uint32_t)~words[i];
        words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return true;
}

/* Writes the digits at the end of `digits`; returns the index of the first. Zero is "0". */
static size_t spell_words(uint32_t *words, uint32_t count, char digits[DIGITS_ROOM])
{
    size_t at = DIGITS_ROOM;
    while (count > 0 && words[count - 1] == 0)
        count--;
    do {
        uint64_t rest = 0;
        for (uint32_t i = count; i-- > 0;) {
            uint64_t part = rest << 32 | words[i];
            words[i] = (uint32_t)(part / UNIT);
            rest = part % UNIT;
        }
        while (count > 0 && words[count - 1] == 0)
            count--;
        for (int i = 0; i < 9 && (count > 0 || rest > 0 || i == 0); i++) {
            digits[--at] = (char)('0' + rest % 10);
            rest /= 10;
        }
    } while (count > 0);
    return at;
}

size_t of_arrow_decimal_text(const uint8_t *number, uint32_t width, bool sign, int32_t scale,
                             char *out)
{
    uint32_t words[WORDS_MAX];
    char digits[DIGITS_ROOM], *at = out;
    if (load_words(number, width / 4, sign, words))
        *at++ = '-';
    size_t start = spell_words(words, width / 4, digits), count = DIGITS_ROOM - start;
    const char *first = digits + start;
    if (scale < 0 || scale > PLAIN_SCALE_MAX) {
        memcpy(at, first, count);
        at += count;
        return (size_t)(at - out) +
               (size_t)snprintf(at, sizeof "e-2147483647", "e%lld", -(long long)scale);
    }
    size_t fraction = (size_t)scale, zeros = fraction >= count ? fraction - count + 1 : 0;
    size_t whole = zeros > 0 ? 0 : count - fraction;
    if (zeros > 0)
        *at++ = '0';
    memcpy(at, first, whole);
    at += whole;
    if (fraction == 0)
        return (size_t)(at - out);
    *at++ = '.';
    for (size_t i = 1; i < zeros; i++)
        *at++ = '0';
    memcpy(at, first + whole, count - whole);
    return (size_t)(at + (count - whole) - out);
}
