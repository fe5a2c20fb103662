/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket of an ODBC connection: the driver does not tell it, so the process's sockets are
 * compared before and after it connects.
 */
#ifndef DRV_ODBC_SOCKET_H
#define DRV_ODBC_SOCKET_H

#include <stddef.h>

#include <sys/types.h>

typedef struct drv_odbc_socket {
    int descriptor;
    ino_t inode;
} drv_odbc_socket;

typedef struct drv_odbc_sockets {
    drv_odbc_socket *all;
    size_t count;
    size_t capacity;
} drv_odbc_sockets;

/* Lists the process's connected stream sockets. 0 where memory or descriptors could not be had. */
int drv_odbc_sockets_list(drv_odbc_sockets *out);
void drv_odbc_sockets_free(drv_odbc_sockets *sockets);

/* How many are in `after` and not in `before`; one of them in *descriptor, else -1. */
size_t drv_odbc_sockets_new(const drv_odbc_sockets *before, const drv_odbc_sockets *after,
                            int *descriptor);

#endif
