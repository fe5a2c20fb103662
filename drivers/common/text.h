/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing string, for building SQL. Running out of memory is remembered in `failed`, so a
 * caller adds all it has and looks once at the end.
 */
#ifndef DRV_TEXT_H
#define DRV_TEXT_H

#include <stddef.h>

#include <outfall/export.h>

/* Initialise with zeroes. `data` is NUL-terminated, or NULL while nothing was added. */
typedef struct drv_text {
    char *data;
    size_t length; /* Bytes, without the NUL. */
    size_t capacity;
    int failed; /* 1: memory could not be had; `data` is then incomplete and must not be used. */
} drv_text;

void drv_text_add(drv_text *text, const char *string);
void drv_text_add_bytes(drv_text *text, const char *bytes, size_t length);
void drv_text_format(drv_text *text, const char *format, ...) OUTFALL_PRINTF(2, 3);

/* Makes it empty and keeps its memory. */
void drv_text_clear(drv_text *text);

/* Moves a finished text out, to be freed by the caller; NULL where memory ran out. Empties it. */
char *drv_text_take(drv_text *from);

/* Frees the memory; the text may be used again. */
void drv_text_free(drv_text *text);

/*
 * Copies a message as one line: white space as single blanks, cut between characters where it is
 * too long for `capacity`, which is at least 1.
 */
void drv_text_line(const char *from, char *to, size_t capacity);

#endif
