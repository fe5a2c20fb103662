/* SPDX-License-Identifier: Apache-2.0 */
/* Two-phase commit by XA: transactions that are prepared, and what becomes of them. */
#ifndef DRV_MY_PREPARED_H
#define DRV_MY_PREPARED_H

#include "mysql/session.h"

int drv_my_prepare_xa(outfall_connection *connection, const outfall_xid *xid, outfall_fence *fences,
                      uint32_t fence_count, const outfall_ledger_line *line, int64_t deadline_us,
                      outfall_error *error);
int drv_my_commit_prepared(outfall_connection *connection, const outfall_xid *xid,
                           int64_t deadline_us, outfall_error *error);
int drv_my_rollback_prepared(outfall_connection *connection, const outfall_xid *xid,
                             int64_t deadline_us, outfall_error *error);
int drv_my_list_prepared(outfall_connection *connection, const char *prefix, outfall_prepared *out,
                         size_t capacity, size_t *count, int64_t deadline_us, outfall_error *error);
int drv_my_end_holder(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                      outfall_error *error);
int drv_my_identify(outfall_connection *connection, char *out, size_t capacity, int64_t deadline_us,
                    outfall_error *error);

#endif
