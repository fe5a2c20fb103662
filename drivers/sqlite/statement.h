/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that write a target's rows, or delete them by their key. */
#ifndef LITE_STATEMENT_H
#define LITE_STATEMENT_H

#include <outfall/driver.h>

#include "common/key.h"
#include "common/text.h"
#include "sqlite/table.h"

/* Of what the statements are made. */
typedef struct lite_parts {
    const lite_table *table;
    const outfall_column *columns; /* Of the rows. */
    uint32_t column_count;
    uint32_t mode;           /* enum outfall_write_mode */
    const drv_key *key;      /* Of drv_key_resolve for the same columns. */
    const lite_index *index; /* The key's; NULL in mode insert. */
} lite_parts;

/*
 * INSERT … SELECT of a whole batch, with what the mode does about a key that exists. Returns how
 * many columns it then updates.
 */
uint32_t lite_statement_all(const lite_parts *of, drv_text *sql);

/* The same for the one row that lite_rows is at. */
void lite_statement_each(const lite_parts *of, drv_text *sql);

/* DELETE of the row that has the key of the row that lite_rows is at. */
void lite_statement_remove(const lite_parts *of, drv_text *sql);

#endif
