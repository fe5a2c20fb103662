/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "raw_postgresql.h"
#include "table.h"

/* Durability and memory are what results of two servers differ by most. */
static void describe_server(PGconn *admin, struct session *session)
{
    PGresult *result =
        PQexec(admin, "SELECT format('%s, fsync %s, synchronous_commit %s, full_page_writes %s, "
                      "wal_level %s, shared_buffers %s, max_wal_size %s', "
                      "current_setting('server_version'), current_setting('fsync'), "
                      "current_setting('synchronous_commit'), current_setting('full_page_writes'), "
                      "current_setting('wal_level'), current_setting('shared_buffers'), "
                      "current_setting('max_wal_size'))");
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        snprintf(session->database, sizeof session->database, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
}

static int postgresql_open(struct table *table, struct session *session, outfall_error *error)
{
    const char *url = NULL;
    PGconn *admin = NULL;
    int status = session_postgresql(session, &url, error);
    if (status == OUTFALL_OK && strlen(url) >= sizeof table->url)
        status = outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                   "the URL is longer than %zu bytes", sizeof table->url);
    if (status == OUTFALL_OK) {
        snprintf(table->url, sizeof table->url, "%s", url);
        status = raw_postgresql_connect(url, &admin, error);
    }
    table->part = admin;
    if (status == OUTFALL_OK)
        status = raw_postgresql_command(
            admin,
            "SET client_min_messages = error; DROP TABLE IF EXISTS " ROW_TABLE ";"
            "CREATE TABLE " ROW_TABLE " (id bigint PRIMARY KEY, ts timestamp, device int, "
            "metric double precision, note varchar(64))",
            error);
    if (status == OUTFALL_OK)
        describe_server(admin, session);
    return status;
}

static int postgresql_empty(struct table *table, outfall_error *error)
{
    int status = raw_postgresql_command(table->part, "TRUNCATE " ROW_TABLE, error);
    if (status == OUTFALL_OK) {
        /* So that none falls into a run; only a superuser may, and without it noise is larger. */
        outfall_error ignored;
        if (raw_postgresql_command(table->part, "CHECKPOINT", &ignored) != OUTFALL_OK)
            return OUTFALL_OK;
    }
    return status;
}

static int postgresql_check(struct table *table, const struct bench_row *rows, size_t count,
                            outfall_error *error)
{
    PGresult *result = PQexec(table->part, TABLE_SUMS);
    int status;
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        status = raw_postgresql_failed(table->part, "cannot count rows", error);
    } else {
        const struct table_sums found = {strtoull(PQgetvalue(result, 0, 0), NULL, 10),
                                         strtoll(PQgetvalue(result, 0, 1), NULL, 10),
                                         strtoll(PQgetvalue(result, 0, 2), NULL, 10)};
        status = table_compare(&found, rows, count, error);
    }
    PQclear(result);
    return status;
}

/* What the sinks have left in the ledger, where there is one. */
#define FORGET(ledger)                                                                             \
    "DO $$ BEGIN IF to_regclass('" ledger "') IS NOT NULL THEN DELETE FROM " ledger                \
    " WHERE strpos(sink, '" ROW_TABLE "') > 0 OR starts_with(sink, '" TABLE_TXN "'); END IF; "     \
    "END $$"

static void postgresql_close(struct table *table)
{
    outfall_error ignored;
    if (table->part != NULL &&
        raw_postgresql_command(table->part,
                               "DROP TABLE IF EXISTS " ROW_TABLE
                               "; " FORGET("outfall_fence") "; " FORGET("outfall_ledger"),
                               &ignored) != OUTFALL_OK)
        fprintf(stderr, "outfall-bench: %s\n", ignored.message);
    PQfinish(table->part);
    table->part = NULL;
}

const struct table_kind table_postgresql = {
    "postgresql", 0, postgresql_open, postgresql_empty, postgresql_check, postgresql_close};
