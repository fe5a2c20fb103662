/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/count.h"
#include "mysql/fault.h"
#include "mysql/message.h"
#include "mysql/query.h"
#include "mysql/transaction.h"

#define ROW_NUMBERS 100700 /* MariaDB: GET DIAGNOSTICS has ROW_NUMBER. */

/* ---- Whose fault it was ----------------------------------------------------------------- */

/* The row that the server's diagnostics name, from 1; 0 where they name none. */
static uint64_t ask_row_number(drv_my_job *job)
{
    outfall_connection *connection = job->connection;
    MYSQL_RES *answer = NULL;
    uint64_t number = 0;
    outfall_error ignored;
    if (drv_my_query(connection, "GET DIAGNOSTICS CONDITION 1 @outfall_row = ROW_NUMBER",
                     job->deadline_us, NULL, &ignored) != OUTFALL_OK ||
        drv_my_query(connection, "SELECT @outfall_row", job->deadline_us, &answer, &ignored) !=
            OUTFALL_OK)
        return 0;
    MYSQL_ROW row = mysql_fetch_row(answer);
    if (row != NULL && row[0] != NULL)
        number = strtoull(row[0], NULL, 10);
    mysql_free_result(answer);
    return number;
}

/*
 * Sets error->row and error->column. A DELETE in bulk is a statement for each row, and its row
 * number always 1: only of an INSERT is it told which row it was.
 */
static void locate(drv_my_job *job, const char *message, uint64_t first, uint32_t rows,
                   outfall_error *error)
{
    const outfall_connection *connection = job->connection;
    const drv_my_target *target = job->target;
    int64_t within = -1;
    const char *column = drv_my_message_column(message, target->columns, target->base.column_count);
    if (column != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    if (rows == 1) {
        within = 0;
    } else if (!job->batch->deletion && connection->mariadb && connection->version >= ROW_NUMBERS) {
        uint64_t number = ask_row_number(job);
        within = number >= 1 && number <= rows ? (int64_t)number - 1 : -1;
    } else if (!job->batch->deletion) {
        within = drv_my_message_row(message, rows);
    }
    error->row = within >= 0 ? (int64_t)first + within : -1;
}

int drv_my_write_execute(drv_my_job *job, MYSQL_STMT *statement, uint64_t first, uint32_t rows,
                         outfall_error *error)
{
    job->statements++;
    int status = drv_my_execute(job->connection, statement, job->deadline_us, error);
    if (status == OUTFALL_OK) {
        job->counted += mysql_stmt_affected_rows(statement);
        return OUTFALL_OK;
    }
    if (error->action == OUTFALL_ACTION_ROW && !job->connection->dead)
        locate(job, error->message, first, rows, error);
    return status;
}

int drv_my_write_fail_large(const drv_my_job *job, uint64_t row, outfall_error *error)
{
    int status =
        outfall_error_set(error, OUTFALL_ERR_REFUSED, OUTFALL_ACTION_ROW,
                          "writing to %.160s: the row does not fit into a packet of %" PRIu64
                          " bytes; raise max_allowed_packet on the server",
                          job->target->display, job->connection->packet_max);
    if (error != NULL)
        error->row = (int64_t)row;
    return status;
}

/* ---- The ways --------------------------------------------------------------------------- */

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

static int write_batch(drv_my_job *job, outfall_error *error)
{
    outfall_connection *connection = job->connection;
    int status = drv_my_transaction_open(connection, error);
    if (status != OUTFALL_OK)
        return status;
    job->statement = drv_my_statement_slot(connection, job->target);
    status =
        drv_my_statement_check(connection, job->target, job->statement, job->deadline_us, error);
    if (status == OUTFALL_OK)
        status = write_rows(job, error);
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
        drv_my_forget_checks(connection);
        if (detail.action == OUTFALL_ACTION_ROW)
            result->bad_row = detail.row;
        if (error != NULL)
            *error = detail;
    }
    connection->subject = NULL; /* The target may be freed before the next message. */
    return status;
}
