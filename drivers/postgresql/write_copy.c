/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large batches: COPY … FROM STDIN (FORMAT binary), fed with the rows' bytes as they lie. COPY
 * does not look at types, so the table is locked and compared with its description before the
 * first byte goes out. BEGIN, lock, check and COPY are one query string: one round trip.
 */
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "postgresql/context.h"
#include "postgresql/fault.h"
#include "postgresql/statement.h"
#include "postgresql/transaction.h"
#include "postgresql/wait.h"
#include "postgresql/write.h"

#define PIECE_BYTES 32768 /* One CopyData message. */
#define FLUSH_BYTES 131072

/* Signature, no flags, no header extension; and the trailer: a field count of -1. */
static const char header[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
static const char trailer[2] = "\377\377";

enum step { STEP_BEGIN, STEP_SHOW, STEP_LOCK, STEP_PREPARE_CHECK, STEP_CHECK, STEP_COPY, STEPS };

typedef struct copy {
    outfall_connection *connection;
    const drv_pg_target *target;
    drv_pg_statement *statement;
    enum step steps[STEPS];
    size_t count;
    size_t unflushed; /* Bytes put since libpq was last made to send all it has. */
} copy;

/* ---- Opening ---------------------------------------------------------------------------- */

static void add_step(copy *it, enum step step)
{
    drv_text *sql = &it->connection->sql;
    const drv_pg_statement_name check = drv_pg_name_of(DRV_PG_CHECK, it->target->serial);
    it->steps[it->count++] = step;
    switch (step) {
    case STEP_BEGIN:
        drv_pg_add_begin(it->connection, sql);
        if (it->connection->gid[0] != '\0')
            it->steps[it->count++] = STEP_SHOW; /* Two statements, and so two results. */
        break;
    case STEP_LOCK:
        drv_text_format(sql, "%s; ", it->target->lock);
        break;
    case STEP_PREPARE_CHECK:
        drv_text_format(sql, "PREPARE %s AS %s; ", check.text, it->target->sql[DRV_PG_CHECK]);
        break;
    case STEP_CHECK:
        drv_text_format(sql, "EXECUTE %s; ", check.text);
        break;
    default:
        drv_text_add(sql, it->target->copy_in);
        break;
    }
}

static int send_statements(copy *it, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    drv_text_clear(&connection->sql);
    if (connection->transaction == DRV_PG_BEGUN)
        add_step(it, STEP_BEGIN);
    if (connection->checked != it->target->serial) {
        add_step(it, STEP_LOCK);
        if (!it->statement->prepared[DRV_PG_CHECK])
            add_step(it, STEP_PREPARE_CHECK);
        add_step(it, STEP_CHECK);
    }
    add_step(it, STEP_COPY);
    if (connection->sql.failed)
        return drv_fail_nomem(error);
    connection->transaction = DRV_PG_OPEN;
    if (!PQsendQuery(connection->pg, connection->sql.data))
        return drv_pg_fail_lost(connection, error);
    return OUTFALL_OK;
}

/* Reads the steps' results, the last of which is COPY's invitation to send. */
static int receive_steps(copy *it, int64_t deadline_us, bool *changed, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    bool open = false;
    int status = OUTFALL_OK;
    for (size_t at = 0; status == OUTFALL_OK && at < it->count; at++) {
        PGresult *result = NULL;
        status = drv_pg_result(connection, deadline_us, &result, error);
        if (status == OUTFALL_OK && result == NULL)
            status = drv_pg_fail_lost(connection, error);
        if (status == OUTFALL_OK && !drv_pg_result_ok(result))
            status = drv_pg_fail_result(connection, result, error);
        if (status == OUTFALL_OK && it->steps[at] == STEP_PREPARE_CHECK)
            it->statement->prepared[DRV_PG_CHECK] = true;
        if (status == OUTFALL_OK && it->steps[at] == STEP_CHECK)
            *changed = !drv_pg_is_as_described(result);
        open = PQresultStatus(result) == PGRES_COPY_IN;
        PQclear(result);
    }
    if (status == OUTFALL_OK && !open)
        status = drv_pg_fail_lost(connection, error);
    return status;
}

/* ---- Rows ------------------------------------------------------------------------------- */

/*
 * Puts bytes into libpq, which sends them in whole blocks as they fill up and keeps what the
 * socket does not take; every FLUSH_BYTES it is made to send it all, so that it does not grow to
 * hold a batch. An error of the server shows only at the end; until then it reads and drops.
 */
static int put(copy *it, const char *bytes, size_t length, int64_t deadline_us,
               outfall_error *error)
{
    outfall_connection *connection = it->connection;
    int status = OUTFALL_OK;
    while (status == OUTFALL_OK && length > 0) {
        size_t piece = length < PIECE_BYTES ? length : PIECE_BYTES;
        /* 0 is "no memory": on a non-blocking connection libpq grows its buffer, not refuses. */
        if (PQputCopyData(connection->pg, bytes, (int)piece) != 1)
            return drv_pg_fail_lost(connection, error);
        bytes += piece;
        length -= piece;
        it->unflushed += piece;
        if (it->unflushed >= FLUSH_BYTES) {
            it->unflushed = 0;
            status = drv_pg_flush(connection, deadline_us, error);
        }
    }
    return status;
}

static int put_batch(copy *it, const outfall_batch *batch, int64_t deadline_us,
                     outfall_error *error)
{
    int status = put(it, header, sizeof header, deadline_us, error);
    for (uint32_t i = 0; status == OUTFALL_OK && i < batch->span_count; i++) {
        size_t length;
        const uint8_t *bytes = outfall_span_bytes(&batch->spans[i], &length);
        status = put(it, (const char *)bytes, length, deadline_us, error);
    }
    if (status == OUTFALL_OK)
        status = put(it, trailer, sizeof trailer, deadline_us, error);
    return status;
}

/* ---- Closing ---------------------------------------------------------------------------- */

/* The row and the column at fault, where the server names them. */
static void take_context(const drv_pg_target *target, const PGresult *result, uint64_t rows,
                         outfall_error *error)
{
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    const char *column = drv_pg_context_column(context, target->columns, target->base.column_count);
    if (error->action == OUTFALL_ACTION_ROW)
        error->row = drv_pg_context_row(context, target->name, rows);
    if (column != NULL && error->column[0] == '\0')
        snprintf(error->column, sizeof error->column, "%s", column);
}

/* Ends COPY, with `refusal` as a failure, and reads its result. */
static int end_copy(copy *it, const char *refusal, uint64_t rows, int64_t deadline_us,
                    uint64_t *counted, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    PGresult *result = NULL;
    if (PQputCopyEnd(connection->pg, refusal) != 1)
        return drv_pg_fail_lost(connection, error);
    int status = drv_pg_result(connection, deadline_us, &result, error);
    if (status == OUTFALL_OK && result == NULL)
        status = drv_pg_fail_lost(connection, error);
    if (status == OUTFALL_OK && PQresultStatus(result) == PGRES_COMMAND_OK) {
        *counted = strtoull(PQcmdTuples(result), NULL, 10);
    } else if (status == OUTFALL_OK) {
        status = drv_pg_fail_result(connection, result, error);
        take_context(it->target, result, rows, error);
    }
    PQclear(result);
    return status;
}

int drv_pg_write_copy(outfall_connection *connection, const drv_pg_target *target,
                      const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                      outfall_error *error)
{
    copy it = {.connection = connection, .target = target};
    bool changed = false;
    int status = drv_pg_statement_slot(connection, target, deadline_us, &it.statement, error);
    if (status == OUTFALL_OK)
        status = send_statements(&it, error);
    if (status != OUTFALL_OK)
        return status;
    written->statements++;
    status = receive_steps(&it, deadline_us, &changed, error);
    if (status == OUTFALL_OK && changed) {
        outfall_error refused;
        end_copy(&it, "the table has changed", batch->rows, deadline_us, &written->rows, &refused);
        status = drv_pg_fail_changed(target, error);
    } else if (status == OUTFALL_OK) {
        status = put_batch(&it, batch, deadline_us, error);
        if (status == OUTFALL_OK)
            status = end_copy(&it, NULL, batch->rows, deadline_us, &written->rows, error);
    }
    /* After an error the session goes on, once the rest of its answer is read. */
    if (!connection->dead && drv_pg_drain(connection, deadline_us, NULL) != OUTFALL_OK)
        connection->dead = true;
    if (connection->dead && status == OUTFALL_OK)
        status = drv_pg_fail_lost(connection, error);
    if (status == OUTFALL_OK)
        connection->checked = target->serial;
    return status;
}
