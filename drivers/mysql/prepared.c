/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/prepared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/ledger.h"
#include "mysql/action.h"
#include "mysql/fault.h"
#include "mysql/ledger.h"
#include "mysql/query.h"
#include "mysql/settled.h"
#include "mysql/transaction.h"
#include "mysql/wait.h"
#include "mysql/xid.h"

/* Error numbers, of both servers. */
#define NO_SUCH_SESSION 1094
#define NO_RIGHT 1227
#define XAER_NOTA 1397
#define XAER_RMERR 1401 /* MySQL's answer to XA RECOVER, too, where a right is missing. */
#define XA_RBROLLBACK 1402
#define XA_RBTIMEOUT 1613
#define XA_RBDEADLOCK 1614

/* Old lines are looked for at a connection's first transaction, and at each of these. */
#define PRUNED_EACH 16

/* Ours: a fence found no line to change. */
#define FENCED_STATE "OF001"

/* The answer did not come, or is not to be trusted. */
static int fail_unknown(outfall_connection *connection, const char *what, const outfall_xid *xid,
                        const outfall_error *why, outfall_error *error)
{
    connection->dead = true;
    return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                             "%s of %s.%s was sent and its outcome is not known: %.300s", what,
                             xid->gtrid, xid->bqual, why->message);
}

static int run(outfall_connection *connection, const drv_text *sql, int64_t deadline_us,
               outfall_error *error)
{
    return sql->failed ? drv_fail_nomem(error)
                       : drv_my_query(connection, sql->data, deadline_us, NULL, error);
}

/* "XA COMMIT 'gtrid','bqual',20294" */
static int run_xa(outfall_connection *connection, const char *what, const outfall_xid *xid,
                  int64_t deadline_us, outfall_error *error)
{
    drv_text *sql = &connection->sql;
    drv_text_clear(sql);
    drv_text_format(sql, "%s ", what);
    drv_my_xid_add(sql, xid);
    return run(connection, sql, deadline_us, error);
}

/* ---- Prepare ---------------------------------------------------------------------------- */

/* What is to be prepared, and how far that has got. */
typedef struct seal {
    outfall_connection *connection;
    outfall_fence *fences;
    const outfall_ledger_line *line;
    int64_t deadline_us;
    uint32_t fence_count;
    uint32_t fenced; /* The fence that found no line; fence_count: none. */
    bool sent;       /* XA PREPARE. */
} seal;

static void add_prune(const seal *it, const drv_ledger_dialect *dialect, drv_text *sql)
{
    drv_text_add(sql, "FOR old IN (");
    drv_ledger_add_old(dialect, it->line, sql);
    drv_text_add(sql, ") DO ");
    drv_ledger_add_drop(dialect, it->line, sql);
    drv_text_add(sql, "old.checkpoint; END FOR; ");
}

/*
 * MariaDB runs it all in one trip, and nothing behind what fails: a fence that finds no line is an
 * error of our own.
 */
static int seal_at_once(seal *it, outfall_error *error)
{
    static const drv_ledger_dialect dialect = {.add_literal = drv_ledger_add_hex};
    outfall_connection *connection = it->connection;
    drv_text *sql = &connection->sql;
    drv_text_clear(sql);
    drv_text_add(sql, "BEGIN NOT ATOMIC ");
    for (uint32_t i = 0; i < it->fence_count; i++) {
        drv_ledger_add_fence(&dialect, &it->fences[i], sql);
        drv_text_format(sql,
                        "; IF ROW_COUNT() <> 1 THEN SIGNAL SQLSTATE '" FENCED_STATE
                        "' SET MESSAGE_TEXT = '%u'; END IF; ",
                        i);
    }
    if (connection->sealed++ % PRUNED_EACH == 0)
        add_prune(it, &dialect, sql);
    drv_ledger_add_line(&dialect, it->line, sql);
    drv_text_add(sql, "; XA END ");
    drv_my_xid_add(sql, &connection->xid);
    drv_text_add(sql, "; XA PREPARE ");
    drv_my_xid_add(sql, &connection->xid);
    drv_text_add(sql, "; END");
    it->sent = !sql->failed;
    int status = run(connection, sql, it->deadline_us, error);
    if (status != OUTFALL_OK && strcmp(error->sqlstate, FENCED_STATE) == 0)
        it->fenced = (uint32_t)strtoul(mysql_error(connection->my), NULL, 10);
    return status;
}

/* MySQL has no such statement: one after the other. */
static int seal_by_steps(seal *it, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    int status = OUTFALL_OK;
    for (uint32_t i = 0; i < it->fence_count && status == OUTFALL_OK; i++) {
        status = drv_my_fence(connection, &it->fences[i], it->deadline_us, error);
        if (status != OUTFALL_OK || it->fences[i].found)
            continue;
        it->fenced = i;
        return OUTFALL_ERR_FENCED;
    }
    if (status == OUTFALL_OK)
        status = drv_my_ledger_write(connection, it->line, it->deadline_us, error);
    connection->doing = "preparing a transaction";
    connection->subject = NULL;
    if (status == OUTFALL_OK)
        status = run_xa(connection, "XA END", &connection->xid, it->deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    it->sent = true;
    return run_xa(connection, "XA PREPARE", &connection->xid, it->deadline_us, error);
}

static int fail_fenced(seal *it, outfall_error *error)
{
    const outfall_fence *fence = &it->fences[it->fenced];
    for (uint32_t i = 0; i < it->fence_count; i++)
        it->fences[i].found = i < it->fenced;
    return outfall_error_set(error, OUTFALL_ERR_FENCED, OUTFALL_ACTION_STOP,
                             "another process has taken over writer \"%.63s\" of \"%.120s\", and "
                             "goes on where this one was: end one of the two, or give them names "
                             "of their own",
                             fence->writer, fence->sink);
}

/*
 * An answer that says no. XA ROLLBACK makes it certain, even where the statement was interrupted
 * somewhere; unless that one's answer does not come.
 */
static int judge_refusal(seal *it, const outfall_error *why, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    const outfall_xid xid = connection->xid;
    unsigned code = (unsigned)why->native_code;
    if (code == XA_RBROLLBACK)
        connection->started = false; /* The server has ended it; the name may be another's now. */
    int undone = drv_my_rollback(connection, it->deadline_us, NULL);
    connection->dead |= undone != OUTFALL_OK;
    if (undone != OUTFALL_OK && it->sent && drv_my_action_is_unknown_commit(code))
        return fail_unknown(connection, "XA PREPARE", &xid, why, error);
    if (it->fenced < it->fence_count)
        return fail_fenced(it, error);
    outfall_error detail = *why;
    drv_ledger_judge(&detail);
    if (error != NULL)
        *error = detail;
    return detail.status;
}

/* What keeps it from being prepared; it is then rolled back. */
static int check_turn(outfall_connection *connection, const outfall_xid *xid, outfall_error *error)
{
    if (!drv_my_is_two_phase(connection) || !drv_my_xid_is_same(&connection->xid, xid))
        return drv_my_fail_turn("prepare of another transaction than was begun", error);
    if (connection->transaction == DRV_MY_LOST)
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "preparing: the server had rolled the transaction back");
    if (connection->spoiled)
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "preparing: a statement of the transaction had failed, so it was "
                                 "rolled back");
    return OUTFALL_OK;
}

static int prepare(seal *it, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    outfall_error why = {0};
    int status = drv_my_transaction_open(connection, it->deadline_us, &why);
    if (status == OUTFALL_OK && drv_my_wait_is_over(connection->socket))
        status = drv_my_fail_lost(connection, "the server closed it", &why);
    if (status == OUTFALL_OK && connection->mariadb)
        status = seal_at_once(it, &why);
    else if (status == OUTFALL_OK)
        status = seal_by_steps(it, &why);
    if (status != OUTFALL_OK && !connection->dead)
        return judge_refusal(it, &why, error);
    if (status != OUTFALL_OK && it->sent)
        return fail_unknown(connection, "XA PREPARE", &connection->xid, &why, error);
    if (status != OUTFALL_OK && error != NULL)
        *error = why; /* It was not sent: a certain no. */
    connection->transaction = status == OUTFALL_OK ? DRV_MY_PREPARED : DRV_MY_NONE;
    return status;
}

int drv_my_prepare_xa(outfall_connection *connection, const outfall_xid *xid, outfall_fence *fences,
                      uint32_t fence_count, const outfall_ledger_line *line, int64_t deadline_us,
                      outfall_error *error)
{
    seal it = {.connection = connection,
               .fences = fences,
               .line = line,
               .deadline_us = deadline_us,
               .fence_count = fence_count,
               .fenced = fence_count};
    int status = drv_my_start(connection, "preparing a transaction", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    if (connection->transaction == DRV_MY_NONE || connection->transaction == DRV_MY_PREPARED)
        return drv_my_fail_turn("prepare without a transaction", error);
    for (uint32_t i = 0; i < fence_count; i++)
        fences[i].found = 1;
    drv_my_forget_checks(connection);
    status = check_turn(connection, xid, error);
    if (status != OUTFALL_OK) {
        if (drv_my_rollback(connection, deadline_us, NULL) != OUTFALL_OK)
            connection->dead = true;
        return status;
    }
    return prepare(&it, error);
}

/* ---- The end ---------------------------------------------------------------------------- */

/*
 * On a session without autocommit MariaDB takes each XA COMMIT of another session's transaction for
 * one within a transaction of its own (1400).
 */
static int end_others(outfall_connection *connection, const char *what, const outfall_xid *xid,
                      int64_t deadline_us, outfall_error *error)
{
    outfall_error ignored;
    bool settled = true;
    int status = OUTFALL_OK;
    if (connection->mariadb)
        status = drv_my_settle(connection, xid, &settled, deadline_us, error);
    if (status == OUTFALL_OK && !settled) { /* As the server itself would say it. */
        status = outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_RESOLVE,
                                   "%s.%s is its own session's still", xid->gtrid, xid->bqual);
        error->native_code = XAER_NOTA;
        return status;
    }
    if (status == OUTFALL_OK)
        status = drv_my_query(connection, "SET SESSION autocommit = 1", deadline_us, NULL, error);
    if (status != OUTFALL_OK) {
        connection->dead = true; /* It was not sent. */
        return status;
    }
    status = run_xa(connection, what, xid, deadline_us, error);
    if (!connection->dead && drv_my_query(connection, "SET SESSION autocommit = 0", deadline_us,
                                          NULL, &ignored) != OUTFALL_OK)
        connection->dead = true; /* All that is written on it from now on would stay. */
    return status;
}

static int fail_not_found(const outfall_xid *xid, bool rolled_back, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_RESOLVE,
                             rolled_back ? "transaction %s.%s was rolled back by the server"
                                         : "no transaction %s.%s is prepared on this server that "
                                           "this session could end",
                             xid->gtrid, xid->bqual);
}

/* What a server's error means for the prepared transaction; it has answered. */
static int judge_end(const outfall_xid *xid, bool commits, const outfall_error *why,
                     outfall_error *error)
{
    switch (why->native_code) {
    case XAER_NOTA:
        return fail_not_found(xid, false, error);
    case XA_RBROLLBACK:
    case XA_RBTIMEOUT:
    case XA_RBDEADLOCK:
        return commits ? fail_not_found(xid, true, error) : OUTFALL_OK;
    default:
        if (error != NULL)
            *error = *why;
        if (error != NULL && why->action != OUTFALL_ACTION_RETRY)
            error->action = OUTFALL_ACTION_STOP;
        return why->status;
    }
}

static int end(outfall_connection *connection, bool commits, const outfall_xid *xid,
               int64_t deadline_us, outfall_error *error)
{
    const char *what = commits ? "XA COMMIT" : "XA ROLLBACK";
    outfall_error why = {0};
    int status = drv_my_start(connection, what, NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    bool own = connection->transaction == DRV_MY_PREPARED;
    if (!drv_my_xid_is_valid(xid) || (connection->transaction != DRV_MY_NONE && !own) ||
        (own && !drv_my_xid_is_same(&connection->xid, xid)))
        return drv_my_fail_turn(commits ? "commit of a prepared transaction"
                                        : "rollback of a prepared transaction",
                                error);
    if (drv_my_wait_is_over(connection->socket)) /* It was not sent. */
        return drv_my_fail_lost(connection, "the server closed it", error);
    status = own ? run_xa(connection, what, xid, deadline_us, &why)
                 : end_others(connection, what, xid, deadline_us, &why);
    bool unknown = status != OUTFALL_OK &&
                   (connection->dead || drv_my_action_is_unknown_commit((unsigned)why.native_code));
    if (unknown)
        return fail_unknown(connection, what, xid, &why, error);
    if (status != OUTFALL_OK)
        status = judge_end(xid, commits, &why, error);
    if (own && (status == OUTFALL_OK || status == OUTFALL_ERR_NOT_FOUND)) {
        connection->transaction = DRV_MY_NONE;
        connection->started = false;
        connection->xid = (outfall_xid){{0}, {0}};
    }
    return status;
}

int drv_my_commit_prepared(outfall_connection *connection, const outfall_xid *xid,
                           int64_t deadline_us, outfall_error *error)
{
    return end(connection, true, xid, deadline_us, error);
}

int drv_my_rollback_prepared(outfall_connection *connection, const outfall_xid *xid,
                             int64_t deadline_us, outfall_error *error)
{
    return end(connection, false, xid, deadline_us, error);
}

/* ---- Looking around --------------------------------------------------------------------- */

static size_t number_of(const char *text)
{
    return text != NULL ? (size_t)strtoull(text, NULL, 10) : 0;
}

/* A line is formatID, gtrid_length, bqual_length, data. Whose it is, and since when, none says. */
static bool take_line(MYSQL_RES *answer, MYSQL_ROW row, const char *prefix, outfall_prepared *out)
{
    const unsigned long *lengths = mysql_fetch_lengths(answer);
    memset(out, 0, sizeof *out);
    out->age_us = -1;
    return lengths != NULL && row[3] != NULL &&
           drv_my_xid_take(&out->xid, prefix, (long)number_of(row[0]), number_of(row[1]),
                           number_of(row[2]), row[3], lengths[3]);
}

static int fail_list(const outfall_error *why, outfall_error *error)
{
    if (why->native_code != XAER_RMERR && why->native_code != NO_RIGHT) {
        if (error != NULL)
            *error = *why;
        return why->status;
    }
    outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                      "%.300s; MySQL shows prepared transactions only to those who may: GRANT "
                      "XA_RECOVER_ADMIN ON *.* to this user",
                      why->message);
    if (error != NULL)
        error->native_code = why->native_code;
    return OUTFALL_ERR_DATABASE;
}

int drv_my_list_prepared(outfall_connection *connection, const char *prefix, outfall_prepared *out,
                         size_t capacity, size_t *count, int64_t deadline_us, outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    MYSQL_ROW row;
    outfall_error why = {0};
    outfall_prepared one;
    *count = 0;
    int status =
        drv_my_start(connection, "listing prepared transactions", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    status = drv_my_query(connection, "XA RECOVER", deadline_us, &answer, &why);
    if (status != OUTFALL_OK)
        return fail_list(&why, error);
    while (mysql_num_fields(answer) == 4 && (row = mysql_fetch_row(answer)) != NULL) {
        if (!take_line(answer, row, prefix, &one))
            continue;
        if (*count < capacity)
            out[*count] = one;
        ++*count;
    }
    mysql_free_result(answer);
    if (!connection->mariadb)
        return OUTFALL_OK;
    return drv_my_settle_all(connection, out, *count < capacity ? *count : capacity, deadline_us,
                             error);
}

/* The one cell that a query answers, up to the capacity; empty for NULL. */
static int ask(outfall_connection *connection, const char *sql, char *out, size_t capacity,
               int64_t deadline_us, outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    out[0] = '\0';
    int status = drv_my_query(connection, sql, deadline_us, &answer, error);
    MYSQL_ROW row = status == OUTFALL_OK ? mysql_fetch_row(answer) : NULL;
    int length = row != NULL && row[0] != NULL ? snprintf(out, capacity, "%s", row[0]) : 0;
    mysql_free_result(answer);
    if (length < 0 || (size_t)length >= capacity)
        status = outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                   "%s: the answer of %d bytes does not fit into %zu",
                                   connection->doing, length, capacity);
    return status;
}

int drv_my_end_holder(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                      outfall_error *error)
{
    char number[24], kill[48];
    drv_text *sql = &connection->sql;
    outfall_error why = {0};
    int status = drv_my_start(connection, "ending a session", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    if (!drv_my_xid_is_valid(xid))
        return drv_my_fail_turn("the name of no transaction", error);
    drv_text_clear(sql);
    drv_text_add(sql, "SELECT IS_USED_LOCK(");
    drv_my_xid_add_lock(sql, xid);
    drv_text_add(sql, ")");
    status = sql->failed ? drv_fail_nomem(error)
                         : ask(connection, sql->data, number, sizeof number, deadline_us, error);
    unsigned long long holder = strtoull(number, NULL, 10);
    if (status != OUTFALL_OK || holder == 0 || holder == mysql_thread_id(connection->my))
        return status;
    snprintf(kill, sizeof kill, "KILL %llu", holder);
    status = drv_my_query(connection, kill, deadline_us, NULL, &why);
    if (why.native_code == NO_SUCH_SESSION && !connection->dead)
        return OUTFALL_OK; /* It has just ended. */
    if (status != OUTFALL_OK && error != NULL)
        *error = why;
    return status;
}

/*
 * MariaDB has nothing that names a server for good: its server_uid is made of the port and of a
 * network card. So: where its data lies.
 */
int drv_my_identify(outfall_connection *connection, char *out, size_t capacity, int64_t deadline_us,
                    outfall_error *error)
{
    static const char tail[] =
        ", '/', IFNULL(IF(@@lower_case_table_names, LOWER(DATABASE()), DATABASE()), ''))";
    char sql[400];
    int status =
        drv_my_start(connection, "asking which database this is", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    snprintf(sql, sizeof sql, "SELECT CONCAT('mysql:', %s%s",
             connection->mariadb ? "SHA1(CONCAT_WS('\\0', @@hostname, @@port, @@server_id, "
                                   "@@datadir))"
                                 : "@@server_uuid",
             tail);
    return ask(connection, sql, out, capacity, deadline_us, error);
}
