/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small batches: INSERT … SELECT unnest($1), unnest($2), …, one binary array a column. BEGIN, the
 * INSERT and the check of the target go out together, in one round trip. The check comes after
 * the INSERT, whose lock on the table holds the columns still; nothing is committed before its
 * answer is seen.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "postgresql/fault.h"
#include "postgresql/statement.h"
#include "postgresql/transaction.h"
#include "postgresql/type.h"
#include "postgresql/wait.h"
#include "postgresql/write.h"

/*
 * A one-dimensional array: dimensions, whether it has nulls, element type, length, lower bound,
 * then the elements, each as a row's field: int32 length (-1 is NULL) and bytes.
 * https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/utils/adt/arrayfuncs.c,
 * array_recv
 */
#define ARRAY_HEADER_BYTES 20
/* The server takes messages below 1 GiB; the parameters are all in one. */
#define PARAMETERS_BYTES_MAX 1000000000

/* ---- Rows to columns -------------------------------------------------------------------- */

static int fail_malformed(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "a row of the batch is not a field sequence of the target's columns");
}

static int reserve_columns(drv_pg_arrays *arrays, uint32_t count, outfall_error *error)
{
    if (count <= arrays->column_capacity)
        return OUTFALL_OK;
    free(arrays->columns);
    free(arrays->values);
    free(arrays->lengths);
    free(arrays->formats);
    arrays->columns = calloc(count, sizeof *arrays->columns);
    arrays->values = calloc(count, sizeof *arrays->values);
    arrays->lengths = calloc(count, sizeof *arrays->lengths);
    arrays->formats = calloc(count, sizeof *arrays->formats);
    arrays->column_capacity = 0;
    if (arrays->columns == NULL || arrays->values == NULL || arrays->lengths == NULL ||
        arrays->formats == NULL)
        return drv_pg_fail_memory(error);
    arrays->column_capacity = count;
    for (uint32_t i = 0; i < count; i++)
        arrays->formats[i] = 1;
    return OUTFALL_OK;
}

static int reserve_memory(drv_pg_arrays *arrays, size_t bytes, outfall_error *error)
{
    if (bytes <= arrays->capacity)
        return OUTFALL_OK;
    size_t capacity = arrays->capacity > 0 ? arrays->capacity : 65536;
    while (capacity < bytes)
        capacity *= 2;
    free(arrays->memory); /* Nothing in it is kept. */
    arrays->memory = malloc(capacity);
    arrays->capacity = arrays->memory != NULL ? capacity : 0;
    return arrays->memory != NULL ? OUTFALL_OK : drv_pg_fail_memory(error);
}

/* Adds a span's field lengths to each column's size, and checks that its rows are whole. */
static int measure_span(const outfall_span *span, drv_pg_array *columns, uint32_t count,
                        outfall_error *error)
{
    size_t left;
    const uint8_t *at = outfall_span_bytes(span, &left);
    for (uint32_t row = 0; row < span->count; row++) {
        if (left < 2 || (uint16_t)outfall_read_i16(at) != count)
            return fail_malformed(error);
        at += 2;
        left -= 2;
        for (uint32_t i = 0; i < count; i++) {
            int32_t length = left >= 4 ? outfall_read_i32(at) : INT32_MAX;
            size_t bytes = 4 + (length > 0 ? (size_t)length : 0);
            if (bytes > left)
                return fail_malformed(error);
            columns[i].bytes += bytes;
            columns[i].has_null |= length < 0;
            at += bytes;
            left -= bytes;
        }
    }
    return OUTFALL_OK;
}

static void put_i32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* Lays the arrays out behind one another and writes their headers. */
static void begin_arrays(drv_pg_arrays *arrays, const drv_pg_target *target, uint32_t rows)
{
    uint8_t *at = arrays->memory;
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        drv_pg_array *column = &arrays->columns[i];
        uint32_t type = target->sources[i].base_type;
        put_i32(at, 1);
        put_i32(at + 4, column->has_null);
        put_i32(at + 8, drv_pg_type_of(type) != NULL ? type : DRV_PG_TEXT_OID);
        put_i32(at + 12, rows);
        put_i32(at + 16, 1);
        arrays->values[i] = (const char *)at;
        arrays->lengths[i] = (int)column->bytes;
        column->at = at + ARRAY_HEADER_BYTES;
        at += column->bytes;
    }
}

/* Appends a span's fields, each to its column's array. measure_span has seen every byte. */
static void scatter_span(const outfall_span *span, drv_pg_array *columns, uint32_t count)
{
    size_t left;
    const uint8_t *at = outfall_span_bytes(span, &left);
    for (uint32_t row = 0; row < span->count; row++) {
        at += 2;
        for (uint32_t i = 0; i < count; i++) {
            int32_t length = outfall_read_i32(at);
            size_t bytes = 4 + (length > 0 ? (size_t)length : 0);
            if (bytes == 12) /* The usual sizes, as moves instead of calls. */
                memcpy(columns[i].at, at, 12);
            else if (bytes == 8)
                memcpy(columns[i].at, at, 8);
            else
                memcpy(columns[i].at, at, bytes);
            columns[i].at += bytes;
            at += bytes;
        }
    }
}

static int make_arrays(drv_pg_arrays *arrays, const drv_pg_target *target,
                       const outfall_batch *batch, outfall_error *error)
{
    uint32_t count = target->base.column_count;
    size_t total = 0;
    int status = reserve_columns(arrays, count, error);
    for (uint32_t i = 0; status == OUTFALL_OK && i < count; i++)
        arrays->columns[i] = (drv_pg_array){.bytes = ARRAY_HEADER_BYTES};
    for (uint32_t i = 0; status == OUTFALL_OK && i < batch->span_count; i++)
        status = measure_span(&batch->spans[i], arrays->columns, count, error);
    for (uint32_t i = 0; status == OUTFALL_OK && i < count; i++)
        total += arrays->columns[i].bytes;
    if (status == OUTFALL_OK && total > PARAMETERS_BYTES_MAX)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "a batch of %zu bytes is too large for one statement; lower "
                                 "batch.bytes",
                                 total);
    if (status == OUTFALL_OK)
        status = reserve_memory(arrays, total, error);
    if (status != OUTFALL_OK)
        return status;
    begin_arrays(arrays, target, (uint32_t)batch->rows);
    for (uint32_t i = 0; i < batch->span_count; i++)
        scatter_span(&batch->spans[i], arrays->columns, count);
    return OUTFALL_OK;
}

/* ---- The pipeline ----------------------------------------------------------------------- */

enum step { STEP_BEGIN, STEP_PREPARE_INSERT, STEP_INSERT, STEP_PREPARE_CHECK, STEP_CHECK, STEPS };

typedef struct pipeline {
    outfall_connection *connection;
    const drv_pg_target *target;
    drv_pg_statement *statement;
    enum step steps[STEPS];
    size_t count;
    uint64_t counted; /* Rows, as the server has them. */
    bool changed;
} pipeline;

static int send_step(pipeline *it, enum step step)
{
    PGconn *pg = it->connection->pg;
    const drv_pg_arrays *arrays = &it->connection->arrays;
    uint64_t serial = it->target->serial;
    it->steps[it->count++] = step;
    switch (step) {
    case STEP_BEGIN:
        return PQsendQueryParams(pg, DRV_PG_BEGIN_SQL, 0, NULL, NULL, NULL, NULL, 0);
    case STEP_PREPARE_INSERT:
        return PQsendPrepare(pg, drv_pg_insert_name(serial).text, it->target->insert, 0, NULL);
    case STEP_INSERT:
        return PQsendQueryPrepared(pg, drv_pg_insert_name(serial).text,
                                   (int)it->target->base.column_count, arrays->values,
                                   arrays->lengths, arrays->formats, 0);
    case STEP_PREPARE_CHECK:
        return PQsendPrepare(pg, drv_pg_check_name(serial).text, it->target->check, 0, NULL);
    default:
        return PQsendQueryPrepared(pg, drv_pg_check_name(serial).text, 0, NULL, NULL, NULL, 0);
    }
}

static bool send_all(pipeline *it)
{
    bool check = it->connection->checked != it->target->serial;
    bool sent = PQenterPipelineMode(it->connection->pg);
    if (sent && it->connection->transaction == DRV_PG_BEGUN)
        sent = send_step(it, STEP_BEGIN);
    if (sent && !it->statement->insert)
        sent = send_step(it, STEP_PREPARE_INSERT);
    sent = sent && send_step(it, STEP_INSERT);
    if (sent && check && !it->statement->check)
        sent = send_step(it, STEP_PREPARE_CHECK);
    if (sent && check)
        sent = send_step(it, STEP_CHECK);
    return sent && PQpipelineSync(it->connection->pg);
}

static void take_success(pipeline *it, enum step step, PGresult *result)
{
    switch (step) {
    case STEP_BEGIN:
        break;
    case STEP_PREPARE_INSERT:
        it->statement->insert = true;
        break;
    case STEP_INSERT:
        it->counted = strtoull(PQcmdTuples(result), NULL, 10);
        break;
    case STEP_PREPARE_CHECK:
        it->statement->check = true;
        break;
    default:
        it->changed = !drv_pg_is_as_described(result);
        break;
    }
}

/* Reads every step's result and the sync's. The first error is the pipeline's. */
static int receive_all(pipeline *it, int64_t deadline_us, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    int failed = OUTFALL_OK;
    for (size_t at = 0; at <= it->count;) {
        PGresult *result = NULL;
        int status = drv_pg_result(connection, deadline_us, &result, error);
        if (status != OUTFALL_OK)
            return status;
        ExecStatusType kind = PQresultStatus(result);
        if (result == NULL) /* The end of a step; one after the last would be the sync's own. */
            at++;
        else if (kind == PGRES_PIPELINE_SYNC)
            at = it->count + 1;
        else if (drv_pg_result_ok(result) && at < it->count)
            take_success(it, it->steps[at], result);
        else if (kind != PGRES_PIPELINE_ABORTED && failed == OUTFALL_OK)
            failed = drv_pg_fail_result(connection, result, error);
        PQclear(result);
        if (PQstatus(connection->pg) == CONNECTION_BAD)
            return failed != OUTFALL_OK ? failed : drv_pg_fail_lost(connection, error);
    }
    return failed;
}

int drv_pg_write_arrays(outfall_connection *connection, const drv_pg_target *target,
                        const outfall_batch *batch, int64_t deadline_us, uint64_t *counted,
                        outfall_error *error)
{
    pipeline it = {.connection = connection, .target = target};
    int status = make_arrays(&connection->arrays, target, batch, error);
    if (status == OUTFALL_OK)
        status = drv_pg_statement_slot(connection, target, deadline_us, &it.statement, error);
    if (status != OUTFALL_OK)
        return status;
    bool sent = send_all(&it);
    connection->transaction = DRV_PG_OPEN;
    if (!sent)
        return drv_pg_fail_lost(connection, error); /* Half a pipeline: only a new session helps. */
    status = receive_all(&it, deadline_us, error);
    if (!connection->dead && !PQexitPipelineMode(connection->pg) && status == OUTFALL_OK)
        status = drv_pg_fail_lost(connection, error);
    if (status == OUTFALL_OK && it.changed)
        status = drv_pg_fail_changed(target, error);
    if (status == OUTFALL_OK)
        connection->checked = target->serial;
    *counted = it.counted;
    return status;
}
