/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk arrays: one statement, COM_STMT_BULK_EXECUTE, and as many rows as a packet holds. The client
 * library asks us for row after row while it builds the packet, so that rows are read once and
 * nothing is laid out in arrays before. https://mariadb.com/kb/en/bulk-insert-row-wise-binding/
 */
#include "common/fail.h"
#include "mysql/fault.h"
#include "mysql/query.h"
#include "mysql/reader.h"
#include "mysql/write_bulk.h"

typedef struct bulk {
    drv_my_reader reader;
    drv_my_slot *slots;
} bulk;

/* Called by the client library. What it returns is an error of its own: nothing is then sent. */
static drv_my_bool give_row(void *context, MYSQL_BIND *binds, unsigned row)
{
    bulk *it = context;
    (void)row;
    if (it->reader.refusal != DRV_MY_TAKEN)
        return 1;
    return !drv_my_reader_next(&it->reader, it->slots, binds);
}

static int prepare(drv_my_job *job, MYSQL_STMT **statement, outfall_error *error)
{
    const drv_my_target *target = job->target;
    drv_text *sql = &job->connection->sql;
    drv_text_clear(sql);
    if (job->batch->deletion) {
        drv_text_add(sql, target->delete_bulk);
    } else {
        drv_text_add(sql, target->insert_head);
        drv_text_add(sql, target->insert_row);
        drv_text_add(sql, target->insert_tail);
    }
    if (sql->failed)
        return drv_fail_nomem(error);
    return drv_my_prepare(job->connection, sql->data, job->deadline_us, statement, error);
}

/* Sends the next `rows` rows. */
static int send_rows(drv_my_job *job, bulk *it, MYSQL_STMT *statement, uint32_t rows,
                     outfall_error *error)
{
    outfall_connection *connection = job->connection;
    uint64_t first = it->reader.row;
    drv_my_reader_init(&it->reader, it->slots, connection->slots.binds);
    if (mysql_stmt_bind_param(statement, connection->slots.binds) != 0 ||
        !drv_my_client_set_bulk(statement, rows, give_row, it))
        return drv_my_fail_statement(connection, statement, error);
    int status = drv_my_job_execute(job, statement, first, rows, error);
    /* What the check that went ahead says comes first. */
    if (it->reader.refusal == DRV_MY_TAKEN || status == OUTFALL_ERR_CHANGED || connection->dead)
        return status;
    return drv_my_reader_fail(&it->reader, error);
}

int drv_my_write_bulk(drv_my_job *job, outfall_error *error)
{
    outfall_connection *connection = job->connection;
    bulk it;
    drv_my_reader_start(&it.reader, job->target, job->batch);
    MYSQL_STMT **statement =
        &job->statement->bulk[job->batch->deletion ? DRV_MY_DELETE : DRV_MY_PUT];
    int status = drv_my_slots_reserve(&connection->slots, drv_my_reader_width(&it.reader), error);
    it.slots = connection->slots.slots;
    if (status == OUTFALL_OK && *statement == NULL)
        status = prepare(job, statement, error);
    while (status == OUTFALL_OK && it.reader.row < job->batch->rows) {
        uint32_t rows = drv_my_reader_fit(&it.reader, UINT32_MAX, connection->packet_max);
        status = rows == 0 ? drv_my_job_fail_large(job, it.reader.row, error)
                           : send_rows(job, &it, *statement, rows, error);
    }
    return status;
}
