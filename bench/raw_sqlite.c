/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_ROWS 100

static int failed(sqlite3 *db, const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, "%s: %s", what,
                             db == NULL ? "out of memory" : sqlite3_errmsg(db));
}

int raw_sqlite_command(sqlite3 *db, const char *sql, outfall_error *error)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return failed(db, sql, error);
    return OUTFALL_OK;
}

static int prepare(sqlite3 *db, size_t rows, sqlite3_stmt **out, outfall_error *error)
{
    static const char head[] = "INSERT INTO " ROW_TABLE " VALUES ";
    char sql[sizeof head + STATEMENT_ROWS * sizeof ",(?,?,?,?,?)"];
    size_t used = (size_t)snprintf(sql, sizeof sql, "%s", head);
    for (size_t i = 0; i < rows; i++)
        used += (size_t)snprintf(sql + used, sizeof sql - used, "%s(?,?,?,?,?)", i == 0 ? "" : ",");
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return failed(db, "cannot prepare the insert", error);
    return OUTFALL_OK;
}

int raw_sqlite_open(struct raw_sqlite *raw, const char *path, size_t batch_rows,
                    outfall_error *error)
{
    *raw = (struct raw_sqlite){.batch_rows = batch_rows};
    raw->timestamps = malloc((size_t)STATEMENT_ROWS * ROW_TIMESTAMP_BYTES);
    if (raw->timestamps == NULL)
        return failed(NULL, "cannot start", error);
    if (sqlite3_open(path, &raw->db) != SQLITE_OK)
        return failed(raw->db, path, error);
    int status = raw_sqlite_command(
        raw->db, "PRAGMA journal_mode=wal; PRAGMA synchronous=full; PRAGMA busy_timeout=10000",
        error);
    if (status == OUTFALL_OK)
        status = prepare(raw->db, STATEMENT_ROWS, &raw->insert, error);
    if (status == OUTFALL_OK)
        status = prepare(raw->db, 1, &raw->insert_one, error);
    return status;
}

void raw_sqlite_close(struct raw_sqlite *raw)
{
    sqlite3_finalize(raw->insert);
    sqlite3_finalize(raw->insert_one);
    sqlite3_close(raw->db);
    free(raw->timestamps);
    *raw = (struct raw_sqlite){0};
}

static int insert_rows(struct raw_sqlite *raw, sqlite3_stmt *statement,
                       const struct bench_row *rows, size_t count, outfall_error *error)
{
    int at = 0, bad = 0;
    for (size_t i = 0; i < count; i++) {
        char *timestamp = raw->timestamps + i * ROW_TIMESTAMP_BYTES;
        row_timestamp_text(&rows[i], &raw->date, timestamp);
        bad |= sqlite3_bind_int64(statement, ++at, rows[i].id);
        bad |= sqlite3_bind_text(statement, ++at, timestamp, ROW_TIMESTAMP_BYTES, SQLITE_STATIC);
        bad |= sqlite3_bind_int(statement, ++at, rows[i].device);
        bad |= sqlite3_bind_double(statement, ++at, rows[i].metric);
        bad |= sqlite3_bind_text(statement, ++at, rows[i].note, ROW_NOTE_BYTES, SQLITE_STATIC);
    }
    int step = bad ? SQLITE_ERROR : sqlite3_step(statement);
    if (sqlite3_reset(statement) != SQLITE_OK || step != SQLITE_DONE)
        return failed(raw->db, "cannot insert", error);
    return OUTFALL_OK;
}

static int insert_batch(struct raw_sqlite *raw, const struct bench_row *rows, size_t count,
                        outfall_error *error)
{
    int status = raw_sqlite_command(raw->db, "BEGIN IMMEDIATE", error);
    size_t i = 0;
    for (; i + STATEMENT_ROWS <= count && status == OUTFALL_OK; i += STATEMENT_ROWS)
        status = insert_rows(raw, raw->insert, rows + i, STATEMENT_ROWS, error);
    for (; i < count && status == OUTFALL_OK; i++)
        status = insert_rows(raw, raw->insert_one, rows + i, 1, error);
    if (status == OUTFALL_OK)
        status = raw_sqlite_command(raw->db, "COMMIT", error);
    return status;
}

int raw_sqlite_insert(struct raw_sqlite *raw, const struct bench_row *rows, size_t count,
                      outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < count && status == OUTFALL_OK; i += raw->batch_rows) {
        size_t left = count - i;
        status =
            insert_batch(raw, rows + i, left < raw->batch_rows ? left : raw->batch_rows, error);
    }
    return status;
}
