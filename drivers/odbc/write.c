/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/write.h"

#include <stdio.h>
#include <string.h>

#include "common/count.h"
#include "common/fail.h"
#include "odbc/action.h"
#include "odbc/call.h"
#include "odbc/fault.h"
#include "odbc/plan.h"
#include "odbc/probe.h"

#define ADVICE                                                                                     \
    "a trigger or a rule there keeps rows back or sends them elsewhere; write to the table that "  \
    "holds them"

/* A write under way. */
typedef struct writing {
    outfall_connection *connection;
    const drv_odbc_target *target;
    const outfall_batch *batch;
    drv_odbc_writer *writer;
    enum drv_odbc_way way;
    uint32_t rows_max; /* Of one statement, or one parameter array. */
    uint64_t counted;
    bool uncounted; /* The driver did not say how many rows a statement has written. */
    outfall_write_result *result;
} writing;

/* ---- Rows ------------------------------------------------------------------------- */

/* A place among a batch's rows. */
typedef struct place {
    uint32_t span;
    uint32_t row; /* In the span. */
    uint64_t index;
} place;

static const uint8_t *row_at(const outfall_batch *batch, place *at)
{
    while (at->row == batch->spans[at->span].count) {
        at->span++;
        at->row = 0;
    }
    const outfall_span *span = &batch->spans[at->span];
    return span->base + outfall_span_entry(span, at->row)->start;
}

static void step(place *at)
{
    at->row++;
    at->index++;
}

static int fail_value(const writing *it, uint64_t index, uint32_t column, int status, int action,
                      const char *why, outfall_error *error)
{
    const outfall_column *at = &it->target->columns[column];
    outfall_error_set(error, status, action, "odbc: column \"%.100s\" (%.60s) of %.150s: %s",
                      at->name, at->type_name, it->target->display, why);
    if (action == OUTFALL_ACTION_ROW)
        it->result->bad_row = (int64_t)index;
    if (error != NULL) {
        snprintf(error->column, sizeof error->column, "%s", at->name);
        error->row = it->result->bad_row;
    }
    return status;
}

/* Checks one field, and finds the bytes that it needs. */
static int measure_field(const writing *it, uint64_t index, uint32_t column, const uint8_t *data,
                         int32_t length, size_t *bytes, outfall_error *error)
{
    const drv_odbc_source *source = &it->target->sources[column];
    *bytes = 1;
    if (!drv_odbc_bind_fits(it->target->columns[column].type, length))
        return fail_value(it, index, column, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                          "the row's bytes are not an encoding of the table's columns", error);
    if (length < 0)
        return OUTFALL_OK;
    if (length == 0 && source->empty_refused)
        return fail_value(it, index, column, OUTFALL_ERR_REFUSED, OUTFALL_ACTION_ROW,
                          "an empty value would be stored as NULL; send NULL, or allow it by "
                          "convert.lossy=round",
                          error);
    if (source->parameter.width > 0)
        return OUTFALL_OK;
    *bytes = drv_odbc_bind_bytes(source->bind, source->wide, data, length);
    if (*bytes == 0 || *bytes > INT32_MAX)
        return fail_value(it, index, column, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                          "the row's bytes are not an encoding of the table's columns", error);
    return OUTFALL_OK;
}

/* The widths that `rows` rows from `at` need, in writer->widths; checks the rows. */
static int measure(const writing *it, place at, uint32_t rows, outfall_error *error)
{
    const drv_odbc_writer *writer = it->writer;
    for (uint32_t i = 0; i < writer->frame.count; i++) {
        uint32_t width = it->target->sources[writer->frame.arrays[i].column].parameter.width;
        writer->widths[i] = width > 0 ? width : 1;
    }
    for (uint32_t row = 0; row < rows; row++, step(&at)) {
        const uint8_t *cursor = row_at(it->batch, &at) + 2;
        for (uint32_t column = 0; column < it->target->base.column_count; column++) {
            const uint8_t *data;
            int32_t length = outfall_field_next(&cursor, &data);
            int32_t array = writer->places[column];
            size_t bytes;
            if (array < 0)
                continue;
            int status = measure_field(it, at.index, column, data, length, &bytes, error);
            if (status != OUTFALL_OK)
                return status;
            if (bytes > writer->widths[array])
                writer->widths[array] = (uint32_t)bytes;
        }
    }
    return OUTFALL_OK;
}

/* Whether a field is sound, and the frame has room for it. */
static bool has_room(const drv_odbc_source *source, const drv_odbc_array *array,
                     const uint8_t *data, int32_t length)
{
    if (source->field_bytes >= 0)
        return length == source->field_bytes;
    if (length < 0 || (length == 0 && source->empty_refused))
        return false;
    if (source->parameter.width > 0)
        return true;
    size_t bytes = drv_odbc_bind_bytes(source->bind, source->wide, data, length);
    return bytes > 0 && bytes <= array->width;
}

/*
 * Copies `rows` rows into the frame as it is; *at moves behind them. False at a field that is
 * wrong or does not fit: measure says which, and *at is where it was.
 */
static bool fill(const writing *it, place *at, uint32_t rows)
{
    const drv_odbc_writer *writer = it->writer;
    place next = *at;
    if (rows > writer->frame.rows)
        return false;
    for (uint32_t row = 0; row < rows; row++, step(&next)) {
        const uint8_t *cursor = row_at(it->batch, &next) + 2;
        for (uint32_t column = 0; column < it->target->base.column_count; column++) {
            const uint8_t *data;
            int32_t length = outfall_field_next(&cursor, &data);
            if (writer->places[column] < 0)
                continue;
            drv_odbc_array *array = &writer->frame.arrays[writer->places[column]];
            const drv_odbc_source *source = &it->target->sources[column];
            array->lengths[row] = SQL_NULL_DATA;
            if (length == -1)
                continue;
            if (!has_room(source, array, data, length))
                return false;
            array->lengths[row] =
                drv_odbc_bind_put(source->bind, source->wide, data, length, &array->day,
                                  array->values + (size_t)array->width * row);
        }
    }
    *at = next;
    return true;
}

/* ---- Statements ------------------------------------------------------------------- */

/*
 * How many of the rows left go next. Statements are kept prepared for the largest count and the
 * powers of two below it, which come again and again; where the rest would take more than two of
 * those it gets a statement of its own, so that the search for a bad row takes few.
 */
static uint32_t next_rows(const writing *it, uint64_t left, uint32_t most)
{
    uint32_t rows = 1;
    if (left >= most && (most == it->rows_max || it->way == DRV_ODBC_WAY_ARRAY))
        return most;
    if (it->way == DRV_ODBC_WAY_ARRAY ||
        (left < most && __builtin_popcountll((unsigned long long)left) > 2))
        return (uint32_t)left;
    while (rows <= most / 2 && rows <= left / 2)
        rows *= 2;
    return rows;
}

/* Measures the next rows: fewer where their values are large. */
static int measure_next(const writing *it, place at, uint64_t left, uint32_t *rows,
                        outfall_error *error)
{
    uint32_t most = it->rows_max;
    for (;;) {
        *rows = next_rows(it, left, most);
        int status = measure(it, at, *rows, error);
        if (status != OUTFALL_OK)
            return status;
        size_t row_bytes = drv_odbc_frame_row_bytes(&it->writer->frame, it->writer->widths);
        if (*rows == 1 || row_bytes * *rows <= DRV_ODBC_FRAME_BYTES_MAX)
            return OUTFALL_OK;
        size_t fit = DRV_ODBC_FRAME_BYTES_MAX / row_bytes;
        most = fit >= *rows ? *rows - 1 : fit > 0 ? (uint32_t)fit : 1;
    }
}

/* Adds the statement's count of rows: one, or one for each set of a parameter array. */
static int take_counts(writing *it, SQLHSTMT statement, bool many, outfall_error *error)
{
    for (;;) {
        SQLLEN counted = -1;
        SQLRETURN code = SQLRowCount(statement, &counted);
        if (!SQL_SUCCEEDED(code) || counted < 0)
            it->uncounted = true;
        else
            it->counted += (uint64_t)counted;
        if (!many)
            return OUTFALL_OK;
        code = SQLMoreResults(statement);
        if (code == SQL_NO_DATA)
            return OUTFALL_OK;
        if (!SQL_SUCCEEDED(code))
            return drv_odbc_fail(it->connection, SQL_HANDLE_STMT, statement, error);
    }
}

static int execute_statement(writing *it, SQLHSTMT statement, uint32_t sets, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    bool many = sets > 1 && connection->counts_by_set;
    int status = OUTFALL_OK;
    SQLRETURN code = SQL_SUCCESS;
    if (sets > 0)
        code = SQLSetStmtAttr(statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(SQLULEN)sets, 0);
    if (SQL_SUCCEEDED(code)) {
        it->result->statements++;
        code = SQLExecute(statement);
    }
    /* A DELETE that meets nothing is SQL_NO_DATA. An array of which some sets failed succeeds. */
    if (code != SQL_NO_DATA && !SQL_SUCCEEDED(code))
        return drv_odbc_fail(connection, SQL_HANDLE_STMT, statement, error);
    if (code == SQL_SUCCESS_WITH_INFO)
        status = drv_odbc_fail_notes(connection, SQL_HANDLE_STMT, statement, error);
    if (status == OUTFALL_OK && (code != SQL_NO_DATA || many))
        status = take_counts(it, statement, many, error);
    return status;
}

/*
 * A statement whose array failed is not used again: MariaDB's driver would send what its buffers
 * held before. A single row does not go as an array, either, for the same reason.
 */
static int execute(writing *it, uint32_t rows, outfall_error *error)
{
    bool array = it->way == DRV_ODBC_WAY_ARRAY && rows > 1;
    SQLHSTMT statement = SQL_NULL_HSTMT;
    int status = drv_odbc_plan_statement(it->connection, it->writer, it->target,
                                         array ? DRV_ODBC_ARRAY : rows, &statement, error);
    if (status != OUTFALL_OK)
        return status;
    status = execute_statement(it, statement, array ? rows : 0, error);
    if (status != OUTFALL_OK)
        drv_odbc_plan_drop(it->writer, statement);
    return status;
}

/* Has the next rows in the frame. Most are like those before: they are measured where they do not
 * fit. */
static int take_rows(const writing *it, place *at, uint32_t *rows, outfall_error *error)
{
    uint64_t left = it->batch->rows - at->index;
    *rows = next_rows(it, left, it->rows_max);
    if (fill(it, at, *rows))
        return OUTFALL_OK;
    int status = measure_next(it, *at, left, rows, error);
    if (status != OUTFALL_OK)
        return status;
    if (!drv_odbc_frame_reserve(&it->writer->frame, it->writer->widths, *rows))
        return drv_fail_nomem(error);
    if (!fill(it, at, *rows))
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "odbc: a row for %.200s does not fit where it was measured to",
                                 it->target->display);
    return OUTFALL_OK;
}

static int write_rows(writing *it, outfall_error *error)
{
    place at = {0, 0, 0};
    while (at.index < it->batch->rows) {
        uint32_t rows = 0;
        place before = at;
        int status = take_rows(it, &at, &rows, error);
        if (status != OUTFALL_OK)
            return status;
        status = execute(it, rows, error);
        if (status == OUTFALL_OK)
            continue;
        /* Of several, what drivers say of which one failed is not to be relied on. */
        if (error->action == OUTFALL_ACTION_ROW && rows == 1)
            it->result->bad_row = (int64_t)before.index;
        return status;
    }
    return OUTFALL_OK;
}

/* ---- The whole -------------------------------------------------------------------- */

/*
 * Rows with equal keys have to take effect one after the other: where the database does not take
 * them in one statement, each has its own, and a parameter array sends them.
 */
static void choose(writing *it)
{
    const drv_odbc_dialect *dialect = it->connection->dialect;
    const drv_odbc_method *method = it->connection->method;
    enum drv_odbc_way wanted = it->connection->way_wanted;
    uint32_t columns = it->writer->frame.count;
    bool distinct = (it->batch->flags & OUTFALL_BATCH_DISTINCT) != 0;
    bool one = (it->writer->kind == DRV_ODBC_UPSERT && dialect->one_upsert) ||
               (it->writer->kind == DRV_ODBC_IGNORE && dialect->one_ignore);
    /* Kinds that may rightly count fewer rows than were sent: check_count has the last. */
    bool uncertain =
        it->writer->kind == DRV_ODBC_ERASE || it->writer->kind == DRV_ODBC_IGNORE ||
        (it->writer->kind == DRV_ODBC_UPSERT && dialect->found_rows && !it->connection->found_rows);
    bool stale = method->stale_bytes && it->writer->binary;
    if (one && !distinct && !stale)
        wanted = DRV_ODBC_WAY_ARRAY;
    else if (stale || (method->silent_arrays && uncertain))
        wanted = DRV_ODBC_WAY_ROWS;
    it->way = drv_odbc_method_choose(method, dialect, wanted, columns, &it->rows_max);
}

static int check_count(const writing *it, outfall_error *error)
{
    const drv_odbc_target *target = it->target;
    uint32_t mode = target->mode;
    int style = DRV_COUNT_PLAIN;
    if (it->uncounted)
        return OUTFALL_OK;
    if (it->connection->dialect->found_rows && target->kind != DRV_ODBC_INSERT) {
        style = DRV_COUNT_FOUND_ROWS;
        if (!it->connection->found_rows)
            mode = OUTFALL_MODE_IGNORE; /* A row that is not changed may count as none. */
    }
    int status = drv_count_check(mode, it->batch->deletion, style, it->batch->rows, it->counted,
                                 "odbc: ", target->display, ADVICE, error);
    /* An array that failed in silence: its rows one by one will tell. */
    if (status != OUTFALL_OK && it->way == DRV_ODBC_WAY_ARRAY && it->batch->rows > 1)
        error->action = OUTFALL_ACTION_ROW;
    return status;
}

/* Once in a transaction, before its first rows for the target. */
static int check_target(outfall_connection *connection, const drv_odbc_target *target,
                        drv_odbc_plan *plan, outfall_error *error)
{
    if (connection->checked == target->serial)
        return OUTFALL_OK;
    int status = drv_odbc_probe_compare(connection, target, &plan->probe, error);
    if (status == OUTFALL_OK)
        connection->checked = target->serial;
    return status;
}

static int write_batch(writing *it, outfall_error *error)
{
    drv_odbc_plan *plan = NULL;
    int status = drv_odbc_plan_for(it->connection, it->target, &plan, error);
    if (status == OUTFALL_OK)
        status =
            drv_odbc_plan_writer(plan, it->target, it->batch->deletion != 0, &it->writer, error);
    if (status == OUTFALL_OK)
        status = check_target(it->connection, it->target, plan, error);
    if (status == OUTFALL_OK) {
        choose(it);
        status = write_rows(it, error);
    }
    if (status == OUTFALL_OK)
        status = check_count(it, error);
    return status;
}

static void name_column(const drv_odbc_target *target, outfall_error *detail)
{
    const char *column = NULL;
    if (detail->column[0] == '\0')
        column =
            drv_odbc_action_column(detail->message, target->columns, target->base.column_count);
    if (column != NULL)
        snprintf(detail->column, sizeof detail->column, "%s", column);
}

int drv_odbc_write(outfall_connection *connection, outfall_target *base, const outfall_batch *batch,
                   int64_t deadline_us, outfall_write_result *result, outfall_error *error)
{
    const drv_odbc_target *target = (const drv_odbc_target *)base;
    outfall_error detail = {0};
    writing it = {.connection = connection, .target = target, .batch = batch, .result = result};
    result->statements = 0;
    result->rows_written = 0;
    result->bad_row = -1;
    int status = drv_odbc_enter(connection, batch->deletion ? "deleting from" : "writing to",
                                target->display, deadline_us, &detail);
    if (status == OUTFALL_OK && !connection->in_transaction)
        status = outfall_error_set(&detail, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                   "odbc: write without a transaction on this connection");
    else if (status == OUTFALL_OK && batch->rows > 0)
        status = write_batch(&it, &detail);
    if (status == OUTFALL_OK) {
        result->rows_written = it.uncounted ? batch->rows : it.counted;
    } else {
        connection->failed = connection->in_transaction;
        connection->checked = 0;
        if (detail.action == OUTFALL_ACTION_ROW) {
            name_column(target, &detail);
            detail.row = result->bad_row;
        }
        if (error != NULL)
            *error = detail;
    }
    return drv_odbc_leave(connection, status);
}
