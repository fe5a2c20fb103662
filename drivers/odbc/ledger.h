/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of exactly-once delivery, in the database that the rows go to. */
#ifndef DRV_ODBC_LEDGER_H
#define DRV_ODBC_LEDGER_H

#include <outfall/driver.h>

int drv_odbc_ledger_create(outfall_connection *connection, int64_t deadline_us,
                           outfall_error *error);
int drv_odbc_takeover(outfall_connection *connection, outfall_fence *fence, int mine,
                      int64_t deadline_us, outfall_error *error);
int drv_odbc_fence(outfall_connection *connection, outfall_fence *fence, int64_t deadline_us,
                   outfall_error *error);
int drv_odbc_ledger_write(outfall_connection *connection, const outfall_ledger_line *line,
                          int64_t deadline_us, outfall_error *error);
int drv_odbc_ledger_read(outfall_connection *connection, outfall_ledger_line *line,
                         int64_t deadline_us, outfall_error *error);

#endif
