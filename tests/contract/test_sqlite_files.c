/* SPDX-License-Identifier: Apache-2.0 */
/* What can be wrong with a file, and what passes by itself. */
#include "sqlite_suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void text_is_the_same_in_a_utf16_file(void **state)
{
    static const char text[] = "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xA6";
    char url[512];
    outfall_connection *usual = here.connection;
    (void)state;
    snprintf(url, sizeof url, "sqlite:%s/utf16.db", here.directory);
    test_database *database = database_open(DATABASE_SQLITE, url);
    database_run(database, "PRAGMA encoding = 'UTF-16'; CREATE TABLE t (a TEXT)");
    expect_ok(&here, sqlite_connect(url, NULL, 0, &here.connection));
    outfall_target *target = suite_describe(&here, "t", NULL, 0);
    test_rows rows;
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){text});
    suite_deliver(&here, target, &rows, 0);
    assert_int_equal(database_number(database, "SELECT count(*) FROM t WHERE a = '%s'", text), 1);
    test_rows_free(&rows);
    here.driver.target_free(target);
    here.driver.disconnect(here.connection);
    here.connection = usual;
    database_close(database);
}

static void write_file(const char *path, const char *text, size_t times)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < times; i++)
        fputs(text, file);
    fclose(file);
}

static void files_that_cannot_be_written_are_named(void **state)
{
    char url[512], path[400];
    outfall_connection *connection = NULL;
    (void)state;
    snprintf(path, sizeof path, "%s/note.txt", here.directory);
    write_file(path, "This is a note and no database. ", 100);
    snprintf(url, sizeof url, "sqlite:%s", path);
    assert_int_equal(sqlite_connect(url, NULL, 0, &connection), OUTFALL_ERR_DATABASE);
    assert_int_equal(here.error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(here.error.message, path));
    assert_non_null(strstr(here.error.message, "not a database"));

    snprintf(url, sizeof url, "sqlite:file:%s/contract.db?mode=ro", here.directory);
    assert_int_equal(sqlite_connect(url, NULL, 0, &connection), OUTFALL_ERR_DATABASE);
    assert_int_equal(here.error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(here.error.message, "read-only"));

    snprintf(url, sizeof url, "sqlite:%s/none/data.db", here.directory);
    assert_int_equal(sqlite_connect(url, NULL, 0, &connection), OUTFALL_ERR_IO);
    assert_int_equal(here.error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(here.error.message, "directory does not exist"));

    snprintf(url, sizeof url, "sqlite:%s", here.directory);
    assert_int_equal(sqlite_connect(url, NULL, 0, &connection), OUTFALL_ERR_IO);
    assert_non_null(strstr(here.error.message, "is a directory"));
    assert_null(connection);
}

static void the_journal_mode_is_an_option(void **state)
{
    static const char *const modes[] = {"delete", "wal"};
    char url[512];
    (void)state;
    snprintf(url, sizeof url, "sqlite:%s/journal.db", here.directory);
    for (size_t i = 0; i < LENGTH(modes); i++) {
        outfall_driver_option options[] = {{"sqlite.journal", modes[i]}};
        outfall_connection *connection = NULL;
        database_answer answer;
        test_database *database = NULL;
        expect_ok(&here, sqlite_connect(url, options, 1, &connection));
        here.driver.disconnect(connection);
        database = database_open(DATABASE_SQLITE, url);
        database_ask(database, &answer, "PRAGMA journal_mode");
        assert_string_equal(answer.cells[0], modes[i]);
        database_answer_free(&answer);
        database_close(database);
    }
}

#define OPENERS 8

static void *open_once(void *context)
{
    outfall_connect_options options = {
        .struct_size = sizeof options, .create = 1, .url = context, .application_name = "contract"};
    outfall_connection *connection = NULL;
    outfall_error error;
    int status = here.driver.connect(&options, suite_deadline(), &connection, &error);
    if (status != OUTFALL_OK)
        fprintf(stderr, "%s\n", error.message);
    here.driver.disconnect(connection);
    return status == OUTFALL_OK ? context : NULL;
}

static void many_may_open_a_new_file_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        char url[512];
        pthread_t threads[OPENERS];
        snprintf(url, sizeof url, "sqlite:%s/new-%d.db", here.directory, round);
        for (int i = 0; i < OPENERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, open_once, url), 0);
        for (int i = 0; i < OPENERS; i++) {
            void *result = NULL;
            pthread_join(threads[i], &result);
            assert_ptr_equal(result, url);
        }
    }
}

typedef struct holder {
    test_database *database;
    int64_t hold_us;
} holder;

static void *let_go(void *context)
{
    const holder *own = context;
    struct timespec pause = {.tv_sec = 0, .tv_nsec = (long)own->hold_us * 1000};
    nanosleep(&pause, NULL);
    database_run(own->database, "COMMIT");
    return NULL;
}

/* SQLite's own busy handler is not asked when the journal mode is changed. */
static void connect_waits_for_the_file(void **state)
{
    char url[512];
    pthread_t thread;
    outfall_connection *connection = NULL;
    (void)state;
    snprintf(url, sizeof url, "sqlite:%s/busy.db", here.directory);
    holder own = {database_open(DATABASE_SQLITE, url), 300000};
    database_run(own.database, "CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    assert_int_equal(pthread_create(&thread, NULL, let_go, &own), 0);
    int64_t started = suite_now_us();
    int status = sqlite_connect(url, NULL, 0, &connection);
    int64_t took_us = suite_now_us() - started;
    pthread_join(thread, NULL);
    expect_ok(&here, status);
    assert_true(took_us > 200000);
    here.driver.disconnect(connection);
    database_close(own.database);
}

/* In journal mode delete a reader keeps a commit waiting. */
static void a_commit_that_fails_lets_go_of_the_file(void **state)
{
    static const outfall_driver_option options[] = {{"sqlite.journal", "delete"}};
    char url[512];
    test_rows rows;
    outfall_write_result result;
    outfall_connection *usual = here.connection;
    outfall_begin_options begin = {.struct_size = sizeof begin};
    (void)state;
    snprintf(url, sizeof url, "sqlite:%s/reader.db", here.directory);
    test_database *reader = database_open(DATABASE_SQLITE, url);
    database_run(reader, "CREATE TABLE t (a INTEGER)");
    expect_ok(&here, sqlite_connect(url, options, 1, &here.connection));
    outfall_target *target = suite_describe(&here, "t", NULL, 0);
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"1"});
    database_run(reader, "BEGIN; SELECT count(*) FROM t");
    expect_ok(&here, here.driver.begin(here.connection, &begin, suite_deadline(), &here.error));
    expect_ok(&here, suite_write(&here, target, &rows, 0, 1, &result));
    assert_int_equal(here.driver.commit(here.connection, suite_now_us() + 300000, &here.error),
                     OUTFALL_ERR_TIMEOUT);
    assert_int_equal(here.error.action, OUTFALL_ACTION_RETRY);
    database_run(reader, "INSERT INTO t VALUES (2); COMMIT");
    assert_int_equal(database_number(reader, "SELECT sum(a) FROM t"), 2);
    test_rows_free(&rows);
    here.driver.target_free(target);
    here.driver.disconnect(here.connection);
    here.connection = usual;
    database_close(reader);
}

static void a_file_that_was_moved_is_noticed(void **state)
{
    char from[400], to[400], url[512];
    outfall_connection *connection = NULL;
    outfall_begin_options options = {.struct_size = sizeof options};
    (void)state;
    snprintf(from, sizeof from, "%s/moved.db", here.directory);
    snprintf(to, sizeof to, "%s/away.db", here.directory);
    snprintf(url, sizeof url, "sqlite:%s", from);
    expect_ok(&here, sqlite_connect(url, NULL, 0, &connection));
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(here.driver.begin(connection, &options, suite_deadline(), &here.error),
                     OUTFALL_ERR_IO);
    assert_int_equal(here.error.action, OUTFALL_ACTION_RETRY);
    assert_non_null(strstr(here.error.message, "moved or deleted"));
    here.driver.disconnect(connection);
}

static void views_and_other_schemas_are_refused(void **state)
{
    outfall_describe_options options = {.struct_size = sizeof options};
    outfall_target *target = NULL;
    (void)state;
    suite_create_sql(&here, "lite_t", "i INTEGER");
    database_run(here.database, "DROP VIEW IF EXISTS lite_v; CREATE VIEW lite_v AS SELECT 1 AS a");
    assert_int_equal(here.driver.describe(here.connection, &(outfall_table_name){NULL, "lite_v"},
                                          &options, suite_deadline(), &target, &here.error),
                     OUTFALL_ERR_UNSUPPORTED);
    assert_non_null(strstr(here.error.message, "view"));
    assert_int_equal(here.driver.describe(here.connection,
                                          &(outfall_table_name){"public", "lite_t"}, &options,
                                          suite_deadline(), &target, &here.error),
                     OUTFALL_ERR_NOT_FOUND);
    assert_non_null(strstr(here.error.message, "main"));
    expect_ok(&here, here.driver.describe(here.connection, &(outfall_table_name){"main", "lite_t"},
                                          &options, suite_deadline(), &target, &here.error));
    here.driver.target_free(target);
    assert_int_equal(here.driver.describe(here.connection, &(outfall_table_name){NULL, "lite_tt"},
                                          &options, suite_deadline(), &target, &here.error),
                     OUTFALL_ERR_NOT_FOUND);
    assert_non_null(strstr(here.error.message, "did you mean \"lite_t\"?"));
    database_run(here.database, "DROP VIEW lite_v");
}

/*
 * Mounts a small file system where this process alone sees it, so that it is gone with the process
 * however that ends. 0 where this user may not.
 */
static int mount_small(const char *directory)
{
    return mkdir(directory, 0700) == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", 0, "size=2m") == 0;
}

/* The disk is filled by another file, and then freed. */
static void a_full_disk_is_told_and_passes(void **state)
{
    static const outfall_column columns[] = {{.name = "i", .type = OUTFALL_TYPE_INT64},
                                             {.name = "t", .type = OUTFALL_TYPE_TEXT}};
    enum { ROWS = 4000 };
    char directory[300], url[400], filler[400];
    outfall_connection *usual = here.connection;
    (void)state;
    snprintf(directory, sizeof directory, "%s/small", here.directory);
    snprintf(url, sizeof url, "sqlite:%s/data.db", directory);
    snprintf(filler, sizeof filler, "%s/filler", directory);
    if (!mount_small(directory))
        skip();
    expect_ok(&here, sqlite_connect(url, NULL, 0, &here.connection));
    outfall_table_name name = {NULL, "t"};
    expect_ok(&here, suite_create_table(&here, &name, columns, 2));
    outfall_target *target = suite_describe(&here, "t", NULL, 0);
    test_rows rows;
    test_rows_init(&rows, target);
    for (int i = 0; i < ROWS; i++)
        test_rows_add(&rows, (const char *const[]){"1", "a text of some forty characters or more"});
    write_file(filler, "0123456789abcdef0123456789abcdef", 60000); /* 1.9 MB of the 2 MB. */
    assert_int_equal(suite_try(&here, target, &rows, suite_deadline()), OUTFALL_ERR_IO);
    assert_int_equal(here.error.action, OUTFALL_ACTION_RETRY);
    assert_non_null(strstr(here.error.message, "disk is full"));
    unlink(filler);
    expect_ok(&here, suite_try(&here, target, &rows, suite_deadline()));
    test_database *database = database_open(DATABASE_SQLITE, url);
    assert_int_equal(suite_count(&(contract_suite){.database = database}, "t"), ROWS);
    database_close(database);
    test_rows_free(&rows);
    here.driver.target_free(target);
    here.driver.disconnect(here.connection);
    here.connection = usual;
    umount2(directory, MNT_DETACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_the_same_in_a_utf16_file),
        cmocka_unit_test(files_that_cannot_be_written_are_named),
        cmocka_unit_test(the_journal_mode_is_an_option),
        cmocka_unit_test(many_may_open_a_new_file_at_once),
        cmocka_unit_test(connect_waits_for_the_file),
        cmocka_unit_test(a_commit_that_fails_lets_go_of_the_file),
        cmocka_unit_test(a_file_that_was_moved_is_noticed),
        cmocka_unit_test(views_and_other_schemas_are_refused),
        cmocka_unit_test(a_full_disk_is_told_and_passes),
    };
    return cmocka_run_group_tests_name("sqlite files", tests, sqlite_set_up, sqlite_tear_down);
}
