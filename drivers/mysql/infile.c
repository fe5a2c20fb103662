/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/infile.h"

#include <stdio.h>
#include <string.h>

#define REJECTED 2068 /* CR_LOAD_DATA_LOCAL_INFILE_REJECTED, of MySQL's header only. */

static int open_file(void **context, const char *name, void *user_data)
{
    outfall_connection *connection = user_data;
    drv_my_infile *file = &connection->infile;
    *context = connection; /* Also for the error that follows a refusal. */
    if (file->name == NULL || name == NULL || strcmp(file->name, name) != 0)
        return 1;
    file->sent = 0;
    return 0;
}

static int read_file(void *context, char *buffer, unsigned capacity)
{
    drv_my_infile *file = &((outfall_connection *)context)->infile;
    if (file->name == NULL)
        return -1;
    size_t left = file->length - file->sent;
    size_t length = left < capacity ? left : capacity;
    memcpy(buffer, file->data + file->sent, length);
    file->sent += length;
    return (int)length;
}

static void close_file(void *context)
{
    (void)context;
}

static int explain(void *context, char *message, unsigned capacity)
{
    (void)context;
    snprintf(message, capacity, "the server asked for a file of this machine; it was given none");
    return REJECTED;
}

void drv_my_infile_guard(outfall_connection *connection)
{
    mysql_set_local_infile_handler(connection->my, open_file, read_file, close_file, explain,
                                   connection);
}

void drv_my_infile_arm(outfall_connection *connection, const char *name, const char *data,
                       size_t length)
{
    connection->infile = (drv_my_infile){.name = name, .data = data, .length = length};
}

void drv_my_infile_disarm(outfall_connection *connection)
{
    connection->infile = (drv_my_infile){0};
}
