/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/transaction.h"

#include "mysql/action.h"
#include "mysql/fault.h"
#include "mysql/query.h"
#include "mysql/wait.h"

static int fail_turn(const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "%s is out of turn on this connection", what);
}

int drv_my_begin(outfall_connection *connection, const outfall_begin_options *options,
                 int64_t deadline_us, outfall_error *error)
{
    (void)options;
    int status = drv_my_start(connection, "beginning a transaction", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->transaction != DRV_MY_NONE)
        return fail_turn("begin inside a transaction", error);
    connection->transaction = DRV_MY_BEGUN;
    drv_my_forget_checks(connection);
    return OUTFALL_OK;
}

int drv_my_transaction_open(outfall_connection *connection, outfall_error *error)
{
    if (connection->transaction == DRV_MY_LOST)
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "the server has rolled the transaction back; begin another");
    connection->transaction = DRV_MY_OPEN;
    return OUTFALL_OK;
}

int drv_my_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                     outfall_error *error)
{
    static const char *const sql[] = {
        "SAVEPOINT outfall",
        "RELEASE SAVEPOINT outfall",
        "ROLLBACK TO SAVEPOINT outfall",
    };
    int status = drv_my_start(connection, "at a savepoint", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    if (step < OUTFALL_SAVEPOINT_SET || step > OUTFALL_SAVEPOINT_ROLLBACK)
        return fail_turn("an unknown savepoint step", error);
    if (connection->transaction == DRV_MY_NONE ||
        (connection->transaction == DRV_MY_BEGUN && step != OUTFALL_SAVEPOINT_SET))
        return fail_turn("a savepoint step without a transaction", error);
    if (step == OUTFALL_SAVEPOINT_ROLLBACK)
        drv_my_forget_checks(
            connection); /* The metadata lock taken since the savepoint goes with it. */
    status = drv_my_transaction_open(connection, error);
    if (status == OUTFALL_OK)
        status = drv_my_query(connection, sql[step], deadline_us, NULL, error);
    return status;
}

/* COMMIT went out and its answer did not come, or is not to be trusted. */
static int fail_unknown(outfall_connection *connection, outfall_error *detail, outfall_error *error)
{
    connection->dead = true;
    return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                             "COMMIT was sent and its outcome is not known: %.380s",
                             detail->message);
}

int drv_my_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    outfall_error detail;
    int status = drv_my_start(connection, "committing", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->transaction == DRV_MY_NONE)
        return fail_turn("commit without a transaction", error);
    bool nothing_sent = connection->transaction == DRV_MY_BEGUN;
    bool lost = connection->transaction == DRV_MY_LOST;
    connection->transaction = DRV_MY_NONE;
    drv_my_forget_checks(connection);
    if (nothing_sent)
        return OUTFALL_OK;
    if (lost) {
        (void)drv_my_query(connection, "ROLLBACK", deadline_us, NULL, &detail);
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "committing: the server had rolled the transaction back");
    }
    if (drv_my_wait_is_over(connection->socket)) /* COMMIT was not sent: a certain no. */
        return drv_my_fail_lost(connection, "the server closed it", error);
    status = drv_my_query(connection, "COMMIT", deadline_us, NULL, &detail);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    if (connection->dead || drv_my_action_is_unknown_commit((unsigned)detail.native_code))
        return fail_unknown(connection, &detail, error);
    if (detail.action == OUTFALL_ACTION_ROW || detail.action == OUTFALL_ACTION_RESTART)
        detail.action = OUTFALL_ACTION_RETRY; /* No row is at hand any more. */
    if (error != NULL)
        *error = detail;
    return status;
}

int drv_my_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    bool sent = connection->transaction == DRV_MY_OPEN || connection->transaction == DRV_MY_LOST;
    int status = drv_my_start(connection, "rolling back", NULL, deadline_us, error);
    connection->transaction = DRV_MY_NONE;
    drv_my_forget_checks(connection);
    if (status == OUTFALL_OK && sent)
        status = drv_my_query(connection, "ROLLBACK", deadline_us, NULL, error);
    return status;
}

int drv_my_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = drv_my_rollback(connection, deadline_us, error);
    if (status == OUTFALL_OK && drv_my_wait_is_over(connection->socket))
        status = drv_my_fail_lost(connection, "the server closed it", error);
    return status;
}
