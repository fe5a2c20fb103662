/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/transaction.h"

#include <string.h>

#include "odbc/branch.h"
#include "odbc/call.h"
#include "odbc/fault.h"
#include "odbc/query.h"

static int fail_turn(const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "odbc: %s is out of turn on this connection", what);
}

/* Ends a transaction by the dialect's own SQL, or by ODBC. */
static int end(outfall_connection *connection, bool commit, outfall_error *error)
{
    const char *sql = commit ? connection->dialect->commit : connection->dialect->rollback;
    if (sql != NULL)
        return drv_odbc_run(connection, sql, error);
    SQLRETURN code =
        SQLEndTran(SQL_HANDLE_DBC, connection->dbc, commit ? SQL_COMMIT : SQL_ROLLBACK);
    if (!SQL_SUCCEEDED(code))
        return drv_odbc_fail(connection, SQL_HANDLE_DBC, connection->dbc, error);
    return OUTFALL_OK;
}

int drv_odbc_settle(outfall_connection *connection, int status, outfall_error *error)
{
    if (connection->in_transaction || connection->dead || connection->dialect->rollback != NULL)
        return status;
    int ended = end(connection, false, status == OUTFALL_OK ? error : NULL);
    return status == OUTFALL_OK ? ended : status;
}

int drv_odbc_settle_commit(outfall_connection *connection, outfall_error *error)
{
    if (connection->in_transaction || connection->dialect->commit != NULL)
        return OUTFALL_OK;
    return end(connection, true, error);
}

int drv_odbc_begin(outfall_connection *connection, const outfall_begin_options *options,
                   int64_t deadline_us, outfall_error *error)
{
    int status = drv_odbc_enter(connection, "beginning a transaction", NULL, deadline_us, error);
    if (status == OUTFALL_OK && connection->in_transaction)
        status = fail_turn("begin inside a transaction", error);
    else if (status == OUTFALL_OK && options->xid != NULL)
        status = drv_odbc_branch_begin(connection, options->xid, error);
    else if (status == OUTFALL_OK && connection->dialect->begin != NULL)
        status = drv_odbc_run(connection, connection->dialect->begin, error);
    if (status == OUTFALL_OK) {
        connection->in_transaction = true;
        connection->failed = false;
        connection->checked = 0;
    }
    return drv_odbc_leave(connection, status);
}

int drv_odbc_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                       outfall_error *error)
{
    static const enum drv_odbc_savepoint steps[] = {
        [OUTFALL_SAVEPOINT_SET] = DRV_ODBC_SAVEPOINT,
        [OUTFALL_SAVEPOINT_RELEASE] = DRV_ODBC_RELEASE,
        [OUTFALL_SAVEPOINT_ROLLBACK] = DRV_ODBC_ROLLBACK_TO,
    };
    int status = drv_odbc_enter(connection, "at a savepoint", NULL, deadline_us, error);
    if (status == OUTFALL_OK && (step < OUTFALL_SAVEPOINT_SET || step > OUTFALL_SAVEPOINT_ROLLBACK))
        status = fail_turn("an unknown savepoint step", error);
    if (status == OUTFALL_OK && !connection->in_transaction)
        status = fail_turn("a savepoint step without a transaction", error);
    if (status == OUTFALL_OK && connection->dialect->savepoint[steps[step]] != NULL)
        status = drv_odbc_run(connection, connection->dialect->savepoint[steps[step]], error);
    if (step == OUTFALL_SAVEPOINT_ROLLBACK) {
        connection->checked = 0; /* A lock taken since the savepoint goes with it. */
        connection->failed = connection->failed && status != OUTFALL_OK;
    }
    return drv_odbc_leave(connection, status);
}

/* ---- Commit ----------------------------------------------------------------------- */

static int fail_unknown(outfall_connection *connection, const outfall_error *why,
                        outfall_error *error)
{
    connection->dead = true;
    outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                      "odbc: COMMIT was sent and its outcome is not known: %.300s", why->message);
    if (error != NULL) {
        error->native_code = why->native_code;
        memcpy(error->sqlstate, why->sqlstate, sizeof error->sqlstate);
    }
    return OUTFALL_ERR_UNKNOWN;
}

/* Whether an error of COMMIT leaves open what became of it; any other is a certain no. */
static bool is_unknown(const outfall_connection *connection, const outfall_error *why)
{
    static const char *const states[] = {"40003", "08007", "25S", "HYT"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strncmp(why->sqlstate, states[i], strlen(states[i])) == 0)
            return true;
    return connection->dead || why->status == OUTFALL_ERR_IO ||
           why->status == OUTFALL_ERR_TIMEOUT || drv_odbc_is_lost(connection);
}

static int commit(outfall_connection *connection, outfall_error *error)
{
    outfall_error detail = {0};
    bool asks = connection->method->tells_loss == 0 || connection->socket < 0;
    /* To such a COMMIT psqlODBC answers with success. */
    if (connection->failed) {
        (void)end(connection, false, NULL);
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "odbc: committing: the transaction had failed and was rolled "
                                 "back");
    }
    if (drv_odbc_is_closed(connection) || (asks && drv_odbc_is_lost(connection)))
        return drv_odbc_fail_lost(connection, "the server closed it before COMMIT was sent", error);
    int status = end(connection, true, &detail);
    if (status == OUTFALL_OK && asks && drv_odbc_is_lost(connection))
        status = drv_odbc_fail_lost(connection, "it was found dead behind COMMIT", &detail);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    /* SQLite's waits are for a lock: it has no server, and a COMMIT that fails has not been. */
    if (connection->dialect->commit == NULL && is_unknown(connection, &detail))
        return fail_unknown(connection, &detail, error);
    if (!connection->dead)
        (void)end(connection, false, NULL);
    if (error != NULL)
        *error = detail;
    return status;
}

int drv_odbc_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = drv_odbc_enter(connection, "committing", NULL, deadline_us, error);
    if (status == OUTFALL_OK && !connection->in_transaction)
        status = fail_turn("commit without a transaction", error);
    else if (status == OUTFALL_OK && connection->named)
        return drv_odbc_leave(connection,
                              fail_turn("commit of a transaction that is to be prepared", error));
    else if (status == OUTFALL_OK)
        status = commit(connection, error);
    connection->in_transaction = false;
    connection->failed = false;
    connection->checked = 0;
    return drv_odbc_leave(connection, status);
}

int drv_odbc_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = drv_odbc_enter(connection, "rolling back", NULL, deadline_us, error);
    if (status == OUTFALL_OK && connection->named)
        status = drv_odbc_branch_undo(connection, error);
    else if (status == OUTFALL_OK && connection->in_transaction)
        status = end(connection, false, error);
    if (status == OUTFALL_OK && drv_odbc_is_lost(connection))
        status = drv_odbc_fail_lost(connection, "the server closed it", error);
    connection->in_transaction = false;
    connection->named = false;
    connection->failed = false;
    connection->checked = 0;
    return drv_odbc_leave(connection, status);
}

int drv_odbc_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = drv_odbc_rollback(connection, deadline_us, error);
    if (status == OUTFALL_OK && drv_odbc_is_closed(connection))
        status = drv_odbc_fail_lost(connection, "the server closed it", error);
    return status;
}
