/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/socket.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Its inode, or 0 where the descriptor is not a connected stream socket. */
static ino_t inode_of(int descriptor)
{
    struct stat found;
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t peer_length = sizeof peer;
    int type = 0;
    socklen_t type_length = sizeof type;
    if (fstat(descriptor, &found) != 0 || !S_ISSOCK(found.st_mode) ||
        getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_length) != 0 ||
        type != SOCK_STREAM)
        return 0;
    if (getpeername(descriptor, (struct sockaddr *)&peer, &peer_length) != 0)
        return 0;
    return peer.ss_family == AF_INET || peer.ss_family == AF_INET6 || peer.ss_family == AF_UNIX
               ? found.st_ino
               : 0;
}

static int add(drv_odbc_sockets *to, int descriptor, ino_t inode)
{
    if (to->count == to->capacity) {
        size_t capacity = to->capacity > 0 ? 2 * to->capacity : 64;
        drv_odbc_socket *all = realloc(to->all, capacity * sizeof *all);
        if (all == NULL)
            return 0;
        to->all = all;
        to->capacity = capacity;
    }
    to->all[to->count++] = (drv_odbc_socket){descriptor, inode};
    return 1;
}

int drv_odbc_sockets_list(drv_odbc_sockets *out)
{
    int listed = 1;
    memset(out, 0, sizeof *out);
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return 0;
    for (const struct dirent *entry; listed && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        int descriptor = (int)strtol(entry->d_name, NULL, 10);
        ino_t inode = inode_of(descriptor);
        if (inode != 0)
            listed = add(out, descriptor, inode);
    }
    closedir(directory);
    return listed;
}

void drv_odbc_sockets_free(drv_odbc_sockets *sockets)
{
    free(sockets->all);
    memset(sockets, 0, sizeof *sockets);
}

size_t drv_odbc_sockets_new(const drv_odbc_sockets *before, const drv_odbc_sockets *after,
                            int *descriptor)
{
    size_t found = 0;
    *descriptor = -1;
    for (size_t i = 0; i < after->count; i++) {
        size_t j = 0;
        while (j < before->count && before->all[j].inode != after->all[i].inode)
            j++;
        size_t k = 0; /* A duplicate is no other socket. */
        while (k < i && after->all[k].inode != after->all[i].inode)
            k++;
        if (j < before->count || k < i)
            continue;
        *descriptor = after->all[i].descriptor;
        found++;
    }
    return found;
}
