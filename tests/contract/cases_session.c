/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: rights, limits, locks, and servers that end them. */
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TABLE "contract_s"

/* SQL for each kind of server; NULL: it has none. */
typedef struct per_server {
    const char *postgresql, *mariadb;
} per_server;

static const char *sql_of(const contract_suite *suite, const per_server *sql)
{
    return suite->quirks->database == DATABASE_POSTGRESQL ? sql->postgresql
           : suite->quirks->database == DATABASE_MARIADB  ? sql->mariadb
                                                          : NULL;
}

static void run_on(contract_suite *suite, const per_server *sql)
{
    const char *text = sql_of(suite, sql);
    if (text != NULL)
        database_run(suite->database, "%s", text);
}

/* Cases change the server's settings: each starts from its own. */
static void start(contract_suite *suite)
{
    static const per_server calm = {"ALTER ROLE outfall RESET ALL",
                                    "SET GLOBAL read_only = 0, innodb_lock_wait_timeout = 50"};
    static const per_server limited = {
        "DO 'BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ''limited'') THEN CREATE "
        "ROLE limited LOGIN; END IF; END'; ALTER ROLE limited RESET ALL; "
        "ALTER ROLE limited CONNECTION LIMIT -1",
        "DROP USER IF EXISTS limited@localhost; CREATE USER limited@localhost"};
    if (suite->quirks->database == DATABASE_SQLITE)
        suite_skip(suite, "a file has no sessions");
    run_on(suite, &calm);
    run_on(suite, &limited);
    suite_reconnect(suite);
    suite_create_sql(suite, TABLE, "id INTEGER PRIMARY KEY, v INTEGER");
}

/* ---- URLs ------------------------------------------------------------------------- */

/* The suite's URL with the first of the parts that is in it replaced. */
static void url_with(const contract_suite *suite, const char *const *parts, const char *with,
                     char *out, size_t capacity)
{
    for (; *parts != NULL; parts++) {
        const char *place = strstr(suite->url, *parts);
        if (place == NULL)
            continue;
        /* What is before the name in a part stays: "//" or "UID=". */
        size_t lead = strcspn(*parts, "=") < strlen(*parts) ? strcspn(*parts, "=") + 1
                      : (*parts)[0] == '/'                  ? strspn(*parts, "/")
                                                            : 0;
        snprintf(out, capacity, "%.*s%s%s", (int)(place + lead - suite->url), suite->url, with,
                 place + strlen(*parts));
        return;
    }
    fail_msg("%s has none of the parts", suite->url);
}

static void user_url(const contract_suite *suite, const char *user, char *out, size_t capacity)
{
    static const char *const parts[] = {"//outfall", "UID=outfall", NULL};
    url_with(suite, parts, user, out, capacity);
}

static int try_connect(contract_suite *suite, const char *url, outfall_connection **out)
{
    outfall_connect_options options = {
        .struct_size = sizeof options, .url = url, .application_name = "contract"};
    *out = NULL;
    memset(&suite->error, 0, sizeof suite->error);
    return suite->driver.connect(&options, suite_now_us() + 5000000, out, &suite->error);
}

/* The suite's connection becomes that user's. */
static void become(contract_suite *suite, const char *user)
{
    char url[1024];
    user_url(suite, user, url, sizeof url);
    suite->driver.disconnect(suite->connection);
    suite->connection = NULL;
    expect_ok(suite, try_connect(suite, url, &suite->connection));
}

static void a_password_of_hostile_characters_is_taken(contract_suite *suite)
{
    outfall_connection *connection;
    start(suite);
    const char *url = getenv(suite->quirks->tcp_variable);
    if (url == NULL)
        fail_msg("%s is not set", suite->quirks->tcp_variable);
    expect_ok(suite, try_connect(suite, url, &connection));
    expect_ok(suite, suite->driver.ping(connection, NULL, 0, suite_deadline(), &suite->error));
    suite->driver.disconnect(connection);
}

static void wrong_credentials_stop_and_are_not_told(contract_suite *suite)
{
    static const char *const databases[] = {"DATABASE=test", "/test", NULL};
    char url[1024];
    outfall_connection *connection;
    start(suite);
    const char *right = getenv(suite->quirks->tcp_variable);
    char *place = right != NULL ? strstr(right, "canary-") : NULL;
    assert_non_null(place);
    snprintf(url, sizeof url, "%.*scanary_%s", (int)(place - right), right, place + 7);
    assert_int_equal(try_connect(suite, url, &connection), OUTFALL_ERR_AUTH);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
    assert_null(strstr(suite->error.message, "canary"));
    user_url(suite, "nosuchuser", url, sizeof url);
    assert_int_equal(try_connect(suite, url, &connection), OUTFALL_ERR_AUTH);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
    if (suite->quirks->database == DATABASE_ORACLE)
        return; /* A connection names no database of Oracle's. */
    url_with(suite, databases, "nosuchdatabase", url, sizeof url);
    assert_int_equal(try_connect(suite, url, &connection), OUTFALL_ERR_NOT_FOUND);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(suite->error.message, "nosuchdatabase"));
}

static void too_many_connections_are_tried_again(contract_suite *suite)
{
    static const per_server one = {"ALTER ROLE limited CONNECTION LIMIT 1",
                                   "ALTER USER limited@localhost WITH MAX_USER_CONNECTIONS 1; "
                                   "GRANT ALL ON test.* TO limited@localhost"};
    char url[1024];
    outfall_connection *first, *second;
    start(suite);
    run_on(suite, &one);
    user_url(suite, "limited", url, sizeof url);
    expect_ok(suite, try_connect(suite, url, &first));
    assert_int_not_equal(try_connect(suite, url, &second), OUTFALL_OK);
    suite->driver.disconnect(first);
    assert_null(second);
    if (suite->error.action != OUTFALL_ACTION_RETRY)
        fail_msg("action %d: %s", suite->error.action, suite->error.message);
}

/* ---- Rights ----------------------------------------------------------------------- */

static test_rows few_rows(const outfall_target *target, size_t count)
{
    test_rows rows;
    test_rows_init(&rows, target);
    for (size_t i = 0; i < count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%zu", i + 1);
        test_rows_add(&rows, (const char *const[]){id, id});
    }
    return rows;
}

/* Describes and writes; returns the status of what failed first. */
static int try_all(contract_suite *suite, uint32_t mode, size_t count)
{
    outfall_target *target = NULL;
    int status = suite_try_describe_as(
        suite, TABLE, &(suite_wanted){.mode = mode, .columns = {"id", "v"}}, &target);
    if (status != OUTFALL_OK)
        return status;
    test_rows rows = few_rows(target, count);
    status = suite_try(suite, target, &rows, suite_deadline());
    test_rows_free(&rows);
    suite->driver.target_free(target);
    return status;
}

static void a_missing_right_stops_and_is_named(contract_suite *suite)
{
    static const struct {
        const char *why;
        per_server grant;
        uint32_t mode;
        int taken; /* -1: or refused. */
    } rights[] = {
        {"none", {"SELECT 1", "GRANT SELECT ON test.* TO limited@localhost"}, 0, 0},
        {"to read",
         {"GRANT SELECT ON " TABLE " TO limited",
          "GRANT SELECT ON test." TABLE " TO limited@localhost"},
         OUTFALL_MODE_INSERT,
         0},
        {"to insert, and the mode updates",
         {"GRANT INSERT, SELECT ON " TABLE " TO limited",
          "GRANT INSERT, SELECT ON test." TABLE " TO limited@localhost"},
         OUTFALL_MODE_UPSERT,
         0},
        {"to insert",
         {"GRANT INSERT ON " TABLE " TO limited",
          "GRANT INSERT ON test." TABLE " TO limited@localhost"},
         OUTFALL_MODE_INSERT,
         -1}, /* A driver may have to read; it says so. */
        {"to insert and update",
         {"GRANT INSERT, SELECT, UPDATE ON " TABLE " TO limited",
          "GRANT INSERT, SELECT, UPDATE ON test." TABLE " TO limited@localhost"},
         OUTFALL_MODE_UPSERT,
         1},
    };
    for (size_t i = 0; i < LENGTH(rights); i++) {
        start(suite);
        run_on(suite, &(per_server){NULL, "GRANT USAGE ON test.* TO limited@localhost"});
        run_on(suite, &rights[i].grant);
        become(suite, "limited");
        int status = try_all(suite, rights[i].mode, 10);
        if (rights[i].taken >= 0 && (status == OUTFALL_OK) != rights[i].taken)
            fail_msg("the right %s: status %d: %s", rights[i].why, status, suite->error.message);
        if (status == OUTFALL_OK)
            continue;
        if (suite->error.action != OUTFALL_ACTION_STOP)
            fail_msg("the right %s: action %d: %s", rights[i].why, suite->error.action,
                     suite->error.message);
        assert_non_null(strstr(suite->error.message, TABLE));
        assert_true(rights[i].taken == 0 || strstr(suite->error.message, "GRANT") != NULL);
    }
}

static void a_read_only_server_stops(contract_suite *suite)
{
    static const per_server close = {"ALTER ROLE limited SET default_transaction_read_only = on; "
                                     "GRANT ALL ON " TABLE " TO limited",
                                     "SET GLOBAL read_only = 1; "
                                     "GRANT ALL ON test.* TO limited@localhost"};
    static const size_t sizes[] = {1, 2000};
    start(suite);
    run_on(suite, &close);
    become(suite, "limited");
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        assert_int_not_equal(try_all(suite, OUTFALL_MODE_INSERT, sizes[s]), OUTFALL_OK);
        if (suite->error.action != OUTFALL_ACTION_STOP)
            fail_msg("action %d: %s", suite->error.action, suite->error.message);
    }
    assert_int_equal(suite_count(suite, TABLE), 0);
    start(suite);
}

static void row_security_refuses_rows_one_by_one(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    outfall_write_result result;
    if (suite->quirks->database != DATABASE_POSTGRESQL)
        suite_skip(suite, "row security is PostgreSQL's alone");
    start(suite);
    database_run(suite->database, "ALTER TABLE " TABLE " ENABLE ROW LEVEL SECURITY; "
                                  "CREATE POLICY all_but_one ON " TABLE " USING (true) WITH CHECK "
                                  "(v <> 1); GRANT ALL ON " TABLE " TO limited");
    become(suite, "limited");
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target = suite_describe(suite, TABLE, NULL, 0);
        test_rows rows = few_rows(target, sizes[s]);
        suite_begin(suite);
        assert_int_not_equal(suite_write(suite, target, &rows, 0, sizes[s], &result), OUTFALL_OK);
        if (suite->error.action != OUTFALL_ACTION_ROW)
            fail_msg("action %d: %s", suite->error.action, suite->error.message);
        assert_true(result.bad_row == 0 || result.bad_row == -1);
        suite_rollback(suite);
        if (sizes[s] > 1)
            suite_deliver_part(suite, target, &rows, &(suite_part){.first = 1});
        assert_int_equal(suite_count(suite, TABLE), sizes[s] - 1);
        database_run(suite->database, "DELETE FROM " TABLE);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

/* ---- Locks ------------------------------------------------------------------------ */

/* SQL that another session runs in a thread of its own, since it has to wait. */
typedef struct waiter {
    test_database *database;
    const char *sql;
} waiter;

static void *wait_for(void *context)
{
    waiter *now = context;
    database_try(now->database, "%s", now->sql);
    return NULL;
}

static void pause_us(long us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

static void a_deadlock_is_tried_again(contract_suite *suite)
{
    /* The other session is the one that is let through. */
    static const per_server patience = {"ALTER ROLE outfall SET deadlock_timeout = '100ms'", NULL};
    static const per_server first = {"SET deadlock_timeout = '30s'; BEGIN; UPDATE " TABLE
                                     " SET v = 0 WHERE id = 2 OR id > 100",
                                     "BEGIN; UPDATE " TABLE " SET v = 0 WHERE id = 2 OR id > 100"};
    outfall_write_result result;
    pthread_t thread;
    start(suite);
    run_on(suite, &patience);
    suite_reconnect(suite);
    suite_fill(suite, TABLE, "n, n", 1, 500);
    outfall_target *target =
        suite_describe_as(suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_UPSERT});
    test_rows rows = few_rows(target, 2);
    waiter other = {suite_other(suite), "UPDATE " TABLE " SET v = 0 WHERE id = 1"};
    suite_begin(suite);
    expect_ok(suite, suite_write(suite, target, &rows, 0, 1, &result));
    database_run(other.database, "%s", sql_of(suite, &first));
    assert_int_equal(pthread_create(&thread, NULL, wait_for, &other), 0);
    pause_us(150000);
    int status = suite_write(suite, target, &rows, 1, 1, &result);
    outfall_error error = suite->error;
    suite_rollback(suite);
    pthread_join(thread, NULL);
    database_run(other.database, "COMMIT");
    assert_int_not_equal(status, OUTFALL_OK);
    if (error.action != OUTFALL_ACTION_RETRY)
        fail_msg("action %d: %s", error.action, error.message);
    suite_deliver_part(suite, target, &rows, &(suite_part){0});
    assert_int_equal(database_number(suite->database, "SELECT sum(v) FROM " TABLE " WHERE id <= 2"),
                     3);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_lock_timeout_is_tried_again(contract_suite *suite)
{
    static const per_server impatience = {"ALTER ROLE outfall SET lock_timeout = '200ms'",
                                          "SET GLOBAL innodb_lock_wait_timeout = 1"};
    start(suite);
    run_on(suite, &impatience);
    suite_reconnect(suite);
    suite_fill(suite, TABLE, "n, -1", 1, 10);
    outfall_target *target =
        suite_describe_as(suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_UPSERT});
    test_rows rows = few_rows(target, 10);
    database_run(suite->database, "BEGIN");
    database_run(suite->database, "UPDATE " TABLE " SET v = 0 WHERE id = 5");
    int status = suite_try(suite, target, &rows, suite_deadline());
    database_run(suite->database, "ROLLBACK");
    assert_int_not_equal(status, OUTFALL_OK);
    if (suite->error.action != OUTFALL_ACTION_RETRY)
        fail_msg("action %d: %s", suite->error.action, suite->error.message);
    assert_int_equal(database_number(suite->database, "SELECT sum(v) FROM " TABLE), -10);
    suite_deliver_part(suite, target, &rows, &(suite_part){0}); /* By the same connection. */
    assert_int_equal(database_number(suite->database, "SELECT sum(v) FROM " TABLE), 55);
    test_rows_free(&rows);
    suite->driver.target_free(target);
    start(suite);
}

/* ---- Sessions that are ended ------------------------------------------------------- */

/* Ends all sessions but the test's own. */
static void end_sessions(contract_suite *suite)
{
    database_answer answer;
    database_close(suite->other);
    suite->other = NULL;
    if (suite->quirks->database == DATABASE_POSTGRESQL) {
        database_ask(suite->database, &answer,
                     "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> "
                     "pg_backend_pid() AND backend_type = 'client backend'");
    } else {
        database_ask(suite->database, &answer,
                     "SELECT id FROM information_schema.processlist WHERE id <> connection_id() "
                     "AND user = 'outfall'");
        for (size_t i = 0; i < answer.rows; i++)
            database_try(suite->database, "KILL CONNECTION %s", answer.cells[i]);
    }
    assert_true(answer.rows > 0);
    database_answer_free(&answer);
    pause_us(50000); /* Its last words are on their way. */
}

/* Nothing is left of it, and a new connection works. */
static void check_ended(contract_suite *suite, outfall_target *target, const test_rows *rows)
{
    if (suite->error.action != OUTFALL_ACTION_RETRY &&
        suite->error.action != OUTFALL_ACTION_RESOLVE)
        fail_msg("action %d: %s", suite->error.action, suite->error.message);
    suite_reconnect(suite);
    assert_int_equal(suite_count(suite, TABLE), 0);
    suite_deliver(suite, target, rows, 0);
    assert_int_equal(suite_count(suite, TABLE), rows->count);
    database_run(suite->database, "DELETE FROM " TABLE);
}

static void a_session_that_was_ended_is_noticed(contract_suite *suite)
{
    static const size_t sizes[] = {1, 2000};
    outfall_write_result result;
    start(suite);
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target = suite_describe(suite, TABLE, NULL, 0);
        test_rows rows = few_rows(target, sizes[s]);
        end_sessions(suite); /* At rest. */
        assert_int_not_equal(suite_try(suite, target, &rows, suite_deadline()), OUTFALL_OK);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
        check_ended(suite, target, &rows);
        suite_begin(suite); /* Between writes. */
        expect_ok(suite, suite_write(suite, target, &rows, 0, 1, &result));
        end_sessions(suite);
        assert_int_not_equal(suite_write(suite, target, &rows, 0, sizes[s], &result), OUTFALL_OK);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
        check_ended(suite, target, &rows);
        suite_begin(suite); /* Before the commit. */
        expect_ok(suite, suite_write(suite, target, &rows, 0, sizes[s], &result));
        end_sessions(suite);
        assert_int_not_equal(
            suite->driver.commit(suite->connection, suite_deadline(), &suite->error), OUTFALL_OK);
        check_ended(suite, target, &rows);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

/* Without a word to the server: an idle connection is looked at each time it is leased. */
static void a_session_that_was_ended_looks_closed(contract_suite *suite)
{
    start(suite);
    assert_non_null(suite->driver.is_open);
    for (int i = 0; i < 100; i++)
        assert_int_equal(suite->driver.is_open(suite->connection), 1);
    end_sessions(suite);
    assert_int_equal(suite->driver.is_open(suite->connection), 0);
    assert_int_not_equal(
        suite->driver.ping(suite->connection, NULL, 0, suite_deadline(), &suite->error),
        OUTFALL_OK);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_RETRY);
    suite_reconnect(suite);
    expect_ok(suite,
              suite->driver.ping(suite->connection, NULL, 0, suite_deadline(), &suite->error));
    assert_int_equal(suite->driver.is_open(suite->connection), 1);
    suite->driver.sever(suite->connection);
    assert_int_equal(suite->driver.is_open(suite->connection), 0);
    suite_reconnect(suite);
}

static void *end_soon(void *context)
{
    pause_us(200000);
    end_sessions(context);
    return NULL;
}

static void a_session_that_is_ended_while_it_waits_is_noticed(contract_suite *suite)
{
    pthread_t thread;
    start(suite);
    suite_fill(suite, TABLE, "n, -1", 1, 10);
    outfall_target *target =
        suite_describe_as(suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_UPSERT});
    test_rows rows = few_rows(target, 10);
    database_run(suite->database, "BEGIN");
    database_run(suite->database, "UPDATE " TABLE " SET v = 0 WHERE id = 5");
    assert_int_equal(pthread_create(&thread, NULL, end_soon, suite), 0);
    int64_t started = suite_now_us();
    int status = suite_try(suite, target, &rows, suite_deadline());
    int64_t took = suite_now_us() - started;
    pthread_join(thread, NULL);
    database_run(suite->database, "ROLLBACK");
    assert_int_not_equal(status, OUTFALL_OK);
    if (suite->error.action != OUTFALL_ACTION_RETRY)
        fail_msg("action %d: %s", suite->error.action, suite->error.message);
    assert_true(took < 3000000);
    assert_int_equal(database_number(suite->database, "SELECT sum(v) FROM " TABLE), -10);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

const contract_case session_cases[] = {
    {"a password of hostile characters is taken", a_password_of_hostile_characters_is_taken,
     NEEDS_TABLES},
    {"wrong credentials stop, and are not told", wrong_credentials_stop_and_are_not_told,
     NEEDS_TABLES},
    {"too many connections are tried again", too_many_connections_are_tried_again, NEEDS_TABLES},
    {"a missing right stops, and is named", a_missing_right_stops_and_is_named, NEEDS_TABLES},
    {"a read-only server stops", a_read_only_server_stops, NEEDS_TABLES},
    {"row security refuses rows one by one", row_security_refuses_rows_one_by_one, NEEDS_TABLES},
    {"a deadlock is tried again", a_deadlock_is_tried_again, NEEDS_TABLES},
    {"a lock timeout is tried again", a_lock_timeout_is_tried_again, NEEDS_TABLES},
    {"a session that was ended is noticed", a_session_that_was_ended_is_noticed, NEEDS_TABLES},
    {"a session that was ended looks closed", a_session_that_was_ended_looks_closed, NEEDS_TABLES},
    {"a session that is ended while it waits is noticed",
     a_session_that_is_ended_while_it_waits_is_noticed, NEEDS_TABLES},
    {NULL, NULL, 0},
};
