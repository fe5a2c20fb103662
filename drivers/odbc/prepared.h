/* SPDX-License-Identifier: Apache-2.0 */
/* Two-phase commit, by XA, where the dialect has it. */
#ifndef DRV_ODBC_PREPARED_H
#define DRV_ODBC_PREPARED_H

#include "odbc/session.h"

/* OUTFALL_OK where transactions can be prepared: the dialect, and the account's rights. */
int drv_odbc_check_prepared(outfall_connection *connection, int64_t deadline_us,
                            outfall_error *error);

/* As the functions of outfall_driver. */
int drv_odbc_prepare(outfall_connection *connection, const outfall_xid *xid, outfall_fence *fences,
                     uint32_t fence_count, const outfall_ledger_line *line, int64_t deadline_us,
                     outfall_error *error);
int drv_odbc_commit_prepared(outfall_connection *connection, const outfall_xid *xid,
                             int64_t deadline_us, outfall_error *error);
int drv_odbc_rollback_prepared(outfall_connection *connection, const outfall_xid *xid,
                               int64_t deadline_us, outfall_error *error);
int drv_odbc_list_prepared(outfall_connection *connection, const char *prefix,
                           outfall_prepared *out, size_t capacity, size_t *count,
                           int64_t deadline_us, outfall_error *error);
int drv_odbc_end_holder(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                        outfall_error *error);
int drv_odbc_identify(outfall_connection *connection, char *out, size_t capacity,
                      int64_t deadline_us, outfall_error *error);

#endif
