/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every text that the driver's oracle dialect can send, for tables of many shapes: each kind of
 * statement, keys of one column, of several and of all, every type, hostile names.
 */
#ifndef STI_ORACLE_TEXTS_H
#define STI_ORACLE_TEXTS_H

#include <stdint.h>

#include <outfall/row.h>

struct oracle_text {
    const char *kind; /* "insert", "merge", "delete", "select", "create", "session", … */
    const char *text;
    const char *schema; /* NULL: none. */
    const char *table;  /* NULL: the text is of no table; what follows is empty. */
    const outfall_column *columns;
    uint32_t column_count;
    const uint32_t *key;
    uint32_t key_count;
    const uint8_t *updated;    /* One a column: 1 where MERGE sets it; NULL: none. */
    const char *const *resets; /* Columns beside, set to their defaults. */
    uint32_t reset_count;
};

/* Calls `each` with every text. Returns how many there were. */
size_t oracle_texts(void (*each)(const struct oracle_text *text, void *context), void *context);

#endif
