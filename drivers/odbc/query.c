/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/query.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/text.h"
#include "odbc/fault.h"
#include "odbc/utf16.h"

#define PARAMETERS_MAX 8
#define CALL_INPUTS_MAX 3
#define PIECE_BYTES 4096 /* Of a cell, read at a time. */

/* ---- Answers ---------------------------------------------------------------------- */

const char *drv_odbc_cell(const drv_odbc_answer *answer, size_t row, size_t column)
{
    return column < answer->columns ? answer->cells[row * answer->columns + column] : NULL;
}

void drv_odbc_answer_free(drv_odbc_answer *answer)
{
    for (size_t i = 0; i < answer->capacity; i++)
        free(answer->cells[i]);
    free(answer->cells);
    memset(answer, 0, sizeof *answer);
}

/* Room for one more row, its cells NULL. */
static int grow(drv_odbc_answer *answer)
{
    size_t needed = (answer->rows + 1) * answer->columns;
    if (needed <= answer->capacity)
        return 1;
    size_t capacity = answer->capacity * 2 > needed ? answer->capacity * 2 : needed;
    char **cells = realloc(answer->cells, capacity * sizeof *cells);
    if (cells == NULL)
        return 0;
    for (size_t i = answer->capacity; i < capacity; i++)
        cells[i] = NULL;
    answer->cells = cells;
    answer->capacity = capacity;
    return 1;
}

/* What a piece of a cell holds: drivers say its length, that of the rest, or that they do not know.
 */
static size_t piece_bytes(SQLLEN told, size_t unit)
{
    size_t most = PIECE_BYTES - unit;
    return told >= 0 && (size_t)told < most ? (size_t)told : most;
}

static void add_piece(drv_text *to, const char *piece, size_t bytes, bool wide)
{
    char narrow[DRV_ODBC_UTF8_MAX(PIECE_BYTES / 2)];
    if (!wide)
        drv_text_add_bytes(to, piece, bytes);
    else /* The buffer is aligned for it. */
        drv_text_add_bytes(
            to, narrow, drv_odbc_to_utf8((const uint16_t *)(const void *)piece, bytes / 2, narrow));
}

/* Reads one cell; *out is the caller's, NULL for SQL's NULL. */
static int read_cell(outfall_connection *connection, SQLHSTMT statement, size_t column, char **out,
                     outfall_error *error)
{
    _Alignas(SQLWCHAR) char piece[PIECE_BYTES];
    bool wide = connection->dialect != NULL && connection->dialect->wide;
    drv_text text = {0};
    int status = OUTFALL_OK;
    SQLLEN told = 0;
    *out = NULL;
    drv_text_add(&text, "");
    for (;;) {
        SQLRETURN code = SQLGetData(statement, (SQLUSMALLINT)(column + 1),
                                    wide ? SQL_C_WCHAR : SQL_C_CHAR, piece, sizeof piece, &told);
        if (code == SQL_NO_DATA)
            break;
        if (!SQL_SUCCEEDED(code)) {
            status = drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
            break;
        }
        if (told == SQL_NULL_DATA) {
            drv_text_free(&text);
            return OUTFALL_OK;
        }
        add_piece(&text, piece, piece_bytes(told, wide ? 2 : 1), wide);
        if (code == SQL_SUCCESS)
            break;
    }
    if (status == OUTFALL_OK && text.failed)
        status = drv_fail_nomem(error);
    if (status == OUTFALL_OK)
        *out = text.data;
    else
        drv_text_free(&text);
    return status;
}

static int read_answer(outfall_connection *connection, SQLHSTMT statement, drv_odbc_answer *out,
                       outfall_error *error)
{
    SQLSMALLINT columns = 0;
    SQLRETURN code = SQLNumResultCols(statement, &columns);
    if (!SQL_SUCCEEDED(code))
        return drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
    out->columns = columns > 0 ? (size_t)columns : 0;
    while (columns > 0) {
        code = SQLFetch(statement);
        if (code == SQL_NO_DATA)
            break;
        if (!SQL_SUCCEEDED(code))
            return drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
        if (!grow(out))
            return drv_fail_nomem(error);
        for (size_t i = 0; i < out->columns; i++) {
            int status = read_cell(connection, statement, i,
                                   &out->cells[out->rows * out->columns + i], error);
            if (status != OUTFALL_OK)
                return status;
        }
        out->rows++;
    }
    return OUTFALL_OK;
}

/* ---- Statements ------------------------------------------------------------------- */

int drv_odbc_statement_new(outfall_connection *connection, SQLHSTMT *out, outfall_error *error)
{
    *out = SQL_NULL_HSTMT;
    if (SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection->dbc, out)))
        return OUTFALL_OK;
    *out = SQL_NULL_HSTMT;
    return drv_odbc_fail(connection, SQL_HANDLE_DBC, connection->dbc, error);
}

void drv_odbc_statement_free(SQLHSTMT statement)
{
    if (statement != SQL_NULL_HSTMT)
        SQLFreeHandle(SQL_HANDLE_STMT, statement);
}

/* One text parameter of a query. */
typedef struct parameter {
    const char *text;
    drv_odbc_wide wide;
    SQLLEN length;
} parameter;

static int bind(outfall_connection *connection, SQLHSTMT statement, SQLUSMALLINT number,
                parameter *from, outfall_error *error)
{
    bool wide = connection->dialect != NULL && connection->dialect->wide;
    size_t length = strlen(from->text);
    SQLRETURN code;
    if (wide && !drv_odbc_wide_set(&from->wide, from->text))
        return drv_fail_nomem(error);
    if (wide) {
        from->length = (SQLLEN)(from->wide.length * sizeof(SQLWCHAR));
        code = SQLBindParameter(statement, number, SQL_PARAM_INPUT, SQL_C_WCHAR, SQL_WVARCHAR,
                                length > 0 ? length : 1, 0, from->wide.units, from->length,
                                &from->length);
    } else {
        from->length = (SQLLEN)length;
        code = SQLBindParameter(statement, number, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR,
                                length > 0 ? length : 1, 0, (SQLPOINTER)(uintptr_t)from->text,
                                from->length, &from->length);
    }
    return SQL_SUCCEEDED(code) ? OUTFALL_OK
                               : drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
}

int drv_odbc_run(outfall_connection *connection, const char *sql, outfall_error *error)
{
    SQLHSTMT statement = SQL_NULL_HSTMT;
    int status = drv_odbc_statement_new(connection, &statement, error);
    if (status == OUTFALL_OK)
        status = drv_odbc_api_execute(connection, statement, sql, error);
    drv_odbc_statement_free(statement);
    return status;
}

int drv_odbc_execute(outfall_connection *connection, const char *sql, int64_t *count,
                     drv_odbc_answer *answer, outfall_error *error)
{
    SQLHSTMT statement = SQL_NULL_HSTMT;
    SQLLEN changed = 0;
    int status = drv_odbc_statement_new(connection, &statement, error);
    if (status == OUTFALL_OK)
        status = drv_odbc_api_execute(connection, statement, sql, error);
    if (status == OUTFALL_OK && answer != NULL)
        status = read_answer(connection, statement, answer, error);
    else if (status == OUTFALL_OK && !SQL_SUCCEEDED(SQLRowCount(statement, &changed)))
        status = drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
    *count = answer != NULL ? (int64_t)answer->rows : (int64_t)changed;
    drv_odbc_statement_free(statement);
    return status;
}

int drv_odbc_call(outfall_connection *connection, const char *sql, const char *const *inputs,
                  size_t count, int32_t *answer, outfall_error *error)
{
    parameter parameters[CALL_INPUTS_MAX] = {0};
    SQLHSTMT statement = SQL_NULL_HSTMT;
    SQLINTEGER number = 0;
    SQLLEN told = 0;
    int status = drv_odbc_statement_new(connection, &statement, error);
    if (status == OUTFALL_OK &&
        !SQL_SUCCEEDED(SQLBindParameter(statement, 1, SQL_PARAM_OUTPUT, SQL_C_SLONG, SQL_INTEGER, 0,
                                        0, &number, sizeof number, &told)))
        status = drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
    for (size_t i = 0; status == OUTFALL_OK && i < count && i < CALL_INPUTS_MAX; i++) {
        parameters[i].text = inputs[i];
        status = bind(connection, statement, (SQLUSMALLINT)(i + 2), &parameters[i], error);
    }
    if (status == OUTFALL_OK)
        status = drv_odbc_api_execute(connection, statement, sql, error);
    if (status == OUTFALL_OK && told == SQL_NULL_DATA)
        status = outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                                   "odbc: %s: the database gave no number", connection->doing);
    drv_odbc_statement_free(statement);
    for (size_t i = 0; i < CALL_INPUTS_MAX; i++)
        drv_odbc_wide_free(&parameters[i].wide);
    *answer = number;
    return status;
}

int drv_odbc_query(outfall_connection *connection, const char *sql, const char *schema,
                   const char *table, drv_odbc_answer *out, outfall_error *error)
{
    parameter parameters[PARAMETERS_MAX] = {0};
    SQLHSTMT statement = SQL_NULL_HSTMT;
    SQLUSMALLINT count = 0;
    memset(out, 0, sizeof *out);
    int status = drv_odbc_statement_new(connection, &statement, error);
    for (const char *at = sql; status == OUTFALL_OK && (at = strchr(at, '?')) != NULL; at++) {
        /* Of a single parameter it is the table: the schema is what is asked for. */
        bool is_table = count % 2 == 1 || strchr(at + 1, '?') == NULL;
        parameters[count].text = is_table ? table : schema;
        if (parameters[count].text == NULL)
            parameters[count].text = "";
        status = bind(connection, statement, (SQLUSMALLINT)(count + 1), &parameters[count], error);
        count++;
    }
    if (status == OUTFALL_OK)
        status = drv_odbc_api_execute(connection, statement, sql, error);
    if (status == OUTFALL_OK)
        status = read_answer(connection, statement, out, error);
    drv_odbc_statement_free(statement);
    for (SQLUSMALLINT i = 0; i < count; i++)
        drv_odbc_wide_free(&parameters[i].wide);
    if (status != OUTFALL_OK)
        drv_odbc_answer_free(out);
    return status;
}

/* ---- Catalog functions ------------------------------------------------------------ */

/*
 * Adds a name as a pattern: '_' stands for itself, '%' and the driver's escape character, which
 * drivers differ about. What it meets beside the name is left out by whoever reads the answer.
 */
static void add_pattern(const outfall_connection *connection, const char *name, drv_text *to)
{
    for (const char *at = name; *at != '\0'; at++) {
        bool is_special = *at == '%' || *at == connection->escape;
        drv_text_add_bytes(to, is_special ? "_" : at, 1);
    }
}

int drv_odbc_catalog_function(outfall_connection *connection, enum drv_odbc_function function,
                              const char *schema, const char *table, drv_odbc_answer *out,
                              outfall_error *error)
{
    const drv_odbc_dialect *dialect = connection->dialect;
    bool patterns = function == DRV_ODBC_TABLES || function == DRV_ODBC_COLUMNS;
    SQLHSTMT statement = SQL_NULL_HSTMT;
    drv_text schema_pattern = {0}, table_pattern = {0};
    const char *catalog = NULL;
    memset(out, 0, sizeof *out);
    if (dialect->schema_is_catalog)
        catalog = schema; /* Never a pattern. */
    if (dialect->schema_is_catalog || dialect->one_schema)
        schema = NULL;
    if (patterns && schema != NULL)
        add_pattern(connection, schema, &schema_pattern);
    if (patterns && table != NULL)
        add_pattern(connection, table, &table_pattern);
    int status = schema_pattern.failed || table_pattern.failed
                     ? drv_fail_nomem(error)
                     : drv_odbc_statement_new(connection, &statement, error);
    if (status == OUTFALL_OK)
        status =
            drv_odbc_api_catalog(connection, statement, function, catalog,
                                 schema_pattern.data != NULL ? schema_pattern.data : schema,
                                 table_pattern.data != NULL ? table_pattern.data : table, error);
    if (status == OUTFALL_OK)
        status = read_answer(connection, statement, out, error);
    drv_odbc_statement_free(statement);
    drv_text_free(&schema_pattern);
    drv_text_free(&table_pattern);
    if (status != OUTFALL_OK)
        drv_odbc_answer_free(out);
    return status;
}
