/* SPDX-License-Identifier: Apache-2.0 */
/* A session with the stand-in by way of unixODBC, for its tests. Failures end the test. */
#ifndef STI_CLIENT_H
#define STI_CLIENT_H

#include <sql.h>
#include <sqlext.h>

struct client {
    SQLHENV environment;
    SQLHDBC connection;
    SQLHSTMT statement;
};

/* The last error that was asked for. */
extern char client_message[2200], client_state[16];

/* UTF-16 for the next call; one text at a time. */
SQLWCHAR *client_wide(const char *text);

/* Oracle's number for the error of the statement, or of the connection; -1: there is none. */
int client_error(struct client *client);
int client_connection_error(struct client *client);

/* Connects with OUTFALL_TEST_ODBC_ORACLE_TCP_URL and more keywords. May fail. */
SQLRETURN client_connect(struct client *client, const char *more);
void client_open(struct client *client, const char *more);
void client_close(struct client *client);

/* Oracle's number for a statement; 0: it succeeded. */
int client_run(struct client *client, const char *text);
/* Of two parameters: a number as text, and a text. */
int client_run_with(struct client *client, const char *text, const char *one, const char *two);
void client_must(struct client *client, const char *text);
void client_commit(struct client *client);
SQLLEN client_affected(struct client *client);

/* How many rows have this. What is open is rolled back. */
SQLLEN client_rows_with(struct client *client, const char *table, const char *column,
                        const char *value);

/* A cell of the row that was fetched, as text; "NULL". */
const char *client_cell(struct client *client, SQLUSMALLINT column);

#endif
