/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/session.h"

#include <sys/socket.h>

/*
 * shutdown(2) ends any wait for the server, where SQLCancel would wait itself. A driver without a
 * socket has nothing to shut: SQLite's waits for locks are short, and looked at in between (api.c).
 */
void drv_odbc_sever(outfall_connection *connection)
{
    atomic_store(&connection->severed, true);
    pthread_mutex_lock(&connection->guard); /* Held for no wait. */
    if (connection->socket >= 0)
        shutdown(connection->socket, SHUT_RDWR);
    pthread_mutex_unlock(&connection->guard);
}
