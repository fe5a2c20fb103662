/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fail.h"
#include "postgresql/connect.h"
#include "postgresql/fault.h"
#include "postgresql/wait.h"

#define COPY_ROWS_MIN_DEFAULT 1500

/*
 * After a network failure the server goes on holding the session's locks until its own TCP gives
 * up, by default after two hours, and the replayed rows would wait for them. A server that was
 * given a value is left alone.
 */
static const char keepalive_sql[] =
    "SELECT pg_catalog.set_config('tcp_keepalives_idle', '30', false),"
    " pg_catalog.set_config('tcp_keepalives_interval', '10', false),"
    " pg_catalog.set_config('tcp_keepalives_count', '3', false)"
    " FROM pg_catalog.pg_settings WHERE name = 'tcp_keepalives_idle' AND source = 'default'";

static uint64_t copy_rows_min_of(const outfall_connect_options *options)
{
    for (uint32_t i = 0; i < options->option_count; i++)
        if (strcmp(options->options[i].key, "postgresql.copy.rows.min") == 0)
            return strtoull(options->options[i].value, NULL, 10);
    return COPY_ROWS_MIN_DEFAULT;
}

static int set_keepalives(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    if (getpeername(connection->socket, (struct sockaddr *)&peer, &length) != 0 ||
        (peer.ss_family != AF_INET && peer.ss_family != AF_INET6))
        return OUTFALL_OK;
    int status = drv_pg_query(connection, keepalive_sql, deadline_us, NULL, error);
    return connection->dead ? status : OUTFALL_OK; /* A server without them refuses: no matter. */
}

int drv_pg_connect(const outfall_connect_options *options, int64_t deadline_us,
                   outfall_connection **out, outfall_error *error)
{
    *out = NULL;
    outfall_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return drv_fail_nomem(error);
    connection->socket = -1;
    connection->doing = "connecting to PostgreSQL";
    connection->copy_rows_min = copy_rows_min_of(options);
    atomic_init(&connection->severed, false);
    pthread_mutex_init(&connection->guard, NULL);
    int status = drv_pg_connect_open(options, deadline_us, &connection->pg, error);
    if (status == OUTFALL_OK) {
        connection->socket = fcntl(PQsocket(connection->pg), F_DUPFD_CLOEXEC, 0);
        if (connection->socket < 0)
            status = outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                                       "connecting to PostgreSQL: %s; close files, or raise the "
                                       "limit on open files",
                                       strerror(errno));
    }
    if (status == OUTFALL_OK)
        status = set_keepalives(connection, deadline_us, error);
    if (status == OUTFALL_OK) {
        *out = connection;
        connection = NULL; /* The caller owns it now. */
    }
    drv_pg_disconnect(connection);
    return status;
}

void drv_pg_disconnect(outfall_connection *connection)
{
    if (connection == NULL)
        return;
    pthread_mutex_lock(&connection->guard);
    int descriptor = connection->socket;
    connection->socket = -1;
    pthread_mutex_unlock(&connection->guard);
    /*
     * PQfinish says goodbye and returns: on a non-blocking connection it does not wait for room.
     * The server rolls back what is open. A dead one is shut down first, so nothing is sent.
     */
    if (descriptor >= 0 && connection->dead)
        shutdown(descriptor, SHUT_RDWR);
    PQfinish(connection->pg);
    if (descriptor >= 0)
        close(descriptor);
    pthread_mutex_destroy(&connection->guard);
    drv_pg_arrays_free(&connection->arrays);
    drv_text_free(&connection->sql);
    free(connection);
}

int drv_pg_start(outfall_connection *connection, const char *doing, const char *subject,
                 outfall_error *error)
{
    connection->doing = doing;
    connection->subject = subject;
    if (connection->dead || PQstatus(connection->pg) == CONNECTION_BAD)
        return drv_pg_fail_lost(connection, error);
    return OUTFALL_OK;
}

int drv_pg_looks_open(outfall_connection *connection)
{
    return !connection->dead && !atomic_load(&connection->severed) && drv_pg_is_open(connection);
}

int drv_pg_ping(outfall_connection *connection, char *description, size_t capacity,
                int64_t deadline_us, outfall_error *error)
{
    int status = drv_pg_start(connection, "asking PostgreSQL for an answer", NULL, error);
    if (status == OUTFALL_OK && !drv_pg_is_open(connection))
        status = drv_pg_fail_lost(connection, error);
    if (status == OUTFALL_OK)
        status = drv_pg_query(connection, "", deadline_us, NULL, error);
    if (status == OUTFALL_OK && description != NULL && capacity > 0) {
        const char *version = PQparameterStatus(connection->pg, "server_version");
        size_t length = version != NULL ? strcspn(version, " ") : 0;
        snprintf(description, capacity, "PostgreSQL %.*s", (int)length,
                 version != NULL ? version : "");
    }
    return status;
}
