/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a batch by LOAD DATA LOCAL. */
#ifndef DRV_MY_WRITE_LOAD_H
#define DRV_MY_WRITE_LOAD_H

#include "mysql/job.h"

/*
 * LOAD DATA LOCAL, for inserts. *done is false where a warning or an error of a row would have
 * gone unnoticed: nothing is then written, and a strict way has to be taken.
 */
int drv_my_write_load(drv_my_job *job, bool *done, outfall_error *error);

#endif
