/* SPDX-License-Identifier: Apache-2.0 */
/* The write of a batch. */
#ifndef DRV_ODBC_WRITE_H
#define DRV_ODBC_WRITE_H

#include "odbc/session.h"

int drv_odbc_write(outfall_connection *connection, outfall_target *target,
                   const outfall_batch *batch, int64_t deadline_us, outfall_write_result *result,
                   outfall_error *error);

#endif
