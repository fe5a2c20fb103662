/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_ROWS 100
#define UPDATE                                                                                     \
    " ON CONFLICT (id) DO UPDATE SET ts = excluded.ts, device = excluded.device, "                 \
    "metric = excluded.metric, note = excluded.note"

struct raw_sqlite {
    sqlite3 *db;
    sqlite3_stmt *many, *one; /* STATEMENT_ROWS rows, and one. */
    char *timestamps;         /* One statement's. */
    struct row_date date;
    size_t batch_rows;
};

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

static int prepare(sqlite3 *db, size_t rows, const char *tail, sqlite3_stmt **out,
                   outfall_error *error)
{
    static const char head[] = "INSERT INTO " ROW_TABLE " VALUES ";
    char sql[sizeof head + STATEMENT_ROWS * sizeof ",(?,?,?,?,?)" + sizeof UPDATE];
    size_t used = (size_t)snprintf(sql, sizeof sql, "%s", head);
    for (size_t i = 0; i < rows; i++)
        used += (size_t)snprintf(sql + used, sizeof sql - used, "%s(?,?,?,?,?)", i == 0 ? "" : ",");
    snprintf(sql + used, sizeof sql - used, "%s", tail);
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return failed(db, "cannot prepare the statement", error);
    return OUTFALL_OK;
}

static void close_raw(void *context)
{
    struct raw_sqlite *raw = context;
    if (raw == NULL)
        return;
    sqlite3_finalize(raw->many);
    sqlite3_finalize(raw->one);
    sqlite3_close(raw->db);
    free(raw->timestamps);
    free(raw);
}

static int open_raw(void **out, const char *url, size_t batch_rows, const char *tail,
                    outfall_error *error)
{
    struct raw_sqlite *raw = calloc(1, sizeof *raw);
    *out = raw;
    if (raw == NULL)
        return failed(NULL, "cannot start", error);
    raw->batch_rows = batch_rows;
    raw->timestamps = malloc((size_t)STATEMENT_ROWS * ROW_TIMESTAMP_BYTES);
    if (raw->timestamps == NULL)
        return failed(NULL, "cannot start", error);
    if (sqlite3_open(url + strlen("sqlite:"), &raw->db) != SQLITE_OK)
        return failed(raw->db, url, error);
    int status = raw_sqlite_command(
        raw->db, "PRAGMA journal_mode=wal; PRAGMA synchronous=full; PRAGMA busy_timeout=10000",
        error);
    if (status == OUTFALL_OK)
        status = prepare(raw->db, STATEMENT_ROWS, tail, &raw->many, error);
    if (status == OUTFALL_OK)
        status = prepare(raw->db, 1, tail, &raw->one, error);
    return status;
}

static int open_insert(void **out, const char *url, size_t batch_rows, outfall_error *error)
{
    return open_raw(out, url, batch_rows, "", error);
}

static int open_upsert(void **out, const char *url, size_t batch_rows, outfall_error *error)
{
    return open_raw(out, url, batch_rows, UPDATE, error);
}

static int write_rows(struct raw_sqlite *raw, sqlite3_stmt *statement, const struct bench_row *rows,
                      size_t count, outfall_error *error)
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
        return failed(raw->db, "cannot write", error);
    return OUTFALL_OK;
}

/* One transaction, `many` rows a statement as long as there are so many. */
static int write_batch(struct raw_sqlite *raw, size_t many, const struct bench_row *rows,
                       size_t count, outfall_error *error)
{
    int status = raw_sqlite_command(raw->db, "BEGIN IMMEDIATE", error);
    size_t i = 0;
    for (; many > 1 && i + many <= count && status == OUTFALL_OK; i += many)
        status = write_rows(raw, raw->many, rows + i, many, error);
    for (; i < count && status == OUTFALL_OK; i++)
        status = write_rows(raw, raw->one, rows + i, 1, error);
    if (status == OUTFALL_OK)
        status = raw_sqlite_command(raw->db, "COMMIT", error);
    return status;
}

static int batch_multirow(void *raw, const struct bench_row *rows, size_t count,
                          outfall_error *error)
{
    return write_batch(raw, STATEMENT_ROWS, rows, count, error);
}

static int batch_single(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    return write_batch(raw, 1, rows, count, error);
}

static int write_multirow(void *raw, const struct bench_row *rows, size_t count,
                          outfall_error *error)
{
    const struct raw_sqlite *sqlite = raw;
    return raw_each_batch(batch_multirow, raw, sqlite->batch_rows, rows, count, error);
}

static int write_single(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    const struct raw_sqlite *sqlite = raw;
    return raw_each_batch(batch_single, raw, sqlite->batch_rows, rows, count, error);
}

const struct raw_client raw_sqlite_insert = {
    open_insert, close_raw, {{"multirow_100", write_multirow}, {"single", write_single}}, 2};
const struct raw_client raw_sqlite_upsert = {
    open_upsert, close_raw, {{"multirow_100", write_multirow}, {"single", write_single}}, 2};
