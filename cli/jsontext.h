/* SPDX-License-Identifier: Apache-2.0 */
/* Writes JSON into a growing buffer, so that numbers and nested values can be passed on verbatim.
 */
#ifndef OF_CLI_JSONTEXT_H
#define OF_CLI_JSONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <outfall/row.h>

/* Starts empty from zeroed memory. */
typedef struct of_jsontext {
    char *data;
    size_t length;
    size_t capacity;
    bool failed; /* Out of memory: the text is not whole. Stays until the next clear. */
} of_jsontext;

void of_jsontext_free(of_jsontext *text);
void of_jsontext_clear(of_jsontext *text);

void of_jsontext_raw(of_jsontext *text, const char *data, size_t length);
OUTFALL_PRINTF(2, 3)
void of_jsontext_format(of_jsontext *text, const char *format, ...);

/* A string; bytes that are not UTF-8 become {"base64": "…"} instead, so that nothing is lost. */
void of_jsontext_string(of_jsontext *text, const char *data, size_t length);

void of_jsontext_value(of_jsontext *text, const outfall_value *value);

#endif
