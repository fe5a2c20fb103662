/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/prepared.h"

#include <stdio.h>
#include <string.h>

#include "common/fail.h"
#include "common/ledger.h"
#include "odbc/branch.h"
#include "odbc/call.h"
#include "odbc/fault.h"
#include "odbc/ledger.h"
#include "odbc/query.h"
#include "odbc/transaction.h"
#include "odbc/xa.h"

static int fail_turn(const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "odbc: %s is out of turn on this connection", what);
}

/* ---- Prepare ---------------------------------------------------------------------- */

static int fail_fenced(const outfall_fence *fence, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_FENCED, OUTFALL_ACTION_STOP,
                             "another process has opened writer \"%.63s\" of \"%.120s\", and goes "
                             "on where this one was: end one of the two, or give them writers of "
                             "different names",
                             fence->writer, fence->sink);
}

static int check_begun(const outfall_connection *connection, const outfall_xid *xid,
                       outfall_error *error)
{
    if (connection->dialect->two_phase == NULL)
        return drv_odbc_branch_fail_unsupported(connection, error);
    if (!drv_odbc_xid_is_valid(xid))
        return drv_odbc_branch_fail_name(error);
    if (!connection->in_transaction || !connection->named ||
        !drv_odbc_xid_is_same(xid, &connection->xid))
        return fail_turn("prepare of another transaction than was begun", error);
    if (connection->failed)
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                                 "odbc: preparing %s.%s: a statement of the transaction had "
                                 "failed, so it was rolled back",
                                 xid->gtrid, xid->bqual);
    return OUTFALL_OK;
}

/* The fences and the line. */
static int seal(outfall_connection *connection, outfall_fence *fences, uint32_t fence_count,
                const outfall_ledger_line *line, int64_t deadline_us, outfall_error *error)
{
    for (uint32_t i = 0; i < fence_count; i++) {
        int status = drv_odbc_fence(connection, &fences[i], deadline_us, error);
        if (status != OUTFALL_OK)
            return status;
        if (!fences[i].found)
            return fail_fenced(&fences[i], error);
    }
    return drv_odbc_ledger_write(connection, line, deadline_us, error);
}

/* *sent: whether it may have been prepared, whatever became of the answer. */
static int end_and_prepare(outfall_connection *connection, const outfall_xid *xid,
                           int64_t deadline_us, bool *sent, outfall_error *error)
{
    int status = drv_odbc_enter(connection, "preparing", NULL, deadline_us, error);
    if (status == OUTFALL_OK)
        status = drv_odbc_branch_call(connection, DRV_ODBC_XA_END, xid, error);
    if (status == OUTFALL_OK) {
        *sent = true;
        status = drv_odbc_branch_call(connection, DRV_ODBC_XA_PREPARE, xid, error);
    }
    return drv_odbc_leave(connection, status);
}

/* A certain no, once what is there was rolled back; unless that has no answer either. */
static int give_up(outfall_connection *connection, const outfall_xid *xid, bool sent,
                   int64_t deadline_us, outfall_error *why)
{
    bool in_doubt = sent && connection->dead;
    if (!connection->dead && connection->in_transaction &&
        drv_odbc_rollback(connection, deadline_us, NULL) != OUTFALL_OK) {
        connection->dead = true;
        in_doubt = sent;
    }
    const outfall_error detail = *why;
    if (in_doubt) {
        outfall_error_set(why, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                          "odbc: XA_PREPARE of %s.%s was sent and its outcome is not known: %.280s",
                          xid->gtrid, xid->bqual, detail.message);
    } else if (detail.action == OUTFALL_ACTION_RESOLVE) { /* By now it is known. */
        why->status = OUTFALL_ERR_DATABASE;
        why->action = OUTFALL_ACTION_RETRY;
    } else if (detail.action == OUTFALL_ACTION_ROW || detail.action == OUTFALL_ACTION_RESTART) {
        why->action = OUTFALL_ACTION_STOP; /* No row is named. */
    }
    return why->status;
}

int drv_odbc_prepare(outfall_connection *connection, const outfall_xid *xid, outfall_fence *fences,
                     uint32_t fence_count, const outfall_ledger_line *line, int64_t deadline_us,
                     outfall_error *error)
{
    outfall_error why = {0};
    bool sent = false;
    for (uint32_t i = 0; i < fence_count; i++)
        fences[i].found = 1;
    int status = check_begun(connection, xid, &why);
    if (status == OUTFALL_OK)
        status = seal(connection, fences, fence_count, line, deadline_us, &why);
    if (status == OUTFALL_OK)
        status = end_and_prepare(connection, xid, deadline_us, &sent, &why);
    if (status != OUTFALL_OK)
        status = give_up(connection, xid, sent, deadline_us, &why);
    connection->in_transaction = connection->named = connection->failed = false;
    connection->checked = 0;
    if (status != OUTFALL_OK && error != NULL)
        *error = why;
    return status;
}

/* ---- The end ---------------------------------------------------------------------- */

static int end_sent(outfall_connection *connection, enum drv_odbc_xa_call call,
                    const outfall_xid *xid, outfall_error *error)
{
    outfall_error why = {0};
    int status = drv_odbc_branch_call(connection, call, xid, &why);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    if (connection->dead)
        return outfall_error_set(error, OUTFALL_ERR_UNKNOWN, OUTFALL_ACTION_RESOLVE,
                                 "odbc: %s %s.%s was sent and its outcome is not known: %.280s",
                                 connection->doing, xid->gtrid, xid->bqual, why.message);
    if (why.action == OUTFALL_ACTION_ROW || why.action == OUTFALL_ACTION_RESTART)
        why.action = OUTFALL_ACTION_STOP;
    if (error != NULL)
        *error = why;
    return why.status;
}

static int end(outfall_connection *connection, enum drv_odbc_xa_call call, const outfall_xid *xid,
               int64_t deadline_us, outfall_error *error)
{
    bool commits = call == DRV_ODBC_XA_COMMIT;
    int status = drv_odbc_enter(connection, commits ? "XA_COMMIT of" : "XA_ROLLBACK of", NULL,
                                deadline_us, error);
    if (status == OUTFALL_OK && connection->dialect->two_phase == NULL)
        status = drv_odbc_branch_fail_unsupported(connection, error);
    else if (status == OUTFALL_OK && !drv_odbc_xid_is_valid(xid))
        status = drv_odbc_branch_fail_name(error);
    else if (status == OUTFALL_OK && connection->in_transaction)
        status = fail_turn(commits ? "commit of a prepared transaction"
                                   : "rollback of a prepared transaction",
                           error);
    else if (status == OUTFALL_OK && drv_odbc_is_closed(connection))
        status = drv_odbc_fail_lost(connection, "the server closed it", error); /* Not sent. */
    else if (status == OUTFALL_OK)
        status = end_sent(connection, call, xid, error);
    return drv_odbc_leave(connection, status);
}

int drv_odbc_commit_prepared(outfall_connection *connection, const outfall_xid *xid,
                             int64_t deadline_us, outfall_error *error)
{
    return end(connection, DRV_ODBC_XA_COMMIT, xid, deadline_us, error);
}

int drv_odbc_rollback_prepared(outfall_connection *connection, const outfall_xid *xid,
                               int64_t deadline_us, outfall_error *error)
{
    return end(connection, DRV_ODBC_XA_ROLLBACK, xid, deadline_us, error);
}

/* ---- Looking around --------------------------------------------------------------- */

/* Asks for what not everybody may see: the error says which right it takes. */
static int ask(outfall_connection *connection, const char *sql, const char *name, const char *right,
               drv_odbc_answer *answer, outfall_error *error)
{
    outfall_error why = {0};
    int status = drv_odbc_settle(connection,
                                 drv_odbc_query(connection, sql, NULL, name, answer, &why), &why);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    const outfall_error detail = why;
    bool passes = connection->dead || why.action == OUTFALL_ACTION_RETRY;
    if (!passes)
        outfall_error_set(&why, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, "%.280s; it takes: %s",
                          detail.message, right);
    why.native_code = detail.native_code;
    memcpy(why.sqlstate, detail.sqlstate, sizeof why.sqlstate);
    if (error != NULL)
        *error = why;
    return why.status;
}

int drv_odbc_list_prepared(outfall_connection *connection, const char *prefix,
                           outfall_prepared *out, size_t capacity, size_t *count,
                           int64_t deadline_us, outfall_error *error)
{
    const drv_odbc_two_phase *by = connection->dialect->two_phase;
    drv_odbc_answer answer = {0};
    *count = 0;
    int status =
        drv_odbc_enter(connection, "listing prepared transactions", NULL, deadline_us, error);
    if (status == OUTFALL_OK)
        status = by == NULL ? drv_odbc_branch_fail_unsupported(connection, error)
                            : ask(connection, by->list, NULL, by->list_right, &answer, error);
    for (size_t row = 0; status == OUTFALL_OK && row < answer.rows; row++) {
        outfall_prepared one = {.age_us = -1};
        if (!drv_odbc_xid_take(&one.xid, prefix, drv_odbc_cell(&answer, row, 0),
                               drv_odbc_cell(&answer, row, 1), drv_odbc_cell(&answer, row, 2)))
            continue;
        if (*count < capacity)
            out[*count] = one;
        ++*count;
    }
    drv_odbc_answer_free(&answer);
    return drv_odbc_leave(connection, status);
}

/* `session` is of digits, commas and an @; one that has just ended is as good. */
static int kill_session(outfall_connection *connection, const char *session, outfall_error *error)
{
    const drv_odbc_two_phase *by = connection->dialect->two_phase;
    outfall_error why = {0};
    char sql[128];
    if (session == NULL || session[strspn(session, "0123456789,@")] != '\0')
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                                 "odbc: %s: no number of a session came", connection->doing);
    snprintf(sql, sizeof sql, "%s'%.60s'%s", by->kill[0], session, by->kill[1]);
    int status = drv_odbc_run(connection, sql, &why);
    if (status == OUTFALL_OK ||
        (!connection->dead && (why.native_code == by->gone[0] || why.native_code == by->gone[1])))
        return OUTFALL_OK;
    if (error != NULL)
        outfall_error_set(error, why.status, why.action, "%.280s; it takes: %s", why.message,
                          by->holder_right);
    return why.status;
}

int drv_odbc_end_holder(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                        outfall_error *error)
{
    const drv_odbc_two_phase *by = connection->dialect->two_phase;
    drv_odbc_answer answer = {0};
    char name[DRV_ODBC_XA_NAME_MAX];
    int status = drv_odbc_enter(connection, "ending a session", NULL, deadline_us, error);
    if (status == OUTFALL_OK && by == NULL)
        status = drv_odbc_branch_fail_unsupported(connection, error);
    else if (status == OUTFALL_OK && !drv_odbc_xid_is_valid(xid))
        status = drv_odbc_branch_fail_name(error);
    else if (status == OUTFALL_OK && connection->in_transaction)
        status = fail_turn("ending another session within a transaction", error);
    if (status == OUTFALL_OK) {
        drv_odbc_xid_join(xid, name);
        status = ask(connection, by->holder, name, by->holder_right, &answer, error);
    }
    for (size_t row = 0; status == OUTFALL_OK && row < answer.rows; row++)
        status = kill_session(connection, drv_odbc_cell(&answer, row, 0), error);
    drv_odbc_answer_free(&answer);
    return drv_odbc_leave(connection, status);
}

int drv_odbc_identify(outfall_connection *connection, char *out, size_t capacity,
                      int64_t deadline_us, outfall_error *error)
{
    const drv_odbc_two_phase *by = connection->dialect->two_phase;
    drv_odbc_answer answer = {0};
    int status =
        drv_odbc_enter(connection, "asking which database this is", NULL, deadline_us, error);
    if (status == OUTFALL_OK)
        status = by == NULL
                     ? drv_odbc_branch_fail_unsupported(connection, error)
                     : ask(connection, by->identify, NULL, by->identify_right, &answer, error);
    if (status == OUTFALL_OK) {
        const char *cell = answer.rows == 1 ? drv_odbc_cell(&answer, 0, 0) : NULL;
        int length = cell == NULL
                         ? -1
                         : snprintf(out, capacity, "odbc:%s:%s", connection->dialect->name, cell);
        if (length < 0 || (size_t)length >= capacity)
            status = outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                       "odbc: the database's identity takes %d bytes, and %zu are "
                                       "given",
                                       length + 1, capacity);
    }
    drv_odbc_answer_free(&answer);
    return drv_odbc_leave(connection, status);
}

int drv_odbc_check_prepared(outfall_connection *connection, int64_t deadline_us,
                            outfall_error *error)
{
    const drv_odbc_two_phase *by = connection->dialect->two_phase;
    int32_t ignored = 0;
    size_t count;
    int status = drv_odbc_list_prepared(connection, "", NULL, 0, &count, deadline_us, error);
    if (status == OUTFALL_OK)
        status = drv_odbc_enter(connection, "asking for XA", NULL, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    status = drv_odbc_call(connection, by->last, NULL, 0, &ignored, error);
    return drv_odbc_leave(connection, drv_odbc_settle(connection, status, error));
}
