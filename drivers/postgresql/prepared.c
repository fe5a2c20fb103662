/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/prepared.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fail.h"
#include "common/ledger.h"
#include "postgresql/action.h"
#include "postgresql/connection.h"
#include "postgresql/fault.h"
#include "postgresql/ledger.h"
#include "postgresql/sql.h"
#include "postgresql/transaction.h"
#include "postgresql/wait.h"

#define DISABLED                                                                                   \
    "55000" /* max_prepared_transactions is 0; or, at its end, another session has it. */
#define UNDEFINED "42704"
#define DIVIDED_BY_ZERO "22012"

/* PostgreSQL has one name for both parts. */
static void add_gid(drv_text *to, const outfall_xid *xid)
{
    char gid[sizeof xid->gtrid + sizeof xid->bqual + 1];
    snprintf(gid, sizeof gid, "%s%s%s", xid->gtrid, xid->bqual[0] != '\0' ? "." : "", xid->bqual);
    drv_pg_add_literal(to, gid);
}

/* Runs a text and frees it. */
static int run(outfall_connection *connection, drv_text *sql, PGresult **out, int64_t deadline_us,
               outfall_error *error)
{
    int status = sql->failed ? drv_fail_nomem(error)
                             : drv_pg_query(connection, sql->data, deadline_us, out, error);
    drv_text_free(sql);
    return status;
}

static bool is_state(const outfall_error *error, const char *sqlstate)
{
    return strcmp(error->sqlstate, sqlstate) == 0;
}

/* The answer did not come. */
static int fail_unknown(const char *what, const outfall_xid *xid, const outfall_error *why,
                        outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                             "%s of %s.%s was sent and its outcome is not known: %.300s", what,
                             xid->gtrid, xid->bqual, why->message);
}

/* ---- Begin ------------------------------------------------------------------------ */

/* SET LOCAL ends with the transaction, prepared or not: the session's own name comes back. */
int drv_pg_prepared_begin(outfall_connection *connection, const outfall_xid *xid,
                          int64_t deadline_us, outfall_error *error)
{
    drv_text sql = {0};
    drv_text_add(&sql, DRV_PG_BEGIN_SQL "; SET LOCAL application_name = ");
    add_gid(&sql, xid);
    connection->transaction = DRV_PG_OPEN;
    int status = run(connection, &sql, NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        connection->transaction = DRV_PG_NONE;
    if (status != OUTFALL_OK && !connection->dead)
        (void)drv_pg_query(connection, "ROLLBACK", deadline_us, NULL, NULL);
    return status;
}

/* ---- Prepare ---------------------------------------------------------------------- */

/* All in one trip: a fence that finds no line divides by zero, and nothing behind it is done. */
static void make_seal(outfall_connection *connection, const outfall_xid *xid,
                      const outfall_fence *fences, uint32_t fence_count,
                      const outfall_ledger_line *line, drv_text *sql)
{
    if (connection->transaction == DRV_PG_BEGUN)
        drv_text_add(sql, DRV_PG_BEGIN_SQL "; ");
    for (uint32_t i = 0; i < fence_count; i++) {
        drv_text_add(sql, "WITH fence AS (");
        drv_ledger_add_fence(&drv_pg_ledger_dialect, &fences[i], sql);
        drv_text_add(sql, " RETURNING 1) SELECT 1 / count(*) FROM fence; ");
    }
    drv_ledger_add_prune(&drv_pg_ledger_dialect, line, sql);
    drv_text_add(sql, "; ");
    drv_ledger_add_line(&drv_pg_ledger_dialect, line, sql);
    drv_text_add(sql, "; PREPARE TRANSACTION ");
    add_gid(sql, xid);
}

/* What came of the statements. */
typedef struct answers {
    uint32_t fences; /* That have found their line. */
    bool prepared;
    bool refused; /* The server has said no to one of them: a certain no to all. */
} answers;

static int read_answers(outfall_connection *connection, answers *got, int64_t deadline_us,
                        outfall_error *error)
{
    int status = OUTFALL_OK;
    for (;;) {
        PGresult *result = NULL;
        int waited = drv_pg_result(connection, deadline_us, &result, error);
        if (waited != OUTFALL_OK)
            return waited;
        if (result == NULL)
            return status;
        if (PQresultStatus(result) == PGRES_TUPLES_OK)
            got->fences++;
        else if (!drv_pg_result_ok(result) && status == OUTFALL_OK)
            status = drv_pg_fail_result(connection, result, error);
        /* PREPARE of a transaction that has failed succeeds, as a ROLLBACK. */
        got->prepared = strcmp(PQcmdStatus(result), "PREPARE TRANSACTION") == 0;
        PQclear(result);
        if (PQstatus(connection->pg) == CONNECTION_BAD)
            return status != OUTFALL_OK ? status : drv_pg_fail_lost(connection, error);
    }
}

static int fail_fenced(const outfall_fence *fence, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_FENCED, OUTFALL_ACTION_STOP,
                             "another process has taken over writer \"%.63s\" of \"%.120s\", and "
                             "goes on where this one was: end one of the two, or give them names "
                             "of their own",
                             fence->writer, fence->sink);
}

/* A plain error: the transaction has failed, and is rolled back here. */
static int judge_refusal(outfall_connection *connection, outfall_fence *fences,
                         uint32_t fence_count, const answers *got, int64_t deadline_us,
                         const outfall_error *why, outfall_error *error)
{
    outfall_error_set(error, why->status, why->action, "%s", why->message);
    if (error != NULL)
        memcpy(error->sqlstate, why->sqlstate, sizeof error->sqlstate);
    int status = why->status;
    if (is_state(why, DIVIDED_BY_ZERO) && got->fences < fence_count) {
        fences[got->fences].found = 0;
        status = fail_fenced(&fences[got->fences], error);
    } else if (is_state(why, DISABLED)) {
        status = outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                   "the server prepares no transactions: set "
                                   "max_prepared_transactions in postgresql.conf to at least twice "
                                   "the number of flushers of all programs, and restart it");
    } else if (error != NULL &&
               (why->action == OUTFALL_ACTION_ROW || why->action == OUTFALL_ACTION_RESTART)) {
        error->action = OUTFALL_ACTION_STOP; /* No row is at hand any more. */
    }
    (void)drv_pg_query(connection, "ROLLBACK", deadline_us, NULL, NULL);
    return status;
}

int drv_pg_prepare(outfall_connection *connection, const outfall_xid *xid, outfall_fence *fences,
                   uint32_t fence_count, const outfall_ledger_line *line, int64_t deadline_us,
                   outfall_error *error)
{
    outfall_error why = {0};
    answers got = {0};
    drv_text sql = {0};
    int status = drv_pg_start(connection, "preparing", NULL, error);
    if (status != OUTFALL_OK)
        return status;
    for (uint32_t i = 0; i < fence_count; i++)
        fences[i].found = 1;
    make_seal(connection, xid, fences, fence_count, line, &sql);
    connection->transaction = DRV_PG_NONE;
    connection->checked = 0;
    connection->locate = false;
    if (!drv_pg_is_open(connection)) /* Nothing was sent: a certain no. */
        status = drv_pg_fail_lost(connection, error);
    else if (sql.failed)
        status = drv_fail_nomem(error);
    else if (!PQsendQuery(connection->pg, sql.data))
        status = drv_pg_fail_lost(connection, error);
    drv_text_free(&sql);
    if (status != OUTFALL_OK) {
        connection->dead = true;
        return status;
    }
    status = read_answers(connection, &got, deadline_us, &why);
    if (status == OUTFALL_OK && got.prepared)
        return OUTFALL_OK;
    if (status == OUTFALL_OK)
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "preparing: the transaction had failed and was rolled back");
    if (connection->dead) /* It broke, or the session is over: it may be prepared all the same. */
        return fail_unknown("PREPARE TRANSACTION", xid, &why, error);
    return judge_refusal(connection, fences, fence_count, &got, deadline_us, &why, error);
}

/* ---- The end ---------------------------------------------------------------------- */

static int end(outfall_connection *connection, const char *what, const outfall_xid *xid,
               int64_t deadline_us, outfall_error *error)
{
    outfall_error why = {0};
    drv_text sql = {0};
    int status = drv_pg_start(connection, what, NULL, error);
    if (status != OUTFALL_OK)
        return status;
    if (!drv_pg_is_open(connection)) /* It was not sent. */
        return drv_pg_fail_lost(connection, error);
    drv_text_format(&sql, "%s ", what);
    add_gid(&sql, xid);
    status = run(connection, &sql, NULL, deadline_us, &why);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    if (connection->dead)
        return fail_unknown(what, xid, &why, error);
    if (is_state(&why, UNDEFINED))
        return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_RESOLVE,
                                 "no transaction %s.%s is prepared in this database", xid->gtrid,
                                 xid->bqual);
    if (is_state(&why, DISABLED))
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "%s: another session is just ending %s.%s", what, xid->gtrid,
                                 xid->bqual);
    if (error != NULL) {
        *error = why;
        error->action =
            why.action == OUTFALL_ACTION_RETRY ? OUTFALL_ACTION_RETRY : OUTFALL_ACTION_STOP;
    }
    return status;
}

int drv_pg_commit_prepared(outfall_connection *connection, const outfall_xid *xid,
                           int64_t deadline_us, outfall_error *error)
{
    return end(connection, "COMMIT PREPARED", xid, deadline_us, error);
}

int drv_pg_rollback_prepared(outfall_connection *connection, const outfall_xid *xid,
                             int64_t deadline_us, outfall_error *error)
{
    return end(connection, "ROLLBACK PREPARED", xid, deadline_us, error);
}

/* ---- Looking around --------------------------------------------------------------- */

/* "gtrid.bqual", whose last two parts are the bqual. False: not a name that this driver makes. */
static bool split(const char *gid, outfall_xid *xid)
{
    const char *last = strrchr(gid, '.');
    if (last == NULL)
        return false;
    size_t length = (size_t)(last - gid);
    while (length > 0 && gid[length - 1] != '.')
        length--;
    if (length < 2 || length - 1 >= sizeof xid->gtrid || strlen(gid + length) >= sizeof xid->bqual)
        return false;
    memset(xid, 0, sizeof *xid);
    memcpy(xid->gtrid, gid, length - 1);
    memcpy(xid->bqual, gid + length, strlen(gid + length));
    return true;
}

static void take_prepared(const PGresult *answer, int row, outfall_prepared *out)
{
    long waiting = strtol(PQgetvalue(answer, row, 3), NULL, 10);
    out->age_us = strtoll(PQgetvalue(answer, row, 1), NULL, 10);
    snprintf(out->owner, sizeof out->owner, "%s", PQgetvalue(answer, row, 2));
    out->blocks[0] = '\0';
    if (waiting > 0)
        snprintf(out->blocks, sizeof out->blocks, "%ld session%s", waiting,
                 waiting == 1 ? "" : "s");
}

/* Who waits for a row waits for the transaction that has it. */
int drv_pg_list_prepared(outfall_connection *connection, const char *prefix, outfall_prepared *out,
                         size_t capacity, size_t *count, int64_t deadline_us, outfall_error *error)
{
    PGresult *answer = NULL;
    drv_text sql = {0};
    *count = 0;
    int status = drv_pg_start(connection, "listing prepared transactions", NULL, error);
    if (status != OUTFALL_OK)
        return status;
    drv_text_add(&sql, "SELECT gid,"
                       " (extract(epoch FROM pg_catalog.clock_timestamp() - prepared) * 1000000)"
                       "::bigint, owner,"
                       " (SELECT count(DISTINCT pid) FROM pg_catalog.pg_locks WHERE NOT granted AND"
                       " locktype = 'transactionid' AND transactionid = p.transaction)"
                       " FROM pg_catalog.pg_prepared_xacts p"
                       " WHERE database = pg_catalog.current_database() AND"
                       " pg_catalog.starts_with(gid, ");
    drv_pg_add_literal(&sql, prefix);
    drv_text_add(&sql, ") ORDER BY gid");
    status = run(connection, &sql, &answer, deadline_us, error);
    for (int row = 0; status == OUTFALL_OK && row < PQntuples(answer); row++) {
        outfall_xid xid;
        if (!split(PQgetvalue(answer, row, 0), &xid))
            continue;
        if (*count < capacity) {
            out[*count].xid = xid;
            take_prepared(answer, row, &out[*count]);
        }
        ++*count;
    }
    PQclear(answer);
    return status;
}

int drv_pg_end_holder(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                      outfall_error *error)
{
    drv_text sql = {0};
    int status = drv_pg_start(connection, "ending a session", NULL, error);
    if (status != OUTFALL_OK)
        return status;
    drv_text_add(&sql, "SELECT pg_catalog.pg_terminate_backend(pid) FROM"
                       " pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()"
                       " AND pid <> pg_catalog.pg_backend_pid() AND pg_catalog.starts_with("
                       "application_name, ");
    add_gid(&sql, xid);
    drv_text_add(&sql, ")");
    return run(connection, &sql, NULL, deadline_us, error);
}

int drv_pg_identify(outfall_connection *connection, char *out, size_t capacity, int64_t deadline_us,
                    outfall_error *error)
{
    PGresult *answer = NULL;
    int status = drv_pg_start(connection, "asking which database this is", NULL, error);
    if (status == OUTFALL_OK)
        status = drv_pg_query(connection,
                              "SELECT system_identifier, pg_catalog.current_database()"
                              " FROM pg_catalog.pg_control_system()",
                              deadline_us, &answer, error);
    if (status == OUTFALL_OK)
        snprintf(out, capacity, "postgresql:%s/%s", PQgetvalue(answer, 0, 0),
                 PQgetvalue(answer, 0, 1));
    PQclear(answer);
    return status;
}
