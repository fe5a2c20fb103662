/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/write.h"

#include "common/count.h"
#include "mysql/fault.h"
#include "mysql/job.h"
#include "mysql/query.h"
#include "mysql/transaction.h"
#include "mysql/write_bulk.h"
#include "mysql/write_load.h"
#include "mysql/write_rows.h"

#define PIPELINE_BYTES_MAX (1u << 20) /* The check's time is nothing to a larger batch's. */
#define PIPELINE_COLUMNS_MAX 100      /* Its answer fits a socket while the rows are being sent. */

static int write_strictly(drv_my_job *job, outfall_error *error)
{
    return job->connection->bulk ? drv_my_write_bulk(job, error) : drv_my_write_rows(job, error);
}

static int write_rows(drv_my_job *job, outfall_error *error)
{
    bool done = false;
    int status = OUTFALL_OK;
    if (job->connection->load && job->target->mode == OUTFALL_MODE_INSERT && !job->batch->deletion)
        status = drv_my_write_load(job, &done, error);
    if (status == OUTFALL_OK && !done)
        status = write_strictly(job, error);
    if (status != OUTFALL_OK || (job->connection->my->server_status & SERVER_STATUS_IN_TRANS) != 0)
        return status;
    job->connection->transaction = DRV_MY_LOST;
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                             "writing to %.200s: the server ended the transaction by itself; a "
                             "proxy in between may not keep one session for one transaction",
                             job->target->display);
}

static int check_count(const drv_my_job *job, outfall_error *error)
{
    const drv_my_target *target = job->target;
    bool nothing_to_update = target->mode == OUTFALL_MODE_UPSERT && !target->updates;
    nothing_to_update |= target->mode == OUTFALL_MODE_REPLACE && !target->updates;
    return drv_count_check(nothing_to_update ? OUTFALL_MODE_IGNORE : target->mode,
                           job->batch->deletion, DRV_COUNT_FOUND_ROWS, job->batch->rows,
                           job->counted, "", target->display,
                           "rows are kept back or sent elsewhere; look for a proxy in between, and "
                           "write to the server itself",
                           error);
}

/* Whether the check goes with the rows: one trip less, of a batch that a packet holds. */
static bool checks_with_rows(const drv_my_job *job)
{
    const outfall_connection *connection = job->connection;
    enum drv_my_purpose purpose = job->batch->deletion ? DRV_MY_DELETE : DRV_MY_PUT;
    return connection->bulk && !connection->load && drv_my_client_pipelines(connection->my) &&
           job->statement->check != NULL && job->statement->bulk[purpose] != NULL &&
           job->batch->bytes <= PIPELINE_BYTES_MAX &&
           job->target->shape_count <= PIPELINE_COLUMNS_MAX;
}

static int write_batch(drv_my_job *job, outfall_error *error)
{
    outfall_connection *connection = job->connection;
    job->statement = drv_my_statement_slot(connection, job->target);
    bool together = checks_with_rows(job);
    int status = together ? drv_my_transaction_lead(connection, job->deadline_us, error)
                          : drv_my_transaction_open(connection, job->deadline_us, error);
    if (status == OUTFALL_OK && !together)
        status = drv_my_statement_check(connection, job->target, job->statement, job->deadline_us,
                                        error);
    if (status == OUTFALL_OK)
        status = write_rows(job, error);
    drv_text_clear(&connection->head); /* Where memory ran out before it was sent. */
    if (status == OUTFALL_OK)
        status = drv_my_statement_ask(connection, job->target, job->deadline_us, error);
    if (status == OUTFALL_OK)
        status = check_count(job, error);
    return status;
}

int drv_my_write(outfall_connection *connection, outfall_target *base, const outfall_batch *batch,
                 int64_t deadline_us, outfall_write_result *result, outfall_error *error)
{
    const drv_my_target *target = (const drv_my_target *)base;
    outfall_error detail;
    drv_my_job job = {
        .connection = connection, .target = target, .batch = batch, .deadline_us = deadline_us};
    result->statements = 0;
    result->rows_written = 0;
    result->bad_row = -1;
    int status = drv_my_start(connection, batch->deletion ? "deleting from" : "writing to",
                              target->display, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->transaction == DRV_MY_NONE || (batch->deletion && target->base.key_count == 0))
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 connection->transaction == DRV_MY_NONE
                                     ? "write without a transaction on this connection"
                                     : "rows are deleted by their key, and the target has none");
    if (batch->rows == 0)
        return OUTFALL_OK;
    status = write_batch(&job, &detail);
    result->statements = job.statements;
    if (status == OUTFALL_OK) {
        result->rows_written = job.counted;
    } else {
        drv_my_note_failure(connection, status);
        drv_my_forget_checks(connection);
        if (detail.action == OUTFALL_ACTION_ROW)
            result->bad_row = detail.row;
        if (error != NULL)
            *error = detail;
    }
    connection->subject = NULL; /* The target may be freed before the next message. */
    return status;
}
