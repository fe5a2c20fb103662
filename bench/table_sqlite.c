/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "raw_sqlite.h"
#include "table.h"

static void remove_files(const struct table *table)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char path[sizeof table->file + 16];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(path, sizeof path, "%s%s", table->file, endings[i]);
        unlink(path);
    }
}

/* A new file each time: a file that has grown is faster to fill than one that grows. */
static int sqlite_empty(struct table *table, outfall_error *error)
{
    sqlite3 *db = NULL;
    int status;
    remove_files(table);
    if (sqlite3_open(table->file, &db) != SQLITE_OK)
        status = outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP, "cannot make %s: %s",
                                   table->file, db == NULL ? "" : sqlite3_errmsg(db));
    else
        status = raw_sqlite_command(db,
                                    "PRAGMA journal_mode=wal; CREATE TABLE " ROW_TABLE
                                    " (id BIGINT PRIMARY KEY, ts TIMESTAMP, device INT, "
                                    "metric DOUBLE, note VARCHAR(64))",
                                    error);
    sqlite3_close(db);
    return status;
}

static int sqlite_open(struct table *table, struct session *session, outfall_error *error)
{
    snprintf(table->file, sizeof table->file, "%s/bench.db", session->scratch);
    snprintf(table->url, sizeof table->url, "sqlite:%s/bench.db", session->scratch);
    return sqlite_empty(table, error);
}

static int sqlite_check(struct table *table, const struct bench_row *rows, size_t count,
                        outfall_error *error)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *query = NULL;
    int status;
    if (sqlite3_open(table->file, &db) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
        sqlite3_prepare_v2(db, TABLE_SUMS, -1, &query, NULL) != SQLITE_OK ||
        sqlite3_step(query) != SQLITE_ROW) {
        status = outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                                   "cannot count rows: %s", db == NULL ? "" : sqlite3_errmsg(db));
    } else {
        const struct table_sums found = {(uint64_t)sqlite3_column_int64(query, 0),
                                         sqlite3_column_int64(query, 1),
                                         sqlite3_column_int64(query, 2)};
        status = table_compare(&found, rows, count, error);
    }
    sqlite3_finalize(query);
    sqlite3_close(db);
    return status;
}

static void sqlite_close(struct table *table)
{
    remove_files(table);
}

const struct table_kind table_sqlite = {"sqlite",     1,           sqlite_open, sqlite_empty,
                                        sqlite_check, sqlite_close};
