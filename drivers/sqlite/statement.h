/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that write a target's rows, or delete them by their key. */
#ifndef LITE_STATEMENT_H
#define LITE_STATEMENT_H

#include <outfall/driver.h>

#include "common/key.h"
#include "common/text.h"
#include "sqlite/table.h"

/*
 * INSERT … SELECT from the rows of `columns`, with what the mode does about a key that exists.
 * `key` is of drv_key_resolve for the same columns; `index` is the key's, NULL in mode insert.
 * Returns how many columns it updates where the key exists.
 */
uint32_t lite_statement_write(const lite_table *table, const outfall_column *columns,
                              uint32_t column_count, uint32_t mode, const drv_key *key,
                              const lite_index *index, drv_text *sql);

/* DELETE of the row that has the key of the row that lite_rows is at. */
void lite_statement_remove(const lite_table *table, const outfall_column *columns,
                           const drv_key *key, const lite_index *index, drv_text *sql);

#endif
