/* SPDX-License-Identifier: Apache-2.0 */
/* What database.c needs of a client library. */
#ifndef CONTRACT_DATABASE_BACKEND_H
#define CONTRACT_DATABASE_BACKEND_H

#include "database.h"

typedef struct database_backend {
    /* Connects, or fails the test. */
    void *(*open)(const char *url);
    void (*close)(void *client);
    /* Runs statements; returns NULL, or an error's text to be freed. */
    char *(*run)(void *client, const char *sql);
    /* Fills a zeroed answer; returns as run does. */
    char *(*ask)(void *client, const char *sql, database_answer *answer);
    const char *session; /* SQL that is run first; NULL: none. */
} database_backend;

extern const database_backend sqlite_backend;
extern const database_backend postgresql_backend;
extern const database_backend mariadb_backend;

/* A copy that ends in NUL; never NULL. */
char *database_copy(const char *data, size_t length);

/* Bytes as "\x00ff", to be freed. */
char *database_hex(const uint8_t *data, size_t length);

/* Room for one more row of cells; returns its first. */
char **database_add_row(database_answer *answer);

#endif
