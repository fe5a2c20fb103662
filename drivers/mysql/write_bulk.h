/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a batch by bulk arrays: one statement, its rows in one packet or a few. */
#ifndef DRV_MY_WRITE_BULK_H
#define DRV_MY_WRITE_BULK_H

#include "mysql/job.h"

/*
 * Writes all of the batch or fails; error->row is set where the row at fault is known. The row
 * count is left to the caller.
 */
int drv_my_write_bulk(drv_my_job *job, outfall_error *error);

#endif
