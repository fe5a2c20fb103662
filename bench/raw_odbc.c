/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_odbc.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sql.h>
#include <sqlext.h>

#define STATEMENTS 3 /* One row (for arrays and for rests), 100, 1,000. */

static const size_t statement_rows[STATEMENTS] = {1, 100, 1000};

/* Rows as ODBC reads them: a column after another. */
struct odbc_columns {
    SQLBIGINT *id;
    SQL_TIMESTAMP_STRUCT *ts;
    SQLINTEGER *device;
    SQLDOUBLE *metric;
    SQLCHAR (*note)[ROW_NOTE_BYTES];
    SQLCHAR (*ts_text)[ROW_TIMESTAMP_BYTES];
    SQLLEN *fixed, *note_length, *ts_length; /* What the parameters' lengths point at. */
};

struct raw_odbc {
    SQLHENV environment;
    SQLHDBC connection;
    SQLHSTMT array, statements[STATEMENTS];
    struct odbc_columns rows; /* A batch. */
    size_t batch_rows;
    int text_times; /* SQLite's driver cuts a timestamp to milliseconds, MariaDB's leaks each of an
                       array. */
    struct row_date date;
};

static int failed(SQLSMALLINT type, SQLHANDLE handle, const char *what, outfall_error *error)
{
    SQLCHAR state[6] = "", message[400] = "no handle";
    SQLINTEGER code = 0;
    if (handle != SQL_NULL_HANDLE)
        SQLGetDiagRec(type, handle, 1, state, &code, message, sizeof message, NULL);
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, "%s: %s", what,
                             (char *)message);
}

static int connect_raw(struct raw_odbc *raw, const char *url, outfall_error *error)
{
    SQLCHAR name[64] = "";
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &raw->environment)) ||
        !SQL_SUCCEEDED(
            SQLSetEnvAttr(raw->environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0)) ||
        !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, raw->environment, &raw->connection)))
        return failed(SQL_HANDLE_ENV, raw->environment, "cannot start ODBC", error);
    if (!SQL_SUCCEEDED(SQLDriverConnect(raw->connection, NULL, (SQLCHAR *)(url + strlen("odbc:")),
                                        SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT)) ||
        !SQL_SUCCEEDED(SQLSetConnectAttr(raw->connection, SQL_ATTR_AUTOCOMMIT,
                                         (SQLPOINTER)SQL_AUTOCOMMIT_OFF, 0)) ||
        !SQL_SUCCEEDED(SQLGetInfo(raw->connection, SQL_DBMS_NAME, name, sizeof name, NULL)))
        return failed(SQL_HANDLE_DBC, raw->connection, "cannot connect by ODBC", error);
    raw->text_times =
        strcasecmp((char *)name, "SQLite") == 0 || strcasecmp((char *)name, "MariaDB") == 0;
    return OUTFALL_OK;
}

static int bind(SQLHSTMT statement, SQLUSMALLINT at, SQLSMALLINT c_type, SQLSMALLINT type,
                SQLULEN size, SQLSMALLINT scale, SQLPOINTER data, SQLLEN bytes, SQLLEN *length)
{
    return SQL_SUCCEEDED(SQLBindParameter(statement, at, SQL_PARAM_INPUT, c_type, type, size, scale,
                                          data, bytes, length));
}

/* Binds the parameters from `at`, which counts from 1, to the batch's row `i` and those after it.
 */
static int bind_row(struct raw_odbc *raw, SQLHSTMT statement, SQLUSMALLINT at, size_t i)
{
    struct odbc_columns *rows = &raw->rows;
    int good =
        bind(statement, at, SQL_C_SBIGINT, SQL_BIGINT, 0, 0, &rows->id[i], 0, &rows->fixed[i]);
    at++;
    if (raw->text_times)
        good &= bind(statement, at, SQL_C_CHAR, SQL_VARCHAR, ROW_TIMESTAMP_BYTES, 0,
                     rows->ts_text[i], ROW_TIMESTAMP_BYTES, &rows->ts_length[i]);
    else
        good &= bind(statement, at, SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP, ROW_TIMESTAMP_BYTES,
                     6, &rows->ts[i], 0, &rows->fixed[i]);
    good &=
        bind(statement, ++at, SQL_C_SLONG, SQL_INTEGER, 0, 0, &rows->device[i], 0, &rows->fixed[i]);
    good &=
        bind(statement, ++at, SQL_C_DOUBLE, SQL_DOUBLE, 0, 0, &rows->metric[i], 0, &rows->fixed[i]);
    good &= bind(statement, ++at, SQL_C_CHAR, SQL_VARCHAR, 64, 0, rows->note[i], ROW_NOTE_BYTES,
                 &rows->note_length[i]);
    return good;
}

/* A prepared insert of so many rows, bound to the first ones of the batch. */
static int prepare(struct raw_odbc *raw, size_t rows, SQLHSTMT *out, outfall_error *error)
{
    static const char head[] = "INSERT INTO " ROW_TABLE " (id, ts, device, metric, note) VALUES ";
    size_t capacity = sizeof head + rows * sizeof ",(?,?,?,?,?)";
    char *sql = malloc(capacity);
    if (sql == NULL || !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, raw->connection, out))) {
        free(sql);
        return failed(SQL_HANDLE_DBC, raw->connection, "cannot make a statement", error);
    }
    size_t used = (size_t)snprintf(sql, capacity, "%s", head);
    for (size_t i = 0; i < rows; i++)
        used += (size_t)snprintf(sql + used, capacity - used, "%s(?,?,?,?,?)", i == 0 ? "" : ",");
    int good = SQL_SUCCEEDED(SQLPrepare(*out, (SQLCHAR *)sql, (SQLINTEGER)used));
    for (size_t i = 0; i < rows && good; i++)
        good = bind_row(raw, *out, (SQLUSMALLINT)(i * ROW_COLUMNS + 1), i);
    free(sql);
    return good ? OUTFALL_OK : failed(SQL_HANDLE_STMT, *out, "cannot prepare", error);
}

static int make_columns(struct odbc_columns *rows, size_t count)
{
    rows->id = calloc(count, sizeof *rows->id);
    rows->ts = calloc(count, sizeof *rows->ts);
    rows->device = calloc(count, sizeof *rows->device);
    rows->metric = calloc(count, sizeof *rows->metric);
    rows->note = calloc(count, sizeof *rows->note);
    rows->ts_text = calloc(count, sizeof *rows->ts_text);
    rows->fixed = calloc(count, sizeof *rows->fixed);
    rows->note_length = calloc(count, sizeof *rows->note_length);
    rows->ts_length = calloc(count, sizeof *rows->ts_length);
    return rows->id != NULL && rows->ts != NULL && rows->device != NULL && rows->metric != NULL &&
           rows->note != NULL && rows->ts_text != NULL && rows->fixed != NULL &&
           rows->note_length != NULL && rows->ts_length != NULL;
}

static void free_columns(struct odbc_columns *rows)
{
    free(rows->id);
    free(rows->ts);
    free(rows->device);
    free(rows->metric);
    free(rows->note);
    free(rows->ts_text);
    free(rows->fixed);
    free(rows->note_length);
    free(rows->ts_length);
}

static void close_raw(void *context)
{
    struct raw_odbc *raw = context;
    if (raw == NULL)
        return;
    if (raw->array != SQL_NULL_HANDLE)
        SQLFreeHandle(SQL_HANDLE_STMT, raw->array);
    for (int i = 0; i < STATEMENTS; i++)
        if (raw->statements[i] != SQL_NULL_HANDLE)
            SQLFreeHandle(SQL_HANDLE_STMT, raw->statements[i]);
    if (raw->connection != SQL_NULL_HANDLE) {
        SQLEndTran(SQL_HANDLE_DBC, raw->connection, SQL_ROLLBACK);
        SQLDisconnect(raw->connection);
        SQLFreeHandle(SQL_HANDLE_DBC, raw->connection);
    }
    if (raw->environment != SQL_NULL_HANDLE)
        SQLFreeHandle(SQL_HANDLE_ENV, raw->environment);
    free_columns(&raw->rows);
    free(raw);
}

static int open_raw(void **out, const char *url, size_t batch_rows, outfall_error *error)
{
    struct raw_odbc *raw = calloc(1, sizeof *raw);
    size_t most = statement_rows[STATEMENTS - 1];
    *out = raw;
    if (raw == NULL)
        return failed(SQL_HANDLE_ENV, SQL_NULL_HANDLE, "out of memory", error);
    raw->batch_rows = batch_rows;
    if (!make_columns(&raw->rows, batch_rows > most ? batch_rows : most))
        return failed(SQL_HANDLE_ENV, SQL_NULL_HANDLE, "out of memory", error);
    int status = connect_raw(raw, url, error);
    for (int i = 0; i < STATEMENTS && status == OUTFALL_OK; i++)
        status = prepare(raw, statement_rows[i], &raw->statements[i], error);
    if (status == OUTFALL_OK)
        status = prepare(raw, 1, &raw->array, error);
    return status;
}

static SQLUSMALLINT digits(const char *text, int count)
{
    unsigned number = 0;
    for (int i = 0; i < count; i++)
        number = number * 10 + (unsigned)(text[i] - '0');
    return (SQLUSMALLINT)number;
}

static void convert(struct raw_odbc *raw, const struct bench_row *rows, size_t count)
{
    struct odbc_columns *to = &raw->rows;
    for (size_t i = 0; i < count; i++) {
        if (raw->text_times) {
            row_timestamp_text(&rows[i], &raw->date, (char *)to->ts_text[i]);
            to->ts_length[i] = ROW_TIMESTAMP_BYTES;
        } else {
            struct row_clock clock = row_clock_of(&rows[i], &raw->date);
            to->ts[i] = (SQL_TIMESTAMP_STRUCT){.year = (SQLSMALLINT)digits(raw->date.text, 4),
                                               .month = digits(raw->date.text + 5, 2),
                                               .day = digits(raw->date.text + 8, 2),
                                               .hour = (SQLUSMALLINT)clock.hour,
                                               .minute = (SQLUSMALLINT)clock.minute,
                                               .second = (SQLUSMALLINT)clock.second,
                                               .fraction = clock.microsecond * 1000};
        }
        to->id[i] = rows[i].id;
        to->device[i] = rows[i].device;
        to->metric[i] = rows[i].metric;
        memcpy(to->note[i], rows[i].note, ROW_NOTE_BYTES);
        to->note_length[i] = ROW_NOTE_BYTES;
    }
}

static int execute(SQLHSTMT statement, outfall_error *error)
{
    SQLRETURN result = SQLExecute(statement);
    if (!SQL_SUCCEEDED(result) && result != SQL_NO_DATA)
        return failed(SQL_HANDLE_STMT, statement, "cannot insert", error);
    return OUTFALL_OK;
}

static int commit(struct raw_odbc *raw, int status, outfall_error *error)
{
    if (status == OUTFALL_OK &&
        !SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, raw->connection, SQL_COMMIT)))
        status = failed(SQL_HANDLE_DBC, raw->connection, "cannot commit", error);
    return status;
}

static int batch_array(void *context, const struct bench_row *rows, size_t count,
                       outfall_error *error)
{
    struct raw_odbc *raw = context;
    convert(raw, rows, count);
    if (!SQL_SUCCEEDED(
            SQLSetStmtAttr(raw->array, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(uintptr_t)count, 0)))
        return failed(SQL_HANDLE_STMT, raw->array, "cannot set the array's size", error);
    return commit(raw, execute(raw->array, error), error);
}

/* By the statement of `index` as long as there are so many rows, then by single ones. */
static int batch_multirow(struct raw_odbc *raw, int index, const struct bench_row *rows,
                          size_t count, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0, step; i < count && status == OUTFALL_OK; i += step) {
        int whole = count - i >= statement_rows[index];
        step = whole ? statement_rows[index] : 1;
        convert(raw, rows + i, step);
        status = execute(raw->statements[whole ? index : 0], error);
    }
    return commit(raw, status, error);
}

static int batch_100(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    return batch_multirow(raw, 1, rows, count, error);
}

static int batch_1000(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    return batch_multirow(raw, 2, rows, count, error);
}

static int write_by(raw_batch batch, void *raw, const struct bench_row *rows, size_t count,
                    outfall_error *error)
{
    const struct raw_odbc *odbc = raw;
    return raw_each_batch(batch, raw, odbc->batch_rows, rows, count, error);
}

static int write_array(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    return write_by(batch_array, raw, rows, count, error);
}

static int write_100(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    return write_by(batch_100, raw, rows, count, error);
}

static int write_1000(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    return write_by(batch_1000, raw, rows, count, error);
}

const struct raw_client raw_odbc_insert = {
    open_raw,
    close_raw,
    {{"array", write_array}, {"multirow_100", write_100}, {"multirow_1000", write_1000}},
    3};
