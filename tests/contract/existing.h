/* SPDX-License-Identifier: Apache-2.0 */
/* Column types that a table may have already, and values that they have to hold. */
#ifndef CONTRACT_EXISTING_H
#define CONTRACT_EXISTING_H

#include <stddef.h>

#include "database.h"

typedef struct existing_type {
    const char *name;   /* As CREATE TABLE has it. */
    const char *before; /* SQL that makes the type; NULL: it is there. */
    struct {
        const char *literal, *stored; /* stored NULL: it is read back as it is. */
        int refusable;                /* 1: the row may be refused instead. */
    } values[5];
} existing_type;

typedef struct existing_list {
    const existing_type *types;
    size_t count;
} existing_list;

extern const existing_list existing_types[DATABASE_KINDS];

#endif
