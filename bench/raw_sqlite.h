/* SPDX-License-Identifier: Apache-2.0 */
/* What a careful author writes against SQLite without Outfall: the yardstick. */
#ifndef BENCH_RAW_SQLITE_H
#define BENCH_RAW_SQLITE_H

#include <stddef.h>

#include <outfall/error.h>
#include <sqlite3.h>

#include "rows.h"

struct raw_sqlite {
    sqlite3 *db;
    sqlite3_stmt *insert, *insert_one; /* RAW_SQLITE_ROWS rows, and one. */
    char *timestamps;                  /* One statement's. */
    struct row_date date;
    size_t batch_rows;
};

/* Opens `path` with WAL and synchronous=FULL and prepares. The table has to exist. */
int raw_sqlite_open(struct raw_sqlite *raw, const char *path, size_t batch_rows,
                    outfall_error *error);
void raw_sqlite_close(struct raw_sqlite *raw);

/* For each batch one transaction of multi-row inserts. */
int raw_sqlite_insert(struct raw_sqlite *raw, const struct bench_row *rows, size_t count,
                      outfall_error *error);

/* Runs statements without results. */
int raw_sqlite_command(sqlite3 *db, const char *sql, outfall_error *error);

#endif
