/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_postgresql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_SLICE_ROWS 512 /* One PQputCopyData is 45 KB. */
#define UNNEST "unnest_rows"

static const uint8_t copy_header[19] = "PGCOPY\n\377\r\n"; /* Flags and extension are 0. */
static const uint8_t copy_trailer[2] = {0xff, 0xff};

int raw_postgresql_failed(PGconn *connection, const char *what, outfall_error *error)
{
    const char *message = PQerrorMessage(connection);
    int status = PQstatus(connection) == CONNECTION_BAD ? OUTFALL_ERR_IO : OUTFALL_ERR_DATABASE;
    return outfall_error_set(error, status, OUTFALL_ACTION_STOP, "%s: %.*s", what,
                             (int)strcspn(message, "\n"), message);
}

int raw_postgresql_connect(const char *url, PGconn **out, outfall_error *error)
{
    int status = OUTFALL_OK;
    *out = PQconnectdb(url);
    if (PQstatus(*out) != CONNECTION_OK) {
        status = raw_postgresql_failed(*out, "cannot connect to PostgreSQL", error);
        PQfinish(*out);
        *out = NULL;
    }
    return status;
}

int raw_postgresql_command(PGconn *connection, const char *sql, outfall_error *error)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType state = PQresultStatus(result);
    PQclear(result);
    if (state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK)
        return OUTFALL_OK;
    return raw_postgresql_failed(connection, sql, error);
}

int raw_postgresql_open(struct raw_postgresql *raw, const char *url, size_t batch_rows,
                        outfall_error *error)
{
    raw->batch_rows = batch_rows;
    /* Room for unnest's arrays as well: 4 bytes a value more, less the tuple's 22. */
    raw->buffer = malloc(batch_rows * ROW_COPY_BYTES + 1024);
    if (raw->buffer == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    memset(raw->buffer, 0, batch_rows * ROW_COPY_BYTES + 1024); /* No page fault comes later. */
    int status = raw_postgresql_connect(url, &raw->connection, error);
    if (status != OUTFALL_OK)
        return status;
    PGresult *result = PQprepare(raw->connection, UNNEST,
                                 "INSERT INTO " ROW_TABLE " SELECT * FROM unnest($1::int8[], "
                                 "$2::timestamp[], $3::int4[], $4::float8[], $5::varchar[])",
                                 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = raw_postgresql_failed(raw->connection, "cannot prepare unnest", error);
    PQclear(result);
    return status;
}

void raw_postgresql_close(struct raw_postgresql *raw)
{
    PQfinish(raw->connection);
    free(raw->buffer);
    *raw = (struct raw_postgresql){0};
}

int raw_postgresql_send(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                        outfall_error *error)
{
    uint8_t *at = raw->buffer;
    memcpy(at, copy_header, sizeof copy_header);
    at += sizeof copy_header;
    for (size_t i = 0; i < count;) {
        size_t end = i + COPY_SLICE_ROWS < count ? i + COPY_SLICE_ROWS : count;
        for (; i < end; i++)
            at = row_encode(&rows[i], at);
        if (end == count) {
            memcpy(at, copy_trailer, sizeof copy_trailer);
            at += sizeof copy_trailer;
        }
        if (PQputCopyData(raw->connection, (char *)raw->buffer, (int)(at - raw->buffer)) != 1)
            return raw_postgresql_failed(raw->connection, "cannot send COPY data", error);
        at = raw->buffer;
    }
    if (PQputCopyEnd(raw->connection, NULL) != 1)
        return raw_postgresql_failed(raw->connection, "cannot end COPY", error);
    return OUTFALL_OK;
}

/* The answer to a COPY that was ended; its row count has to be `rows`. */
static int end_copy(PGconn *connection, size_t rows, outfall_error *error)
{
    int status = OUTFALL_OK;
    PGresult *result = PQgetResult(connection);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = raw_postgresql_failed(connection, "COPY failed", error);
    else if (strtoull(PQcmdTuples(result), NULL, 10) != rows)
        status = outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                                   "COPY wrote %s rows of %zu", PQcmdTuples(result), rows);
    while (result != NULL) {
        PQclear(result);
        result = PQgetResult(connection);
    }
    return status;
}

/* One COPY, from its statement to its row count. */
static int copy_rows(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                     outfall_error *error)
{
    PGconn *connection = raw->connection;
    PGresult *result = PQexec(connection, "COPY " ROW_TABLE " FROM STDIN (FORMAT binary)");
    int ready = PQresultStatus(result) == PGRES_COPY_IN;
    PQclear(result);
    if (!ready)
        return raw_postgresql_failed(connection, "cannot start COPY", error);
    int status = raw_postgresql_send(raw, rows, count, error);
    return status == OUTFALL_OK ? end_copy(connection, count, error) : status;
}

static int copy_batch(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                      outfall_error *error)
{
    int status = raw_postgresql_command(raw->connection, "BEGIN", error);
    if (status == OUTFALL_OK)
        status = copy_rows(raw, rows, count, error);
    if (status == OUTFALL_OK)
        status = raw_postgresql_command(raw->connection, "COMMIT", error);
    return status;
}

typedef int (*batch_function)(struct raw_postgresql *raw, const struct bench_row *rows,
                              size_t count, outfall_error *error);

static int each_batch(batch_function write, struct raw_postgresql *raw,
                      const struct bench_row *rows, size_t count, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < count && status == OUTFALL_OK; i += raw->batch_rows) {
        size_t left = count - i;
        status = write(raw, rows + i, left < raw->batch_rows ? left : raw->batch_rows, error);
    }
    return status;
}

int raw_postgresql_copy(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                        outfall_error *error)
{
    return each_batch(copy_batch, raw, rows, count, error);
}

int raw_postgresql_copy_alone(struct raw_postgresql *raw, const struct bench_row *rows,
                              size_t count, outfall_error *error)
{
    return each_batch(copy_rows, raw, rows, count, error);
}

int raw_postgresql_file(const char *path, const struct bench_row *rows, size_t count,
                        outfall_error *error)
{
    uint8_t tuple[ROW_COPY_BYTES] = {0};
    int bad = 1, code = 0;
    FILE *file = fopen(path, "wbe");
    if (file != NULL) {
        fwrite(copy_header, 1, sizeof copy_header, file);
        for (size_t i = 0; i < count; i++) {
            (void)row_encode(&rows[i], tuple);
            fwrite(tuple, 1, sizeof tuple, file);
        }
        fwrite(copy_trailer, 1, sizeof copy_trailer, file);
        bad = ferror(file);
        bad |= fclose(file);
    }
    code = errno;
    if (bad)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "cannot write %s: %s", path, strerror(code));
    return OUTFALL_OK;
}

/* An array's head: dimensions, no NULLs, element type, length, lower bound. */
static uint8_t *put_array(uint8_t *at, Oid element, size_t count)
{
    row_put_i32(at, 1);
    row_put_i32(at + 4, 0);
    row_put_i32(at + 8, (int32_t)element);
    row_put_i32(at + 12, (int32_t)count);
    row_put_i32(at + 16, 1);
    return at + 20;
}

/* Writes column `column` of all rows as one array; returns its end. */
static uint8_t *put_column(uint8_t *at, const struct bench_row *rows, size_t count, int column)
{
    static const Oid elements[ROW_COLUMNS] = {20, 1114, 23, 701, 1043}; /* pg_type.dat */
    static const int32_t bytes[ROW_COLUMNS] = {8, 8, 4, 8, ROW_NOTE_BYTES};
    at = put_array(at, elements[column], count);
    for (size_t i = 0; i < count; i++) {
        row_put_i32(at, bytes[column]);
        at += 4;
        switch (column) {
        case 0:
            row_put_i64(at, rows[i].id);
            break;
        case 1:
            row_put_i64(at, row_timestamp_pg(&rows[i]));
            break;
        case 2:
            row_put_i32(at, rows[i].device);
            break;
        case 3:
            row_put_f64(at, rows[i].metric);
            break;
        default:
            memcpy(at, rows[i].note, ROW_NOTE_BYTES);
        }
        at += bytes[column];
    }
    return at;
}

void raw_postgresql_arrays(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                           struct raw_arrays *out)
{
    uint8_t *at = raw->buffer;
    for (int column = 0; column < ROW_COLUMNS; column++) {
        uint8_t *end = put_column(at, rows, count, column);
        out->values[column] = (const char *)at;
        out->lengths[column] = (int)(end - at);
        out->formats[column] = 1;
        at = end;
    }
}

static int unnest_batch(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                        outfall_error *error)
{
    struct raw_arrays arrays;
    raw_postgresql_arrays(raw, rows, count, &arrays);
    PGresult *result = PQexecPrepared(raw->connection, UNNEST, ROW_COLUMNS, arrays.values,
                                      arrays.lengths, arrays.formats, 0);
    int status = OUTFALL_OK;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = raw_postgresql_failed(raw->connection, "INSERT by unnest failed", error);
    PQclear(result);
    return status;
}

int raw_postgresql_unnest(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                          outfall_error *error)
{
    return each_batch(unnest_batch, raw, rows, count, error);
}
