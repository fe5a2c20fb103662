/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog functions. */
#include <stdlib.h>

#include "catalog.h"
#include "export.h"
#include "wide.h"

static struct sti_argument argument(const SQLWCHAR *text, SQLSMALLINT length, int pattern)
{
    return (struct sti_argument){sti_wide_copy(text, length), pattern};
}

/* Runs the query as the statement's result. Frees what it is given. */
static SQLRETURN answer(struct sti_statement *statement, int status, struct sti_text *sql,
                        struct sti_failure *failure, struct sti_argument *first,
                        struct sti_argument *second)
{
    const struct sti_backend *backend = sti_backend();
    SQLRETURN code = SQL_ERROR;
    free(statement->text);
    statement->text = NULL;
    if (status == 0) {
        code = backend->SQLExecDirect(statement->backend, (SQLCHAR *)sql->data,
                                      (SQLINTEGER)sql->length);
        if (!SQL_SUCCEEDED(code))
            sti_backend_failure(statement->connection, SQL_HANDLE_STMT, statement->backend, NULL,
                                failure);
    }
    statement->has_result = SQL_SUCCEEDED(code);
    sti_text_free(sql);
    free(first->text);
    free(second->text);
    if (statement->has_result)
        return SQL_SUCCESS;
    if (sti_native_ends_session(failure->code))
        sti_connection_die(statement->connection);
    return sti_report(statement, failure);
}

/* Clears the diagnostics; an error where the session is gone. */
static SQLRETURN begin(struct sti_statement *statement)
{
    static const struct sti_failure not_connected = {.code = 3114};
    sti_clear(statement);
    if (statement->has_result)
        sti_backend()->SQLFreeStmt(statement->backend, SQL_CLOSE);
    statement->has_result = 0;
    return statement->connection->dead ? sti_report(statement, &not_connected) : SQL_SUCCESS;
}

STI_EXPORT SQLRETURN SQLTablesW(SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT catalog_length,
                                SQLWCHAR *schema, SQLSMALLINT schema_length, SQLWCHAR *table,
                                SQLSMALLINT table_length, SQLWCHAR *types, SQLSMALLINT types_length)
{
    struct sti_statement *statement = handle;
    struct sti_failure failure = {0};
    struct sti_text sql = {0};
    (void)catalog, (void)catalog_length, (void)types, (void)types_length;
    if (begin(statement) != SQL_SUCCESS)
        return SQL_ERROR;
    struct sti_argument in = argument(schema, schema_length, 1);
    struct sti_argument of = argument(table, table_length, 1);
    int status = sti_catalog_tables(&in, &of, &sql);
    return answer(statement, status, &sql, &failure, &in, &of);
}

STI_EXPORT SQLRETURN SQLColumnsW(SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT catalog_length,
                                 SQLWCHAR *schema, SQLSMALLINT schema_length, SQLWCHAR *table,
                                 SQLSMALLINT table_length, SQLWCHAR *column,
                                 SQLSMALLINT column_length)
{
    struct sti_statement *statement = handle;
    struct sti_failure failure = {0};
    struct sti_text sql = {0};
    (void)catalog, (void)catalog_length;
    if (begin(statement) != SQL_SUCCESS)
        return SQL_ERROR;
    struct sti_argument in = argument(schema, schema_length, 1);
    struct sti_argument of = argument(table, table_length, 1);
    struct sti_argument named = argument(column, column_length, 1);
    int status = sti_catalog_columns(statement->connection, &in, &of, &named, &sql, &failure);
    free(named.text);
    return answer(statement, status, &sql, &failure, &in, &of);
}

STI_EXPORT SQLRETURN SQLPrimaryKeysW(SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT catalog_length,
                                     SQLWCHAR *schema, SQLSMALLINT schema_length, SQLWCHAR *table,
                                     SQLSMALLINT table_length)
{
    struct sti_statement *statement = handle;
    struct sti_failure failure = {0};
    struct sti_text sql = {0};
    (void)catalog, (void)catalog_length;
    if (begin(statement) != SQL_SUCCESS)
        return SQL_ERROR;
    struct sti_argument in = argument(schema, schema_length, 0);
    struct sti_argument of = argument(table, table_length, 0);
    int status = sti_catalog_primary_keys(&in, &of, &sql);
    return answer(statement, status, &sql, &failure, &in, &of);
}

STI_EXPORT SQLRETURN SQLStatisticsW(SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT catalog_length,
                                    SQLWCHAR *schema, SQLSMALLINT schema_length, SQLWCHAR *table,
                                    SQLSMALLINT table_length, SQLUSMALLINT unique,
                                    SQLUSMALLINT reserved)
{
    struct sti_statement *statement = handle;
    struct sti_failure failure = {0};
    struct sti_text sql = {0};
    (void)catalog, (void)catalog_length, (void)reserved;
    if (begin(statement) != SQL_SUCCESS)
        return SQL_ERROR;
    struct sti_argument in = argument(schema, schema_length, 0);
    struct sti_argument of = argument(table, table_length, 0);
    int status = sti_catalog_statistics(&in, &of, unique == SQL_INDEX_UNIQUE, &sql);
    return answer(statement, status, &sql, &failure, &in, &of);
}
