/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oracle's errors: their numbers, SQLSTATEs and texts, and which of them a failure of PostgreSQL
 * stands for.
 *
 * Source of numbers and texts: Oracle Database 19c, Database Error Messages,
 * https://docs.oracle.com/en/database/oracle/oracle-database/19/errmg/. The SQLSTATEs of the ODBC
 * driver are not published for most of them: where they are not, HY000.
 */
#ifndef STI_NATIVE_H
#define STI_NATIVE_H

#include "text.h"

/* What Oracle has no error for: something that the stand-in itself refuses, or cannot do. */
#define STI_REFUSED 20999

struct sti_failure {
    int code;         /* Oracle's number; 0: none. */
    char sqlstate[6]; /* Where not the one of `code`. */
    char detail[384]; /* What stands for @ in the error's text. */
};

/* Records a failure; the first one stays. Returns -1. */
__attribute__((format(printf, 3, 4))) int sti_fail(struct sti_failure *failure, int code,
                                                   const char *format, ...);

/* The SQLSTATE of an error. */
const char *sti_native_sqlstate(const struct sti_failure *failure);

/* Adds "[Oracle][ODBC][Ora]ORA-00942: table or view does not exist". */
void sti_native_message(const struct sti_failure *failure, struct sti_text *message);

/* Whether the session is gone after this error. */
int sti_native_ends_session(int code);

/*
 * Oracle's error for one of PostgreSQL, by SQLSTATE and message; `schema` and `table` are those of
 * the statement. What has no counterpart becomes STI_REFUSED with PostgreSQL's words.
 */
void sti_native_translate(struct sti_failure *failure, const char *sqlstate, const char *message,
                          const char *schema, const char *table);

#endif
