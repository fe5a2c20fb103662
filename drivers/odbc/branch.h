/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions with a name, by XA, where the dialect has it. Within drv_odbc_enter and leave. */
#ifndef DRV_ODBC_BRANCH_H
#define DRV_ODBC_BRANCH_H

#include "odbc/session.h"
#include "odbc/xa.h"

static inline int drv_odbc_branch_fail_unsupported(const outfall_connection *connection,
                                                   outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                             "odbc: the dialect %s prepares no transactions: make this database "
                             "the home, with flushers=1, or take its own driver, if there is one",
                             connection->dialect->name);
}

static inline int drv_odbc_branch_fail_name(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "odbc: the name of a prepared transaction has two parts, of letters, "
                             "digits and dots");
}

/* Runs one of the dialect's blocks for that name. */
int drv_odbc_branch_call(outfall_connection *connection, enum drv_odbc_xa_call call,
                         const outfall_xid *xid, outfall_error *error);

/* Begins one, and takes it back. */
int drv_odbc_branch_begin(outfall_connection *connection, const outfall_xid *xid,
                          outfall_error *error);
int drv_odbc_branch_undo(outfall_connection *connection, outfall_error *error);

#endif
