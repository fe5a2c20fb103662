/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a batch: which way it goes, and what all ways share. */
#ifndef DRV_MY_WRITE_H
#define DRV_MY_WRITE_H

#include "mysql/reader.h"
#include "mysql/session.h"
#include "mysql/statement.h"
#include "mysql/target.h"

int drv_my_write(outfall_connection *connection, outfall_target *target, const outfall_batch *batch,
                 int64_t deadline_us, outfall_write_result *result, outfall_error *error);

/* One write under way. */
typedef struct drv_my_job {
    outfall_connection *connection;
    const drv_my_target *target;
    drv_my_statement *statement;
    const outfall_batch *batch;
    int64_t deadline_us;
    uint64_t counted; /* As the server counts rows. */
    uint32_t statements;
} drv_my_job;

/*
 * The ways. Each writes all of the batch or fails; error->row is set where the row at fault is
 * known. The row count is left to the caller.
 */
int drv_my_write_bulk(drv_my_job *job, outfall_error *error);
int drv_my_write_rows(drv_my_job *job, outfall_error *error);

/*
 * LOAD DATA LOCAL, for inserts. *done is false where a warning or an error of a row would have
 * gone unnoticed: nothing is then written, and a strict way has to be taken.
 */
int drv_my_write_load(drv_my_job *job, bool *done, outfall_error *error);

/*
 * Executes a statement of `rows` rows of which the first is `first` in the batch, and adds to the
 * counts. On failure it says which row of the batch it was, where that can be known.
 */
int drv_my_write_execute(drv_my_job *job, MYSQL_STMT *statement, uint64_t first, uint32_t rows,
                         outfall_error *error);

/* No packet holds that row of the batch. */
int drv_my_write_fail_large(const drv_my_job *job, uint64_t row, outfall_error *error);

#endif
