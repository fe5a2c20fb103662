/* SPDX-License-Identifier: Apache-2.0 */
#include "row/text.h"

#include <string.h>

#include <outfall/encoding.h>

int of_text_check(const char *text, size_t length, size_t *offset)
{
    if (length == 0)
        return OF_TEXT_GOOD;
    const char *nul = memchr(text, '\0', length);
    size_t clean = nul == NULL ? length : (size_t)(nul - text);
    if (!outfall_utf8_valid(text, clean)) {
        const uint8_t *at = (const uint8_t *)text;
        size_t left = clean, size;
        while ((size = outfall_utf8_step(at, left)) > 0) {
            at += size;
            left -= size;
        }
        *offset = clean - left;
        return OF_TEXT_NOT_UTF8;
    }
    *offset = clean;
    return nul == NULL ? OF_TEXT_GOOD : OF_TEXT_NUL;
}

size_t of_text_characters(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((uint8_t)text[i] & 0xC0) != 0x80;
    return count;
}

size_t of_text_prefix(const char *text, size_t length, size_t characters)
{
    size_t at = 0;
    for (; at < length; at++)
        if (((uint8_t)text[at] & 0xC0) != 0x80 && characters-- == 0)
            break;
    return at;
}

bool of_text_is(const char *text, size_t length, const char *word)
{
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (char)(byte - 'A' + 'a');
        if (byte != word[i] || byte == '\0') /* The word's NUL ends the comparison as well. */
            return false;
    }
    return word[length] == '\0';
}

int of_bool_parse(const char *text, size_t length, bool *out)
{
    static const char *const words[] = {"false", "true", "f",   "t",  "no", "yes",
                                        "n",     "y",    "off", "on", "0",  "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (of_text_is(text, length, words[i])) {
            *out = i % 2 != 0;
            return OF_PARSED_OK;
        }
    }
    return OF_PARSED_MALFORMED;
}

/* 0 to 15, or -1. */
static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/* The byte that two hex digits spell, or -1. */
static int hex_byte(const char *pair)
{
    int high = hex_digit(pair[0]), low = hex_digit(pair[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

int of_uuid_parse(const char *text, size_t length, uint8_t out[16])
{
    if (length >= 2 && text[0] == '{' && text[length - 1] == '}') {
        text++;
        length -= 2;
    }
    if (length != 32 && length != 36)
        return OF_PARSED_MALFORMED;
    bool dashes = length == 36;
    for (int i = 0; i < 16; i++) {
        if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return OF_PARSED_MALFORMED;
        int byte = hex_byte(text);
        if (byte < 0)
            return OF_PARSED_MALFORMED;
        out[i] = (uint8_t)byte;
        text += 2;
    }
    return OF_PARSED_OK;
}

int of_hex_parse(const char *text, size_t length, uint8_t *out, size_t *bytes)
{
    if (length < 2 || length % 2 != 0 || text[0] != '\\' || text[1] != 'x')
        return OF_PARSED_MALFORMED;
    *bytes = length / 2 - 1;
    for (size_t i = 0; i < *bytes; i++) {
        int byte = hex_byte(text + 2 + 2 * i);
        if (byte < 0)
            return OF_PARSED_MALFORMED;
        out[i] = (uint8_t)byte;
    }
    return OF_PARSED_OK;
}

size_t of_hex_text(const uint8_t *data, size_t length, char *out)
{
    static const char hex[] = "0123456789abcdef";
    out[0] = '\\';
    out[1] = 'x';
    for (size_t i = 0; i < length; i++) {
        out[2 + 2 * i] = hex[data[i] >> 4];
        out[3 + 2 * i] = hex[data[i] & 15];
    }
    return 2 + 2 * length;
}
