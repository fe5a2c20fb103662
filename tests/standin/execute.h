/* SPDX-License-Identifier: Apache-2.0 */
/* Runs prepared statements. */
#ifndef STI_EXECUTE_H
#define STI_EXECUTE_H

#include "handle.h"

/* Reads a statement and keeps it. SQL_SUCCESS, or SQL_ERROR with the statement's record. */
SQLRETURN sti_prepare(struct sti_statement *statement, const char *text);
/* Finds the columns of a prepared statement's table. 0, or -1 with `failure` filled. */
int sti_describe(struct sti_statement *statement, struct sti_failure *failure);
SQLRETURN sti_execute(struct sti_statement *statement);

/* Ends the connection's transaction. */
SQLRETURN sti_end(struct sti_connection *connection, int commit);

/* Ends PostgreSQL's transaction. Returns 0, or -1 with `failure` filled. */
int sti_end_backend(struct sti_connection *connection, int commit, struct sti_failure *failure);

#endif
