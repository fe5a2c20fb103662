/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const sqlite_bad_urls[] = {
    "sqlite:/nonexistent/canary/data.db",
    "sqlite:file:/nonexistent/data.db?key=canary",
    "sqlite:/",
    "sqlite::memory:",
    "sqlite:file:data?mode=memory&cache=shared&key=canary",
    "sqlite:data.db?mode=ro&key=canary",
    "sqlite:",
    NULL,
};

static const char *const postgresql_bad_urls[] = {
    "postgresql://nobody:canary@127.0.0.1:1/nowhere",
    "postgresql://nobody:canary@127.0.0.1:notaport/nowhere",
    "postgresql://nobody:canary@nohost.invalid/nowhere",
    "postgresql://nobody:canary@127.0.0.1:1/nowhere?nosuchparameter=1",
    NULL,
};

static const char *const no_urls[] = {NULL};

const contract_quirks all_quirks[] = {
    {.driver = "null",
     .capabilities = OUTFALL_DRIVER_DISCARDS | OUTFALL_DRIVER_SAVEPOINTS,
     .bad_urls = no_urls}, /* Nothing can fail to open. */
    {.driver = "sqlite",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS,
     .identifier_bytes_max = 255, /* Its own limit is a megabyte; ours is the error's room. */
     .narrow_integers = 0,        /* SQLite keeps 64 bits in every integer column, */
     .narrow_floats = 0,          /* and a double in every real one. */
     .lock = "BEGIN IMMEDIATE",   /* A file has one writer: any will do. */
     .retype = NULL,              /* Has no ALTER COLUMN. */
     .bad_urls = sqlite_bad_urls},
    {.driver = "postgresql",
     .url_variable = "OUTFALL_TEST_POSTGRESQL_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS,
     .identifier_bytes_max = 63, /* NAMEDATALEN - 1: the server would cut longer ones. */
     .narrow_integers = 1,
     .narrow_floats = 1,
     .lock = "BEGIN; LOCK TABLE %s IN ACCESS EXCLUSIVE MODE",
     .retype = "ALTER TABLE %s ALTER COLUMN n TYPE bigint",
     .bad_urls = postgresql_bad_urls},
};

const size_t all_quirks_count = sizeof all_quirks / sizeof all_quirks[0];

/* ---- Set up ----------------------------------------------------------------------- */

static void load(contract_suite *suite)
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
}

static int make_url(contract_suite *suite)
{
    const char *variable = suite->quirks->url_variable;
    const char *temporary = getenv("TMPDIR");
    if (variable != NULL) {
        const char *url = getenv(variable);
        if (url == NULL || strlen(url) >= sizeof suite->url)
            return 0;
        snprintf(suite->url, sizeof suite->url, "%s", url);
        return 1;
    }
    if ((suite->quirks->capabilities & OUTFALL_DRIVER_DISCARDS) != 0) {
        snprintf(suite->url, sizeof suite->url, "%s:", suite->quirks->driver);
        return 1;
    }
    snprintf(suite->directory, sizeof suite->directory, "%s/outfall-contract-XXXXXX",
             temporary != NULL ? temporary : "/tmp");
    if (mkdtemp(suite->directory) == NULL) {
        perror(suite->directory);
        exit(2);
    }
    snprintf(suite->url, sizeof suite->url, "%s:%s/contract.db", suite->quirks->driver,
             suite->directory);
    return 1;
}

int suite_open(contract_suite *suite, const contract_quirks *quirks)
{
    memset(suite, 0, sizeof *suite);
    suite->quirks = quirks;
    if (!make_url(suite))
        return 0;
    load(suite);
    suite->database = database_open(quirks->driver, suite->url);
    return 1;
}

void suite_close(contract_suite *suite)
{
    database_close(suite->database);
    suite->database = NULL;
    DIR *directory = suite->directory[0] != '\0' ? opendir(suite->directory) : NULL;
    if (directory == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.' && unlinkat(dirfd(directory), entry->d_name, 0) != 0)
            unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
    closedir(directory);
    rmdir(suite->directory);
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

int suite_try_describe(contract_suite *suite, const char *table, const char *const *names,
                       size_t count, outfall_target **out)
{
    outfall_column columns[16] = {{0}};
    outfall_table_name name = {NULL, table};
    outfall_describe_options options = {.struct_size = sizeof options,
                                        .columns = names == NULL ? NULL : columns,
                                        .column_count = count};
    assert_true(count <= sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++)
        columns[i] = (outfall_column){.name = names[i], .type = OUTFALL_TYPE_TEXT};
    return suite->driver.describe(suite->connection, &name, &options, suite_deadline(), out,
                                  &suite->error);
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
    return suite->driver.create_table(suite->connection, name, columns, count, suite_deadline(),
                                      &suite->error);
}

void suite_create(contract_suite *suite, const char *table, const outfall_column *columns,
                  size_t count)
{
    outfall_table_name name = {NULL, table};
    if (suite->database != NULL)
        database_run(suite->database, "DROP TABLE IF EXISTS \"%s\"", table);
    expect_ok(suite, suite_create_table(suite, &name, columns, count));
}

void suite_create_sql(contract_suite *suite, const char *table, const char *columns)
{
    database_run(suite->database, "DROP TABLE IF EXISTS %s", table);
    database_run(suite->database, "CREATE TABLE %s (%s)", table, columns);
}

static int write_batch(contract_suite *suite, outfall_target *target, const test_rows *rows,
                       size_t first, size_t count, size_t span_rows, int64_t deadline_us,
                       outfall_write_result *result)
{
    test_batch batch;
    memset(result, 0, sizeof *result);
    result->struct_size = sizeof *result;
    test_batch_make(&batch, rows, first, count, span_rows);
    int status = suite->driver.write(suite->connection, target, &batch.batch, deadline_us, result,
                                     &suite->error);
    test_batch_free(&batch);
    return status;
}

int suite_write(contract_suite *suite, outfall_target *target, const test_rows *rows, size_t first,
                size_t count, outfall_write_result *result)
{
    return write_batch(suite, target, rows, first, count, 0, suite_deadline(), result);
}

static int begin(contract_suite *suite, int64_t deadline_us)
{
    outfall_begin_options options = {.struct_size = sizeof options};
    return suite->driver.begin(suite->connection, &options, deadline_us, &suite->error);
}

void suite_deliver(contract_suite *suite, outfall_target *target, const test_rows *rows,
                   size_t span_rows)
{
    outfall_write_result result;
    expect_ok(suite, begin(suite, suite_deadline()));
    expect_ok(suite, write_batch(suite, target, rows, 0, rows->count, span_rows, suite_deadline(),
                                 &result));
    assert_int_equal(result.rows_written, rows->count);
    assert_true(result.statements > 0);
    expect_ok(suite, suite->driver.commit(suite->connection, suite_deadline(), &suite->error));
}

int suite_try(contract_suite *suite, outfall_target *target, const test_rows *rows,
              int64_t deadline_us)
{
    outfall_write_result result;
    outfall_error ignored;
    int status = begin(suite, deadline_us);
    if (status == OUTFALL_OK)
        status = write_batch(suite, target, rows, 0, rows->count, 0, deadline_us, &result);
    if (status == OUTFALL_OK)
        return suite->driver.commit(suite->connection, deadline_us, &suite->error);
    suite->driver.rollback(suite->connection, deadline_us, &ignored);
    return status;
}

int64_t suite_count(contract_suite *suite, const char *table)
{
    return database_number(suite->database, "SELECT count(*) FROM %s", table);
}
