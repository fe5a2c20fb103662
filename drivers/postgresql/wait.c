/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/wait.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "postgresql/fault.h"

#define POLL_MS_MAX 60000
#define READS_MAX 8 /* Of what came unasked: notices, and at last a goodbye. */

int drv_pg_poll(int descriptor, short events, int64_t deadline_us)
{
    struct pollfd wanted = {.fd = descriptor, .events = events};
    for (;;) {
        int64_t left_ms = (deadline_us - drv_now_us() + 999) / 1000;
        if (left_ms <= 0)
            return 0;
        int ready = poll(&wanted, 1, left_ms < POLL_MS_MAX ? (int)left_ms : POLL_MS_MAX);
        if (ready > 0)
            return wanted.revents;
        if (ready < 0 && errno != EINTR)
            return -1;
    }
}

/*
 * Waits; reads where there is something. OUTFALL_ERR_IO, `error` untouched: nothing more can come.
 * libpq may fail for want of memory with the socket still open, and would then wait for ever in
 * PQgetResult: so the socket is shut down in any case.
 */
static int wait_and_read(outfall_connection *connection, short events, int64_t deadline_us,
                         outfall_error *error)
{
    int descriptor = PQsocket(connection->pg);
    if (descriptor < 0)
        return OUTFALL_ERR_IO;
    int ready = drv_pg_poll(descriptor, events, deadline_us);
    if (ready == 0)
        return drv_pg_fail_timeout(connection, error);
    if (ready > 0 && ((ready & ~POLLOUT) == 0 || PQconsumeInput(connection->pg)))
        return OUTFALL_OK;
    shutdown(connection->socket, SHUT_RDWR);
    return OUTFALL_ERR_IO;
}

int drv_pg_flush(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = OUTFALL_OK;
    while (status == OUTFALL_OK && PQflush(connection->pg) > 0)
        status = wait_and_read(connection, POLLIN | POLLOUT, deadline_us, error);
    return status == OUTFALL_ERR_IO ? OUTFALL_OK : status;
}

int drv_pg_result(outfall_connection *connection, int64_t deadline_us, PGresult **out,
                  outfall_error *error)
{
    *out = NULL;
    int status = drv_pg_flush(connection, deadline_us, error);
    while (status == OUTFALL_OK && PQisBusy(connection->pg))
        status = wait_and_read(connection, POLLIN, deadline_us, error);
    if (status == OUTFALL_ERR_TIMEOUT)
        return status;
    /* Also after a break: libpq then gives the server's last words, or an error of its own. */
    *out = PQgetResult(connection->pg);
    return OUTFALL_OK;
}

bool drv_pg_is_open(outfall_connection *connection)
{
    for (int reads = 0; reads < READS_MAX; reads++) {
        struct pollfd wanted = {.fd = PQsocket(connection->pg), .events = POLLIN};
        if (wanted.fd < 0)
            return false;
        if (poll(&wanted, 1, 0) == 0)
            return true;
        if (!PQconsumeInput(connection->pg))
            return false;
    }
    return true;
}

int drv_pg_drain(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    for (;;) {
        PGresult *result = NULL;
        int status = drv_pg_result(connection, deadline_us, &result, error);
        if (status != OUTFALL_OK)
            return status;
        if (result == NULL)
            return OUTFALL_OK;
        PQclear(result);
        if (PQstatus(connection->pg) == CONNECTION_BAD)
            return drv_pg_fail_lost(connection, error);
    }
}

int drv_pg_query(outfall_connection *connection, const char *sql, int64_t deadline_us,
                 PGresult **out, outfall_error *error)
{
    if (out != NULL)
        *out = NULL;
    if (!PQsendQuery(connection->pg, sql))
        return drv_pg_fail_lost(connection, error);
    int status = OUTFALL_OK;
    PGresult *last = NULL;
    for (;;) {
        PGresult *result = NULL;
        int waited = drv_pg_result(connection, deadline_us, &result, error);
        if (waited != OUTFALL_OK) {
            status = waited;
            break;
        }
        if (result == NULL)
            break;
        if (status == OUTFALL_OK && !drv_pg_result_ok(result))
            status = drv_pg_fail_result(connection, result, error);
        PQclear(last);
        last = result;
        if (PQstatus(connection->pg) == CONNECTION_BAD)
            break;
    }
    if (status == OUTFALL_OK && last == NULL)
        status = drv_pg_fail_lost(connection, error);
    if (status == OUTFALL_OK && out != NULL) {
        *out = last;
        last = NULL;
    }
    PQclear(last);
    return status;
}
