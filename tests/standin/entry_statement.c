/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: prepared, given parameters, run. */
#include <stdlib.h>

#include "execute.h"
#include "export.h"
#include "value.h"
#include "wide.h"

/* Clears the diagnostics; an error where the session is gone. */
static SQLRETURN begin(struct sti_statement *statement)
{
    static const struct sti_failure not_connected = {.code = 3114};
    sti_clear(statement);
    return statement->connection->dead ? sti_report(statement, &not_connected) : SQL_SUCCESS;
}

static void close_result(struct sti_statement *statement)
{
    if (statement->has_result)
        sti_backend()->SQLFreeStmt(statement->backend, SQL_CLOSE);
    statement->has_result = 0;
}

STI_EXPORT SQLRETURN SQLPrepareW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER length)
{
    SQLRETURN code = begin(handle);
    if (code != SQL_SUCCESS)
        return code;
    close_result(handle);
    char *copy = sti_wide_copy(text, length);
    code = sti_prepare(handle, copy);
    free(copy);
    return code;
}

STI_EXPORT SQLRETURN SQLExecute(SQLHSTMT handle)
{
    SQLRETURN code = begin(handle);
    return code == SQL_SUCCESS ? sti_execute(handle) : code;
}

STI_EXPORT SQLRETURN SQLExecDirectW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER length)
{
    SQLRETURN code = SQLPrepareW(handle, text, length);
    return code == SQL_SUCCESS ? SQLExecute(handle) : code;
}

STI_EXPORT SQLRETURN SQLBindParameter(SQLHSTMT handle, SQLUSMALLINT number, SQLSMALLINT direction,
                                      SQLSMALLINT c_type, SQLSMALLINT sql_type, SQLULEN column_size,
                                      SQLSMALLINT digits, SQLPOINTER value, SQLLEN buffer_length,
                                      SQLLEN *indicator)
{
    struct sti_statement *statement = handle;
    sti_clear(statement);
    if (!sti_value_types_known(c_type, sql_type)) {
        struct sti_text message = {0};
        sti_text_format(&message, "Invalid SQL data type <%d>.",
                        sti_value_types_known(c_type, SQL_VARCHAR) ? sql_type : c_type);
        sti_report_state(statement, "HY004", message.data);
        sti_text_free(&message);
        return SQL_ERROR;
    }
    int is_output =
        direction == SQL_PARAM_OUTPUT && c_type == SQL_C_SLONG && sql_type == SQL_INTEGER && value;
    if ((direction != SQL_PARAM_INPUT && !is_output) || number == 0)
        return sti_report_state(statement, "HYC00", "Optional feature not implemented.");
    if (number > statement->binding_capacity) {
        statement->bindings =
            sti_resize(statement->bindings, number * sizeof statement->bindings[0]);
        for (size_t i = statement->binding_capacity; i < number; i++)
            statement->bindings[i] = (struct sti_binding){.c_type = SQL_C_CHAR};
        statement->binding_capacity = number;
    }
    if (number > statement->binding_count)
        statement->binding_count = number;
    struct sti_binding *binding = &statement->bindings[number - 1];
    *binding = (struct sti_binding){.is_output = is_output,
                                    .c_type = c_type,
                                    .sql_type = sql_type,
                                    .column_size = column_size,
                                    .digits = digits,
                                    .value = value,
                                    .buffer_length = buffer_length,
                                    .indicator = indicator,
                                    .narrow = binding->narrow};
    return SQL_SUCCESS;
}

STI_EXPORT SQLRETURN SQLNumParams(SQLHSTMT handle, SQLSMALLINT *count)
{
    sti_clear(handle);
    *count = (SQLSMALLINT)((struct sti_statement *)handle)->syntax.parameters.count;
    return SQL_SUCCESS;
}

STI_EXPORT SQLRETURN SQLRowCount(SQLHSTMT handle, SQLLEN *count)
{
    sti_clear(handle);
    *count = ((struct sti_statement *)handle)->row_count;
    return SQL_SUCCESS;
}

STI_EXPORT SQLRETURN SQLFreeStmt(SQLHSTMT handle, SQLUSMALLINT option)
{
    struct sti_statement *statement = handle;
    sti_clear(statement);
    switch (option) {
    case SQL_CLOSE:
        close_result(statement);
        return SQL_SUCCESS;
    case SQL_UNBIND:
        sti_backend()->SQLFreeStmt(statement->backend, SQL_UNBIND);
        return SQL_SUCCESS;
    case SQL_RESET_PARAMS:
        statement->binding_count = 0;
        return SQL_SUCCESS;
    default:
        return sti_report_state(statement, "HY092", "Option type out of range.");
    }
}

STI_EXPORT SQLRETURN SQLCloseCursor(SQLHSTMT handle)
{
    struct sti_statement *statement = handle;
    sti_clear(statement);
    if (!statement->has_result)
        return sti_report_state(statement, "24000", "Invalid cursor state.");
    close_result(statement);
    return SQL_SUCCESS;
}

STI_EXPORT SQLRETURN SQLMoreResults(SQLHSTMT handle)
{
    sti_clear(handle);
    close_result(handle);
    return SQL_NO_DATA;
}

/* Attributes that are pointers or numbers of ours; what others would do, nobody asks for. */
STI_EXPORT SQLRETURN SQLSetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                    SQLINTEGER length)
{
    struct sti_statement *statement = handle;
    (void)length;
    sti_clear(statement);
    switch (attribute) {
    case SQL_ATTR_PARAMSET_SIZE:
        statement->paramset_size = (SQLULEN)value;
        return SQL_SUCCESS;
    case SQL_ATTR_PARAM_BIND_TYPE:
        statement->bind_type = (SQLULEN)value;
        return SQL_SUCCESS;
    case SQL_ATTR_PARAM_BIND_OFFSET_PTR:
        statement->bind_offset = value;
        return SQL_SUCCESS;
    case SQL_ATTR_PARAM_STATUS_PTR:
        statement->status = value;
        return SQL_SUCCESS;
    case SQL_ATTR_PARAM_OPERATION_PTR:
        statement->operation = value;
        return SQL_SUCCESS;
    case SQL_ATTR_PARAMS_PROCESSED_PTR:
        statement->processed = value;
        return SQL_SUCCESS;
    case SQL_ATTR_QUERY_TIMEOUT: /* Taken, and without effect. */
    case SQL_ATTR_NOSCAN:
    case SQL_ATTR_METADATA_ID:
        return SQL_SUCCESS;
    default:
        return sti_report_state(statement, "HYC00", "Optional feature not implemented.");
    }
}

STI_EXPORT SQLRETURN SQLGetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                    SQLINTEGER capacity, SQLINTEGER *length)
{
    struct sti_statement *statement = handle;
    (void)capacity;
    (void)length;
    sti_clear(statement);
    switch (attribute) {
    case SQL_ATTR_PARAMSET_SIZE:
        *(SQLULEN *)value = statement->paramset_size;
        return SQL_SUCCESS;
    case SQL_ATTR_PARAM_BIND_TYPE:
        *(SQLULEN *)value = statement->bind_type;
        return SQL_SUCCESS;
    default:
        return sti_report_state(statement, "HYC00", "Optional feature not implemented.");
    }
}
