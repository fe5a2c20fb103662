/* SPDX-License-Identifier: Apache-2.0 */
/* The table that the sides of a scenario fill, and the database around it. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/error.h>

#include "rows.h"
#include "session.h"

/* The ids of two-phase transactions begin so: their lines leave the ledger with the table. */
#define TABLE_TXN "outfall-bench"

struct table {
    const struct table_kind *kind;
    char url[4096];  /* For outfall_sink_open. */
    char file[4096]; /* Where the database is one. */
    void *part;      /* The kind's own. */
};

/* One per driver and database. `empty` leaves a table without rows, and the database without work
 * of old. */
struct table_kind {
    const char *driver;
    int reopens; /* 1: `empty` makes a new file; whatever is open on it has to be closed first. */
    int (*open)(struct table *table, struct session *session, outfall_error *error);
    int (*empty)(struct table *table, outfall_error *error);
    /* The table holds these rows, by their count and by sums. */
    int (*check)(struct table *table, const struct bench_row *rows, size_t count,
                 outfall_error *error);
    void (*close)(struct table *table);
};

extern const struct table_kind table_null, table_sqlite, table_postgresql, table_mysql;
/* table_odbc.c: they have only `open`, which makes the table one of the kinds above. */
extern const struct table_kind table_odbc_postgresql, table_odbc_mariadb, table_odbc_sqlite;

/* Finds the kind and opens it; table_close is legal after a failure too. */
int table_open(struct table *table, struct session *session, const char *driver,
               outfall_error *error);
void table_close(struct table *table); /* Drops the table. */

/* What a database answers about its table. */
struct table_sums {
    uint64_t count;
    int64_t ids, devices;
};
#define TABLE_SUMS "SELECT count(*), sum(id), sum(device) FROM " ROW_TABLE

/* Compares what a table holds with what it should. */
int table_compare(const struct table_sums *found, const struct bench_row *rows, size_t count,
                  outfall_error *error);

#endif
