/* SPDX-License-Identifier: Apache-2.0 */
#include "xa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execute.h"
#include "query.h"
#include "value.h"

enum {
    XA_OK = 0,
    XA_RDONLY = 3,
    XA_RBDEADLOCK = 102,
    XA_RBINTEGRITY = 103,
    XA_RBTRANSIENT = 107,
    XAER_RMERR = -3,
    XAER_NOTA = -4,
    XAER_INVAL = -5,
    XAER_PROTO = -6,
    XAER_DUPID = -8,
    XAER_OUTSIDE = -9
};

#define NO_TRANSACTION 24756
#define NO_RIGHT 1031

/* ---- PostgreSQL --------------------------------------------------------------------------- */

/* Runs a text with the name of the branch in quotes behind it, and `end` behind that. */
static int run_on(struct sti_connection *connection, const char *start, const char *gid,
                  const char *end, struct sti_failure *failure)
{
    struct sti_text sql = {0};
    sti_text_puts(&sql, start);
    sti_text_quote(&sql, gid, '\'');
    sti_text_puts(&sql, end);
    int status = sti_run(connection, sql.data, failure);
    sti_text_free(&sql);
    return status;
}

/* The one cell of such a query, as a number. */
static int ask_of(struct sti_connection *connection, const char *start, const char *gid,
                  const char *end, int *number, struct sti_failure *failure)
{
    struct sti_text sql = {0};
    struct sti_rows rows;
    sti_text_puts(&sql, start);
    sti_text_quote(&sql, gid, '\'');
    sti_text_puts(&sql, end);
    int status = sti_query(connection, sql.data, &rows, failure);
    sti_text_free(&sql);
    if (status != 0)
        return -1;
    const char *cell = rows.rows > 0 ? sti_cell(&rows, 0, 0) : NULL;
    *number = cell ? (int)strtol(cell, NULL, 10) : 0;
    sti_rows_free(&rows);
    return 0;
}

static int is_prepared(struct sti_connection *connection, const char *gid, int *found,
                       struct sti_failure *failure)
{
    return ask_of(connection, "SELECT count(*) FROM pg_prepared_xacts WHERE gid = ", gid,
                  " AND database = current_database()", found, failure);
}

/* Whether another session is in the branch. */
static int is_held(struct sti_connection *connection, const char *gid, int *found,
                   struct sti_failure *failure)
{
    return ask_of(connection, "SELECT count(*) FROM pg_locks, (SELECT hashtextextended(", gid,
                  ", 0) AS key) k WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND "
                  "(classid::bigint << 32 | objid::bigint) = key AND pid <> pg_backend_pid()",
                  found, failure);
}

static int identify(struct sti_connection *connection, const char *name,
                    struct sti_failure *failure)
{
    if (run_on(connection, "SET application_name = ", name, "", failure) != 0)
        return -1;
    return sti_end_backend(connection, 1, failure);
}

/* The session is out of it: nobody is kept from its name any more. */
static int leave(struct sti_connection *connection, struct sti_failure *failure)
{
    struct sti_branch *branch = &connection->branch;
    branch->state = STI_XA_NONE;
    if (run_on(connection, "SELECT pg_advisory_unlock(hashtextextended(", branch->gid, ", 0))",
               failure) != 0)
        return -1;
    return identify(connection, "", failure);
}

/* What PostgreSQL has refused, as XA has it. A session that is gone stays a failure. */
static int told(struct sti_connection *connection, struct sti_failure *failure, int *code)
{
    if (sti_native_ends_session(failure->code))
        return -1;
    connection->branch.last = failure->code;
    switch (failure->code) {
    case 60:
        *code = XA_RBDEADLOCK;
        break;
    case 8177:
        *code = XA_RBTRANSIENT;
        break;
    case 1:
    case 2290:
    case 2291:
    case 2292:
        *code = XA_RBINTEGRITY;
        break;
    case NO_TRANSACTION:
        *code = XAER_NOTA;
        break;
    default:
        *code = XAER_RMERR;
    }
    memset(failure, 0, sizeof *failure);
    return 0;
}

/* ---- Calls -------------------------------------------------------------------------------- */

static int start(struct sti_statement *statement, const char *gid, int *code,
                 struct sti_failure *failure)
{
    struct sti_connection *connection = statement->connection;
    char name[65];
    int free_of_it = 0, prepared = 0;
    if (connection->branch.state != STI_XA_NONE || connection->autocommit) {
        *code = XAER_PROTO;
        return 0;
    }
    if (connection->changed) {
        *code = XAER_OUTSIDE;
        return 0;
    }
    if (sti_value_copy(statement, 3, name, sizeof name) != 0)
        return sti_fail(failure, STI_REFUSED, "an identifier of more than 64 bytes");
    if (sti_end_backend(connection, 0, failure) != 0 ||
        ask_of(connection, "SELECT CAST(pg_try_advisory_lock(hashtextextended(", gid,
               ", 0)) AS int)", &free_of_it, failure) != 0 ||
        is_prepared(connection, gid, &prepared, failure) != 0)
        return -1;
    snprintf(connection->branch.gid, sizeof connection->branch.gid, "%s", gid);
    if (!free_of_it || prepared) {
        *code = XAER_DUPID;
        return free_of_it ? leave(connection, failure) : sti_end_backend(connection, 0, failure);
    }
    if (identify(connection, name, failure) != 0)
        return -1;
    connection->branch.state = STI_XA_ACTIVE;
    return 0;
}

static int end(struct sti_statement *statement, const char *gid, int *code,
               struct sti_failure *failure)
{
    struct sti_branch *branch = &statement->connection->branch;
    (void)failure;
    if (branch->state == STI_XA_NONE || strcmp(branch->gid, gid) != 0)
        *code = XAER_NOTA;
    else if (branch->state == STI_XA_ENDED)
        *code = XAER_PROTO;
    else
        branch->state = STI_XA_ENDED;
    return 0;
}

/* Whether PostgreSQL's transaction has written anything. */
static int has_written(struct sti_connection *connection, int *found, struct sti_failure *failure)
{
    return ask_of(connection, "SELECT CAST(pg_current_xact_id_if_assigned() IS NOT NULL AS int), ",
                  "", "", found, failure); /* A second cell is not looked at. */
}

static int prepare(struct sti_statement *statement, const char *gid, int *code,
                   struct sti_failure *failure)
{
    struct sti_connection *connection = statement->connection;
    struct sti_branch *branch = &connection->branch;
    int written = 0;
    if (branch->state != STI_XA_ENDED || strcmp(branch->gid, gid) != 0) {
        *code = branch->state == STI_XA_ACTIVE ? XAER_PROTO : XAER_NOTA;
        return 0;
    }
    if (has_written(connection, &written, failure) != 0)
        return -1;
    if (!written) {
        *code = XA_RDONLY;
        if (sti_end_backend(connection, 0, failure) != 0)
            return -1;
    } else if (run_on(connection, "PREPARE TRANSACTION ", gid, "", failure) != 0 &&
               (told(connection, failure, code) != 0 ||
                sti_end_backend(connection, 0, failure) != 0)) {
        return -1;
    }
    return leave(connection, failure);
}

/* COMMIT PREPARED and ROLLBACK PREPARED are not for within a transaction. */
static int end_prepared(struct sti_connection *connection, const char *what, const char *gid,
                        int *code, struct sti_failure *failure)
{
    const struct sti_backend *backend = sti_backend();
    if (sti_end_backend(connection, 0, failure) != 0)
        return -1;
    backend->SQLSetConnectAttr(connection->backend, SQL_ATTR_AUTOCOMMIT,
                               (SQLPOINTER)SQL_AUTOCOMMIT_ON, SQL_IS_UINTEGER);
    int status = run_on(connection, what, gid, "", failure);
    backend->SQLSetConnectAttr(connection->backend, SQL_ATTR_AUTOCOMMIT,
                               (SQLPOINTER)SQL_AUTOCOMMIT_OFF, SQL_IS_UINTEGER);
    return status == 0 ? 0 : told(connection, failure, code);
}

static int finish(struct sti_statement *statement, const char *what, const char *gid, int *code,
                  struct sti_failure *failure)
{
    struct sti_connection *connection = statement->connection;
    int prepared = 0, held = 0;
    if (connection->branch.state != STI_XA_NONE) {
        *code = XAER_PROTO;
        return 0;
    }
    if (connection->changed) {
        *code = XAER_OUTSIDE;
        return 0;
    }
    if (is_prepared(connection, gid, &prepared, failure) != 0 ||
        is_held(connection, gid, &held, failure) != 0)
        return -1;
    if (prepared)
        return end_prepared(connection, what, gid, code, failure);
    *code = held ? XAER_PROTO : XAER_NOTA;
    return sti_end_backend(connection, 0, failure);
}

static int commit(struct sti_statement *statement, const char *gid, int *code,
                  struct sti_failure *failure)
{
    return finish(statement, "COMMIT PREPARED ", gid, code, failure);
}

static int rollback(struct sti_statement *statement, const char *gid, int *code,
                    struct sti_failure *failure)
{
    struct sti_connection *connection = statement->connection;
    if (connection->branch.state != STI_XA_ENDED || strcmp(connection->branch.gid, gid) != 0)
        return finish(statement, "ROLLBACK PREPARED ", gid, code, failure);
    if (sti_end_backend(connection, 0, failure) != 0)
        return -1;
    return leave(connection, failure);
}

/* ---- Sessions ----------------------------------------------------------------------------- */

static int find_holders(struct sti_statement *statement, struct sti_failure *failure)
{
    static char text[] = "SELECT pid || ',1,@1' FROM pg_stat_activity WHERE application_name = ? "
                         "AND datname = current_database()";
    if (sti_value_forward(statement, 0, 0, NULL, failure) != 0)
        return -1;
    statement->has_result =
        SQL_SUCCEEDED(sti_backend()->SQLExecDirect(statement->backend, (SQLCHAR *)text, SQL_NTS));
    if (!statement->has_result)
        sti_backend_failure(statement->connection, SQL_HANDLE_STMT, statement->backend,
                            &statement->syntax, failure);
    return statement->has_result ? 0 : -1;
}

static int kill_session(struct sti_statement *statement, struct sti_failure *failure)
{
    int gone = 0;
    if (ask_of(statement->connection, "SELECT CAST(pg_terminate_backend(CAST(split_part(",
               statement->syntax.value.text, ", ',', 1) AS int)) AS int)", &gone, failure) != 0)
        return -1;
    return gone ? 0 : sti_fail(failure, 30, "%s", "");
}

/* ------------------------------------------------------------------------------------------- */

static int (*call_of(enum sti_statement_kind kind))(struct sti_statement *, const char *, int *,
                                                    struct sti_failure *)
{
    switch (kind) {
    case STI_XA_START:
        return start;
    case STI_XA_END:
        return end;
    case STI_XA_PREPARE:
        return prepare;
    case STI_XA_COMMIT:
        return commit;
    default:
        return rollback;
    }
}

/* The parts of the name, checked as HEXTORAW and DBMS_XA_XID would. */
static int read_gid(struct sti_statement *statement, char gid[200], int *code,
                    struct sti_failure *failure)
{
    char parts[2][129];
    for (size_t i = 0; i < 2; i++) {
        int fits = sti_value_copy(statement, i + 1, parts[i], sizeof parts[i]) == 0; /* 64 bytes. */
        if (fits && parts[i][strspn(parts[i], "0123456789ABCDEFabcdef")] != '\0')
            return sti_fail(failure, 1465, "%s", "");
        if (!fits || parts[i][0] == '\0' || strlen(parts[i]) % 2 != 0)
            *code = XAER_INVAL;
    }
    if (*code == XA_OK && strlen(parts[0]) + strlen(parts[1]) > 180)
        return sti_fail(failure, STI_REFUSED, "a name that PostgreSQL has no room for");
    if (*code == XA_OK)
        snprintf(gid, 200, "xa:20294:%.180s:%.128s", parts[0], parts[1]);
    return 0;
}

int sti_xa_run(struct sti_statement *statement, struct sti_failure *failure)
{
    enum sti_statement_kind kind = statement->syntax.kind;
    struct sti_connection *connection = statement->connection;
    char gid[200] = "";
    int code = XA_OK;
    if (kind == STI_HOLDER)
        return find_holders(statement, failure);
    if (kind == STI_KILL)
        return kill_session(statement, failure);
    if (kind == STI_XA_LAST)
        return sti_value_give(statement, 0, connection->branch.last, failure);
    connection->branch.last = 0;
    if (read_gid(statement, gid, &code, failure) != 0 ||
        (code == XA_OK && call_of(kind)(statement, gid, &code, failure) != 0))
        return -1;
    return sti_value_give(statement, 0, code, failure);
}

int sti_xa_answer(struct sti_statement *statement, int code, int last, struct sti_failure *failure)
{
    struct sti_connection *connection = statement->connection;
    enum sti_statement_kind kind = statement->syntax.kind;
    char gid[200] = "";
    int done = XA_OK;
    int undone = (code >= 100 && code <= 107) || code == XA_RDONLY;
    connection->branch.last = last;
    if (undone && kind == STI_XA_PREPARE && connection->branch.state == STI_XA_ENDED &&
        (sti_end_backend(connection, 0, failure) != 0 || leave(connection, failure) != 0))
        return -1;
    if (undone && kind == STI_XA_COMMIT &&
        (read_gid(statement, gid, &done, failure) != 0 ||
         finish(statement, "ROLLBACK PREPARED ", gid, &done, failure) != 0))
        return -1;
    return sti_value_give(statement, 0, code, failure);
}
