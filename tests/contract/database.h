/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test's own way into a database, by its client library and not by the driver: it makes tables,
 * takes locks and reads back what a driver has written.
 */
#ifndef CONTRACT_DATABASE_H
#define CONTRACT_DATABASE_H

#include <stddef.h>
#include <stdint.h>

typedef struct test_database test_database;

/* A query's answer: rows × columns cells of text, row after row; NULL is SQL's NULL. */
typedef struct database_answer {
    size_t rows;
    size_t columns;
    char **cells;
} database_answer;

/* Opens the database behind a driver's URL; NULL where the driver has none. Fails the test. */
test_database *database_open(const char *driver, const char *url);
void database_close(test_database *database);

/* Runs statements; a failure fails the test. */
void database_run(test_database *database, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Answers a query; bytes as "\x00ff", floats with all their digits. */
void database_ask(test_database *database, database_answer *answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void database_answer_free(database_answer *answer);

/* The one integer that a query answers. */
int64_t database_number(test_database *database, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
