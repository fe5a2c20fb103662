/* SPDX-License-Identifier: Apache-2.0 */
/* Between the UTF-16 of ODBC's wide functions and UTF-8. */
#ifndef STI_WIDE_H
#define STI_WIDE_H

#include <sql.h>
#include <sqlext.h>

#include "text.h"

/* Adds a text of `units`, or SQL_NTS. Half a surrogate becomes U+FFFD. */
void sti_wide_add(struct sti_text *to, const SQLWCHAR *text, SQLLEN units);

/* The text as a string that is to be freed; NULL stays NULL. */
char *sti_wide_copy(const SQLWCHAR *text, SQLLEN units);

/*
 * Gives UTF-8 to a caller of ODBC, cut to `capacity` units with the NUL. Returns the units that
 * there are; *code becomes SQL_SUCCESS_WITH_INFO where it was cut.
 */
SQLLEN sti_wide_give(const char *text, SQLWCHAR *value, SQLLEN capacity, SQLRETURN *code);

#endif
