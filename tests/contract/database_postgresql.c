/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "database_backend.h"

#include <string.h>

#include <libpq-fe.h>

/* A test that waits for a lock which nobody will release fails, and does not hang. */
static const char session[] = "SET timezone = 'UTC'; SET datestyle = 'ISO'; "
                              "SET client_min_messages = error; SET lock_timeout = '20s'";

static char *run_postgresql(void *client, const char *sql)
{
    PGresult *result = PQexec(client, sql);
    ExecStatusType status = PQresultStatus(result);
    char *error = NULL;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        error = strdup(PQerrorMessage(client));
    PQclear(result);
    return error;
}

static void *open_postgresql(const char *url)
{
    PGconn *connection = PQconnectdb(url);
    if (PQstatus(connection) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(connection));
    return connection;
}

static void close_postgresql(void *client)
{
    PQfinish(client);
}

static char *ask_postgresql(void *client, const char *sql, database_answer *answer)
{
    PGresult *result = PQexec(client, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        PQclear(result);
        return strdup(PQerrorMessage(client));
    }
    answer->columns = (size_t)PQnfields(result);
    for (int row = 0; row < PQntuples(result); row++) {
        char **cells = database_add_row(answer);
        for (int i = 0; i < PQnfields(result); i++)
            cells[i] = PQgetisnull(result, row, i)
                           ? NULL
                           : database_copy(PQgetvalue(result, row, i),
                                           (size_t)PQgetlength(result, row, i));
    }
    PQclear(result);
    return NULL;
}

const database_backend postgresql_backend = {open_postgresql, close_postgresql, run_postgresql,
                                             ask_postgresql, session};
