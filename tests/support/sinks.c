/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

static char directory[64];
static char path[128];
char sink_url[160];

int sinks_make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/outfall-sink-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/test.db", directory);
    snprintf(sink_url, sizeof sink_url, "sqlite:%s", path);
    return 0;
}

int sinks_remove_directory(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char file[160];
    (void)state;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(file, sizeof file, "%s%s", path, endings[i]);
        unlink(file); /* SQLite has removed all but the first where every connection was closed. */
    }
    return rmdir(directory);
}

outfall_sink *open_sink(const char *table, const char *const *options)
{
    outfall_error error = {0};
    outfall_schema *schema;
    outfall_config *config;
    outfall_sink *sink;
    assert_int_equal(outfall_schema_new(&schema, NULL), OUTFALL_OK);
    assert_int_equal(outfall_schema_parse(schema, SINK_COLUMNS, NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "create", "if-missing", NULL), OUTFALL_OK);
    for (; options != NULL && *options != NULL; options += 2)
        assert_int_equal(outfall_config_set(config, options[0], options[1], NULL), OUTFALL_OK);
    int status = outfall_sink_open(sink_url, table, schema, config, &sink, &error);
    if (status != OUTFALL_OK)
        fail_msg("%s: %s", outfall_status_name(status), error.message);
    outfall_config_free(config);
    outfall_schema_free(schema);
    return sink;
}

outfall_writer *open_writer(outfall_sink *sink, const char *name)
{
    outfall_writer *writer;
    assert_int_equal(outfall_writer_open(sink, name, &writer, NULL), OUTFALL_OK);
    return writer;
}

int put_row(outfall_writer *writer, int64_t id, const char *name, outfall_error *error)
{
    (void)!outfall_put_int64(writer, id, error);
    (void)!outfall_put_text(writer, name, strlen(name), error);
    return outfall_row_end(writer, (uint64_t)id, error);
}

void put_rows(outfall_writer *writer, int64_t first, int64_t count)
{
    for (int64_t id = first; id < first + count; id++)
        assert_int_equal(put_row(writer, id, "x", NULL), OUTFALL_OK);
}

int64_t query(const char *sql)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return value;
}

void run_sql(const char *sql)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

outfall_stats stats_of(outfall_sink *sink)
{
    outfall_stats stats = {.struct_size = sizeof stats};
    assert_int_equal(outfall_stats_get(sink, &stats, NULL), OUTFALL_OK);
    return stats;
}

sqlite3 *stall(void)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    assert_int_equal(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return database;
}

void let_go(sqlite3 *database)
{
    assert_int_equal(sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}
