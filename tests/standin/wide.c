/* SPDX-License-Identifier: Apache-2.0 */
#include "wide.h"

#include <stdint.h>
#include <string.h>

static void add_character(struct sti_text *to, uint32_t code)
{
    char bytes[4];
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(first[length == 1 ? 0 : length] | code);
    sti_text_add(to, bytes, length);
}

void sti_wide_add(struct sti_text *to, const SQLWCHAR *text, SQLLEN units)
{
    SQLLEN length = 0;
    while (units == SQL_NTS ? text[length] != 0 : length < units)
        length++;
    sti_text_puts(to, ""); /* So that there is a string. */
    for (SQLLEN i = 0; i < length; i++) {
        uint32_t code = text[i];
        int high = code >= 0xd800 && code < 0xdc00;
        if (high && i + 1 < length && text[i + 1] >= 0xdc00 && text[i + 1] < 0xe000)
            code = 0x10000 + ((code - 0xd800) << 10) + (text[++i] - 0xdc00U);
        else if (code >= 0xd800 && code < 0xe000)
            code = 0xfffd;
        add_character(to, code);
    }
}

char *sti_wide_copy(const SQLWCHAR *text, SQLLEN units)
{
    struct sti_text copy = {0};
    if (text)
        sti_wide_add(&copy, text, units);
    return copy.data;
}

/* The character at *at, which steps over it. */
static uint32_t next_character(const char **at)
{
    const unsigned char *from = (const unsigned char *)*at;
    size_t length = *from < 0x80 ? 1 : *from < 0xe0 ? 2 : *from < 0xf0 ? 3 : 4;
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = from[0] & mask[length];
    size_t read = 1;
    for (; read < length && (from[read] & 0xc0) == 0x80; read++)
        code = code << 6 | (from[read] & 0x3f);
    *at += read;
    return read == length ? code : 0xfffd;
}

SQLLEN sti_wide_give(const char *text, SQLWCHAR *value, SQLLEN capacity, SQLRETURN *code)
{
    SQLLEN units = 0;
    while (*text) {
        uint32_t character = next_character(&text);
        SQLWCHAR pair[2] = {(SQLWCHAR)character, 0};
        SQLLEN count = character >= 0x10000 ? 2 : 1;
        if (count == 2) {
            pair[0] = (SQLWCHAR)(0xd800 + ((character - 0x10000) >> 10));
            pair[1] = (SQLWCHAR)(0xdc00 + ((character - 0x10000) & 0x3ff));
        }
        for (SQLLEN i = 0; i < count; i++, units++)
            if (value && units + 1 < capacity)
                value[units] = pair[i];
    }
    if (value && capacity > 0) {
        value[units < capacity ? units : capacity - 1] = 0;
        if (units >= capacity)
            *code = SQL_SUCCESS_WITH_INFO;
    }
    return units;
}
