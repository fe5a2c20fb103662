/* SPDX-License-Identifier: Apache-2.0 */
/* Handles, the environment and diagnostics. */
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "export.h"
#include "wide.h"

static SQLRETURN alloc_environment(SQLHANDLE *out)
{
    const struct sti_backend *backend = sti_backend();
    struct sti_environment *environment = sti_resize(NULL, sizeof *environment);
    memset(environment, 0, sizeof *environment);
    environment->handle.kind = SQL_HANDLE_ENV;
    if (!backend ||
        !SQL_SUCCEEDED(backend->SQLAllocHandle(SQL_HANDLE_ENV, NULL, &environment->backend))) {
        free(environment);
        return SQL_ERROR;
    }
    backend->SQLSetEnvAttr(environment->backend, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3,
                           0);
    *out = environment;
    return SQL_SUCCESS;
}

static SQLRETURN alloc_connection(struct sti_environment *environment, SQLHANDLE *out)
{
    struct sti_connection *connection = sti_resize(NULL, sizeof *connection);
    memset(connection, 0, sizeof *connection);
    connection->handle.kind = SQL_HANDLE_DBC;
    connection->autocommit = 1;
    if (!SQL_SUCCEEDED(sti_backend()->SQLAllocHandle(SQL_HANDLE_DBC, environment->backend,
                                                     &connection->backend))) {
        free(connection);
        return SQL_ERROR;
    }
    *out = connection;
    return SQL_SUCCESS;
}

static SQLRETURN alloc_statement(struct sti_connection *connection, SQLHANDLE *out)
{
    struct sti_statement *statement = sti_resize(NULL, sizeof *statement);
    memset(statement, 0, sizeof *statement);
    statement->handle.kind = SQL_HANDLE_STMT;
    statement->connection = connection;
    statement->paramset_size = 1;
    if (!SQL_SUCCEEDED(sti_backend()->SQLAllocHandle(SQL_HANDLE_STMT, connection->backend,
                                                     &statement->backend))) {
        free(statement);
        return SQL_ERROR;
    }
    *out = statement;
    return SQL_SUCCESS;
}

STI_EXPORT SQLRETURN SQLAllocHandle(SQLSMALLINT kind, SQLHANDLE parent, SQLHANDLE *out)
{
    *out = NULL;
    switch (kind) {
    case SQL_HANDLE_ENV:
        return alloc_environment(out);
    case SQL_HANDLE_DBC:
        return alloc_connection(parent, out);
    case SQL_HANDLE_STMT:
        return alloc_statement(parent, out);
    default: /* No explicit descriptors. */
        return sti_report_state(parent, "HYC00", "Optional feature not implemented.");
    }
}

static void free_statement(struct sti_statement *statement)
{
    sti_backend()->SQLFreeHandle(SQL_HANDLE_STMT, statement->backend);
    sti_syntax_free(&statement->syntax);
    sti_columns_free(&statement->columns);
    for (size_t i = 0; i < statement->binding_capacity; i++)
        sti_text_free(&statement->bindings[i].narrow);
    free(statement->bindings);
    free(statement->text);
    free(statement);
}

STI_EXPORT SQLRETURN SQLFreeHandle(SQLSMALLINT kind, SQLHANDLE handle)
{
    const struct sti_backend *backend = sti_backend();
    switch (kind) {
    case SQL_HANDLE_ENV:
        backend->SQLFreeHandle(SQL_HANDLE_ENV, ((struct sti_environment *)handle)->backend);
        free(handle);
        return SQL_SUCCESS;
    case SQL_HANDLE_DBC:
        backend->SQLFreeHandle(SQL_HANDLE_DBC, ((struct sti_connection *)handle)->backend);
        free(handle);
        return SQL_SUCCESS;
    case SQL_HANDLE_STMT:
        free_statement(handle);
        return SQL_SUCCESS;
    default:
        return SQL_INVALID_HANDLE;
    }
}

STI_EXPORT SQLRETURN SQLSetEnvAttr(SQLHENV environment, SQLINTEGER attribute, SQLPOINTER value,
                                   SQLINTEGER length)
{
    (void)value;
    (void)length;
    sti_clear(environment);
    if (attribute == SQL_ATTR_ODBC_VERSION)
        return SQL_SUCCESS;
    return sti_report_state(environment, "HYC00", "Optional feature not implemented.");
}

STI_EXPORT SQLRETURN SQLGetDiagRecW(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                    SQLWCHAR *state, SQLINTEGER *native, SQLWCHAR *message,
                                    SQLSMALLINT capacity, SQLSMALLINT *length)
{
    const struct sti_handle *from = handle;
    SQLRETURN code = SQL_SUCCESS;
    if (!from || from->kind != kind)
        return SQL_INVALID_HANDLE;
    if (number != 1 || !from->has_record)
        return SQL_NO_DATA;
    if (state)
        sti_wide_give(from->record.state, state, 6, &code);
    if (native)
        *native = from->record.native;
    SQLLEN units = sti_wide_give(from->record.message, message, capacity, &code);
    if (length)
        *length = (SQLSMALLINT)units;
    return code;
}

static SQLRETURN give(const char *text, SQLPOINTER value, SQLSMALLINT bytes, SQLSMALLINT *length)
{
    SQLRETURN code = SQL_SUCCESS;
    SQLLEN units = sti_wide_give(text, value, bytes / (SQLLEN)sizeof(SQLWCHAR), &code);
    if (length)
        *length = (SQLSMALLINT)(units * (SQLLEN)sizeof(SQLWCHAR));
    return code;
}

/* Of the record; the driver manager asks for these beside SQLGetDiagRec. */
STI_EXPORT SQLRETURN SQLGetDiagFieldW(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                      SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT bytes,
                                      SQLSMALLINT *length)
{
    const struct sti_handle *from = handle;
    if (!from || from->kind != kind)
        return SQL_INVALID_HANDLE;
    if (field == SQL_DIAG_NUMBER) {
        *(SQLINTEGER *)value = from->has_record;
        return SQL_SUCCESS;
    }
    if (number != 1 || !from->has_record)
        return SQL_NO_DATA;
    switch (field) {
    case SQL_DIAG_NATIVE:
        *(SQLINTEGER *)value = from->record.native;
        return SQL_SUCCESS;
    case SQL_DIAG_ROW_NUMBER:
        *(SQLLEN *)value = SQL_ROW_NUMBER_UNKNOWN;
        return SQL_SUCCESS;
    case SQL_DIAG_COLUMN_NUMBER:
        *(SQLINTEGER *)value = SQL_COLUMN_NUMBER_UNKNOWN;
        return SQL_SUCCESS;
    case SQL_DIAG_SQLSTATE:
        return give(from->record.state, value, bytes, length);
    case SQL_DIAG_MESSAGE_TEXT:
        return give(from->record.message, value, bytes, length);
    case SQL_DIAG_CLASS_ORIGIN:
    case SQL_DIAG_SUBCLASS_ORIGIN:
        return give("ODBC 3.0", value, bytes, length);
    case SQL_DIAG_CONNECTION_NAME:
    case SQL_DIAG_SERVER_NAME:
        return give("", value, bytes, length);
    default:
        return SQL_ERROR;
    }
}
