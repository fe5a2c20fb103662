/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/probe.h"

#include <string.h>

#include "odbc/api.h"
#include "odbc/fault.h"
#include "odbc/query.h"
#include "odbc/utf16.h"

#define TYPE_UNITS_MAX 256

/* FNV-1a: the columns are compared with what the same driver said of them before. */
#define HASH_START UINT64_C(14695981039346656037)
#define HASH_PRIME UINT64_C(1099511628211)

static uint64_t hash(uint64_t so_far, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < length; i++)
        so_far = (so_far ^ at[i]) * HASH_PRIME;
    return so_far;
}

static int hash_column(outfall_connection *connection, SQLHSTMT statement, SQLUSMALLINT number,
                       uint64_t *so_far, outfall_error *error)
{
    SQLWCHAR type_name[TYPE_UNITS_MAX] = {0};
    SQLSMALLINT length = 0, type = 0, digits = 0, nullable = 0, bytes = 0;
    SQLULEN size = 0;
    /* Without a place for the name's length psqlODBC fails. */
    SQLRETURN code =
        SQLDescribeColW(statement, number, NULL, 0, &length, &type, &size, &digits, &nullable);
    if (!SQL_SUCCEEDED(code))
        return drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
    /* Not every driver knows it. */
    (void)SQLColAttributeW(statement, number, SQL_DESC_TYPE_NAME, type_name, sizeof type_name,
                           &bytes, NULL);
    *so_far = hash(*so_far, &type, sizeof type);
    *so_far = hash(*so_far, &size, sizeof size);
    *so_far = hash(*so_far, &digits, sizeof digits);
    *so_far = hash(*so_far, &nullable, sizeof nullable);
    *so_far =
        hash(*so_far, type_name, drv_odbc_units(type_name, TYPE_UNITS_MAX) * sizeof *type_name);
    return OUTFALL_OK;
}

int drv_odbc_probe_state(outfall_connection *connection, const char *schema, const char *table,
                         uint64_t *state, outfall_error *error)
{
    drv_odbc_answer answer = {0};
    *state = HASH_START;
    if (connection->dialect->queries.state == NULL)
        return OUTFALL_OK;
    int status = drv_odbc_query(connection, connection->dialect->queries.state, schema, table,
                                &answer, error);
    for (size_t i = 0; i < answer.rows * answer.columns; i++) {
        const char *cell = answer.cells[i] != NULL ? answer.cells[i] : "";
        *state = hash(*state, cell, strlen(cell) + 1);
    }
    drv_odbc_answer_free(&answer);
    return status;
}

/* Whether the query is prepared once: most drivers would go on telling what the columns were then.
 */
static bool is_kept(const outfall_connection *connection)
{
    return connection->method->fresh_columns != 0;
}

static int make_statement(outfall_connection *connection, const drv_odbc_target *target,
                          SQLHSTMT *out, outfall_error *error)
{
    int status = drv_odbc_statement_new(connection, out, error);
    if (status == OUTFALL_OK && is_kept(connection))
        status = drv_odbc_api_prepare(connection, *out, target->probe, error);
    return status;
}

static int execute(outfall_connection *connection, SQLHSTMT statement,
                   const drv_odbc_target *target, outfall_error *error)
{
    if (!is_kept(connection))
        return drv_odbc_api_execute(connection, statement, target->probe, error);
    if (!SQL_SUCCEEDED(SQLExecute(statement)))
        return drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
    return OUTFALL_OK;
}

/* Runs the query and makes the fingerprint of its columns. */
static int run(outfall_connection *connection, SQLHSTMT statement, const drv_odbc_target *target,
               uint64_t *fingerprint, outfall_error *error)
{
    uint64_t made = HASH_START;
    SQLSMALLINT count = 0;
    int status = execute(connection, statement, target, error);
    if (status == OUTFALL_OK && !SQL_SUCCEEDED(SQLNumResultCols(statement, &count)))
        status = drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
    for (SQLUSMALLINT i = 1; status == OUTFALL_OK && i <= count; i++)
        status = hash_column(connection, statement, i, &made, error);
    SQLFreeStmt(statement, SQL_CLOSE);
    *fingerprint = made;
    return status;
}

/* Without a key no index matters. */
static bool has_state(const outfall_connection *connection, const drv_odbc_target *target)
{
    return connection->dialect->queries.state != NULL &&
           !(connection->dialect->any_unique && target->base.key_count == 0);
}

int drv_odbc_probe_describe(outfall_connection *connection, drv_odbc_target *target,
                            outfall_error *error)
{
    SQLHSTMT statement = SQL_NULL_HSTMT;
    outfall_error detail = {0};
    int status = make_statement(connection, target, &statement, &detail);
    if (status == OUTFALL_OK)
        status = run(connection, statement, target, &target->fingerprint, &detail);
    drv_odbc_statement_free(statement);
    target->probed = status == OUTFALL_OK;
    bool matters = connection->dialect->any_unique && target->base.key_count > 0;
    if (status == OUTFALL_ERR_DATABASE && detail.action == OUTFALL_ACTION_STOP && !matters)
        status = OUTFALL_OK;
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    if (error != NULL)
        *error = detail;
    return status;
}

static int fail_changed(const drv_odbc_target *target, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART,
                             "odbc: %.200s is no longer the table that was described: a column or "
                             "a unique index changed, came or is gone, or it was made again",
                             target->display);
}

int drv_odbc_probe_compare(outfall_connection *connection, const drv_odbc_target *target,
                           SQLHSTMT *statement, outfall_error *error)
{
    outfall_error detail = {0};
    uint64_t now = target->fingerprint, state = target->state;
    int status = OUTFALL_OK;
    if (!target->probed)
        return OUTFALL_OK;
    /* Such a database has locked all of itself, and said all with the state that it keeps. */
    bool whole = connection->dialect->state_is_whole && target->state != HASH_START;
    if (!whole && *statement == SQL_NULL_HSTMT)
        status = make_statement(connection, target, statement, &detail);
    if (!whole && status == OUTFALL_OK)
        status = run(connection, *statement, target, &now, &detail);
    if (status == OUTFALL_OK && has_state(connection, target)) /* Only now nothing changes it. */
        status = drv_odbc_probe_state(connection, target->schema, target->name, &state, &detail);
    if (status == OUTFALL_OK && now == target->fingerprint && state == target->state)
        return OUTFALL_OK;
    /* What it once answered it refuses now: not every driver has a code for why. */
    if (status == OUTFALL_OK || detail.action == OUTFALL_ACTION_STOP ||
        detail.action == OUTFALL_ACTION_RESTART)
        status = fail_changed(target, &detail);
    drv_odbc_statement_free(*statement);
    *statement = SQL_NULL_HSTMT;
    if (error != NULL)
        *error = detail;
    return status;
}
