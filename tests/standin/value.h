/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters: checked as Oracle and its ODBC driver would, then bound to psqlODBC. */
#ifndef STI_VALUE_H
#define STI_VALUE_H

#include "handle.h"

/*
 * Whether Oracle's ODBC driver takes these types in SQLBindParameter. It knows no 64-bit integers.
 * Source: https://github.com/blue-yonder/turbodbc/issues/142
 */
int sti_value_types_known(SQLSMALLINT c_type, SQLSMALLINT sql_type);

/* Binds parameter `index` of row `row` to psqlODBC. Returns 0, or -1 with `failure` filled. */
int sti_value_forward(struct sti_statement *statement, size_t index, SQLULEN row,
                      const struct sti_column *column, struct sti_failure *failure);

/*
 * Copies a text parameter of a statement that has one row, with its NUL. Returns 0, or -1 where it
 * is no text or has no room.
 */
int sti_value_copy(struct sti_statement *statement, size_t index, char *to, size_t capacity);

/* Gives an output parameter its value. Returns 0, or -1 with `failure` filled: it is none. */
int sti_value_give(struct sti_statement *statement, size_t index, int number,
                   struct sti_failure *failure);

#endif
