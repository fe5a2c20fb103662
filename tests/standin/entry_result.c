/* SPDX-License-Identifier: Apache-2.0 */
/* Results: psqlODBC fetches them; what a table's columns are, the stand-in says. */
#include <stdio.h>

#include "execute.h"
#include "export.h"
#include "wide.h"

/* What SQLDescribeCol tells of a column. */
struct sti_described {
    char name[STI_NAME_MAX + 1];
    SQLSMALLINT type, digits, nullable;
    SQLULEN size;
};

static SQLRETURN pass(struct sti_statement *statement, SQLRETURN code)
{
    if (code == SQL_ERROR)
        return sti_report_backend(statement, statement->connection, SQL_HANDLE_STMT,
                                  statement->backend, &statement->syntax);
    return code;
}

static SQLRETURN no_result(struct sti_statement *statement)
{
    return sti_report_state(statement, "24000", "Invalid cursor state.");
}

/* The table's column behind a result's, where the result is of a SELECT from it. */
static const struct sti_column *column_of(const struct sti_statement *statement, size_t number)
{
    const struct sti_syntax *syntax = &statement->syntax;
    if (!statement->text || syntax->kind != STI_SELECT || number == 0)
        return NULL;
    if (syntax->columns.count == 0) /* SELECT * */
        return number <= statement->columns.count ? &statement->columns.items[number - 1] : NULL;
    if (number > syntax->columns.count)
        return NULL;
    return sti_columns_named(&statement->columns, &syntax->columns.items[number - 1]);
}

STI_EXPORT SQLRETURN SQLNumResultCols(SQLHSTMT handle, SQLSMALLINT *count)
{
    struct sti_statement *statement = handle;
    struct sti_failure failure = {0};
    sti_clear(statement);
    *count = 0;
    if (statement->has_result)
        return pass(statement, sti_backend()->SQLNumResultCols(statement->backend, count));
    if (!statement->text || statement->syntax.kind != STI_SELECT)
        return SQL_SUCCESS;
    if (sti_describe(statement, &failure) != 0)
        return sti_report(statement, &failure);
    *count = (SQLSMALLINT)(statement->syntax.columns.count ? statement->syntax.columns.count
                                                           : statement->columns.count);
    return SQL_SUCCESS;
}

/* Of a result that is not of a table: as psqlODBC has it. */
static SQLRETURN describe_other(struct sti_statement *statement, SQLUSMALLINT number,
                                struct sti_described *as)
{
    SQLCHAR name[STI_NAME_MAX + 1];
    SQLRETURN code =
        sti_backend()->SQLDescribeCol(statement->backend, number, name, sizeof name, NULL,
                                      &as->type, &as->size, &as->digits, &as->nullable);
    snprintf(as->name, sizeof as->name, "%s", SQL_SUCCEEDED(code) ? (const char *)name : "");
    return pass(statement, code);
}

static void describe_column(const struct sti_column *column, struct sti_described *as)
{
    long scale = sti_type_digits(&column->type);
    snprintf(as->name, sizeof as->name, "%s", column->name.text);
    as->type = sti_type_odbc(&column->type);
    as->size = (SQLULEN)sti_type_column_size(&column->type);
    as->digits = (SQLSMALLINT)(scale == STI_NO_DIGITS ? 0 : scale);
    as->nullable = column->not_null ? SQL_NO_NULLS : SQL_NULLABLE;
}

STI_EXPORT SQLRETURN SQLDescribeColW(SQLHSTMT handle, SQLUSMALLINT number, SQLWCHAR *name,
                                     SQLSMALLINT capacity, SQLSMALLINT *name_length,
                                     SQLSMALLINT *type, SQLULEN *size, SQLSMALLINT *digits,
                                     SQLSMALLINT *nullable)
{
    struct sti_statement *statement = handle;
    struct sti_described as = {0};
    SQLRETURN code = SQL_SUCCESS;
    sti_clear(statement);
    const struct sti_column *column = column_of(statement, number);
    if (column)
        describe_column(column, &as);
    else if (!statement->has_result)
        return no_result(statement);
    else if (!SQL_SUCCEEDED(describe_other(statement, number, &as)))
        return SQL_ERROR;
    SQLLEN units = sti_wide_give(as.name, name, capacity, &code);
    if (name_length)
        *name_length = (SQLSMALLINT)units;
    if (type)
        *type = as.type;
    if (size)
        *size = as.size;
    if (digits)
        *digits = as.digits;
    if (nullable)
        *nullable = as.nullable;
    return code;
}

/* Texts alone: the name of a column and that of its type. */
STI_EXPORT SQLRETURN SQLColAttributeW(SQLHSTMT handle, SQLUSMALLINT number, SQLUSMALLINT field,
                                      SQLPOINTER value, SQLSMALLINT bytes, SQLSMALLINT *length,
                                      SQLLEN *numeric)
{
    struct sti_statement *statement = handle;
    struct sti_text text = {0};
    SQLRETURN code = SQL_SUCCESS;
    (void)numeric;
    sti_clear(statement);
    const struct sti_column *column = column_of(statement, number);
    if (!column)
        return no_result(statement);
    if (field == SQL_DESC_TYPE_NAME)
        sti_type_catalog(&column->type, &text);
    else if (field == SQL_DESC_NAME)
        sti_text_puts(&text, column->name.text);
    else
        return sti_report_state(statement, "HYC00", "Optional feature not implemented.");
    SQLLEN units = sti_wide_give(text.data, value, bytes / (SQLLEN)sizeof(SQLWCHAR), &code);
    if (length)
        *length = (SQLSMALLINT)(units * (SQLLEN)sizeof(SQLWCHAR));
    sti_text_free(&text);
    return code;
}

STI_EXPORT SQLRETURN SQLFetch(SQLHSTMT handle)
{
    struct sti_statement *statement = handle;
    sti_clear(statement);
    if (!statement->has_result)
        return no_result(statement);
    return pass(statement, sti_backend()->SQLFetch(statement->backend));
}

STI_EXPORT SQLRETURN SQLGetData(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT type,
                                SQLPOINTER value, SQLLEN capacity, SQLLEN *length)
{
    struct sti_statement *statement = handle;
    sti_clear(statement);
    if (type == SQL_C_SBIGINT || type == SQL_C_UBIGINT)
        return sti_report_state(statement, "HY004", "Invalid SQL data type <-25>.");
    if (!statement->has_result)
        return no_result(statement);
    return pass(statement, sti_backend()->SQLGetData(statement->backend, column, type, value,
                                                     capacity, length));
}

STI_EXPORT SQLRETURN SQLBindCol(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT type,
                                SQLPOINTER value, SQLLEN capacity, SQLLEN *length)
{
    struct sti_statement *statement = handle;
    sti_clear(statement);
    if (type == SQL_C_SBIGINT || type == SQL_C_UBIGINT)
        return sti_report_state(statement, "HY004", "Invalid SQL data type <-25>.");
    return pass(statement, sti_backend()->SQLBindCol(statement->backend, column, type, value,
                                                     capacity, length));
}
