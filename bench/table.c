/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <inttypes.h>
#include <string.h>

static int null_open(struct table *table, struct session *session, outfall_error *error)
{
    (void)session;
    (void)error;
    snprintf(table->url, sizeof table->url, "null:");
    return OUTFALL_OK;
}

static int null_empty(struct table *table, outfall_error *error)
{
    (void)table;
    (void)error;
    return OUTFALL_OK;
}

static int null_check(struct table *table, const struct bench_row *rows, size_t count,
                      outfall_error *error)
{
    (void)rows;
    (void)count;
    return null_empty(table, error);
}

static void null_close(struct table *table)
{
    (void)table;
}

const struct table_kind table_null = {"null", 0, null_open, null_empty, null_check, null_close};

int table_open(struct table *table, struct session *session, const char *driver,
               outfall_error *error)
{
    static const struct table_kind *const kinds[] = {
        &table_null,
#ifdef BENCH_SQLITE
        &table_sqlite,
#endif
#ifdef BENCH_POSTGRESQL
        &table_postgresql,
#endif
#ifdef BENCH_MYSQL
        &table_mysql,
#endif
#if defined BENCH_ODBC && defined BENCH_POSTGRESQL
        &table_odbc_postgresql,
#endif
#if defined BENCH_ODBC && defined BENCH_MYSQL
        &table_odbc_mariadb,
#endif
#if defined BENCH_ODBC && defined BENCH_SQLITE
        &table_odbc_sqlite,
#endif
    };
    memset(table, 0, sizeof *table);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i]->driver, driver) == 0) {
            table->kind = kinds[i];
            return kinds[i]->open(table, session, error);
        }
    }
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                             "this build has no scenarios on %s", driver);
}

void table_close(struct table *table)
{
    if (table->kind != NULL)
        table->kind->close(table);
    table->kind = NULL;
}

int table_compare(const struct table_sums *found, const struct bench_row *rows, size_t count,
                  outfall_error *error)
{
    struct table_sums want = {.count = count};
    for (size_t i = 0; i < count; i++) {
        want.ids += rows[i].id;
        want.devices += rows[i].device;
    }
    if (found->count == want.count && found->ids == want.ids && found->devices == want.devices)
        return OUTFALL_OK;
    return outfall_error_set(
        error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
        "the table holds %" PRIu64 " rows (sum of ids %" PRId64 ", of devices %" PRId64
        ") instead of %" PRIu64 " (%" PRId64 ", %" PRId64 "): the run counts for nothing",
        found->count, found->ids, found->devices, want.count, want.ids, want.devices);
}
