/* SPDX-License-Identifier: Apache-2.0 */
/* Every exchange with the server but a session's first: each ends at its deadline. */
#ifndef DRV_MY_QUERY_H
#define DRV_MY_QUERY_H

#include <stdint.h>

#include "mysql/session.h"

/*
 * Starts a call: notes what is being done, for messages; OUTFALL_ERR_IO where the session is over
 * already, OUTFALL_ERR_TIMEOUT where the deadline has passed.
 */
int drv_my_start(outfall_connection *connection, const char *doing, const char *subject,
                 int64_t deadline_us, outfall_error *error);

/* Runs one statement. `out` (may be NULL) receives its rows, the caller's to free. */
int drv_my_query(outfall_connection *connection, const char *sql, int64_t deadline_us,
                 MYSQL_RES **out, outfall_error *error);

/* Prepares a statement; on failure *out is NULL. */
int drv_my_prepare(outfall_connection *connection, const char *sql, int64_t deadline_us,
                   MYSQL_STMT **out, outfall_error *error);

/* Executes one; rows that it answers are dropped, but for how they are made up. */
int drv_my_execute(outfall_connection *connection, MYSQL_STMT *statement, int64_t deadline_us,
                   outfall_error *error);

/*
 * Executes two in one trip: the second is sent before the first has answered. Returns what became
 * of the first; *second_status and *second_error (not NULL) tell of the second, which ends as the
 * first where that broke the connection. Only where drv_my_client_pipelines, and of packets that
 * the socket takes at once: the server does not read on while its answer is not taken.
 *
 * Where connection->head is not empty it goes ahead of both, and the transaction is open with it:
 * an error of its is the first's.
 */
int drv_my_execute_both(outfall_connection *connection, MYSQL_STMT *first, MYSQL_STMT *second,
                        int64_t deadline_us, int *second_status, outfall_error *second_error,
                        outfall_error *error);

int drv_my_ask_alive(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

/* Frees a statement; the server hears of it, but nothing waits. NULL is legal. */
void drv_my_close(outfall_connection *connection, MYSQL_STMT *statement);

#endif
