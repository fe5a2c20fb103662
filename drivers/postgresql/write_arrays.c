/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small batches: INSERT … SELECT unnest($1), unnest($2), …, one binary array a column. BEGIN, the
 * INSERT and the check of the target go out together, in one round trip. The check comes after
 * the INSERT, whose lock on the table holds the columns still; nothing is committed before its
 * answer is seen.
 */
#include <stdlib.h>

#include "postgresql/fault.h"
#include "postgresql/statement.h"
#include "postgresql/transaction.h"
#include "postgresql/wait.h"
#include "postgresql/write.h"

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
    int status = drv_pg_arrays_fill(&connection->arrays, target, batch, error);
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
