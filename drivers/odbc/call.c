/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/call.h"

#include <signal.h>
#include <time.h>

#include "common/clock.h"
#include "odbc/fault.h"

void drv_odbc_block_pipe(outfall_connection *connection)
{
    sigset_t pipe, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    connection->pipe_blocked =
        pthread_sigmask(SIG_BLOCK, &pipe, &before) == 0 && sigismember(&before, SIGPIPE) == 0;
}

/* One that came meanwhile was the client library's: it is taken and dropped. */
void drv_odbc_unblock_pipe(outfall_connection *connection)
{
    const struct timespec at_once = {0, 0};
    sigset_t pipe;
    if (!connection->pipe_blocked)
        return;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    (void)sigtimedwait(&pipe, NULL, &at_once);
    (void)pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
    connection->pipe_blocked = false;
}

int drv_odbc_enter(outfall_connection *connection, const char *doing, const char *subject,
                   int64_t deadline_us, outfall_error *error)
{
    connection->doing = doing;
    connection->subject = subject;
    connection->deadline_us = deadline_us;
    connection->pipe_blocked = false;
    if (connection->dead || atomic_load(&connection->severed))
        return drv_odbc_fail_lost(connection, "it was lost before", error);
    if (drv_now_us() >= deadline_us)
        return drv_odbc_fail_timeout(connection, error);
    drv_odbc_block_pipe(connection);
    return OUTFALL_OK;
}

int drv_odbc_leave(outfall_connection *connection, int status)
{
    drv_odbc_unblock_pipe(connection);
    connection->subject = NULL; /* It may be freed before the next message. */
    return status;
}
