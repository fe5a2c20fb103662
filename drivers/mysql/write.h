/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a batch: which way it goes. */
#ifndef DRV_MY_WRITE_H
#define DRV_MY_WRITE_H

#include "mysql/session.h"

int drv_my_write(outfall_connection *connection, outfall_target *target, const outfall_batch *batch,
                 int64_t deadline_us, outfall_write_result *result, outfall_error *error);

#endif
