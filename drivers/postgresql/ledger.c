/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/ledger.h"

#include <stdlib.h>

#include "common/fail.h"
#include "common/ledger.h"
#include "postgresql/connection.h"
#include "postgresql/create.h"
#include "postgresql/sql.h"
#include "postgresql/transaction.h"
#include "postgresql/wait.h"

#define DOING "keeping the ledger"

static int run(outfall_connection *connection, const char *sql, int64_t *count, drv_ledger_row *row,
               int64_t deadline_us, outfall_error *error)
{
    PGresult *answer = NULL;
    int status = drv_pg_start(connection, DOING, DRV_LEDGER_TABLE, error);
    *count = 0;
    if (status == OUTFALL_OK)
        status = drv_pg_query(connection, sql, deadline_us, &answer, error);
    if (status == OUTFALL_OK && PQnfields(answer) > 0) {
        *count = PQntuples(answer);
        for (int i = 0; row != NULL && *count > 0 && i < PQnfields(answer); i++)
            drv_ledger_take(row, (size_t)i, PQgetvalue(answer, 0, i));
    } else if (status == OUTFALL_OK) {
        *count = strtoll(PQcmdTuples(answer), NULL, 10);
    }
    PQclear(answer);
    return status;
}

/* The transaction's first statement takes BEGIN along. */
static int run_inside(outfall_connection *connection, const char *sql, int64_t *count,
                      drv_ledger_row *row, int64_t deadline_us, outfall_error *error)
{
    drv_text begun = {0};
    if (connection->transaction != DRV_PG_BEGUN)
        return run(connection, sql, count, row, deadline_us, error);
    drv_pg_add_begin(connection, &begun);
    drv_text_add(&begun, sql);
    connection->transaction = DRV_PG_OPEN;
    int status = begun.failed ? drv_fail_nomem(error)
                              : run(connection, begun.data, count, row, deadline_us, error);
    drv_text_free(&begun);
    return status;
}

const drv_ledger_dialect drv_pg_ledger_dialect = {.add_literal = drv_pg_add_literal,
                                                  .run = run_inside};

static int create(outfall_connection *connection, const char *sql, int64_t deadline_us,
                  outfall_error *error)
{
    outfall_error detail = {0};
    int64_t count;
    int status = run(connection, sql, &count, NULL, deadline_us, &detail);
    if (status == OUTFALL_OK || (!connection->dead && drv_pg_create_lost_a_race(&detail)))
        return OUTFALL_OK;
    if (error != NULL)
        *error = detail;
    return status;
}

int drv_pg_ledger_create(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (int i = 0; i < DRV_LEDGER_TABLES && status == OUTFALL_OK; i++)
        status = create(connection, drv_ledger_postgresql[i], deadline_us, error);
    return status;
}

int drv_pg_takeover(outfall_connection *connection, outfall_fence *fence, int mine,
                    int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_takeover(&drv_pg_ledger_dialect, connection, fence, mine, deadline_us, error);
}

int drv_pg_fence(outfall_connection *connection, outfall_fence *fence, int64_t deadline_us,
                 outfall_error *error)
{
    return drv_ledger_fence(&drv_pg_ledger_dialect, connection, fence, deadline_us, error);
}

int drv_pg_ledger_write(outfall_connection *connection, const outfall_ledger_line *line,
                        int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_write(&drv_pg_ledger_dialect, connection, line, deadline_us, error);
}

int drv_pg_ledger_read(outfall_connection *connection, outfall_ledger_line *line,
                       int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_read(&drv_pg_ledger_dialect, connection, line, deadline_us, error);
}
