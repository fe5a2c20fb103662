/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle's statements as PostgreSQL takes them. Pure. */
#ifndef STI_FORWARD_H
#define STI_FORWARD_H

#include "columns.h"
#include "text.h"

/*
 * Adds the statement: the same text, but for names that are too long for PostgreSQL and the types
 * of a MERGE's source, which PostgreSQL has to be told.
 */
void sti_forward_text(const char *text, const struct sti_syntax *syntax,
                      const struct sti_columns *columns, struct sti_text *to);

/* Adds CREATE TABLE. */
void sti_forward_create(const struct sti_syntax *syntax, struct sti_text *to);
/* Adds the comment that keeps a column's type and whole name. */
void sti_forward_comment(const struct sti_syntax *syntax, const struct sti_definition *column,
                         struct sti_text *to);
/* Adds the comment that keeps a table's whole name. Returns 0 where none is needed. */
int sti_forward_table_comment(const struct sti_syntax *syntax, struct sti_text *to);

#endif
