/* SPDX-License-Identifier: Apache-2.0 */
#include "execute.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "forward.h"
#include "query.h"
#include "value.h"

SQLRETURN sti_prepare(struct sti_statement *statement, const char *text)
{
    struct sti_failure failure = {0};
    free(statement->text);
    sti_syntax_free(&statement->syntax);
    statement->text = sti_copy(text, strlen(text));
    if (sti_syntax_read(statement->text, statement->connection->identifier_max, &statement->syntax,
                        &failure) == 0)
        return SQL_SUCCESS;
    free(statement->text);
    statement->text = NULL;
    return sti_report(statement, &failure);
}

/* ---- Scripted errors ---------------------------------------------------------------------- */

static int fail_scripted(struct sti_connection *connection, int code, struct sti_failure *failure)
{
    sti_fail(failure, code, "%s", "scripted");
    if (sti_native_ends_session(code))
        sti_connection_die(connection);
    return -1;
}

/* ---- The session's time zone -------------------------------------------------------------- */

static int set_zone(struct sti_connection *connection, struct sti_failure *failure)
{
    struct sti_text sql = {0};
    sti_text_puts(&sql, "SET TIME ZONE INTERVAL ");
    sti_text_quote(&sql, connection->zone.text, '\'');
    sti_text_puts(&sql, " HOUR TO MINUTE");
    int status = sti_run(connection, sql.data, failure);
    sti_text_free(&sql);
    return status;
}

/* PostgreSQL takes a setting back with its transaction, Oracle does not. */
static int keep_zone(struct sti_connection *connection, struct sti_failure *failure)
{
    if (connection->zone_kept || !connection->zone.text[0])
        return 0;
    return set_zone(connection, failure);
}

/* ---- Transactions ------------------------------------------------------------------------- */

int sti_end_backend(struct sti_connection *connection, int commit, struct sti_failure *failure)
{
    SQLRETURN code = sti_backend()->SQLEndTran(SQL_HANDLE_DBC, connection->backend,
                                               commit ? SQL_COMMIT : SQL_ROLLBACK);
    if (SQL_SUCCEEDED(code)) {
        connection->zone_kept |= commit;
        return 0;
    }
    sti_backend_failure(connection, SQL_HANDLE_DBC, connection->backend, NULL, failure);
    return -1;
}

SQLRETURN sti_end(struct sti_connection *connection, int commit)
{
    int after;
    struct sti_failure failure = {0};
    int code = sti_script_count(connection->script, commit ? "commit" : "rollback", &after);
    int status = code && !after ? -1 : 0;
    if (status == 0 && connection->branch.state != STI_XA_NONE)
        status = sti_fail(&failure, connection->branch.state == STI_XA_ACTIVE ? 2089 : STI_REFUSED,
                          "the end of a transaction between XA_END and XA_PREPARE");
    else if (status == 0)
        status = sti_end_backend(connection, commit, &failure);
    connection->changed = connection->changed && status != 0;
    if (code)
        status = fail_scripted(connection, code, &failure);
    if (status == 0)
        return SQL_SUCCESS;
    if (sti_native_ends_session(failure.code))
        sti_connection_die(connection);
    return sti_report(connection, &failure);
}

/*
 * PostgreSQL's transaction ends with its first error, Oracle's does not: so each statement has a
 * savepoint of our own before it.
 */
static int guard(struct sti_connection *connection, struct sti_failure *failure)
{
    return connection->autocommit ? 0 : sti_run(connection, "SAVEPOINT standin", failure);
}

static int undo(struct sti_connection *connection, struct sti_failure *failure)
{
    return sti_run(connection, "ROLLBACK TO SAVEPOINT standin", failure);
}

/* `whole`: nothing has to be undone. Where the session is gone there is nothing to do either. */
static void unguard(struct sti_connection *connection, int whole)
{
    struct sti_failure failure = {0};
    if (connection->autocommit || connection->dead || (!whole && undo(connection, &failure) != 0))
        return;
    sti_run(connection, "RELEASE SAVEPOINT standin", &failure);
}

/* ---- Rows --------------------------------------------------------------------------------- */

int sti_describe(struct sti_statement *statement, struct sti_failure *failure)
{
    const struct sti_syntax *syntax = &statement->syntax;
    struct sti_text condition = {0};
    sti_columns_free(&statement->columns);
    sti_columns_of_table(syntax, &condition);
    int status =
        sti_columns_find(statement->connection, condition.data, &statement->columns, failure);
    sti_text_free(&condition);
    if (status != 0)
        return -1;
    if (statement->columns.count == 0)
        return sti_fail(failure, 942, "%s", "");
    for (size_t i = 0; i < syntax->parameters.count; i++) {
        const struct sti_column *column =
            sti_columns_named(&statement->columns, &syntax->parameters.items[i]);
        if (!column)
            return sti_fail(failure, 904, "\"%s\"", syntax->parameters.items[i].text);
        if (column->always && syntax->kind != STI_DELETE)
            return sti_fail(failure, 32795, "%s", "");
        if (column->computed && syntax->kind != STI_DELETE)
            return sti_fail(failure, 54013, "%s", "");
    }
    for (size_t i = 0; i < syntax->compared.count; i++) {
        const struct sti_column *column =
            sti_columns_named(&statement->columns, &syntax->compared.items[i]);
        if (!column)
            return sti_fail(failure, 904, "\"%s\"", syntax->compared.items[i].text);
        if (sti_type_is_lob(&column->type))
            return sti_fail(failure, 932, column->type.base == STI_BLOB ? "BLOB" : "CLOB");
    }
    return 0;
}

static int run_prepared(struct sti_statement *statement, struct sti_failure *failure)
{
    SQLLEN count = 0;
    const struct sti_backend *backend = sti_backend();
    SQLRETURN code = backend->SQLExecute(statement->backend);
    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA) {
        sti_backend_failure(statement->connection, SQL_HANDLE_STMT, statement->backend,
                            &statement->syntax, failure);
        return -1;
    }
    backend->SQLRowCount(statement->backend, &count);
    backend->SQLFreeStmt(statement->backend, SQL_CLOSE);
    statement->row_count += count > 0 ? count : 0;
    return 0;
}

static int send_row(struct sti_statement *statement, const struct sti_column **places, SQLULEN row,
                    struct sti_failure *failure)
{
    if (statement->operation && statement->operation[row] == SQL_PARAM_IGNORE)
        return 0;
    for (size_t i = 0; i < statement->syntax.parameters.count; i++)
        if (sti_value_forward(statement, i, row, places[i], failure) != 0)
            return -1;
    return run_prepared(statement, failure);
}

static int run_row(struct sti_statement *statement, const struct sti_column **places, SQLULEN row,
                   struct sti_failure *failure)
{
    int after;
    int code = sti_script_count(statement->connection->script, "row", &after);
    if (code && !after)
        return fail_scripted(statement->connection, code, failure);
    if (send_row(statement, places, row, failure) != 0)
        return -1;
    return code ? fail_scripted(statement->connection, code, failure) : 0;
}

/* Rows before the one that failed stay: they went with it, and are written again. */
static void restore_rows(struct sti_statement *statement, const struct sti_column **places,
                         SQLULEN count)
{
    struct sti_failure ignored = {0};
    int status = undo(statement->connection, &ignored);
    for (SQLULEN row = 0; status == 0 && row < count; row++)
        status = send_row(statement, places, row, &ignored);
}

/* Row after row, in order; the first that fails ends it. */
static int run_rows(struct sti_statement *statement, struct sti_failure *failure)
{
    size_t count = statement->syntax.parameters.count;
    const struct sti_column **places = sti_resize(NULL, count * sizeof *places);
    int status = 0;
    for (size_t i = 0; i < count; i++)
        places[i] = sti_columns_named(&statement->columns, &statement->syntax.parameters.items[i]);
    for (SQLULEN row = 0; statement->status && row < statement->paramset_size; row++)
        statement->status[row] = SQL_PARAM_UNUSED;
    for (SQLULEN row = 0; status == 0 && row < statement->paramset_size; row++) {
        SQLLEN before = statement->row_count;
        status = run_row(statement, places, row, failure);
        if (statement->status)
            statement->status[row] = status == 0 ? SQL_PARAM_SUCCESS : SQL_PARAM_ERROR;
        if (statement->processed)
            *statement->processed = row + 1;
        if (status != 0 && !sti_native_ends_session(failure->code)) {
            restore_rows(statement, places, row);
            statement->row_count = before;
        }
    }
    free(places);
    return status;
}

static int run_write(struct sti_statement *statement, struct sti_failure *failure)
{
    struct sti_text forward = {0};
    if (statement->connection->autocommit)
        return sti_fail(failure, STI_REFUSED, "a write with autocommit on");
    if (keep_zone(statement->connection, failure) != 0 || sti_describe(statement, failure) != 0)
        return -1;
    sti_forward_text(statement->text, &statement->syntax, &statement->columns, &forward);
    SQLRETURN code = sti_backend()->SQLPrepare(statement->backend, (SQLCHAR *)forward.data,
                                               (SQLINTEGER)forward.length);
    sti_text_free(&forward);
    if (!SQL_SUCCEEDED(code)) {
        sti_backend_failure(statement->connection, SQL_HANDLE_STMT, statement->backend,
                            &statement->syntax, failure);
        return -1;
    }
    statement->sent = 1;
    return run_rows(statement, failure);
}

/* ---- Other statements --------------------------------------------------------------------- */

static int run_query(struct sti_statement *statement, struct sti_failure *failure)
{
    struct sti_text forward = {0};
    const struct sti_backend *backend = sti_backend();
    for (size_t i = 0; i < statement->syntax.parameters.count; i++)
        if (sti_value_forward(statement, i, 0, NULL, failure) != 0)
            return -1;
    /* Not prepared: psqlODBC leaks the answer of a prepared query that fails. */
    sti_forward_text(statement->text, &statement->syntax, &statement->columns, &forward);
    SQLRETURN code = backend->SQLExecDirect(statement->backend, (SQLCHAR *)forward.data,
                                            (SQLINTEGER)forward.length);
    sti_text_free(&forward);
    statement->has_result = SQL_SUCCEEDED(code);
    if (!statement->has_result)
        sti_backend_failure(statement->connection, SQL_HANDLE_STMT, statement->backend,
                            &statement->syntax, failure);
    return statement->has_result ? 0 : -1;
}

static int run_select(struct sti_statement *statement, struct sti_failure *failure)
{
    return sti_describe(statement, failure) != 0 ? -1 : run_query(statement, failure);
}

/* DDL commits what is open before it, and itself. */
static int run_create(struct sti_statement *statement, struct sti_failure *failure)
{
    const struct sti_syntax *syntax = &statement->syntax;
    struct sti_connection *connection = statement->connection;
    struct sti_text sql = {0};
    int status = 0;
    if (connection->branch.state != STI_XA_NONE)
        return sti_fail(failure, 2089, "%s", "");
    if (!connection->autocommit && sti_end_backend(connection, 1, failure) != 0)
        return -1;
    sti_forward_create(syntax, &sql);
    status = sti_run(connection, sql.data, failure);
    for (size_t i = 0; status == 0 && i < syntax->definition_count; i++) {
        sti_text_free(&sql);
        sti_forward_comment(syntax, &syntax->definitions[i], &sql);
        status = sti_run(connection, sql.data, failure);
    }
    sti_text_free(&sql);
    if (status == 0 && sti_forward_table_comment(syntax, &sql))
        status = sti_run(connection, sql.data, failure);
    sti_text_free(&sql);
    if (!connection->autocommit && status == 0)
        status = sti_end_backend(connection, 1, failure);
    else if (!connection->autocommit)
        sti_backend()->SQLEndTran(SQL_HANDLE_DBC, connection->backend, SQL_ROLLBACK);
    return status;
}

static int is_create(const struct sti_syntax *syntax)
{
    return syntax->kind == STI_CREATE ||
           (syntax->kind == STI_LEDGER && syntax->definition_count > 0);
}

static int is_change(const struct sti_syntax *syntax)
{
    return syntax->kind == STI_LEDGER && !is_create(syntax) &&
           strcasecmp(syntax->word.text, "SELECT") != 0;
}

static int is_xa(enum sti_statement_kind kind)
{
    return kind >= STI_XA_START && kind <= STI_XA_LAST;
}

/* Without parameters. */
static int run_ledger(struct sti_statement *statement, struct sti_failure *failure)
{
    const struct sti_backend *backend = sti_backend();
    if (is_create(&statement->syntax))
        return run_create(statement, failure);
    if (strcasecmp(statement->syntax.word.text, "SELECT") == 0)
        return run_query(statement, failure);
    if (statement->connection->autocommit)
        return sti_fail(failure, STI_REFUSED, "a write with autocommit on");
    struct sti_text forward = {0};
    sti_forward_text(statement->text, &statement->syntax, &statement->columns, &forward);
    SQLRETURN code = backend->SQLExecDirect(statement->backend, (SQLCHAR *)forward.data,
                                            (SQLINTEGER)forward.length);
    sti_text_free(&forward);
    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA) {
        sti_backend_failure(statement->connection, SQL_HANDLE_STMT, statement->backend,
                            &statement->syntax, failure);
        return -1;
    }
    backend->SQLRowCount(statement->backend, &statement->row_count);
    backend->SQLFreeStmt(statement->backend, SQL_CLOSE);
    return 0;
}

static int run_savepoint(struct sti_statement *statement, struct sti_failure *failure)
{
    if (statement->connection->autocommit)
        return sti_fail(failure, STI_REFUSED, "a savepoint with autocommit on");
    return sti_run(statement->connection, statement->text, failure);
}

/* ALTER SESSION SET: what it changes for us. */
static int run_session(struct sti_statement *statement, struct sti_failure *failure)
{
    static const char *const formats[] = {"NLS_DATE_FORMAT", "NLS_TIMESTAMP_FORMAT",
                                          "NLS_TIMESTAMP_TZ_FORMAT"};
    struct sti_connection *connection = statement->connection;
    const char *word = statement->syntax.word.text, *value = statement->syntax.value.text;
    if (strcasecmp(word, "TIME_ZONE") == 0) {
        connection->zone = statement->syntax.value;
        connection->zone_kept = connection->autocommit;
        return set_zone(connection, failure);
    }
    if (strcasecmp(word, "NLS_NUMERIC_CHARACTERS") == 0) {
        connection->numbers_have_points = strncmp(value, ".,", 2) == 0;
        return 0;
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcasecmp(word, formats[i]) != 0)
            continue;
        if (strncmp(value, "YYYY-MM-DD HH24:MI:SS", 21) != 0)
            return sti_fail(failure, STI_REFUSED, "%s = %.100s", formats[i], value);
        connection->dates_have_format = 1;
        return 0;
    }
    return sti_fail(failure, STI_REFUSED, "ALTER SESSION SET %.100s", word);
}

static int (*const RUN[STI_KINDS])(struct sti_statement *, struct sti_failure *) = {
    [STI_INSERT] = run_write,        [STI_MERGE] = run_write,
    [STI_DELETE] = run_write,        [STI_CREATE] = run_create,
    [STI_SELECT] = run_select,       [STI_DICTIONARY] = run_query,
    [STI_SAVEPOINT] = run_savepoint, [STI_ROLLBACK_TO] = run_savepoint,
    [STI_SESSION] = run_session,     [STI_LEDGER] = run_ledger,
    [STI_XA_START] = sti_xa_run,     [STI_XA_END] = sti_xa_run,
    [STI_XA_PREPARE] = sti_xa_run,   [STI_XA_COMMIT] = sti_xa_run,
    [STI_XA_ROLLBACK] = sti_xa_run,  [STI_XA_LAST] = sti_xa_run,
    [STI_HOLDER] = sti_xa_run,       [STI_KILL] = sti_xa_run,
};

/* Runs a statement so that what fails takes no more with it than it would in Oracle. */
static int run_guarded(struct sti_statement *statement, struct sti_failure *failure)
{
    struct sti_connection *connection = statement->connection;
    enum sti_statement_kind kind = statement->syntax.kind;
    int rows = kind == STI_INSERT || kind == STI_MERGE || kind == STI_DELETE;
    if (is_xa(kind)) /* PostgreSQL's transaction ends in it. */
        return RUN[kind](statement, failure);
    if (connection->branch.state == STI_XA_ENDED)
        return sti_fail(failure, STI_REFUSED, "a statement between XA_END and XA_PREPARE");
    connection->changed |= connection->branch.state == STI_XA_NONE &&
                           (rows || kind == STI_SAVEPOINT || is_change(&statement->syntax));
    if (is_create(&statement->syntax) ||
        kind == STI_SAVEPOINT) /* It ends what is open; it is to stay. */
        return RUN[kind](statement, failure);
    if (guard(connection, failure) != 0)
        return -1;
    int status = RUN[kind](statement, failure);
    if (kind == STI_ROLLBACK_TO && status == 0) /* Which took the guard with it. */
        return 0;
    if (!sti_native_ends_session(failure->code))
        unguard(connection, status == 0 || (rows && statement->sent));
    return status;
}

/* As a rule of the script says, if one fits. */
static int run_scripted(struct sti_statement *statement, struct sti_failure *failure)
{
    struct sti_connection *connection = statement->connection;
    struct sti_fault fault =
        sti_script_take(connection->script, sti_statement_names[statement->syntax.kind]);
    int runs = !fault.code || fault.after;
    if (runs && run_guarded(statement, failure) != 0)
        return -1;
    if (fault.code && fault.answers)
        return runs ? sti_value_give(statement, 0, fault.code, failure)
                    : sti_xa_answer(statement, fault.code, fault.last, failure);
    return fault.code ? fail_scripted(connection, fault.code, failure) : 0;
}

SQLRETURN sti_execute(struct sti_statement *statement)
{
    struct sti_connection *connection = statement->connection;
    const struct sti_syntax *syntax = &statement->syntax;
    struct sti_failure failure = {0};
    if (!statement->text)
        return sti_report_state(statement, "HY010", "Function sequence error.");
    if (statement->binding_count < syntax->parameters.count)
        return sti_report_state(statement, "07002", "COUNT field incorrect.");
    statement->row_count = 0;
    statement->sent = 0;
    int status = run_scripted(statement, &failure);
    if (status == 0)
        return SQL_SUCCESS;
    if (sti_native_ends_session(failure.code))
        sti_connection_die(connection);
    return sti_report(statement, &failure);
}
