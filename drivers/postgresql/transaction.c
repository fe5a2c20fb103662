/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/transaction.h"

#include <string.h>

#include "common/clock.h"
#include "common/fail.h"
#include "postgresql/connection.h"
#include "postgresql/fault.h"
#include "postgresql/wait.h"

static int fail_turn(const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "%s is out of turn on this connection", what);
}

/* SET LOCAL ends with the transaction, prepared or not: the session's own name comes back. */
void drv_pg_show_sql(const outfall_connection *connection, char out[DRV_PG_SHOW_SQL_MAX])
{
    out[0] = '\0';
    if (connection->gid[0] != '\0')
        snprintf(out, DRV_PG_SHOW_SQL_MAX, "SET LOCAL application_name = '%s'", connection->gid);
}

void drv_pg_add_begin(const outfall_connection *connection, drv_text *to)
{
    char show[DRV_PG_SHOW_SQL_MAX];
    drv_pg_show_sql(connection, show);
    drv_text_add(to, DRV_PG_BEGIN_SQL "; ");
    if (show[0] != '\0')
        drv_text_format(to, "%s; ", show);
}

int drv_pg_begin(outfall_connection *connection, const outfall_begin_options *options,
                 int64_t deadline_us, outfall_error *error)
{
    (void)deadline_us;
    int status = drv_pg_start(connection, "beginning a transaction", NULL, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->transaction != DRV_PG_NONE)
        return fail_turn("begin inside a transaction", error);
    connection->gid[0] = '\0';
    if (options->xid != NULL && !drv_pg_gid_join(options->xid, connection->gid))
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "beginning a transaction: its name has two parts, of letters, "
                                 "digits and dots");
    connection->checked = 0;
    connection->transaction = DRV_PG_BEGUN;
    return OUTFALL_OK;
}

int drv_pg_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                     outfall_error *error)
{
    static const char *const sql[] = {
        "SAVEPOINT outfall",
        "RELEASE SAVEPOINT outfall",
        "ROLLBACK TO SAVEPOINT outfall",
    };
    int status = drv_pg_start(connection, "at a savepoint", NULL, error);
    if (status != OUTFALL_OK)
        return status;
    if (step < OUTFALL_SAVEPOINT_SET || step > OUTFALL_SAVEPOINT_ROLLBACK)
        return fail_turn("an unknown savepoint step", error);
    if (connection->transaction == DRV_PG_NONE ||
        (connection->transaction == DRV_PG_BEGUN && step != OUTFALL_SAVEPOINT_SET))
        return fail_turn("a savepoint step without a transaction", error);
    if (step == OUTFALL_SAVEPOINT_ROLLBACK)
        connection->checked = 0; /* The lock taken since the savepoint goes with it. */
    if (connection->transaction == DRV_PG_BEGUN) {
        drv_text_clear(&connection->sql);
        drv_pg_add_begin(connection, &connection->sql);
        drv_text_add(&connection->sql, sql[step]);
        connection->transaction = DRV_PG_OPEN;
        if (connection->sql.failed)
            return drv_fail_nomem(error);
        return drv_pg_query(connection, connection->sql.data, deadline_us, NULL, error);
    }
    return drv_pg_query(connection, sql[step], deadline_us, NULL, error);
}

/* COMMIT went out and its answer did not come, or is not to be trusted. */
static int fail_unknown(outfall_connection *connection, const char *why, outfall_error *error)
{
    connection->dead = true;
    return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                             "COMMIT was sent and its outcome is not known: %.*s",
                             (int)strcspn(why, "\n"), why);
}

/* The server's answer to COMMIT: a plain ERROR is a certain no, a dying session proves nothing. */
static int judge_commit(outfall_connection *connection, PGresult *result, outfall_error *error)
{
    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
        if (strcmp(PQcmdStatus(result), "COMMIT") == 0)
            return OUTFALL_OK;
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "committing: the transaction had failed and was rolled back");
    }
    if (!drv_pg_result_is_refusal(result))
        return fail_unknown(connection, PQresultErrorMessage(result), error);
    return drv_pg_fail_result(connection, result, error);
}

int drv_pg_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = drv_pg_start(connection, "committing", NULL, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->transaction == DRV_PG_NONE)
        return fail_turn("commit without a transaction", error);
    if (connection->gid[0] != '\0')
        return fail_turn("commit of a transaction that is to be prepared", error);
    bool nothing_sent = connection->transaction == DRV_PG_BEGUN;
    connection->transaction = DRV_PG_NONE;
    connection->checked = 0;
    connection->locate = false;
    if (nothing_sent)
        return OUTFALL_OK;
    if (deadline_us <= drv_now_us())
        return drv_pg_fail_timeout(connection, error);
    if (!drv_pg_is_open(connection))
        return drv_pg_fail_lost(connection, error); /* COMMIT was not sent: a certain no. */
    if (!PQsendQuery(connection->pg, "COMMIT"))
        return fail_unknown(connection, PQerrorMessage(connection->pg), error);
    PGresult *result = NULL;
    status = drv_pg_result(connection, deadline_us, &result, error);
    if (status != OUTFALL_OK)
        status = fail_unknown(connection, "no answer before the deadline", error);
    else if (result == NULL)
        status = fail_unknown(connection, "no result", error);
    else
        status = judge_commit(connection, result, error);
    PQclear(result);
    if (!connection->dead && drv_pg_drain(connection, deadline_us, NULL) != OUTFALL_OK)
        connection->dead = true; /* The outcome is known all the same. */
    return status;
}

int drv_pg_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = drv_pg_start(connection, "rolling back", NULL, error);
    connection->transaction = DRV_PG_NONE;
    connection->gid[0] = '\0';
    connection->checked = 0;
    if (status == OUTFALL_OK && PQtransactionStatus(connection->pg) != PQTRANS_IDLE)
        status = drv_pg_query(connection, "ROLLBACK", deadline_us, NULL, error);
    return status;
}

int drv_pg_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = drv_pg_rollback(connection, deadline_us, error);
    if (status == OUTFALL_OK && !drv_pg_is_open(connection))
        status = drv_pg_fail_lost(connection, error);
    return status;
}
