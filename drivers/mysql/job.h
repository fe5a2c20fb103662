/* SPDX-License-Identifier: Apache-2.0 */
/* One write under way, and the steps that all ways of writing share. */
#ifndef DRV_MY_JOB_H
#define DRV_MY_JOB_H

#include "mysql/session.h"
#include "mysql/statement.h"
#include "mysql/target.h"

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
 * Executes a statement of `rows` rows of which the first is `first` in the batch, and adds to the
 * counts. On failure it says which row of the batch it was, where that can be known.
 */
int drv_my_job_execute(drv_my_job *job, MYSQL_STMT *statement, uint64_t first, uint32_t rows,
                       outfall_error *error);

/* No packet holds that row of the batch. */
int drv_my_job_fail_large(const drv_my_job *job, uint64_t row, outfall_error *error);

#endif
