/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/session.h"

#include <sys/socket.h>

void drv_my_sever(outfall_connection *connection)
{
    atomic_store(&connection->severed, true);
    pthread_mutex_lock(&connection->guard); /* Held for shutdown and the like: never for a wait. */
    if (connection->socket >= 0)
        shutdown(connection->socket, SHUT_RDWR);
    pthread_mutex_unlock(&connection->guard);
}
