/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/ledger.h"

#include "common/ledger.h"
#include "mysql/query.h"
#include "mysql/transaction.h"

#define DOING "keeping the ledger"

static int run(outfall_connection *connection, const char *sql, int64_t *count, drv_ledger_row *row,
               int64_t deadline_us, outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    int status = drv_my_start(connection, DOING, DRV_LEDGER_TABLE, deadline_us, error);
    *count = 0;
    if (status == OUTFALL_OK)
        status = drv_my_query(connection, sql, deadline_us, row != NULL ? &answer : NULL, error);
    if (status != OUTFALL_OK)
        return status;
    if (row == NULL) {
        *count = (int64_t)mysql_affected_rows(connection->my);
        return OUTFALL_OK;
    }
    MYSQL_ROW fields = mysql_fetch_row(answer);
    *count = (int64_t)mysql_num_rows(answer);
    for (unsigned i = 0; fields != NULL && i < mysql_num_fields(answer); i++)
        drv_ledger_take(row, i, fields[i]);
    mysql_free_result(answer);
    return OUTFALL_OK;
}

static int run_inside(outfall_connection *connection, const char *sql, int64_t *count,
                      drv_ledger_row *row, int64_t deadline_us, outfall_error *error)
{
    int status = drv_my_start(connection, DOING, DRV_LEDGER_TABLE, deadline_us, error);
    if (status == OUTFALL_OK)
        status = drv_my_transaction_open(connection, deadline_us, error);
    if (status == OUTFALL_OK)
        status = run(connection, sql, count, row, deadline_us, error);
    drv_my_note_failure(connection, status);
    return status;
}

static const drv_ledger_dialect dialect = {
    .singly = 1, .add_literal = drv_ledger_add_hex, .run = run_inside};

int drv_my_ledger_create(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int64_t count;
    int status = OUTFALL_OK;
    for (int i = 0; i < DRV_LEDGER_TABLES && status == OUTFALL_OK; i++)
        status = run(connection, drv_ledger_mysql[i], &count, NULL, deadline_us, error);
    return status;
}

int drv_my_takeover(outfall_connection *connection, outfall_fence *fence, int mine,
                    int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_takeover(&dialect, connection, fence, mine, deadline_us, error);
}

int drv_my_fence(outfall_connection *connection, outfall_fence *fence, int64_t deadline_us,
                 outfall_error *error)
{
    return drv_ledger_fence(&dialect, connection, fence, deadline_us, error);
}

int drv_my_ledger_write(outfall_connection *connection, const outfall_ledger_line *line,
                        int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_write(&dialect, connection, line, deadline_us, error);
}

int drv_my_ledger_read(outfall_connection *connection, outfall_ledger_line *line,
                       int64_t deadline_us, outfall_error *error)
{
    if (connection->transaction != DRV_MY_NONE)
        return drv_ledger_read(&dialect, connection, line, deadline_us, error);
    const outfall_begin_options plain = {.struct_size = sizeof plain};
    int status = drv_my_begin(connection, &plain, deadline_us, error);
    if (status == OUTFALL_OK)
        status = drv_ledger_read(&dialect, connection, line, deadline_us, error);
    if (status == OUTFALL_OK)
        status = drv_my_rollback(connection, deadline_us, error);
    return status;
}
