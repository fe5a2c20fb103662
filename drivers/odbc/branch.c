/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/branch.h"

#include <stdio.h>
#include <string.h>

#include "common/fail.h"
#include "odbc/action.h"
#include "odbc/query.h"

/* ---- One call of XA --------------------------------------------------------------- */

/* The error behind the last answer; 0: it is not known. */
static int32_t last_error(outfall_connection *connection)
{
    const drv_odbc_two_phase *by = connection->dialect->two_phase;
    outfall_error ignored;
    int32_t number = 0;
    int status = drv_odbc_call(connection, by->last, NULL, 0, &number, &ignored);
    return status == OUTFALL_OK && number > 0 ? number : 0;
}

/* The database's own error tells more of XAER_RMERR than XA does. */
static int fail_code(outfall_connection *connection, enum drv_odbc_xa_call call, const char *name,
                     int32_t code, outfall_error *error)
{
    drv_odbc_xa_meaning meaning = drv_odbc_xa_judge(call, code);
    const char *dialect = connection->dialect->name;
    int32_t number = code < 0 ? last_error(connection) : 0;
    char detail[24] = "";
    if (number != 0)
        snprintf(detail, sizeof detail, ", ORA-%05d", (int)number);
    if (code == DRV_ODBC_XA_RMERR && drv_odbc_action_known(dialect, number)) {
        drv_odbc_action told = drv_odbc_action_of(dialect, NULL, number, NULL);
        bool before = call == DRV_ODBC_XA_START || call == DRV_ODBC_XA_END;
        if (told.action == OUTFALL_ACTION_STOP || (before && told.action == OUTFALL_ACTION_RETRY))
            meaning = (drv_odbc_xa_meaning){told.status, told.action,
                                            told.advice != NULL ? told.advice : "it is refused"};
    }
    outfall_error_set(error, meaning.status, meaning.action, "odbc: %.40s %.70s: %s (%d%s): %s",
                      connection->doing, name, drv_odbc_xa_name(code), (int)code, detail,
                      meaning.text);
    if (error != NULL)
        error->native_code = number;
    return meaning.status;
}

int drv_odbc_branch_call(outfall_connection *connection, enum drv_odbc_xa_call call,
                         const outfall_xid *xid, outfall_error *error)
{
    const drv_odbc_two_phase *by = connection->dialect->two_phase;
    char gtrid[DRV_ODBC_XA_HEX_MAX], bqual[DRV_ODBC_XA_HEX_MAX], name[DRV_ODBC_XA_NAME_MAX];
    const char *const inputs[] = {gtrid, bqual, name};
    int32_t code = 0;
    drv_odbc_xa_hex(xid->gtrid, gtrid);
    drv_odbc_xa_hex(xid->bqual, bqual);
    drv_odbc_xid_join(xid, name);
    int status = drv_odbc_call(connection, by->calls[call], inputs,
                               call == DRV_ODBC_XA_START ? 3 : 2, &code, error);
    if (status != OUTFALL_OK)
        return status;
    if (drv_odbc_xa_judge(call, code).status == OUTFALL_OK)
        return OUTFALL_OK;
    return fail_code(connection, call, name, code, error);
}

/* ---- Begin, and take back --------------------------------------------------------- */

int drv_odbc_branch_begin(outfall_connection *connection, const outfall_xid *xid,
                          outfall_error *error)
{
    outfall_error detail = {0};
    if (connection->dialect->two_phase == NULL)
        return drv_odbc_branch_fail_unsupported(connection, error);
    if (!drv_odbc_xid_is_valid(xid))
        return drv_odbc_branch_fail_name(error);
    int status = drv_odbc_branch_call(connection, DRV_ODBC_XA_START, xid, &detail);
    if (status == OUTFALL_OK) {
        connection->named = true;
        connection->xid = *xid;
        return OUTFALL_OK;
    }
    /* It may have begun, or the session has another: it is of no use any more. */
    if (detail.sqlstate[0] != '\0' || detail.status == OUTFALL_ERR_IO)
        connection->dead = true;
    if (error != NULL)
        *error = detail;
    return status;
}

int drv_odbc_branch_undo(outfall_connection *connection, outfall_error *error)
{
    const outfall_xid xid = connection->xid;
    outfall_error why = {0};
    connection->named = false;
    /* Where it cannot be left it cannot be rolled back either, and that tells. */
    (void)drv_odbc_branch_call(connection, DRV_ODBC_XA_END, &xid, &why);
    int status = connection->dead
                     ? why.status
                     : drv_odbc_branch_call(connection, DRV_ODBC_XA_ROLLBACK, &xid, &why);
    if (status == OUTFALL_OK || (status == OUTFALL_ERR_NOT_FOUND && !connection->dead))
        return OUTFALL_OK;
    connection->dead = true; /* With its session it ends. */
    if (why.status == OUTFALL_ERR_UNKNOWN) {
        why.status = OUTFALL_ERR_DATABASE;
        why.action = OUTFALL_ACTION_RETRY;
    }
    if (error != NULL)
        *error = why;
    return why.status;
}
