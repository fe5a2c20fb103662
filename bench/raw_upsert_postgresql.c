/* SPDX-License-Identifier: Apache-2.0 */
/* Upserts as a careful author writes them against libpq, and both kinds as raw clients. */
#include <stdlib.h>

#include "raw_postgresql.h"

#define STAGING "outfall_bench_staging"
#define UNNEST "unnest_upsert"
#define UPDATE                                                                                     \
    " ON CONFLICT (id) DO UPDATE SET ts = EXCLUDED.ts, device = EXCLUDED.device, "                 \
    "metric = EXCLUDED.metric, note = EXCLUDED.note"

static void close_raw(void *raw)
{
    if (raw != NULL)
        raw_postgresql_close(raw);
    free(raw);
}

static int open_insert(void **out, const char *url, size_t batch_rows, outfall_error *error)
{
    *out = calloc(1, sizeof(struct raw_postgresql));
    if (*out == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    return raw_postgresql_open(*out, url, batch_rows, error);
}

static int open_upsert(void **out, const char *url, size_t batch_rows, outfall_error *error)
{
    int status = open_insert(out, url, batch_rows, error);
    const struct raw_postgresql *raw = *out;
    if (status == OUTFALL_OK)
        status = raw_postgresql_command(
            raw->connection,
            "CREATE TEMP TABLE " STAGING " (LIKE " ROW_TABLE ") ON COMMIT DELETE ROWS", error);
    if (status != OUTFALL_OK)
        return status;
    PGresult *result = PQprepare(raw->connection, UNNEST,
                                 "INSERT INTO " ROW_TABLE " SELECT * FROM unnest($1::int8[], "
                                 "$2::timestamp[], $3::int4[], $4::float8[], $5::varchar[])" UPDATE,
                                 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = raw_postgresql_failed(raw->connection, "cannot prepare unnest", error);
    PQclear(result);
    return status;
}

static int write_copy(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    return raw_postgresql_copy(raw, rows, count, error);
}

static int write_unnest(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    return raw_postgresql_unnest(raw, rows, count, error);
}

/* The answers to all statements of a query string; the last that counts rows has to say `rows`. */
static int end_all(PGconn *connection, size_t rows, outfall_error *error)
{
    int status = OUTFALL_OK;
    unsigned long long wrote = 0;
    for (PGresult *result; (result = PQgetResult(connection)) != NULL; PQclear(result)) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK && status == OUTFALL_OK)
            status = raw_postgresql_failed(connection, "upsert failed", error);
        if (PQcmdTuples(result)[0] != '\0')
            wrote = strtoull(PQcmdTuples(result), NULL, 10);
    }
    if (status == OUTFALL_OK && wrote != rows)
        status = outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                                   "the upsert wrote %llu rows of %zu", wrote, rows);
    return status;
}

/* All in one round trip: the server reads COPY's rows where it comes to it in the string. */
static int staging_batch(void *context, const struct bench_row *rows, size_t count,
                         outfall_error *error)
{
    struct raw_postgresql *raw = context;
    PGresult *result = PQexec(raw->connection,
                              "BEGIN; COPY " STAGING " FROM STDIN (FORMAT binary);"
                              "INSERT INTO " ROW_TABLE " SELECT * FROM " STAGING UPDATE "; COMMIT");
    int ready = PQresultStatus(result) == PGRES_COPY_IN;
    PQclear(result);
    if (!ready)
        return raw_postgresql_failed(raw->connection, "cannot start COPY", error);
    int status = raw_postgresql_send(raw, rows, count, error);
    return status == OUTFALL_OK ? end_all(raw->connection, count, error) : status;
}

static int unnest_batch(void *context, const struct bench_row *rows, size_t count,
                        outfall_error *error)
{
    struct raw_postgresql *raw = context;
    struct raw_arrays arrays;
    raw_postgresql_arrays(raw, rows, count, &arrays);
    if (PQsendQueryPrepared(raw->connection, UNNEST, ROW_COLUMNS, arrays.values, arrays.lengths,
                            arrays.formats, 0) != 1)
        return raw_postgresql_failed(raw->connection, "cannot send the upsert", error);
    return end_all(raw->connection, count, error);
}

static int upsert_staging(void *raw, const struct bench_row *rows, size_t count,
                          outfall_error *error)
{
    const struct raw_postgresql *postgresql = raw;
    return raw_each_batch(staging_batch, raw, postgresql->batch_rows, rows, count, error);
}

static int upsert_unnest(void *raw, const struct bench_row *rows, size_t count,
                         outfall_error *error)
{
    const struct raw_postgresql *postgresql = raw;
    return raw_each_batch(unnest_batch, raw, postgresql->batch_rows, rows, count, error);
}

const struct raw_client raw_postgresql_insert = {
    open_insert, close_raw, {{"copy", write_copy}, {"unnest", write_unnest}}, 2};
const struct raw_client raw_postgresql_upsert = {
    open_upsert, close_raw, {{"staging", upsert_staging}, {"unnest", upsert_unnest}}, 2};
