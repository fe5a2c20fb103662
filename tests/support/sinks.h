/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sinks on a SQLite file of the test's own, for tests of the library from its public side. Every
 * failure fails the test.
 */
#ifndef OUTFALL_TEST_SINKS_H
#define OUTFALL_TEST_SINKS_H

#include <stdint.h>

#include <outfall/outfall.h>
#include <sqlite3.h>

#define SINK_COLUMNS "id int64 primary key, name text not null"

extern char sink_url[160];

/* Group set-up and tear-down: a directory with the file in it. */
int sinks_make_directory(void **state);
int sinks_remove_directory(void **state);

/* Opens a sink on a table of SINK_COLUMNS with options "key", "value", … NULL. */
outfall_sink *open_sink(const char *table, const char *const *options);
outfall_writer *open_writer(outfall_sink *sink, const char *name);

/* One row, with its id as its source offset. */
int put_row(outfall_writer *writer, int64_t id, const char *name, outfall_error *error);
void put_rows(outfall_writer *writer, int64_t first, int64_t count);

/* The first column of the first row, by SQLite itself. */
int64_t query(const char *sql);
/* Statements that answer nothing. */
void run_sql(const char *sql);
outfall_stats stats_of(outfall_sink *sink);

/* A connection that keeps everybody from writing: the database is stalled until it is let go. */
sqlite3 *stall(void);
void let_go(sqlite3 *database);

#endif
