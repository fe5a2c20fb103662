/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ledger.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

/* clang-format off */
const char *const drv_ledger_postgresql[DRV_LEDGER_TABLES] = {
    "CREATE TABLE IF NOT EXISTS " DRV_LEDGER_TABLE
    " (sink text NOT NULL, writer text NOT NULL, slot integer NOT NULL, owner bigint NOT NULL, "
    "epoch bigint NOT NULL, checkpoint bigint NOT NULL, source_offset bigint NOT NULL, "
    "source text NOT NULL, target text NOT NULL, "
    "PRIMARY KEY (sink, writer, slot)) WITH (fillfactor = 50)",
    "CREATE TABLE IF NOT EXISTS " DRV_LEDGER_LINES
    " (sink text NOT NULL, writer text NOT NULL, checkpoint bigint NOT NULL, "
    "epoch bigint NOT NULL, rows_written bigint NOT NULL, "
    "PRIMARY KEY (sink, writer, checkpoint))",
};
const char *const drv_ledger_mysql[DRV_LEDGER_TABLES] = {
    "CREATE TABLE IF NOT EXISTS " DRV_LEDGER_TABLE
    " (sink varbinary(255) NOT NULL, writer varbinary(64) NOT NULL, slot int NOT NULL, "
    "owner bigint NOT NULL, "
    "epoch bigint NOT NULL, checkpoint bigint NOT NULL, source_offset bigint NOT NULL, "
    "source varchar(200) NOT NULL, target varchar(200) NOT NULL, "
    "PRIMARY KEY (sink, writer, slot)) ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS " DRV_LEDGER_LINES
    " (sink varbinary(255) NOT NULL, writer varbinary(64) NOT NULL, checkpoint bigint NOT NULL, "
    "epoch bigint NOT NULL, rows_written bigint NOT NULL, "
    "PRIMARY KEY (sink, writer, checkpoint)) ENGINE=InnoDB",
};
const char *const drv_ledger_sqlite[DRV_LEDGER_TABLES] = {
    "CREATE TABLE IF NOT EXISTS main." DRV_LEDGER_TABLE
    " (sink TEXT NOT NULL, writer TEXT NOT NULL, slot INTEGER NOT NULL, owner INTEGER NOT NULL, "
    "epoch INTEGER NOT NULL, checkpoint INTEGER NOT NULL, source_offset INTEGER NOT NULL, "
    "source TEXT NOT NULL, target TEXT NOT NULL, "
    "PRIMARY KEY (sink, writer, slot)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS main." DRV_LEDGER_LINES
    " (sink TEXT NOT NULL, writer TEXT NOT NULL, checkpoint INTEGER NOT NULL, "
    "epoch INTEGER NOT NULL, rows_written INTEGER NOT NULL, "
    "PRIMARY KEY (sink, writer, checkpoint)) WITHOUT ROWID",
};
/*
 * Names as bytes, which no character set and no NLS setting changes. Unquoted: capitals in Oracle.
 * An empty text is NULL.
 * Source: Oracle Database SQL Language Reference 19c, "Oracle SQL Reserved Words".
 */
const char *const drv_ledger_oracle[DRV_LEDGER_TABLES] = {
    "CREATE TABLE " DRV_LEDGER_TABLE
    " (sink RAW(255) NOT NULL, writer RAW(64) NOT NULL, slot NUMBER(10) NOT NULL, "
    "owner NUMBER(19) NOT NULL, epoch NUMBER(19) NOT NULL, checkpoint NUMBER(19) NOT NULL, "
    "source_offset NUMBER(19) NOT NULL, source VARCHAR2(200 CHAR), target VARCHAR2(200 CHAR), "
    "PRIMARY KEY (sink, writer, slot))",
    "CREATE TABLE " DRV_LEDGER_LINES
    " (sink RAW(255) NOT NULL, writer RAW(64) NOT NULL, checkpoint NUMBER(19) NOT NULL, "
    "epoch NUMBER(19) NOT NULL, rows_written NUMBER(19) NOT NULL, "
    "PRIMARY KEY (sink, writer, checkpoint))",
};
/* clang-format on */

void drv_ledger_add_quoted(drv_text *to, const char *text)
{
    drv_text_add(to, "'");
    for (; *text != '\0'; text++)
        drv_text_add_bytes(to, *text == '\'' ? "''" : text, *text == '\'' ? 2 : 1);
    drv_text_add(to, "'");
}

static void add_bytes(drv_text *to, const char *open, const char *text, const char *close)
{
    drv_text_add(to, open);
    for (; *text != '\0'; text++)
        drv_text_format(to, "%02x", (unsigned)(unsigned char)*text);
    drv_text_add(to, close);
}

void drv_ledger_add_hex(drv_text *to, const char *text)
{
    add_bytes(to, "X'", text, "'");
}

void drv_ledger_add_raw(drv_text *to, const char *text)
{
    add_bytes(to, "HEXTORAW('", text, "')");
}

static void add_names(const drv_ledger_dialect *dialect, const char *sink, const char *writer,
                      drv_text *to)
{
    drv_text_add(to, " WHERE sink = ");
    dialect->add_literal(to, sink);
    if (writer == NULL)
        return;
    drv_text_add(to, " AND writer = ");
    dialect->add_literal(to, writer);
}

/* One slot: one checkpoint of a writer is in flight. */
static void add_match(const drv_ledger_dialect *dialect, const outfall_fence *fence, drv_text *to)
{
    add_names(dialect, fence->sink, fence->writer, to);
    drv_text_add(to, " AND slot = 0");
}

void drv_ledger_take(drv_ledger_row *row, size_t place, const char *text)
{
    if (place < DRV_LEDGER_NUMBERS)
        row->numbers[place] = text != NULL ? strtoll(text, NULL, 10) : 0;
    else if (place < DRV_LEDGER_NUMBERS + DRV_LEDGER_TEXTS)
        snprintf(row->texts[place - DRV_LEDGER_NUMBERS], DRV_LEDGER_TEXT_MAX, "%s",
                 text != NULL ? text : "");
}

/* A column that is not there: of PostgreSQL and the standard, of MySQL, and SQLite's words. */
static bool is_column_missing(const outfall_error *error)
{
    return strcmp(error->sqlstate, "42703") == 0 || strcmp(error->sqlstate, "42S22") == 0 ||
           error->native_code == 1054 || strstr(error->message, "no such column") != NULL ||
           strstr(error->message, "has no column named") != NULL;
}

#define ADD_COLUMN "ALTER TABLE " DRV_LEDGER_TABLE " ADD "
#define TEXT_COLUMN " varchar(200) DEFAULT '' NOT NULL"
#define NO_COLUMN_ORACLE 904 /* Where '' is NULL. */

static void fail_other_version(outfall_error *error, const outfall_error *why)
{
    const char *column = why->native_code == NO_COLUMN_ORACLE ? " varchar(200)" : TEXT_COLUMN;
    outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                      "the ledger, table " DRV_LEDGER_TABLE ", lacks a column: another version "
                      "of outfall has made it; run " ADD_COLUMN "source%s; " ADD_COLUMN "target%s",
                      column, column);
    error->native_code = why->native_code;
    memcpy(error->sqlstate, why->sqlstate, sizeof error->sqlstate);
}

void drv_ledger_judge(outfall_error *error)
{
    const outfall_error why = *error;
    if (is_column_missing(&why)) {
        fail_other_version(error, &why);
        return;
    }
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
               int64_t *count, drv_ledger_row *row, int64_t deadline_us, outfall_error *error)
{
    outfall_error detail = {0};
    int status = sql->failed
                     ? drv_fail_nomem(&detail)
                     : dialect->run(connection, sql->data, count, row, deadline_us, &detail);
    drv_text_free(sql);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    drv_ledger_judge(&detail);
    if (error != NULL)
        *error = detail;
    return detail.status;
}

/* Both texts are printable ASCII: the bytes are the same in whatever character set they are sent.
 */
static void add_text(const drv_ledger_dialect *dialect, const char *text, drv_text *to)
{
    (dialect->add_text != NULL ? dialect->add_text : dialect->add_literal)(to, text);
}

static void add_binding(const drv_ledger_dialect *dialect, const outfall_binding *binding,
                        drv_text *to)
{
    if (binding->source != NULL) {
        drv_text_add(to, ", source = ");
        add_text(dialect, binding->source, to);
    }
    if (binding->target != NULL) {
        drv_text_format(to, ", target = CASE WHEN checkpoint = 0 OR target %s THEN ",
                        dialect->empty_is_null ? "IS NULL" : "= ''");
        add_text(dialect, binding->target, to);
        drv_text_add(to, " ELSE target END");
    }
}

static int bump(const drv_ledger_dialect *dialect, outfall_connection *connection,
                const outfall_fence *fence, int mine, int64_t *count, int64_t deadline_us,
                outfall_error *error)
{
    drv_text sql = {0};
    drv_text_format(&sql, "UPDATE " DRV_LEDGER_TABLE " SET epoch = epoch + 1, owner = %" PRId64,
                    fence->owner);
    if (fence->binding != NULL)
        add_binding(dialect, fence->binding, &sql);
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
                       " (sink, writer, slot, owner, epoch, checkpoint, source_offset, "
                       "source, target) VALUES (");
    dialect->add_literal(&sql, fence->sink);
    drv_text_add(&sql, ", ");
    dialect->add_literal(&sql, fence->writer);
    drv_text_format(&sql, ", 0, %" PRId64 ", 1, 0, 0, ", fence->owner);
    const outfall_binding *binding = fence->binding;
    add_text(dialect, binding != NULL && binding->source != NULL ? binding->source : "", &sql);
    drv_text_add(&sql, ", ");
    add_text(dialect, binding != NULL && binding->target != NULL ? binding->target : "", &sql);
    drv_text_add(&sql, ")");
    int status = run(dialect, connection, &sql, &count, NULL, deadline_us, &detail);
    if (status != OUTFALL_OK && is_duplicate(&detail))
        detail.action = OUTFALL_ACTION_RETRY;
    if (status != OUTFALL_OK && error != NULL)
        *error = detail;
    return status;
}

static void tell_binding(const drv_ledger_row *row, outfall_binding *binding)
{
    snprintf(binding->recorded_source, sizeof binding->recorded_source, "%s", row->texts[0]);
    snprintf(binding->recorded_target, sizeof binding->recorded_target, "%.*s",
             OUTFALL_IDENTITY_BYTES_MAX, row->texts[1]);
}

int drv_ledger_takeover(const drv_ledger_dialect *dialect, outfall_connection *connection,
                        outfall_fence *fence, int mine, int64_t deadline_us, outfall_error *error)
{
    drv_ledger_row row = {0};
    int64_t count = 0;
    int status = bump(dialect, connection, fence, mine, &count, deadline_us, error);
    fence->found = 0;
    if (status == OUTFALL_OK && fence->writer == NULL) {
        fence->found = 1;
        return OUTFALL_OK;
    }
    if (status == OUTFALL_OK && count == 0 && !mine)
        status = add(dialect, connection, fence, deadline_us, error);
    else if (status == OUTFALL_OK && count == 0)
        return OUTFALL_OK; /* Somebody else's. */
    if (status != OUTFALL_OK)
        return status;
    fence->found = 1;
    drv_text sql = {0};
    drv_text_add(&sql,
                 "SELECT epoch, checkpoint, source_offset, source, target FROM " DRV_LEDGER_TABLE);
    add_match(dialect, fence, &sql);
    status = run(dialect, connection, &sql, &count, &row, deadline_us, error);
    if (status == OUTFALL_OK && count != 1)
        status =
            outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                              "the ledger's line of writer \"%.63s\" was changed and is not "
                              "to be seen: look for a trigger or a policy on " DRV_LEDGER_TABLE,
                              fence->writer);
    fence->epoch = row.numbers[0];
    fence->checkpoint = row.numbers[1];
    fence->source_offset = row.numbers[2];
    if (fence->binding != NULL)
        tell_binding(&row, fence->binding);
    return status;
}

void drv_ledger_add_fence(const drv_ledger_dialect *dialect, const outfall_fence *fence,
                          drv_text *to)
{
    drv_text_format(
        to, "UPDATE " DRV_LEDGER_TABLE " SET checkpoint = %" PRId64 ", source_offset = %" PRId64,
        fence->checkpoint, fence->source_offset);
    add_match(dialect, fence, to);
    drv_text_format(to, " AND epoch = %" PRId64 " AND checkpoint = %" PRId64, fence->epoch,
                    fence->checkpoint - 1);
}

int drv_ledger_fence(const drv_ledger_dialect *dialect, outfall_connection *connection,
                     outfall_fence *fence, int64_t deadline_us, outfall_error *error)
{
    drv_text sql = {0};
    int64_t count = 0;
    drv_ledger_add_fence(dialect, fence, &sql);
    int status = run(dialect, connection, &sql, &count, NULL, deadline_us, error);
    fence->found = status == OUTFALL_OK && count == 1;
    return status;
}

/* ---- Lines of two-phase transactions ------------------------------------------------ */

static void add_old(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                    drv_text *to)
{
    add_names(dialect, line->sink, line->writer, to);
    drv_text_format(to, " AND checkpoint < %" PRId64, line->checkpoint - OUTFALL_LEDGER_KEPT);
}

void drv_ledger_add_prune(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                          drv_text *to)
{
    drv_text_add(to, "DELETE FROM " DRV_LEDGER_LINES);
    add_old(dialect, line, to);
}

void drv_ledger_add_old(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                        drv_text *to)
{
    drv_text_add(to, "SELECT checkpoint FROM " DRV_LEDGER_LINES);
    add_old(dialect, line, to);
}

void drv_ledger_add_drop(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                         drv_text *to)
{
    drv_text_add(to, "DELETE FROM " DRV_LEDGER_LINES);
    add_names(dialect, line->sink, line->writer, to);
    drv_text_add(to, " AND checkpoint = ");
}

void drv_ledger_add_line(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                         drv_text *to)
{
    drv_text_add(to, "INSERT INTO " DRV_LEDGER_LINES
                     " (sink, writer, checkpoint, epoch, rows_written) VALUES (");
    dialect->add_literal(to, line->sink);
    drv_text_add(to, ", ");
    dialect->add_literal(to, line->writer);
    drv_text_format(to, ", %" PRId64 ", %" PRId64 ", %" PRId64 ")", line->checkpoint, line->epoch,
                    line->rows);
}

/* A line for each that is added, once there are enough of them. */
static int prune_singly(const drv_ledger_dialect *dialect, outfall_connection *connection,
                        const outfall_ledger_line *line, int64_t deadline_us, outfall_error *error)
{
    drv_ledger_row row;
    int64_t count;
    int status;
    do {
        drv_text sql = {0};
        memset(&row, 0, sizeof row);
        drv_text_add(&sql, "SELECT count(*), COALESCE(min(checkpoint), 0) FROM (");
        drv_ledger_add_old(dialect, line, &sql);
        drv_text_add(&sql, ") old");
        status = run(dialect, connection, &sql, &count, &row, deadline_us, error);
        if (status != OUTFALL_OK || row.numbers[0] == 0)
            break;
        drv_ledger_add_drop(dialect, line, &sql);
        drv_text_format(&sql, "%" PRId64, row.numbers[1]);
        status = run(dialect, connection, &sql, &count, NULL, deadline_us, error);
    } while (status == OUTFALL_OK && row.numbers[0] > 1);
    return status;
}

int drv_ledger_write(const drv_ledger_dialect *dialect, outfall_connection *connection,
                     const outfall_ledger_line *line, int64_t deadline_us, outfall_error *error)
{
    drv_text sql = {0};
    int64_t count;
    int status;
    if (dialect->singly) {
        status = prune_singly(dialect, connection, line, deadline_us, error);
    } else {
        drv_ledger_add_prune(dialect, line, &sql);
        status = run(dialect, connection, &sql, &count, NULL, deadline_us, error);
    }
    if (status != OUTFALL_OK)
        return status;
    drv_ledger_add_line(dialect, line, &sql);
    return run(dialect, connection, &sql, &count, NULL, deadline_us, error);
}

int drv_ledger_read(const drv_ledger_dialect *dialect, outfall_connection *connection,
                    outfall_ledger_line *line, int64_t deadline_us, outfall_error *error)
{
    drv_ledger_row row = {0};
    int64_t count = 0;
    drv_text sql = {0};
    drv_text_add(&sql, "SELECT epoch, checkpoint, rows_written FROM " DRV_LEDGER_LINES);
    add_names(dialect, line->sink, line->writer, &sql);
    if (line->checkpoint != 0) {
        drv_text_format(&sql, " AND checkpoint = %" PRId64, line->checkpoint);
    } else {
        drv_text_add(&sql, " AND checkpoint = (SELECT max(checkpoint) FROM " DRV_LEDGER_LINES);
        add_names(dialect, line->sink, line->writer, &sql);
        drv_text_add(&sql, ")");
    }
    int status = run(dialect, connection, &sql, &count, &row, deadline_us, error);
    line->found = status == OUTFALL_OK && count == 1;
    if (line->found) {
        line->epoch = row.numbers[0];
        line->checkpoint = row.numbers[1];
        line->rows = row.numbers[2];
    }
    return status;
}
