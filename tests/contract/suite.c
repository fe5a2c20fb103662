/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Set up ----------------------------------------------------------------------- */

static int load(contract_suite *suite)
{
    const char *directory = getenv("OUTFALL_TEST_DRIVERS_DIR");
    char path[1024];
    outfall_driver_entry_function entry;
    if (directory == NULL)
        directory = getenv("OUTFALL_DRIVER_PATH");
    if (directory == NULL) {
        fprintf(stderr, "set OUTFALL_TEST_DRIVERS_DIR to the directory of the driver modules\n");
        exit(2);
    }
    snprintf(path, sizeof path, "%s/%s.so", directory, suite->quirks->driver);
    if (access(path, F_OK) != 0)
        return 0;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    *(void **)&entry = dlsym(module, OUTFALL_DRIVER_ENTRY);
    if (entry == NULL || entry()->abi != OUTFALL_DRIVER_ABI) {
        fprintf(stderr, "%s is no driver of this contract\n", path);
        exit(2);
    }
    memcpy(&suite->driver, entry(), sizeof suite->driver);
    return 1;
}

/* The directory that a suite's own database file lies in. */
static void make_directory(contract_suite *suite)
{
    const char *temporary = getenv("TMPDIR");
    snprintf(suite->directory, sizeof suite->directory, "%s/outfall-contract-XXXXXX",
             temporary != NULL ? temporary : "/tmp");
    if (mkdtemp(suite->directory) == NULL) {
        perror(suite->directory);
        exit(2);
    }
}

static int find_url(const char *variable, char *out, size_t capacity)
{
    const char *url = getenv(variable);
    if (url == NULL || strlen(url) >= capacity)
        return 0;
    snprintf(out, capacity, "%s", url);
    return 1;
}

static int make_url(contract_suite *suite)
{
    const contract_quirks *quirks = suite->quirks;
    if (quirks->url_variable != NULL)
        return find_url(quirks->url_variable, suite->url, sizeof suite->url) &&
               find_url(quirks->native_variable, suite->native_url, sizeof suite->native_url);
    const char *place = strstr(quirks->url_format, "%s");
    if (place == NULL) {
        snprintf(suite->url, sizeof suite->url, "%s", quirks->url_format);
        return 1;
    }
    make_directory(suite);
    snprintf(suite->native_url, sizeof suite->native_url, "%s/contract.db", suite->directory);
    snprintf(suite->url, sizeof suite->url, "%.*s%s%s", (int)(place - quirks->url_format),
             quirks->url_format, suite->native_url, place + 2);
    return 1;
}

int suite_open(contract_suite *suite, const contract_quirks *quirks)
{
    memset(suite, 0, sizeof *suite);
    suite->quirks = quirks;
    if (!load(suite) || !make_url(suite))
        return 0;
    suite->database = database_open(quirks->database, suite->native_url);
    return 1;
}

void suite_close(contract_suite *suite)
{
    database_close(suite->other);
    database_close(suite->database);
    suite->other = suite->database = NULL;
    DIR *directory = suite->directory[0] != '\0' ? opendir(suite->directory) : NULL;
    if (directory == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.' && unlinkat(dirfd(directory), entry->d_name, 0) != 0)
            unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
    closedir(directory);
    rmdir(suite->directory);
}

void suite_skip(contract_suite *suite, const char *reason)
{
    suite->reason = reason;
    skip();
    abort(); /* It does not return, and does not say so. */
}

test_database *suite_other(contract_suite *suite)
{
    if (suite->other == NULL)
        suite->other = database_open(suite->quirks->database, suite->native_url);
    return suite->other;
}

/* ---- Helpers ---------------------------------------------------------------------- */

int64_t suite_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t suite_deadline(void)
{
    return suite_now_us() + 60 * INT64_C(1000000);
}

outfall_connection *suite_connect(contract_suite *suite)
{
    outfall_connect_options options = {.struct_size = sizeof options,
                                       .create = 1,
                                       .url = suite->url,
                                       .application_name = "contract"};
    outfall_connection *connection = NULL;
    expect_ok(suite, suite->driver.connect(&options, suite_deadline(), &connection, &suite->error));
    assert_non_null(connection);
    return connection;
}

void suite_reconnect(contract_suite *suite)
{
    suite->driver.disconnect(suite->connection);
    suite->connection = NULL;
    suite->connection = suite_connect(suite);
}

/* ---- Targets ---------------------------------------------------------------------- */

static size_t list_length(const char *const *names, size_t capacity)
{
    size_t count = 0;
    while (count < capacity && names[count] != NULL)
        count++;
    return count;
}

int suite_try_describe_as(contract_suite *suite, const char *table, const suite_wanted *wanted,
                          outfall_target **out)
{
    outfall_column columns[LENGTH(wanted->columns)] = {{0}};
    outfall_table_name name = {wanted->schema, table};
    size_t count = list_length(wanted->columns, LENGTH(wanted->columns));
    size_t keys = list_length(wanted->key, LENGTH(wanted->key));
    size_t updates = list_length(wanted->update, LENGTH(wanted->update));
    outfall_describe_options options = {.struct_size = sizeof options,
                                        .identity_override = wanted->identity_override,
                                        .lossy = wanted->lossy,
                                        .columns = count > 0 ? columns : NULL,
                                        .column_count = count,
                                        .mode = wanted->mode,
                                        .other_unique = wanted->other_unique,
                                        .key = keys > 0 ? wanted->key : NULL,
                                        .key_count = keys,
                                        .update = updates > 0 ? wanted->update : NULL,
                                        .update_count = updates};
    for (size_t i = 0; i < count; i++)
        columns[i] = (outfall_column){.name = wanted->columns[i], .type = OUTFALL_TYPE_TEXT};
    memset(&suite->error, 0, sizeof suite->error);
    *out = (outfall_target *)suite; /* Has to be set, whatever comes of it. */
    return suite->driver.describe(suite->connection, &name, &options, suite_deadline(), out,
                                  &suite->error);
}

outfall_target *suite_describe_as(contract_suite *suite, const char *table,
                                  const suite_wanted *wanted)
{
    outfall_target *target = NULL;
    expect_ok(suite, suite_try_describe_as(suite, table, wanted, &target));
    assert_non_null(target);
    return target;
}

int suite_try_describe(contract_suite *suite, const char *table, const char *const *names,
                       size_t count, outfall_target **out)
{
    suite_wanted wanted = {0};
    assert_true(count < LENGTH(wanted.columns));
    if (names != NULL)
        memcpy(wanted.columns, names, count * sizeof *names);
    return suite_try_describe_as(suite, table, &wanted, out);
}

outfall_target *suite_describe(contract_suite *suite, const char *table, const char *const *names,
                               size_t count)
{
    outfall_target *target = NULL;
    expect_ok(suite, suite_try_describe(suite, table, names, count, &target));
    assert_non_null(target);
    return target;
}

int suite_create_table(contract_suite *suite, const outfall_table_name *name,
                       const outfall_column *columns, size_t count)
{
    memset(&suite->error, 0, sizeof suite->error);
    return suite->driver.create_table(suite->connection, name, columns, count, suite_deadline(),
                                      &suite->error);
}

void suite_run(contract_suite *suite, const char *statement, const char *table)
{
    char sql[1024];
    const char *place = strstr(statement, "%s");
    if (place != NULL)
        snprintf(sql, sizeof sql, "%.*s%s%s", (int)(place - statement), statement, table,
                 place + 2);
    database_run(suite->database, "%s", place != NULL ? sql : statement);
}

/* With what refers to it: a case that failed may have left that behind. */
#define DROP "DROP TABLE IF EXISTS \"%s\""
#define DROP_CASCADE DROP " CASCADE"
#define DROP_UNCHECKED "SET foreign_key_checks = 0; " DROP "; SET foreign_key_checks = 1"

void suite_drop(contract_suite *suite, const char *table)
{
    static const char *const drops[DATABASE_KINDS] = {
        [DATABASE_SQLITE] = DROP,
        [DATABASE_POSTGRESQL] = DROP_CASCADE,
        [DATABASE_MARIADB] = DROP_UNCHECKED,
        [DATABASE_ORACLE] = DROP_CASCADE,
    };
    if (suite->database != NULL)
        suite_run(suite, drops[suite->quirks->database], table);
}

void suite_create(contract_suite *suite, const char *table, const outfall_column *columns,
                  size_t count)
{
    outfall_table_name name = {NULL, table};
    suite_drop(suite, table);
    expect_ok(suite, suite_create_table(suite, &name, columns, count));
}

/* Oracle's INTEGER is a NUMBER; what is behind the stand-in would find no index by one. */
static void as_oracle(const char *sql, char *out, size_t capacity)
{
    static const char from[] = "INTEGER", to[] = "NUMERIC(10)";
    size_t used = 0;
    while (*sql != '\0') {
        int found = strncmp(sql, from, sizeof from - 1) == 0;
        const char *piece = found ? to : sql;
        size_t length = found ? sizeof to - 1 : 1;
        assert_true(used + length < capacity);
        memcpy(out + used, piece, length);
        used += length;
        sql += found ? sizeof from - 1 : 1;
    }
    out[used] = '\0';
}

void suite_sql(contract_suite *suite, const char *sql)
{
    char room[2048];
    if (suite->quirks->database == DATABASE_ORACLE) {
        as_oracle(sql, room, sizeof room);
        sql = room;
    }
    database_run(suite->database, "%s", sql);
}

void suite_create_sql(contract_suite *suite, const char *table, const char *columns)
{
    char sql[2048];
    suite_drop(suite, table);
    assert_true((size_t)snprintf(sql, sizeof sql, "CREATE TABLE %s (%s)", table, columns) <
                sizeof sql);
    suite_sql(suite, sql);
}

void suite_fill(contract_suite *suite, const char *table, const char *values, size_t first,
                size_t count)
{
    if (count == 0)
        return;
    database_run(suite->database,
                 "INSERT INTO %s WITH RECURSIVE g(n) AS (SELECT %zu UNION ALL SELECT n + 1 FROM g "
                 "WHERE n < %zu) SELECT %s FROM g",
                 table, first, first + count - 1, values);
}

int64_t suite_count(contract_suite *suite, const char *table)
{
    return database_number(suite->database, "SELECT count(*) FROM %s", table);
}

/* ---- Writes ----------------------------------------------------------------------- */

void suite_begin(contract_suite *suite)
{
    outfall_begin_options options = {.struct_size = sizeof options};
    expect_ok(suite,
              suite->driver.begin(suite->connection, &options, suite_deadline(), &suite->error));
}

void suite_commit(contract_suite *suite)
{
    expect_ok(suite, suite->driver.commit(suite->connection, suite_deadline(), &suite->error));
}

void suite_rollback(contract_suite *suite)
{
    expect_ok(suite, suite->driver.rollback(suite->connection, suite_deadline(), &suite->error));
}

void suite_savepoint(contract_suite *suite, int step)
{
    expect_ok(suite,
              suite->driver.savepoint(suite->connection, step, suite_deadline(), &suite->error));
}

int suite_write_part(contract_suite *suite, outfall_target *target, const test_rows *rows,
                     const suite_part *part, int64_t deadline_us, outfall_write_result *result)
{
    test_batch batch;
    memset(&suite->error, 0, sizeof suite->error);
    memset(result, 0, sizeof *result);
    result->struct_size = sizeof *result;
    result->bad_row = -1;
    test_batch_make(&batch, rows, part->first,
                    part->count > 0 ? part->count : rows->count - part->first, part->span_rows);
    batch.batch.flags = part->flags;
    batch.batch.deletion = part->deletion;
    int status = suite->driver.write(suite->connection, target, &batch.batch, deadline_us, result,
                                     &suite->error);
    test_batch_free(&batch);
    return status;
}

int suite_write(contract_suite *suite, outfall_target *target, const test_rows *rows, size_t first,
                size_t count, outfall_write_result *result)
{
    return suite_write_part(suite, target, rows, &(suite_part){.first = first, .count = count},
                            suite_deadline(), result);
}

static void deliver(contract_suite *suite, outfall_target *target, const test_rows *rows,
                    const suite_part *part, outfall_write_result *result)
{
    suite_begin(suite);
    expect_ok(suite, suite_write_part(suite, target, rows, part, suite_deadline(), result));
    assert_true(result->statements > 0);
    suite_commit(suite);
}

void suite_deliver(contract_suite *suite, outfall_target *target, const test_rows *rows,
                   size_t span_rows)
{
    outfall_write_result result;
    deliver(suite, target, rows, &(suite_part){.span_rows = span_rows}, &result);
    assert_int_equal(result.rows_written, rows->count);
}

void suite_deliver_part(contract_suite *suite, outfall_target *target, const test_rows *rows,
                        const suite_part *part)
{
    outfall_write_result result;
    deliver(suite, target, rows, part, &result);
}

int suite_try(contract_suite *suite, outfall_target *target, const test_rows *rows,
              int64_t deadline_us)
{
    outfall_begin_options options = {.struct_size = sizeof options};
    outfall_write_result result;
    outfall_error ignored;
    int status = suite->driver.begin(suite->connection, &options, deadline_us, &suite->error);
    if (status == OUTFALL_OK)
        status = suite_write_part(suite, target, rows, &(suite_part){0}, deadline_us, &result);
    if (status == OUTFALL_OK)
        return suite->driver.commit(suite->connection, deadline_us, &suite->error);
    suite->driver.rollback(suite->connection, deadline_us, &ignored);
    return status;
}
