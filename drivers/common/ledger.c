/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ledger.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "common/fail.h"

void drv_ledger_add_quoted(drv_text *to, const char *text)
{
    drv_text_add(to, "'");
    for (; *text != '\0'; text++)
        drv_text_add_bytes(to, *text == '\'' ? "''" : text, *text == '\'' ? 2 : 1);
    drv_text_add(to, "'");
}

void drv_ledger_add_hex(drv_text *to, const char *text)
{
    drv_text_add(to, "X'");
    for (; *text != '\0'; text++)
        drv_text_format(to, "%02x", (unsigned)(unsigned char)*text);
    drv_text_add(to, "'");
}

/* One slot: only transactions that are prepared need more. */
static void add_match(const drv_ledger_dialect *dialect, const outfall_fence *fence, drv_text *to)
{
    drv_text_add(to, " WHERE sink = ");
    dialect->add_literal(to, fence->sink);
    drv_text_add(to, " AND writer = ");
    dialect->add_literal(to, fence->writer);
    drv_text_add(to, " AND slot = 0");
}

/*
 * What the database says of the ledger is never a row's fault, and describing the target again does
 * not mend it.
 */
static void judge(outfall_error *error)
{
    const outfall_error why = *error;
    if (why.action != OUTFALL_ACTION_ROW && why.action != OUTFALL_ACTION_RESTART)
        return;
    outfall_error_set(
        error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
        "the ledger, table " DRV_LEDGER_TABLE ", cannot be written: %.300s; it was "
        "dropped or changed meanwhile, or has a rule of its own: mend it, and open the "
        "sink again",
        why.message);
    error->native_code = why.native_code;
    memcpy(error->sqlstate, why.sqlstate, sizeof error->sqlstate);
}

/* Runs a text and frees it. */
static int run(const drv_ledger_dialect *dialect, outfall_connection *connection, drv_text *sql,
               int64_t *count, int64_t *numbers, int64_t deadline_us, outfall_error *error)
{
    outfall_error detail = {0};
    int status = sql->failed
                     ? drv_fail_nomem(&detail)
                     : dialect->run(connection, sql->data, count, numbers, deadline_us, &detail);
    drv_text_free(sql);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    judge(&detail);
    if (error != NULL)
        *error = detail;
    return detail.status;
}

static int bump(const drv_ledger_dialect *dialect, outfall_connection *connection,
                const outfall_fence *fence, int mine, int64_t *count, int64_t deadline_us,
                outfall_error *error)
{
    drv_text sql = {0};
    drv_text_format(&sql, "UPDATE " DRV_LEDGER_TABLE " SET epoch = epoch + 1, owner = %" PRId64,
                    fence->owner);
    add_match(dialect, fence, &sql);
    if (mine)
        drv_text_format(&sql, " AND owner = %" PRId64, fence->owner);
    return run(dialect, connection, &sql, count, NULL, deadline_us, error);
}

/* A key that is there: of PostgreSQL and the standard, of MySQL, and of SQLite. */
static bool is_duplicate(const outfall_error *error)
{
    return strncmp(error->sqlstate, "23", 2) == 0 || error->native_code == 1062 ||
           (error->sqlstate[0] == '\0' && (error->native_code & 0xFF) == 19);
}

/* Makes the line. Where another process makes it at the same time, it is tried again. */
static int add(const drv_ledger_dialect *dialect, outfall_connection *connection,
               const outfall_fence *fence, int64_t deadline_us, outfall_error *error)
{
    drv_text sql = {0};
    outfall_error detail = {0};
    int64_t count = 0;
    drv_text_add(&sql, "INSERT INTO " DRV_LEDGER_TABLE
                       " (sink, writer, slot, owner, epoch, checkpoint, source_offset) VALUES (");
    dialect->add_literal(&sql, fence->sink);
    drv_text_add(&sql, ", ");
    dialect->add_literal(&sql, fence->writer);
    drv_text_format(&sql, ", 0, %" PRId64 ", 1, 0, 0)", fence->owner);
    int status = run(dialect, connection, &sql, &count, NULL, deadline_us, &detail);
    if (status != OUTFALL_OK && is_duplicate(&detail))
        detail.action = OUTFALL_ACTION_RETRY;
    if (status != OUTFALL_OK && error != NULL)
        *error = detail;
    return status;
}

int drv_ledger_takeover(const drv_ledger_dialect *dialect, outfall_connection *connection,
                        outfall_fence *fence, int mine, int64_t deadline_us, outfall_error *error)
{
    int64_t numbers[DRV_LEDGER_NUMBERS] = {0}, count = 0;
    int status = bump(dialect, connection, fence, mine, &count, deadline_us, error);
    fence->found = 0;
    if (status == OUTFALL_OK && count == 0 && !mine)
        status = add(dialect, connection, fence, deadline_us, error);
    else if (status == OUTFALL_OK && count == 0)
        return OUTFALL_OK; /* Somebody else's. */
    if (status != OUTFALL_OK)
        return status;
    fence->found = 1;
    drv_text sql = {0};
    drv_text_add(&sql, "SELECT epoch, checkpoint, source_offset FROM " DRV_LEDGER_TABLE);
    add_match(dialect, fence, &sql);
    status = run(dialect, connection, &sql, &count, numbers, deadline_us, error);
    if (status == OUTFALL_OK && count != 1)
        status =
            outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                              "the ledger's line of writer \"%.63s\" was changed and is not "
                              "to be seen: look for a trigger or a policy on " DRV_LEDGER_TABLE,
                              fence->writer);
    fence->epoch = numbers[0];
    fence->checkpoint = numbers[1];
    fence->source_offset = numbers[2];
    return status;
}

int drv_ledger_fence(const drv_ledger_dialect *dialect, outfall_connection *connection,
                     outfall_fence *fence, int64_t deadline_us, outfall_error *error)
{
    drv_text sql = {0};
    int64_t count = 0;
    drv_text_format(
        &sql, "UPDATE " DRV_LEDGER_TABLE " SET checkpoint = %" PRId64 ", source_offset = %" PRId64,
        fence->checkpoint, fence->source_offset);
    add_match(dialect, fence, &sql);
    drv_text_format(&sql, " AND epoch = %" PRId64 " AND checkpoint = %" PRId64, fence->epoch,
                    fence->checkpoint - 1);
    int status = run(dialect, connection, &sql, &count, NULL, deadline_us, error);
    fence->found = status == OUTFALL_OK && count == 1;
    return status;
}
