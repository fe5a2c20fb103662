/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "odbc/branch.h"
#include "odbc/call.h"
#include "odbc/fault.h"
#include "odbc/plan.h"
#include "odbc/query.h"

/*
 * The driver says goodbye but must not wait for an answer: the socket is shut for reading, so that
 * the rollback which ODBC asks for first comes back at once. On a dead one nothing is sent at all.
 */
static void close_session(outfall_connection *connection)
{
    /* Within a named transaction ODBC can end nothing: without its session it is rolled back. */
    bool dead = connection->dead || atomic_load(&connection->severed) ||
                (connection->named && connection->socket >= 0);
    if (connection->socket >= 0)
        shutdown(connection->socket, dead ? SHUT_RDWR : SHUT_RD);
    else if (connection->in_transaction && !dead && connection->dialect != NULL &&
             connection->dialect->rollback != NULL)
        (void)drv_odbc_run(connection, connection->dialect->rollback, NULL);
    else if (connection->named && !dead)
        (void)drv_odbc_branch_undo(connection, NULL);
    drv_odbc_plans_free(connection);
    (void)SQLEndTran(SQL_HANDLE_DBC, connection->dbc, SQL_ROLLBACK);
    (void)SQLDisconnect(connection->dbc);
}

void drv_odbc_disconnect(outfall_connection *connection)
{
    if (connection == NULL)
        return;
    connection->deadline_us = INT64_MAX;
    drv_odbc_block_pipe(connection); /* The server may be gone, and TLS says goodbye. */
    if (connection->connected)
        close_session(connection);
    if (connection->dbc != SQL_NULL_HDBC)
        SQLFreeHandle(SQL_HANDLE_DBC, connection->dbc);
    if (connection->env != SQL_NULL_HENV)
        SQLFreeHandle(SQL_HANDLE_ENV, connection->env);
    if (connection->socket >= 0)
        close(connection->socket);
    drv_odbc_unblock_pipe(connection);
    pthread_mutex_destroy(&connection->guard);
    drv_odbc_wide_free(&connection->text);
    free(connection);
}

/* The ODBC driver itself is not asked: some go to the server for their answer. */
int drv_odbc_looks_open(outfall_connection *connection)
{
    return !connection->dead && !atomic_load(&connection->severed) &&
           !drv_odbc_is_closed(connection);
}

int drv_odbc_ping(outfall_connection *connection, char *description, size_t capacity,
                  int64_t deadline_us, outfall_error *error)
{
    drv_odbc_answer answer = {0};
    int status = drv_odbc_enter(connection, "asking for an answer", NULL, deadline_us, error);
    if (status == OUTFALL_OK && drv_odbc_is_lost(connection))
        status = drv_odbc_fail_lost(connection, "the server closed it", error);
    if (status == OUTFALL_OK && connection->dialect->queries.ping != NULL)
        status = drv_odbc_query(connection, connection->dialect->queries.ping, NULL, NULL, &answer,
                                error);
    else if (status == OUTFALL_OK)
        status =
            drv_odbc_catalog_function(connection, DRV_ODBC_TYPE_INFO, NULL, NULL, &answer, error);
    drv_odbc_answer_free(&answer);
    /* The question has begun a transaction, which must not stay open. */
    if (status == OUTFALL_OK && !connection->in_transaction &&
        connection->dialect->rollback == NULL &&
        !SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, connection->dbc, SQL_ROLLBACK)))
        status = drv_odbc_fail(connection, SQL_HANDLE_DBC, connection->dbc, error);
    if (status == OUTFALL_OK && description != NULL && capacity > 0)
        snprintf(description, capacity, "%s", connection->server);
    return drv_odbc_leave(connection, status);
}
