/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "mysql/fault.h"
#include "mysql/message.h"
#include "mysql/query.h"

#define ROW_NUMBERS 100700 /* MariaDB: GET DIAGNOSTICS has ROW_NUMBER. */

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

int drv_my_job_execute(drv_my_job *job, MYSQL_STMT *statement, uint64_t first, uint32_t rows,
                       outfall_error *error)
{
    job->statements++;
    int status = drv_my_statement_execute(job->connection, job->target, job->statement, statement,
                                          job->deadline_us, error);
    if (status == OUTFALL_OK) {
        job->counted += mysql_stmt_affected_rows(statement);
        return OUTFALL_OK;
    }
    if (error->action == OUTFALL_ACTION_ROW && !job->connection->dead)
        locate(job, error->message, first, rows, error);
    return status;
}

int drv_my_job_fail_large(const drv_my_job *job, uint64_t row, outfall_error *error)
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
