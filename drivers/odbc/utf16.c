/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/utf16.h"

#include <outfall/encoding.h>

#define REPLACEMENT 0xFFFDu

static uint32_t character_at(const uint8_t *at, size_t size)
{
    static const uint8_t masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t character = at[0] & masks[size];
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (at[i] & 0x3Fu);
    return character;
}

size_t drv_odbc_to_utf16(const char *text, size_t length, uint16_t *out)
{
    const uint8_t *at = (const uint8_t *)text;
    const uint8_t *end = at + length;
    uint16_t *to = out;
    while (at < end) {
        if (*at < 0x80) {
            *to++ = *at++;
            continue;
        }
        size_t size = outfall_utf8_step(at, (size_t)(end - at));
        uint32_t character = size > 0 ? character_at(at, size) : REPLACEMENT;
        at += size > 0 ? size : 1;
        if (character >= 0x10000) {
            *to++ = (uint16_t)(0xD800 + ((character - 0x10000) >> 10));
            *to++ = (uint16_t)(0xDC00 + ((character - 0x10000) & 0x3FF));
        } else {
            *to++ = (uint16_t)character;
        }
    }
    return (size_t)(to - out);
}

static char *put(char *to, uint32_t character)
{
    if (character < 0x80) {
        *to++ = (char)character;
    } else if (character < 0x800) {
        *to++ = (char)(0xC0 | character >> 6);
        *to++ = (char)(0x80 | (character & 0x3F));
    } else if (character < 0x10000) {
        *to++ = (char)(0xE0 | character >> 12);
        *to++ = (char)(0x80 | (character >> 6 & 0x3F));
        *to++ = (char)(0x80 | (character & 0x3F));
    } else {
        *to++ = (char)(0xF0 | character >> 18);
        *to++ = (char)(0x80 | (character >> 12 & 0x3F));
        *to++ = (char)(0x80 | (character >> 6 & 0x3F));
        *to++ = (char)(0x80 | (character & 0x3F));
    }
    return to;
}

size_t drv_odbc_to_utf8(const uint16_t *text, size_t units, char *out)
{
    char *to = out;
    for (size_t i = 0; i < units; i++) {
        uint32_t unit = text[i];
        if (unit >= 0xD800 && unit < 0xDC00 && i + 1 < units && text[i + 1] >= 0xDC00 &&
            text[i + 1] < 0xE000)
            unit = 0x10000 + ((unit - 0xD800) << 10) + (text[++i] - 0xDC00u);
        else if (unit >= 0xD800 && unit < 0xE000)
            unit = REPLACEMENT;
        to = put(to, unit);
    }
    return (size_t)(to - out);
}

size_t drv_odbc_units(const uint16_t *text, size_t most)
{
    size_t units = 0;
    while (units < most && text[units] != 0)
        units++;
    return units;
}
