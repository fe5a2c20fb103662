/* SPDX-License-Identifier: Apache-2.0 */
/* The names of types. */
#ifndef OF_ROW_TYPE_H
#define OF_ROW_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include <outfall/row.h>

/* What a name stands for: its type, and the flags that the name itself implies (jsonb, char). */
typedef struct of_type_name {
    const char *name; /* Lower case, single blanks. */
    int type;
    uint32_t flags;
} of_type_name;

/* Finds a name in any case and with any blanks between its words; NULL where it is not known. */
const of_type_name *of_type_find(const char *name, size_t length);

/*
 * Writes a column's type for messages: the database's own name where it is known, else outfall's
 * with its arguments, such as "decimal(10,2)". Cut to fit; always NUL-terminated.
 */
void of_type_text(const outfall_column *column, char *out, size_t capacity);

#endif
