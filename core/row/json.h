/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: a check of its syntax (RFC 8259), and strings written as JSON. */
#ifndef OF_ROW_JSON_H
#define OF_ROW_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Objects and arrays inside one another, at most. */
#define OF_JSON_DEPTH_MAX 1000

/*
 * NULL where the text, which must be UTF-8, is one JSON document; else what is wrong, with the byte
 * at fault in *offset. `strict` also refuses what PostgreSQL's jsonb cannot hold: \u0000, and
 * halves of surrogate pairs.
 */
const char *of_json_check(const char *text, size_t length, bool strict, size_t *offset);

/* Room for of_json_string's result: a byte becomes at most "\u0000", and two quotes. */
static inline size_t of_json_string_max(size_t length)
{
    return 6 * length + 2;
}

/* Writes the text, which must be UTF-8, as a JSON string with its quotes; returns its length. */
size_t of_json_string(const char *text, size_t length, char *out);

#endif
