/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/pipeline.h"

#include <stdlib.h>

#include "postgresql/fault.h"
#include "postgresql/statement.h"
#include "postgresql/transaction.h"
#include "postgresql/wait.h"
#include "postgresql/write.h"

#define FLUSH_BYTES 65536
#define COMMAND_BYTES 64 /* Of an EXECUTE beside its parameters, roughly. */
#define SAVEPOINT "outfall_rows"

/* ---- Sending ---------------------------------------------------------------------------- */

static bool send_text(PGconn *pg, const char *sql)
{
    return PQsendQueryParams(pg, sql, 0, NULL, NULL, NULL, NULL, 0);
}

static bool send_prepare(const drv_pg_pipeline *it, drv_pg_purpose purpose)
{
    return PQsendPrepare(it->connection->pg, drv_pg_name_of(purpose, it->target->serial).text,
                         it->target->sql[purpose], 0, NULL);
}

static bool send_execute(const drv_pg_pipeline *it, drv_pg_purpose purpose, uint32_t parameters)
{
    const drv_pg_arrays *arrays = &it->connection->arrays;
    return PQsendQueryPrepared(it->connection->pg, drv_pg_name_of(purpose, it->target->serial).text,
                               (int)parameters, arrays->values, arrays->lengths, arrays->formats,
                               0);
}

static bool send_show(const drv_pg_pipeline *it)
{
    char show[DRV_PG_SHOW_SQL_MAX];
    drv_pg_show_sql(it->connection, show);
    return send_text(it->connection->pg, show);
}

static bool send_step(drv_pg_pipeline *it, drv_pg_step step, uint32_t parameters)
{
    PGconn *pg = it->connection->pg;
    it->sent[step]++;
    switch (step) {
    case DRV_PG_STEP_BEGIN:
        return send_text(pg, DRV_PG_BEGIN_SQL);
    case DRV_PG_STEP_SHOW:
        return send_show(it);
    case DRV_PG_STEP_SAVEPOINT:
        return send_text(pg, "SAVEPOINT " SAVEPOINT);
    case DRV_PG_STEP_PREPARE:
        return send_prepare(it, it->purpose);
    case DRV_PG_STEP_EXECUTE:
        return send_execute(it, it->purpose, parameters);
    case DRV_PG_STEP_RELEASE:
        return send_text(pg, "RELEASE SAVEPOINT " SAVEPOINT);
    case DRV_PG_STEP_PREPARE_CHECK:
        return send_prepare(it, DRV_PG_CHECK);
    default:
        return send_execute(it, DRV_PG_CHECK, 0);
    }
}

int drv_pg_pipeline_open(drv_pg_pipeline *it, int64_t deadline_us, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    it->failed_at = -1;
    int status = drv_pg_statement_slot(connection, it->target, deadline_us, &it->statement, error);
    if (status != OUTFALL_OK)
        return status;
    bool sent = PQenterPipelineMode(connection->pg);
    if (sent && connection->transaction == DRV_PG_BEGUN)
        sent = send_step(it, DRV_PG_STEP_BEGIN, 0) &&
               (connection->gid[0] == '\0' || send_step(it, DRV_PG_STEP_SHOW, 0));
    connection->transaction = DRV_PG_OPEN;
    if (sent && it->savepoint)
        sent = send_step(it, DRV_PG_STEP_SAVEPOINT, 0);
    if (sent && !it->statement->prepared[it->purpose])
        sent = send_step(it, DRV_PG_STEP_PREPARE, 0);
    return sent ? OUTFALL_OK : drv_pg_fail_lost(connection, error);
}

/* ---- Receiving -------------------------------------------------------------------------- */

static void take_success(drv_pg_pipeline *it, PGresult *result)
{
    switch (it->at) {
    case DRV_PG_STEP_PREPARE:
        it->statement->prepared[it->purpose] = true;
        break;
    case DRV_PG_STEP_EXECUTE:
        it->counted += strtoull(PQcmdTuples(result), NULL, 10);
        break;
    case DRV_PG_STEP_PREPARE_CHECK:
        it->statement->prepared[DRV_PG_CHECK] = true;
        break;
    case DRV_PG_STEP_CHECK:
        it->changed = !drv_pg_is_as_described(result);
        break;
    default:
        break;
    }
}

/* Reads one result; the first error is the pipeline's. Returns whether nothing more will come. */
static bool receive(drv_pg_pipeline *it, int64_t deadline_us, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    PGresult *result = NULL;
    int status = drv_pg_result(connection, deadline_us, &result, error);
    if (status != OUTFALL_OK) {
        it->status = status;
        return true;
    }
    while (it->at < DRV_PG_STEPS && it->answered[it->at] == it->sent[it->at])
        it->at++;
    ExecStatusType kind = PQresultStatus(result);
    bool ended = kind == PGRES_PIPELINE_SYNC;
    if (result == NULL && it->at < DRV_PG_STEPS) { /* The end of a command's results. */
        it->answered[it->at]++;
    } else if (it->at < DRV_PG_STEPS && drv_pg_result_ok(result)) {
        take_success(it, result);
    } else if (!ended && kind != PGRES_PIPELINE_ABORTED && it->status == OUTFALL_OK) {
        it->status = drv_pg_fail_result(connection, result, error);
        if (it->at == DRV_PG_STEP_EXECUTE)
            it->failed_at = (int64_t)it->answered[it->at];
    }
    PQclear(result);
    if (PQstatus(connection->pg) == CONNECTION_BAD && it->status == OUTFALL_OK)
        it->status = drv_pg_fail_lost(connection, error);
    return ended || connection->dead || PQstatus(connection->pg) == CONNECTION_BAD;
}

static bool is_answered(const drv_pg_pipeline *it)
{
    for (int step = 0; step < DRV_PG_STEPS; step++)
        if (it->answered[step] < it->sent[step])
            return false;
    return true;
}

int drv_pg_pipeline_execute(drv_pg_pipeline *it, uint32_t parameters, int64_t deadline_us,
                            outfall_error *error)
{
    outfall_connection *connection = it->connection;
    const drv_pg_arrays *arrays = &connection->arrays;
    if (!send_step(it, DRV_PG_STEP_EXECUTE, parameters))
        return it->status = drv_pg_fail_lost(connection, error);
    it->unflushed += COMMAND_BYTES;
    for (uint32_t i = 0; i < parameters; i++)
        it->unflushed += 4 + (size_t)arrays->lengths[i];
    if (it->unflushed < FLUSH_BYTES)
        return OUTFALL_OK;
    it->unflushed = 0;
    it->status = drv_pg_flush(connection, deadline_us, error);
    while (it->status == OUTFALL_OK && !is_answered(it) && !PQisBusy(connection->pg))
        receive(it, deadline_us, error);
    return it->status;
}

int drv_pg_pipeline_close(drv_pg_pipeline *it, int64_t deadline_us, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    const drv_pg_target *target = it->target;
    bool check = connection->checked != target->serial;
    bool sent = !connection->dead;
    if (sent && it->savepoint)
        sent = send_step(it, DRV_PG_STEP_RELEASE, 0);
    if (sent && check && !it->statement->prepared[DRV_PG_CHECK])
        sent = send_step(it, DRV_PG_STEP_PREPARE_CHECK, 0);
    if (sent && check)
        sent = send_step(it, DRV_PG_STEP_CHECK, 0);
    sent = sent && PQpipelineSync(connection->pg);
    if (!sent) /* Half a pipeline: only a new session helps. */
        return it->status != OUTFALL_OK ? it->status : drv_pg_fail_lost(connection, error);
    while (!receive(it, deadline_us, error))
        continue;
    if (!connection->dead && !PQexitPipelineMode(connection->pg) && it->status == OUTFALL_OK)
        it->status = drv_pg_fail_lost(connection, error);
    if (it->status == OUTFALL_OK && it->changed)
        it->status = drv_pg_fail_changed(target, error);
    if (it->status == OUTFALL_OK)
        connection->checked = target->serial;
    return it->status;
}

int drv_pg_pipeline_undo(drv_pg_pipeline *it, int64_t deadline_us, outfall_error *error)
{
    return drv_pg_query(it->connection,
                        "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT,
                        deadline_us, NULL, error);
}
