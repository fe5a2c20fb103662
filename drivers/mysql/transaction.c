/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/transaction.h"

#include "common/fail.h"
#include "mysql/action.h"
#include "mysql/fault.h"
#include "mysql/query.h"
#include "mysql/wait.h"
#include "mysql/xid.h"

#define MARIADB_TWO_PHASE 100500 /* Before, a prepared transaction went with its connection. */

int drv_my_fail_turn(const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "%s is out of turn on this connection", what);
}

static int fail_prepared(const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "%s on a connection that holds a prepared transaction: commit that, "
                             "roll it back, or disconnect",
                             what);
}

/* ---- Begin ------------------------------------------------------------------------------ */

static int check_xid(const outfall_connection *connection, const outfall_xid *xid,
                     outfall_error *error)
{
    if (connection->mariadb && connection->version < MARIADB_TWO_PHASE)
        return outfall_error_set(
            error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
            "two-phase commit needs MariaDB 10.5 or newer: this server (%lu.%lu"
            ") rolls a prepared transaction back when its connection ends",
            connection->version / 10000, connection->version / 100 % 100);
    if (drv_my_xid_is_valid(xid))
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "a transaction's name is of ASCII letters, digits and dots, its gtrid "
                             "of 1 to %zu and its bqual of at most %zu",
                             sizeof xid->gtrid - 1, sizeof xid->bqual - 1);
}

int drv_my_begin(outfall_connection *connection, const outfall_begin_options *options,
                 int64_t deadline_us, outfall_error *error)
{
    int status = drv_my_start(connection, "beginning a transaction", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->transaction == DRV_MY_PREPARED)
        return fail_prepared("begin", error);
    if (connection->transaction != DRV_MY_NONE)
        return drv_my_fail_turn("begin inside a transaction", error);
    if (options->xid != NULL)
        status = check_xid(connection, options->xid, error);
    if (status != OUTFALL_OK)
        return status;
    connection->xid = options->xid != NULL ? *options->xid : (outfall_xid){{0}, {0}};
    connection->started = connection->spoiled = false;
    connection->transaction = DRV_MY_BEGUN;
    drv_my_forget_checks(connection);
    return OUTFALL_OK;
}

/*
 * By the lock others find this session (drv_my_end_holder); where another one still has it, that is
 * the one to be found. It costs no trip on MariaDB, and one on MySQL.
 */
static void add_lock(outfall_connection *connection, drv_text *sql)
{
    drv_text_add(sql, "DO ");
    if (connection->locked.gtrid[0] != '\0') {
        drv_text_add(sql, "RELEASE_LOCK(");
        drv_my_xid_add_lock(sql, &connection->locked);
        drv_text_add(sql, "), ");
    }
    drv_text_add(sql, "GET_LOCK(");
    drv_my_xid_add_lock(sql, &connection->xid);
    drv_text_add(sql, ", 0)");
    connection->locked = connection->xid;
}

static int run(outfall_connection *connection, const drv_text *sql, int64_t deadline_us,
               outfall_error *error)
{
    return sql->failed ? drv_fail_nomem(error)
                       : drv_my_query(connection, sql->data, deadline_us, NULL, error);
}

/* Lock and XA START as one statement of MariaDB's: where it fails the latter was not carried out.
 */
static void add_start(outfall_connection *connection, drv_text *sql)
{
    drv_text_clear(sql);
    drv_text_add(sql, "BEGIN NOT ATOMIC ");
    add_lock(connection, sql);
    drv_text_add(sql, "; XA START ");
    drv_my_xid_add(sql, &connection->xid);
    drv_text_add(sql, "; END");
}

/* MySQL has no such statement. */
static int start_by_steps(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    drv_text *sql = &connection->sql;
    drv_text_clear(sql);
    add_lock(connection, sql);
    int status = run(connection, sql, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    drv_text_clear(sql);
    drv_text_add(sql, "XA START ");
    drv_my_xid_add(sql, &connection->xid);
    return run(connection, sql, deadline_us, error);
}

/* A query before has begun a transaction of its own: XA START would be refused. */
static bool has_other(const outfall_connection *connection)
{
    return (connection->my->server_status & SERVER_STATUS_IN_TRANS) != 0;
}

static int start_xa(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = OUTFALL_OK;
    if (has_other(connection))
        status = drv_my_query(connection, "ROLLBACK", deadline_us, NULL, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->mariadb) {
        add_start(connection, &connection->sql);
        status = run(connection, &connection->sql, deadline_us, error);
    } else {
        status = start_by_steps(connection, deadline_us, error);
    }
    connection->started = status == OUTFALL_OK;
    return status;
}

static bool is_due(const outfall_connection *connection)
{
    return drv_my_is_two_phase(connection) && connection->transaction == DRV_MY_BEGUN;
}

int drv_my_transaction_open(outfall_connection *connection, int64_t deadline_us,
                            outfall_error *error)
{
    int status = OUTFALL_OK;
    if (connection->transaction == DRV_MY_PREPARED)
        return fail_prepared("a statement", error);
    if (connection->transaction == DRV_MY_LOST)
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "the server has rolled the transaction back; begin another");
    if (is_due(connection))
        status = start_xa(connection, deadline_us, error);
    if (status == OUTFALL_OK)
        connection->transaction = DRV_MY_OPEN;
    return status;
}

int drv_my_transaction_lead(outfall_connection *connection, int64_t deadline_us,
                            outfall_error *error)
{
    if (!is_due(connection) || !connection->mariadb || has_other(connection))
        return drv_my_transaction_open(connection, deadline_us, error);
    add_start(connection, &connection->head);
    return connection->head.failed ? drv_fail_nomem(error) : OUTFALL_OK;
}

/* ---- Savepoints ------------------------------------------------------------------------- */

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
        return drv_my_fail_turn("an unknown savepoint step", error);
    if (connection->transaction == DRV_MY_NONE ||
        (connection->transaction == DRV_MY_BEGUN && step != OUTFALL_SAVEPOINT_SET))
        return drv_my_fail_turn("a savepoint step without a transaction", error);
    if (connection->spoiled && step != OUTFALL_SAVEPOINT_ROLLBACK)
        return drv_my_fail_turn("a savepoint step after a failure", error);
    if (step == OUTFALL_SAVEPOINT_ROLLBACK)
        drv_my_forget_checks(
            connection); /* The metadata lock taken since the savepoint goes with it. */
    status = drv_my_transaction_open(connection, deadline_us, error);
    if (status == OUTFALL_OK)
        status = drv_my_query(connection, sql[step], deadline_us, NULL, error);
    connection->spoiled = status != OUTFALL_OK && drv_my_is_two_phase(connection);
    return status;
}

/* ---- The end ---------------------------------------------------------------------------- */

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
        return drv_my_fail_turn("commit without a transaction", error);
    if (drv_my_is_two_phase(connection)) /* Prepared or not. */
        return drv_my_fail_turn("commit of a transaction that ends in prepare", error);
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

/* True of an answer to XA ROLLBACK that says: it was rolled back before. */
static bool is_rolled_back(const outfall_error *error)
{
    return error->native_code == 1402 || error->native_code == 1613 || error->native_code == 1614;
}

/*
 * XA END fails where the branch has ended already, or may only be rolled back: XA ROLLBACK tells.
 * A session that does not take that is not used again; the server then rolls it back.
 */
static int roll_back_xa(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    static const char *const steps[] = {"XA END ", "XA ROLLBACK "};
    drv_text *sql = &connection->sql;
    outfall_error detail = {0};
    int status = OUTFALL_OK;
    for (size_t i = 0; i < 2 && !connection->dead; i++) {
        drv_text_clear(sql);
        drv_text_add(sql, steps[i]);
        drv_my_xid_add(sql, &connection->xid);
        status = run(connection, sql, deadline_us, &detail);
    }
    connection->started = false;
    if (status == OUTFALL_OK || (!connection->dead && is_rolled_back(&detail)))
        return OUTFALL_OK;
    connection->dead = true;
    if (error != NULL)
        *error = detail;
    return status;
}

int drv_my_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    bool sent = connection->transaction == DRV_MY_OPEN || connection->transaction == DRV_MY_LOST;
    if (connection->transaction == DRV_MY_PREPARED)
        return fail_prepared("rollback", error);
    int status = drv_my_start(connection, "rolling back", NULL, deadline_us, error);
    connection->transaction = DRV_MY_NONE;
    connection->spoiled = false;
    drv_my_forget_checks(connection);
    if (status == OUTFALL_OK && connection->started)
        status = roll_back_xa(connection, deadline_us, error);
    else if (status == OUTFALL_OK && sent)
        status = drv_my_query(connection, "ROLLBACK", deadline_us, NULL, error);
    connection->xid = (outfall_xid){{0}, {0}};
    return status;
}

int drv_my_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = drv_my_rollback(connection, deadline_us, error);
    if (status == OUTFALL_OK && drv_my_wait_is_over(connection->socket))
        status = drv_my_fail_lost(connection, "the server closed it", error);
    return status;
}
