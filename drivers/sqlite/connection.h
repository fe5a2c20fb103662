/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: a database file that is open, with its deadline and its own statements. */
#ifndef LITE_CONNECTION_H
#define LITE_CONNECTION_H

#include <stdatomic.h>
#include <stdint.h>

#include <sqlite3.h>

#include <outfall/driver.h>

#include "sqlite/rows.h"

#include "common/fail.h"

#if SQLITE_VERSION_NUMBER < 3037000
#error "SQLite 3.37 or newer is needed: its STRICT tables and 64-bit row counts"
#endif

/* A longer name could not be named in full in an error. */
#define LITE_NAME_BYTES_MAX (OUTFALL_COLUMN_NAME_MAX - 1)

/* More columns than any table of SQLite's usual limit, 2,000. */
#define LITE_COLUMNS_MAX 2048

/* Statements that are prepared once a connection, on first use. */
enum lite_statement {
    LITE_BEGIN,
    LITE_COMMIT,
    LITE_ROLLBACK,
    LITE_SAVEPOINT,
    LITE_RELEASE,
    LITE_ROLLBACK_TO,
    LITE_SCHEMA_VERSION,
    LITE_STATEMENTS
};

typedef struct lite_plan lite_plan;

struct outfall_connection {
    sqlite3 *db;
    char *file;          /* For messages: without a URI's parameters, which may hold a key. */
    int64_t deadline_us; /* Of the call under way. */
    _Atomic int severed; /* Set by any thread. */
    int dead;            /* A deadline has passed: only disconnect is left. */
    sqlite3_stmt *statements[LITE_STATEMENTS];
    lite_plan *plans; /* The latest used first. */
    uint32_t plan_count;
    uint64_t row_tables[LITE_COLUMNS_MAX / 64]; /* Bit n: the table of n columns is registered. */
    lite_rows rows;                             /* What the write under way inserts. */
    uint64_t rows_written;                      /* By the transaction that is open. */
};

int lite_connect(const outfall_connect_options *options, int64_t deadline_us,
                 outfall_connection **out, outfall_error *error);
void lite_disconnect(outfall_connection *connection);
int lite_ping(outfall_connection *connection, char *description, size_t capacity,
              int64_t deadline_us, outfall_error *error);
void lite_sever(outfall_connection *connection);

/* Starts a call: refuses a connection that is cut or dead, and a deadline that has passed. */
int lite_enter(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

/*
 * Fills `error` from SQLite's last error, code `code`, and returns its status. `doing` says what
 * failed, such as "begin"; `object` is on what: a table, or NULL for the file.
 */
int lite_fail(outfall_connection *connection, int code, const char *doing, const char *object,
              outfall_error *error);

/* Prepares a statement; on failure *out is NULL. */
int lite_prepare(outfall_connection *connection, const char *sql, const char *doing,
                 sqlite3_stmt **out, outfall_error *error);

/* Runs one of the connection's own statements; `value` gets the integer it answers, or is NULL. */
int lite_run(outfall_connection *connection, enum lite_statement which, const char *doing,
             int64_t *value, outfall_error *error);

#endif
