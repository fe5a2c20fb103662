/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 text, and the spellings of booleans, bytes and UUIDs. */
#ifndef OF_ROW_TEXT_H
#define OF_ROW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of a text that was read as another type. */
enum of_parsed {
    OF_PARSED_OK = 0,
    OF_PARSED_MALFORMED, /* Not a spelling of the type. */
    OF_PARSED_RANGE,     /* Well spelled, but more than the type holds. */
    OF_PARSED_ROUNDED,   /* Read, but rounded: the result is the nearest. */
    OF_PARSED_ZONE,      /* A timestamp with a zone where none can be kept. */
    OF_PARSED_DATE       /* Well spelled, but there is no such date or time. */
};

/* What a text column cannot hold. */
enum of_text_flaw { OF_TEXT_GOOD = 0, OF_TEXT_NUL, OF_TEXT_NOT_UTF8 };

/* Finds the first flaw and sets *offset to its byte. */
int of_text_check(const char *text, size_t length, size_t *offset);

/* Counts the characters of valid UTF-8. */
size_t of_text_characters(const char *text, size_t length);

/* The bytes of the first `characters` characters of valid UTF-8. */
size_t of_text_prefix(const char *text, size_t length, size_t characters);

/* True where `text` is `word`, of lower-case ASCII, in any case. */
bool of_text_is(const char *text, size_t length, const char *word);

/* true, false, t, f, yes, no, y, n, on, off, 1, 0 in any case. @return OK, MALFORMED. */
int of_bool_parse(const char *text, size_t length, bool *out);

/* 32 hex digits, with dashes as 8-4-4-4-12 or none, in braces or not. @return OK, MALFORMED. */
int of_uuid_parse(const char *text, size_t length, uint8_t out[16]);

/* "\x" and pairs of hex digits; `out` has room for length / 2 bytes. @return OK, MALFORMED. */
int of_hex_parse(const char *text, size_t length, uint8_t *out, size_t *bytes);

/* Writes "\x" and 2 × length hex digits without NUL; returns their length. */
size_t of_hex_text(const uint8_t *data, size_t length, char *out);

#endif
