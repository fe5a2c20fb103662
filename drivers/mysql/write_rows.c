/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of many rows, for servers and clients without bulk arrays: INSERT … VALUES (…), (…),
 * prepared for 4,096 rows, 2,048, … and 1, so that a batch of any size takes few statements, and
 * few stay prepared.
 */
#include "common/fail.h"
#include "mysql/fault.h"
#include "mysql/query.h"
#include "mysql/reader.h"
#include "mysql/write_rows.h"

/* The protocol has room for 65,535, of which each takes some hundred bytes of the server. */
#define PLACEHOLDERS_MAX 8192

static int prepare(drv_my_job *job, uint32_t rows, MYSQL_STMT **statement, outfall_error *error)
{
    const drv_my_target *target = job->target;
    bool deletion = job->batch->deletion;
    drv_text *sql = &job->connection->sql;
    drv_text_clear(sql);
    drv_text_add(sql, deletion ? target->delete_head : target->insert_head);
    for (uint32_t i = 0; i < rows; i++) {
        drv_text_add(sql, i > 0 ? "," : "");
        drv_text_add(sql, deletion ? target->delete_row : target->insert_row);
    }
    drv_text_add(sql, deletion ? ")" : target->insert_tail);
    if (sql->failed)
        return drv_fail_nomem(error);
    return drv_my_prepare(job->connection, sql->data, job->deadline_us, statement, error);
}

/* The largest power of two of at most `rows`, as its exponent. */
static unsigned size_of(uint32_t rows)
{
    unsigned size = 0;
    while (size + 1 < DRV_MY_ROWS_SIZES && UINT32_C(1) << (size + 1) <= rows)
        size++;
    return size;
}

static int send_rows(drv_my_job *job, drv_my_reader *reader, unsigned size, outfall_error *error)
{
    outfall_connection *connection = job->connection;
    uint32_t rows = UINT32_C(1) << size;
    uint32_t width = drv_my_reader_width(reader);
    uint64_t first = reader->row;
    MYSQL_STMT **statement =
        &job->statement->rows[job->batch->deletion ? DRV_MY_DELETE : DRV_MY_PUT][size];
    int status = drv_my_slots_reserve(&connection->slots, (size_t)rows * width, error);
    if (status == OUTFALL_OK && *statement == NULL)
        status = prepare(job, rows, statement, error);
    for (uint32_t i = 0; status == OUTFALL_OK && i < rows; i++) {
        drv_my_slot *slots = connection->slots.slots + (size_t)i * width;
        MYSQL_BIND *binds = connection->slots.binds + (size_t)i * width;
        drv_my_reader_init(reader, slots, binds);
        if (!drv_my_reader_next(reader, slots, binds))
            status = drv_my_reader_fail(reader, error);
    }
    if (status == OUTFALL_OK && mysql_stmt_bind_param(*statement, connection->slots.binds) != 0)
        status = drv_my_fail_statement(connection, *statement, error);
    if (status == OUTFALL_OK)
        status = drv_my_job_execute(job, *statement, first, rows, error);
    return status;
}

/*
 * Finds the row at fault in a statement of 2^size rows from `start` on whose error names none. The
 * statement alone was undone, so halves can be tried in its place: one statement for each halving,
 * where the library would have to write the whole batch anew for each.
 */
static int narrow(drv_my_job *job, const drv_my_reader *start, unsigned size, outfall_error *error)
{
    drv_my_reader reader = *start;
    while (size > 0 && error->action == OUTFALL_ACTION_ROW && error->row < 0) {
        drv_my_reader half = reader;
        outfall_error detail;
        size--;
        if (send_rows(job, &half, size, &detail) == OUTFALL_OK)
            reader = half; /* It is in the other half: the error at hand is that one's. */
        else
            *error = detail;
    }
    if (error->action == OUTFALL_ACTION_ROW && error->row < 0)
        error->row = (int64_t)reader.row;
    return error->status;
}

int drv_my_write_rows(drv_my_job *job, outfall_error *error)
{
    drv_my_reader reader;
    int status = OUTFALL_OK;
    drv_my_reader_start(&reader, job->target, job->batch);
    uint32_t width = drv_my_reader_width(&reader);
    uint32_t most = width < PLACEHOLDERS_MAX ? PLACEHOLDERS_MAX / width : 1;
    if (job->batch->deletion && job->target->dependent)
        most = 1; /* The server takes the keys of IN (…) in an order of its own. */
    while (status == OUTFALL_OK && reader.row < job->batch->rows) {
        uint32_t rows = drv_my_reader_fit(&reader, most, job->connection->packet_max);
        if (rows == 0)
            return drv_my_job_fail_large(job, reader.row, error);
        drv_my_reader start = reader;
        status = send_rows(job, &reader, size_of(rows), error);
        if (status != OUTFALL_OK)
            status = narrow(job, &start, size_of(rows), error);
    }
    return status;
}
