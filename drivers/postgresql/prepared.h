/* SPDX-License-Identifier: Apache-2.0 */
/* Two-phase commit: transactions that are prepared, and outlive their session. */
#ifndef DRV_PG_PREPARED_H
#define DRV_PG_PREPARED_H

#include <outfall/driver.h>

int drv_pg_prepare(outfall_connection *connection, const outfall_xid *xid, outfall_fence *fences,
                   uint32_t fence_count, const outfall_ledger_line *line, int64_t deadline_us,
                   outfall_error *error);
int drv_pg_commit_prepared(outfall_connection *connection, const outfall_xid *xid,
                           int64_t deadline_us, outfall_error *error);
int drv_pg_rollback_prepared(outfall_connection *connection, const outfall_xid *xid,
                             int64_t deadline_us, outfall_error *error);
int drv_pg_list_prepared(outfall_connection *connection, const char *prefix, outfall_prepared *out,
                         size_t capacity, size_t *count, int64_t deadline_us, outfall_error *error);
int drv_pg_end_holder(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                      outfall_error *error);
int drv_pg_identify(outfall_connection *connection, char *out, size_t capacity, int64_t deadline_us,
                    outfall_error *error);

#endif
