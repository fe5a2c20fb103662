/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test's own way into a database, by its native client library and never by the driver that is
 * tested: it makes tables, takes locks and reads back what a driver has written.
 *
 * SQL is written in what all of them take. Sessions are set so that "a" is a name, 'a' a string
 * without escapes and || joins strings, on MariaDB too.
 */
#ifndef CONTRACT_DATABASE_H
#define CONTRACT_DATABASE_H

#include <stddef.h>
#include <stdint.h>

enum database_kind {
    DATABASE_NONE,
    DATABASE_SQLITE,
    DATABASE_POSTGRESQL,
    DATABASE_MARIADB,
    DATABASE_ORACLE, /* The stand-in: what it keeps lies in a PostgreSQL server. */
    DATABASE_KINDS
};

typedef struct test_database test_database;

/* A query's answer: rows × columns cells of text, row after row; NULL is SQL's NULL. */
typedef struct database_answer {
    size_t rows;
    size_t columns;
    char **cells;
} database_answer;

/* Opens a database by its native URL; NULL for DATABASE_NONE. Fails the test. */
test_database *database_open(enum database_kind kind, const char *url);
void database_close(test_database *database);

/* Runs statements; a failure fails the test. */
void database_run(test_database *database, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs statements whose failure is of no matter: they clean up, or lose on purpose. */
void database_try(test_database *database, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Answers a query. Bytes come as "\x00ff", floats with all their digits, times without the zeros
 * at the end of a fraction.
 */
void database_ask(test_database *database, database_answer *answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void database_answer_free(database_answer *answer);

/* The one integer that a query answers. */
int64_t database_number(test_database *database, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The one cell that a query answers, to be freed; NULL is SQL's NULL. */
char *database_text(test_database *database, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
