/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a batch by prepared statements of many rows. */
#ifndef DRV_MY_WRITE_ROWS_H
#define DRV_MY_WRITE_ROWS_H

#include "mysql/job.h"

/*
 * Writes all of the batch or fails; error->row is set where the row at fault is known. The row
 * count is left to the caller.
 */
int drv_my_write_rows(drv_my_job *job, outfall_error *error);

#endif
