/* SPDX-License-Identifier: Apache-2.0 */
/* What a careful author writes against SQLite without Outfall: the yardstick. */
#ifndef BENCH_RAW_SQLITE_H
#define BENCH_RAW_SQLITE_H

#include <outfall/error.h>
#include <sqlite3.h>

#include "raw.h"

/* Prepared statements of 100 rows or of one, with WAL and synchronous=FULL. */
extern const struct raw_client raw_sqlite_insert, raw_sqlite_upsert;

/* Runs statements without results. */
int raw_sqlite_command(sqlite3 *db, const char *sql, outfall_error *error);

#endif
