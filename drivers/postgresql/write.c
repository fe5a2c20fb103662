/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/write.h"

#include "common/count.h"
#include "postgresql/connection.h"
#include "postgresql/fault.h"

bool drv_pg_is_as_described(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
           PQgetvalue(result, 0, 0)[0] == 't';
}

int drv_pg_fail_changed(const drv_pg_target *target, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART,
                             "%.200s is no longer the table that was described: a column's type or "
                             "place changed, or it was made again",
                             target->display);
}

typedef int (*way)(outfall_connection *connection, const drv_pg_target *target,
                   const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                   outfall_error *error);

static way choose(const outfall_connection *connection, const drv_pg_target *target,
                  const outfall_batch *batch)
{
    if (target->copy && (batch->rows >= connection->copy_rows_min || connection->locate))
        return drv_pg_write_copy;
    if (target->in_order && !batch->deletion && batch->rows > 1 &&
        (batch->flags & OUTFALL_BATCH_DISTINCT) == 0)
        return drv_pg_write_rows;
    return drv_pg_write_arrays;
}

static int check_turn(const outfall_connection *connection, const drv_pg_target *target,
                      const outfall_batch *batch, outfall_error *error)
{
    const char *wrong = NULL;
    if (connection->transaction == DRV_PG_NONE)
        wrong = "write without a transaction on this connection";
    else if (batch->deletion && target->key == NULL)
        wrong = "deletes for a target without a key";
    if (wrong == NULL)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP, "%s", wrong);
}

int drv_pg_write(outfall_connection *connection, outfall_target *base, const outfall_batch *batch,
                 int64_t deadline_us, outfall_write_result *result, outfall_error *error)
{
    const drv_pg_target *target = (const drv_pg_target *)base;
    outfall_error detail;
    drv_pg_written written = {0};
    result->statements = 0;
    result->rows_written = 0;
    result->bad_row = -1;
    int status = drv_pg_start(connection, batch->deletion ? "deleting from" : "writing to",
                              target->display, error);
    if (status == OUTFALL_OK)
        status = check_turn(connection, target, batch, error);
    if (status != OUTFALL_OK || batch->rows == 0)
        return status;
    status = choose(connection, target, batch)(connection, target, batch, deadline_us, &written,
                                               &detail);
    /* A trigger that returns NULL and a rule that does something else both succeed in silence. */
    if (status == OUTFALL_OK)
        status = drv_count_check(target->count_mode, batch->deletion, DRV_COUNT_PLAIN, batch->rows,
                                 written.rows, "", target->display,
                                 "a trigger or a rule there keeps rows back or sends them "
                                 "elsewhere; write to the table that holds them",
                                 &detail);
    result->statements = written.statements;
    if (status == OUTFALL_OK) {
        result->rows_written = written.rows;
    } else {
        connection->checked = 0;
        if (detail.action == OUTFALL_ACTION_ROW) {
            result->bad_row = detail.row;
            connection->locate = true; /* What is tried of these rows next goes by COPY. */
        }
        if (error != NULL)
            *error = detail;
    }
    connection->subject = NULL; /* The target may be freed before the next message. */
    return status;
}
