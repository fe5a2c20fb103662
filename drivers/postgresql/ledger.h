/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of exactly-once delivery, in the database that the rows go to. */
#ifndef DRV_PG_LEDGER_H
#define DRV_PG_LEDGER_H

#include <outfall/driver.h>

#include "common/ledger.h"

extern const drv_ledger_dialect drv_pg_ledger_dialect;

int drv_pg_ledger_create(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int drv_pg_takeover(outfall_connection *connection, outfall_fence *fence, int mine,
                    int64_t deadline_us, outfall_error *error);
int drv_pg_fence(outfall_connection *connection, outfall_fence *fence, int64_t deadline_us,
                 outfall_error *error);
int drv_pg_ledger_write(outfall_connection *connection, const outfall_ledger_line *line,
                        int64_t deadline_us, outfall_error *error);
int drv_pg_ledger_read(outfall_connection *connection, outfall_ledger_line *line,
                       int64_t deadline_us, outfall_error *error);

#endif
