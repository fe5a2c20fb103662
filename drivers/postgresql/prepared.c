/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/prepared.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fail.h"
#include "common/ledger.h"
#include "postgresql/connection.h"
#include "postgresql/fault.h"
#include "postgresql/ledger.h"
#include "postgresql/sql.h"
#include "postgresql/transaction.h"
#include "postgresql/wait.h"

#define PREPARE "PREPARE TRANSACTION"
/* Old lines are looked for at a connection's first transaction, and at each of these. */
#define PRUNED_EACH 16
/* What a fence without its line makes of itself: an error that nothing else makes. */
#define FENCED "outfall: fenced"
#define BAD_NUMBER "22P02"
#define OTHER_USER "42501"
#define OTHER_DATABASE "0A000"

static int fail_name(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "the name of a prepared transaction has two parts, of letters, digits "
                             "and dots");
}

/* Nothing may follow that would want the subject, which is the caller's. */
static int let_go(outfall_connection *connection, int status)
{
    connection->subject = NULL;
    return status;
}

/* ---- One trip --------------------------------------------------------------------- */

/* What came of the statements of one query string, the last of which decides. */
typedef struct answers {
    const char *want; /* The tag of the last, where it has done what it says. */
    uint32_t done;    /* Statements that went well. */
    bool decided;     /* The last among them, as wanted. */
    bool refused;     /* One met a plain error: a certain no, and `error` is filled. */
    bool fenced;      /* It was a fence. */
    bool rolled_back; /* PREPARE of a transaction that has failed succeeds, as a ROLLBACK. */
    char why[200];    /* The server's last words, where it gave none of these. */
} answers;

static void take_answer(outfall_connection *connection, PGresult *result, answers *got,
                        outfall_error *error)
{
    if (drv_pg_result_ok(result)) {
        got->done++;
        got->decided = got->decided || strcmp(PQcmdStatus(result), got->want) == 0;
        got->rolled_back = got->rolled_back || strcmp(PQcmdStatus(result), "ROLLBACK") == 0;
    } else if (!got->refused && drv_pg_result_is_refusal(result)) {
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        got->refused = true;
        drv_pg_fail_result(connection, result, error);
        got->fenced = strcmp(error->sqlstate, BAD_NUMBER) == 0 && text != NULL &&
                      strstr(text, FENCED) != NULL;
    } else if (got->why[0] == '\0') {
        drv_text_line(PQresultErrorMessage(result), got->why, sizeof got->why);
    }
}

/*
 * Sends a query string and reads all that comes back. OUTFALL_OK: see `got`; where it tells nothing
 * the outcome is not known, and the connection is dead. Else nothing was sent.
 */
static int ask(outfall_connection *connection, const drv_text *sql, answers *got,
               int64_t deadline_us, outfall_error *error)
{
    if (sql->failed)
        return drv_fail_nomem(error);
    if (deadline_us <= drv_now_us())
        return drv_pg_fail_timeout(connection, error);
    if (!drv_pg_is_open(connection))
        return drv_pg_fail_lost(connection, error);
    bool more = PQsendQuery(connection->pg, sql->data) != 0;
    while (more) {
        PGresult *result = NULL;
        outfall_error late;
        if (drv_pg_result(connection, deadline_us, &result, &late) != OUTFALL_OK)
            drv_text_line("no answer before the deadline", got->why, sizeof got->why);
        more = result != NULL && PQstatus(connection->pg) != CONNECTION_BAD;
        if (result != NULL)
            take_answer(connection, result, got, error);
        PQclear(result);
    }
    if (got->why[0] == '\0')
        drv_text_line(PQerrorMessage(connection->pg), got->why, sizeof got->why);
    if (PQtransactionStatus(connection->pg) == PQTRANS_ACTIVE ||
        PQstatus(connection->pg) == CONNECTION_BAD ||
        !(got->decided || got->refused || got->rolled_back))
        connection->dead = true;
    return OUTFALL_OK;
}

static int fail_unknown(const char *what, const char *gid, const answers *got, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                             "%s of %s was sent and its outcome is not known: %s", what, gid,
                             got->why[0] != '\0' ? got->why : "no answer came");
}

/* ---- Prepare ---------------------------------------------------------------------- */

/*
 * The statements ahead of it, prepared once in a session: the server takes as long to plan them as
 * to run them. They say what drv_ledger_add_fence, _prune and _line do. A fence that finds no line
 * is an error, so that nothing behind it is done.
 */
enum { SEAL_FENCE, SEAL_PRUNE, SEAL_LINE, SEALS };
static const char *const seal_sql[SEALS] = {
    "PREPARE outfall_fence(text, text, bigint, bigint, bigint) AS WITH changed AS "
    "(UPDATE " DRV_LEDGER_TABLE
    " SET checkpoint = $4, source_offset = $5 WHERE sink = $1 AND writer = $2 "
    "AND slot = 0 AND epoch = $3 AND checkpoint = $4 - 1 RETURNING 1) SELECT CAST(CASE WHEN "
    "pg_catalog.count(*) = 1 THEN '1' ELSE '" FENCED "' END AS pg_catalog.int4) FROM changed; ",
    "PREPARE outfall_prune(text, text, bigint) AS DELETE FROM " DRV_LEDGER_LINES
    " WHERE sink = $1 AND writer = $2 AND checkpoint < $3; ",
    "PREPARE outfall_line(text, text, bigint, bigint, bigint) AS INSERT INTO " DRV_LEDGER_LINES
    " (sink, writer, checkpoint, epoch, rows_written) VALUES ($1, $2, $3, $4, $5); ",
};

/* "EXECUTE outfall_line('id', 'writer'": numbers follow. */
static void add_execute(const char *name, const char *sink, const char *writer, drv_text *sql)
{
    drv_text_format(sql, "EXECUTE %s(", name);
    drv_pg_add_literal(sql, sink);
    drv_text_add(sql, ", ");
    drv_pg_add_literal(sql, writer);
}

/* How many statements stand before the first fence, and how many behind the last keep lines. */
typedef struct parts {
    uint32_t before;
    uint32_t lines;
} parts;

static parts make_seal(outfall_connection *connection, const outfall_fence *fences,
                       uint32_t fence_count, const outfall_ledger_line *line, drv_text *sql)
{
    bool begin = connection->transaction == DRV_PG_BEGUN;
    parts it = {.before = begin ? 2 : 0, .lines = 1};
    drv_text_clear(sql);
    if (begin)
        drv_pg_add_begin(connection, sql);
    for (uint32_t i = connection->seal_prepared; i < SEALS; i++, it.before++)
        drv_text_add(sql, seal_sql[i]);
    for (uint32_t i = 0; i < fence_count; i++) {
        add_execute("outfall_fence", fences[i].sink, fences[i].writer, sql);
        drv_text_format(sql, ", %" PRId64 ", %" PRId64 ", %" PRId64 "); ", fences[i].epoch,
                        fences[i].checkpoint, fences[i].source_offset);
    }
    if (connection->seals++ % PRUNED_EACH == 0) {
        add_execute("outfall_prune", line->sink, line->writer, sql);
        drv_text_format(sql, ", %" PRId64 "); ", line->checkpoint - OUTFALL_LEDGER_KEPT);
        it.lines++;
    }
    add_execute("outfall_line", line->sink, line->writer, sql);
    drv_text_format(sql, ", %" PRId64 ", %" PRId64 ", %" PRId64 "); " PREPARE " ", line->checkpoint,
                    line->epoch, line->rows);
    drv_pg_add_literal(sql, connection->gid);
    return it;
}

/* What was prepared stays so, whatever became of the transaction. */
static void note_prepared(outfall_connection *connection, uint32_t before, uint32_t done)
{
    uint32_t missing = SEALS - connection->seal_prepared, ahead = before - missing;
    if (done > ahead)
        connection->seal_prepared += done - ahead < missing ? done - ahead : missing;
}

static int fail_fenced(const outfall_fence *fence, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_FENCED, OUTFALL_ACTION_STOP,
                             "another process has opened writer \"%.63s\" of \"%.120s\", and goes "
                             "on where this one was: end one of the two, or give them writers of "
                             "different names",
                             fence->writer, fence->sink);
}

/* What the server refuses at the very end is no row's that could be told, and none is kept. */
static void judge_seal(outfall_error *error)
{
    const outfall_error why = *error;
    if (why.action != OUTFALL_ACTION_ROW && why.action != OUTFALL_ACTION_RESTART)
        return;
    outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                      "%.400s; a deferred constraint or trigger tells no row: make it immediate",
                      why.message);
    memcpy(error->sqlstate, why.sqlstate, sizeof error->sqlstate);
    memcpy(error->column, why.column, sizeof error->column);
}

/* Whether it is a transaction of that name that is open here. */
static int check_begun(const outfall_connection *connection, const outfall_xid *xid,
                       outfall_error *error)
{
    char gid[DRV_PG_GID_MAX];
    if (!drv_pg_gid_join(xid, gid))
        return fail_name(error);
    if (connection->transaction != DRV_PG_NONE && strcmp(gid, connection->gid) == 0)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "preparing %s: no transaction of that name is begun on this "
                             "connection",
                             gid);
}

static int judge_prepare(outfall_connection *connection, outfall_fence *fences,
                         uint32_t fence_count, const parts *sent, const answers *got,
                         outfall_error *error)
{
    uint32_t set = got->done > sent->before ? got->done - sent->before : 0;
    for (uint32_t i = 0; i < fence_count; i++)
        fences[i].found = i < set;
    if (got->decided)
        return OUTFALL_OK;
    if (got->fenced && set < fence_count)
        return fail_fenced(&fences[set], error);
    if (got->refused && set < fence_count + sent->lines)
        drv_ledger_judge(error);
    else if (got->refused)
        judge_seal(error);
    else if (got->rolled_back)
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "preparing %s: the transaction had failed and was rolled back",
                                 connection->gid);
    else
        return fail_unknown(PREPARE, connection->gid, got, error);
    return error->status;
}

int drv_pg_prepare(outfall_connection *connection, const outfall_xid *xid, outfall_fence *fences,
                   uint32_t fence_count, const outfall_ledger_line *line, int64_t deadline_us,
                   outfall_error *error)
{
    outfall_error detail = {0};
    answers got = {.want = PREPARE};
    int status = drv_pg_start(connection, "preparing", connection->gid, &detail);
    if (status == OUTFALL_OK)
        status = check_begun(connection, xid, &detail);
    if (status == OUTFALL_OK) {
        parts sent = make_seal(connection, fences, fence_count, line, &connection->sql);
        status = ask(connection, &connection->sql, &got, deadline_us, &detail);
        note_prepared(connection, sent.before, got.done);
        if (status == OUTFALL_OK)
            status = judge_prepare(connection, fences, fence_count, &sent, &got, &detail);
    }
    connection->locate = false;
    if (status != OUTFALL_OK && error != NULL)
        *error = detail;
    /* Rolls back what is left of it; a connection that cannot is dead. */
    if (drv_pg_rollback(connection, deadline_us, &detail) != OUTFALL_OK)
        connection->dead = true;
    return let_go(connection, status);
}

/* ---- The end ---------------------------------------------------------------------- */

/* Whose it is, and where: the server does not say. Adds it to the message. */
static void add_owner(outfall_connection *connection, const char *gid, int64_t deadline_us,
                      outfall_error *error)
{
    const outfall_error why = *error;
    outfall_error ignored;
    PGresult *answer = NULL;
    drv_text *sql = &connection->sql;
    drv_text_clear(sql);
    drv_text_add(sql, "SELECT owner, database FROM pg_catalog.pg_prepared_xacts WHERE gid = ");
    drv_pg_add_literal(sql, gid);
    if (sql->failed || drv_pg_query(connection, sql->data, deadline_us, &answer, &ignored) != 0)
        return;
    if (PQntuples(answer) == 1) {
        outfall_error_set(error, why.status, why.action,
                          "%.280s; user \"%.63s\" has prepared it in database \"%.63s\": end it "
                          "there, as that user or as a superuser",
                          why.message, PQgetvalue(answer, 0, 0), PQgetvalue(answer, 0, 1));
        memcpy(error->sqlstate, why.sqlstate, sizeof error->sqlstate);
    }
    PQclear(answer);
}

static int judge_end(outfall_connection *connection, const char *what, const char *gid,
                     const answers *got, int64_t deadline_us, outfall_error *error)
{
    if (got->decided)
        return OUTFALL_OK;
    if (!got->refused)
        return fail_unknown(what, gid, got, error);
    if (error->action == OUTFALL_ACTION_ROW || error->action == OUTFALL_ACTION_RESTART)
        error->action = OUTFALL_ACTION_STOP;
    bool others =
        strcmp(error->sqlstate, OTHER_USER) == 0 || strcmp(error->sqlstate, OTHER_DATABASE) == 0;
    if (others && !connection->dead)
        add_owner(connection, gid, deadline_us, error);
    return error->status;
}

/* `what` is the statement, and its tag. */
static int end_prepared(outfall_connection *connection, const char *what, const outfall_xid *xid,
                        int64_t deadline_us, outfall_error *error)
{
    char gid[DRV_PG_GID_MAX];
    outfall_error detail = {0};
    answers got = {.want = what};
    if (!drv_pg_gid_join(xid, gid))
        return fail_name(error);
    int status = drv_pg_start(connection, what, gid, &detail);
    if (status == OUTFALL_OK && connection->transaction != DRV_PG_NONE)
        status = outfall_error_set(&detail, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                   "%s of %s inside a transaction: end that first", what, gid);
    if (status == OUTFALL_OK) {
        drv_text_clear(&connection->sql);
        drv_text_format(&connection->sql, "%s ", what);
        drv_pg_add_literal(&connection->sql, gid);
        status = ask(connection, &connection->sql, &got, deadline_us, &detail);
    }
    if (status == OUTFALL_OK)
        status = judge_end(connection, what, gid, &got, deadline_us, &detail);
    if (status != OUTFALL_OK && error != NULL)
        *error = detail;
    return let_go(connection, status);
}

int drv_pg_commit_prepared(outfall_connection *connection, const outfall_xid *xid,
                           int64_t deadline_us, outfall_error *error)
{
    return end_prepared(connection, "COMMIT PREPARED", xid, deadline_us, error);
}

int drv_pg_rollback_prepared(outfall_connection *connection, const outfall_xid *xid,
                             int64_t deadline_us, outfall_error *error)
{
    return end_prepared(connection, "ROLLBACK PREPARED", xid, deadline_us, error);
}

/* ---- Looking around --------------------------------------------------------------- */

/*
 * `waits` has who waits for whom, over any number of sessions between them: of those who want one
 * row the first waits for the transaction, the others for the first. A prepared transaction has no
 * process; its locks are those of the virtual transaction that holds its number. Which lock refuses
 * which: https://www.postgresql.org/docs/15/explicit-locking.html, table 13.2.
 */
static const char list_sql[] =
    "WITH RECURSIVE locks AS MATERIALIZED (SELECT virtualtransaction AS session, pid, granted,"
    " mode, transactionid, ROW(locktype, database, relation, page, tuple, virtualxid,"
    " transactionid, classid, objid, objsubid)::text AS what FROM pg_catalog.pg_locks"
    " WHERE EXISTS (SELECT FROM pg_catalog.pg_locks WHERE NOT granted)),"
    " refused(held, wanted) AS (VALUES"
    " ('AccessShareLock', '{AccessExclusiveLock}'::text[]),"
    " ('RowShareLock', '{ExclusiveLock,AccessExclusiveLock}'),"
    " ('RowExclusiveLock', '{ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),"
    " ('ShareUpdateExclusiveLock', '{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,"
    "ExclusiveLock,AccessExclusiveLock}'),"
    " ('ShareLock', '{RowExclusiveLock,ShareUpdateExclusiveLock,ShareRowExclusiveLock,"
    "ExclusiveLock,AccessExclusiveLock}'),"
    " ('ShareRowExclusiveLock', '{RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,"
    "ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),"
    " ('ExclusiveLock', '{RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,"
    "ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),"
    " ('AccessExclusiveLock', '{AccessShareLock,RowShareLock,RowExclusiveLock,"
    "ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,"
    "AccessExclusiveLock}')),"
    " direct AS (SELECT DISTINCT h.session AS holder, w.session AS waiter, w.pid"
    " FROM locks w JOIN locks h ON h.what = w.what AND h.session <> w.session"
    " JOIN refused r ON r.held = h.mode AND w.mode = ANY (r.wanted)"
    " WHERE h.granted AND NOT w.granted),"
    " waits AS (SELECT holder, waiter, pid FROM direct UNION"
    " SELECT w.holder, d.waiter, d.pid FROM waits w JOIN direct d ON d.holder = w.waiter)"
    " SELECT p.gid, p.owner, (extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)"
    " * 1000000)::bigint, (SELECT pg_catalog.count(DISTINCT w.pid) FROM locks l JOIN waits w"
    " ON w.holder = l.session WHERE l.transactionid = p.transaction AND l.granted AND l.pid IS "
    "NULL)"
    " FROM pg_catalog.pg_prepared_xacts p WHERE p.database = pg_catalog.current_database()"
    " AND pg_catalog.starts_with(p.gid, ";

static void take_prepared(const PGresult *answer, int row, outfall_prepared *out)
{
    long waiting = strtol(PQgetvalue(answer, row, 3), NULL, 10);
    int64_t age_us = strtoll(PQgetvalue(answer, row, 2), NULL, 10);
    out->age_us = age_us > 0 ? age_us : 0; /* The server's clock may have been set back. */
    snprintf(out->owner, sizeof out->owner, "%s", PQgetvalue(answer, row, 1));
    out->blocks[0] = '\0';
    if (waiting > 0)
        snprintf(out->blocks, sizeof out->blocks, "%ld session%s for it", waiting,
                 waiting == 1 ? " waits" : "s wait");
}

int drv_pg_list_prepared(outfall_connection *connection, const char *prefix, outfall_prepared *out,
                         size_t capacity, size_t *count, int64_t deadline_us, outfall_error *error)
{
    PGresult *answer = NULL;
    drv_text *sql = &connection->sql;
    *count = 0;
    int status = drv_pg_start(connection, "listing prepared transactions", NULL, error);
    if (status != OUTFALL_OK)
        return status;
    drv_text_clear(sql);
    drv_text_add(sql, list_sql);
    drv_pg_add_literal(sql, prefix);
    drv_text_add(sql, ") ORDER BY p.gid COLLATE \"C\"");
    status = sql->failed ? drv_fail_nomem(error)
                         : drv_pg_query(connection, sql->data, deadline_us, &answer, error);
    for (int row = 0; status == OUTFALL_OK && row < PQntuples(answer); row++) {
        outfall_xid xid;
        if (!drv_pg_gid_split(PQgetvalue(answer, row, 0), &xid) ||
            strncmp(xid.gtrid, prefix, strlen(prefix)) != 0)
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

/* A name without its second part stands for all that begin with the first. */
int drv_pg_end_holder(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                      outfall_error *error)
{
    char gid[DRV_PG_GID_MAX];
    drv_text *sql = &connection->sql;
    bool all = xid->bqual[0] == '\0';
    if (all)
        snprintf(gid, sizeof gid, "%.*s", (int)sizeof xid->gtrid, xid->gtrid);
    else if (!drv_pg_gid_join(xid, gid))
        return fail_name(error);
    if (gid[0] == '\0')
        return fail_name(error); /* All sessions of all programs. */
    int status = drv_pg_start(connection, "ending the session that has", gid, error);
    if (status != OUTFALL_OK)
        return let_go(connection, status);
    drv_text_clear(sql);
    drv_text_add(sql, "SELECT pg_catalog.pg_terminate_backend(pid) FROM"
                      " pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()"
                      " AND pid <> pg_catalog.pg_backend_pid() AND ");
    drv_text_add(sql, all ? "pg_catalog.starts_with(application_name, " : "(application_name = ");
    drv_pg_add_literal(sql, gid);
    drv_text_add(sql, ")");
    status = sql->failed ? drv_fail_nomem(error)
                         : drv_pg_query(connection, sql->data, deadline_us, NULL, error);
    return let_go(connection, status);
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
    if (status == OUTFALL_OK) {
        int length = snprintf(out, capacity, "postgresql:%s/%s", PQgetvalue(answer, 0, 0),
                              PQgetvalue(answer, 0, 1));
        if (length < 0 || (size_t)length >= capacity)
            status = outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                       "the database's identity takes %d bytes, and %zu are given",
                                       length + 1, capacity);
    }
    PQclear(answer);
    return status;
}
