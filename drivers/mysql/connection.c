/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fail.h"
#include "mysql/connect.h"
#include "mysql/fault.h"
#include "mysql/query.h"
#include "mysql/statement.h"
#include "mysql/wait.h"

int drv_my_connect(const outfall_connect_options *options, int64_t deadline_us,
                   outfall_connection **out, outfall_error *error)
{
    *out = NULL;
    outfall_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return drv_fail_nomem(error);
    connection->socket = -1;
    connection->doing = "connecting to MySQL";
    atomic_init(&connection->severed, false);
    pthread_mutex_init(&connection->guard, NULL);
    connection->connecting = true;
    int status = drv_my_connect_open(connection, options, deadline_us, error);
    connection->connecting = false;
    if (status == OUTFALL_OK) {
        *out = connection;
        connection = NULL; /* The caller owns it now. */
    }
    drv_my_disconnect(connection);
    return status;
}

/*
 * Closing says goodbye where there is room for it, and waits for nothing: the deadline has passed
 * before it begins. The server rolls back what is open.
 */
void drv_my_disconnect(outfall_connection *connection)
{
    drv_my_wait wait;
    if (connection == NULL)
        return;
    pthread_mutex_lock(&connection->guard);
    int descriptor = connection->socket;
    connection->socket = -1;
    pthread_mutex_unlock(&connection->guard);
    if (descriptor >= 0 && connection->dead)
        shutdown(descriptor, SHUT_RDWR);
    drv_my_wait_begin(&wait, 0, true);
    if (connection->my != NULL)
        mysql_close(connection->my); /* First: its statements are then only memory. */
    drv_my_statements_free(connection);
    drv_my_wait_end(&wait);
    if (descriptor >= 0)
        close(descriptor);
    pthread_mutex_destroy(&connection->guard);
    drv_my_slots_free(&connection->slots);
    drv_text_free(&connection->sql);
    free(connection->settled);
    drv_text_free(&connection->head);
    drv_text_free(&connection->file);
    free(connection);
}

int drv_my_looks_open(outfall_connection *connection)
{
    return !connection->dead && !atomic_load(&connection->severed) &&
           !drv_my_wait_is_over(connection->socket);
}

int drv_my_ping(outfall_connection *connection, char *description, size_t capacity,
                int64_t deadline_us, outfall_error *error)
{
    int status = drv_my_start(connection, "asking MySQL for an answer", NULL, deadline_us, error);
    if (status == OUTFALL_OK && drv_my_wait_is_over(connection->socket))
        status = drv_my_fail_lost(connection, "the server closed it", error);
    if (status == OUTFALL_OK)
        status = drv_my_ask_alive(connection, deadline_us, error);
    if (status == OUTFALL_OK && description != NULL && capacity > 0) {
        unsigned long version = connection->version;
        snprintf(description, capacity, "%s %lu.%lu.%lu", connection->mariadb ? "MariaDB" : "MySQL",
                 version / 10000, version / 100 % 100, version % 100);
    }
    return status;
}
