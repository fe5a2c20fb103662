/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/ledger.h"

#include "common/ledger.h"
#include "odbc/call.h"
#include "odbc/query.h"
#include "odbc/transaction.h"

#define DOING "keeping the ledger"

static int run(outfall_connection *connection, const char *sql, int64_t *count, drv_ledger_row *row,
               int64_t deadline_us, outfall_error *error)
{
    drv_odbc_answer answer = {0};
    int status = drv_odbc_enter(connection, DOING, DRV_LEDGER_TABLE, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    *count = 0;
    status = drv_odbc_execute(connection, sql, count, row != NULL ? &answer : NULL, error);
    for (size_t i = 0; row != NULL && answer.rows > 0 && i < answer.columns; i++)
        drv_ledger_take(row, i, drv_odbc_cell(&answer, 0, i));
    drv_odbc_answer_free(&answer);
    if (status != OUTFALL_OK)
        connection->failed = connection->in_transaction;
    return drv_odbc_leave(connection, status);
}

static const drv_ledger_dialect quoted = {.add_literal = drv_ledger_add_quoted, .run = run};
/* MySQL's, */
static const drv_ledger_dialect hex = {.singly = 1, .add_literal = drv_ledger_add_hex, .run = run};
/* and Oracle's. */
static const drv_ledger_dialect raw = {.empty_is_null = 1,
                                       .add_literal = drv_ledger_add_raw,
                                       .add_text = drv_ledger_add_quoted,
                                       .run = run};

static const drv_ledger_dialect *dialect_of(const outfall_connection *connection)
{
    if (connection->dialect->ledger_in_raw)
        return &raw;
    return connection->dialect->ledger_in_hex ? &hex : &quoted;
}

/* Asks for a table where CREATE TABLE would not leave one that is there alone. */
static bool is_there(outfall_connection *connection, const char *probe, int64_t deadline_us)
{
    drv_ledger_row row = {0};
    outfall_error ignored;
    int64_t count;
    return probe != NULL &&
           drv_odbc_settle(connection, run(connection, probe, &count, &row, deadline_us, &ignored),
                           &ignored) == OUTFALL_OK;
}

/* An error that another session's making of the table has caused is gone at the second try. */
static int create(outfall_connection *connection, const char *sql, const char *probe,
                  int64_t deadline_us, outfall_error *error)
{
    int64_t count;
    int status = OUTFALL_OK;
    for (int tries = 0; tries < 2; tries++) {
        if (is_there(connection, probe, deadline_us))
            return OUTFALL_OK;
        status = run(connection, sql, &count, NULL, deadline_us, error);
        if (status == OUTFALL_OK)
            status = drv_odbc_settle_commit(connection, error);
        else
            (void)drv_odbc_settle(connection, status, NULL);
        if (status == OUTFALL_OK)
            break;
    }
    return status;
}

int drv_odbc_ledger_create(outfall_connection *connection, int64_t deadline_us,
                           outfall_error *error)
{
    static const char *const probes[DRV_LEDGER_TABLES] = {
        "SELECT checkpoint FROM " DRV_LEDGER_TABLE " WHERE 1 = 0",
        "SELECT checkpoint FROM " DRV_LEDGER_LINES " WHERE 1 = 0",
    };
    const char *const *tables = connection->dialect->ledger;
    int status = OUTFALL_OK;
    if (tables == NULL)
        return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                 "odbc: dialect %s keeps no ledger yet: leave out "
                                 "delivery=exactly-once",
                                 connection->dialect->name);
    for (int i = 0; i < DRV_LEDGER_TABLES && status == OUTFALL_OK; i++)
        status =
            create(connection, tables[i],
                   connection->dialect->ledger_is_asked_for ? probes[i] : NULL, deadline_us, error);
    return status;
}

int drv_odbc_takeover(outfall_connection *connection, outfall_fence *fence, int mine,
                      int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_takeover(dialect_of(connection), connection, fence, mine, deadline_us, error);
}

int drv_odbc_fence(outfall_connection *connection, outfall_fence *fence, int64_t deadline_us,
                   outfall_error *error)
{
    return drv_ledger_fence(dialect_of(connection), connection, fence, deadline_us, error);
}

int drv_odbc_ledger_write(outfall_connection *connection, const outfall_ledger_line *line,
                          int64_t deadline_us, outfall_error *error)
{
    return drv_ledger_write(dialect_of(connection), connection, line, deadline_us, error);
}

int drv_odbc_ledger_read(outfall_connection *connection, outfall_ledger_line *line,
                         int64_t deadline_us, outfall_error *error)
{
    bool alone = !connection->in_transaction;
    int status = drv_ledger_read(dialect_of(connection), connection, line, deadline_us, error);
    return alone ? drv_odbc_settle(connection, status, error) : status;
}
