/* SPDX-License-Identifier: Apache-2.0 */
/* An ordered list of distinct column names. */
#ifndef OF_CLI_NAMES_H
#define OF_CLI_NAMES_H

#include <stddef.h>

/* The most columns that a table may have here; outfall_schema_add draws the same line. */
#define OF_COLUMNS_MAX 1600u

typedef struct of_names {
    size_t count;
    char **names; /* NUL-terminated, owned. */
    size_t *lengths;
} of_names;

/* Starts empty from zeroed memory. Frees all names; the list may be used again. */
void of_names_clear(of_names *names);

/*
 * Appends a copy. 0; -1 where memory is short. The caller has checked that the name is new and that
 * there is room.
 */
int of_names_add(of_names *names, const char *name, size_t length);

/*
 * The index of a name, or `count` where it is not there. The search starts at `hint`: the keys of
 * one source come in the same order line after line, so the first look is nearly always a hit.
 */
size_t of_names_find(const of_names *names, const char *name, size_t length, size_t hint);

#endif
