/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements on tables that the library names without quotes, outfall_…, read strictly:
 *
 *   CREATE TABLE t (c type [NOT NULL], …, PRIMARY KEY (c, …))
 *   INSERT INTO t (c, …) VALUES (value, …)
 *   UPDATE t SET c = value | c + literal, … WHERE condition
 *   DELETE FROM t WHERE condition
 *   SELECT c, … FROM t WHERE condition
 *
 * condition: c = literal AND …, also with <, also 1 = 0, or c = (SELECT max(c) FROM t WHERE
 * condition). literal: a number or HEXTORAW('…'). value: a literal, a text, or CASE WHEN c =
 * literal OR c IS NULL THEN value ELSE c END. '' is NULL. A reserved word is no name. Oracle keeps
 * such names in capitals, PostgreSQL does not; as nobody quotes them, both find them.
 */
#ifndef STI_LEDGER_H
#define STI_LEDGER_H

#include <stddef.h>

struct sti_reader;

/* Whether a text is of such a table. */
int sti_ledger_is(const char *text, size_t identifier_max);

/* Reads all of it. Returns 0, or -1 with the reader's failure filled. */
int sti_ledger_read(struct sti_reader *reader);

#endif
