/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/write.h"

#include <inttypes.h>
#include <stdlib.h>

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

/* A trigger that returns NULL and a rule that does something else both succeed in silence. */
static int check_count(const drv_pg_target *target, uint64_t sent, uint64_t counted,
                       outfall_error *error)
{
    if (counted == sent)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                             "writing to %.200s: the server counted %" PRIu64 " of %" PRIu64
                             " rows: a trigger or a rule there keeps rows back or sends them "
                             "elsewhere; write to the table that holds them",
                             target->display, counted, sent);
}

int drv_pg_write(outfall_connection *connection, outfall_target *base, const outfall_batch *batch,
                 int64_t deadline_us, outfall_write_result *result, outfall_error *error)
{
    const drv_pg_target *target = (const drv_pg_target *)base;
    outfall_error detail;
    uint64_t counted = 0;
    result->statements = 0;
    result->rows_written = 0;
    result->bad_row = -1;
    int status = drv_pg_start(connection, "writing to", target->display, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->transaction == DRV_PG_NONE)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "write without a transaction on this connection");
    if (batch->rows == 0)
        return OUTFALL_OK;
    result->statements = 1;
    bool copy = target->copy && (batch->rows >= connection->copy_rows_min || connection->locate);
    status = (copy ? drv_pg_write_copy : drv_pg_write_arrays)(connection, target, batch,
                                                              deadline_us, &counted, &detail);
    if (status == OUTFALL_OK)
        status = check_count(target, batch->rows, counted, &detail);
    if (status == OUTFALL_OK) {
        result->rows_written = counted;
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
