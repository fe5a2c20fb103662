/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's prepared transactions: names in a server's sessions, its limits, its owners. */
#include "branch.h"

#include <stdio.h>
#include <string.h>

#define SLOTS_MAX 64

static void start(contract_suite *suite)
{
    if (suite->quirks->database != DATABASE_POSTGRESQL)
        suite_skip(suite, "its names, owners and limits are PostgreSQL's alone");
    branch_start(suite);
    database_run(suite->database,
                 "DO 'BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ''limited'') THEN "
                 "CREATE ROLE limited LOGIN; END IF; END'; ALTER ROLE limited RESET ALL; "
                 "GRANT ALL ON outfall_fence, outfall_ledger, " BRANCH_TABLE " TO limited");
}

/* The suite's URL with one part replaced. */
static outfall_connection *connect_with(contract_suite *suite, const char *part, const char *with)
{
    char url[1024];
    outfall_connection *connection = NULL;
    const char *place = strstr(suite->url, part);
    assert_non_null(place);
    snprintf(url, sizeof url, "%.*s%s%s", (int)(place - suite->url), suite->url, with,
             place + strlen(part));
    outfall_connect_options options = {.struct_size = sizeof options, .url = url};
    expect_ok(suite, suite->driver.connect(&options, suite_deadline(), &connection, &suite->error));
    return connection;
}

static outfall_connection *connect_limited(contract_suite *suite)
{
    return connect_with(suite, "//outfall@", "//limited@");
}

static void expect_told(contract_suite *suite, int action, const char *part)
{
    if (suite->error.action != action || strstr(suite->error.message, part) == NULL)
        fail_msg("action %d, without \"%s\": %s", suite->error.action, part, suite->error.message);
}

/* ---- A session's name ------------------------------------------------------------- */

/* A session that was closed may take a moment to be gone. */
static void expect_sessions(contract_suite *suite, const char *name, int64_t want)
{
    int64_t found = -1;
    for (int i = 0; i < BRANCH_TRIES && found != want; i++) {
        if (i > 0)
            branch_pause(5);
        found = database_number(suite->database,
                                "SELECT count(*) FROM pg_stat_activity WHERE "
                                "application_name = '%s'",
                                name);
    }
    if (found != want)
        fail_msg("%lld sessions named %s", (long long)found, name);
}

static void write_some(contract_suite *suite, size_t count)
{
    outfall_write_result result;
    test_rows rows;
    outfall_target *target = branch_describe(suite, OUTFALL_MODE_INSERT);
    branch_rows(&rows, target, 1, count);
    expect_ok(suite, suite_write(suite, target, &rows, 0, count, &result));
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void write_ledger(contract_suite *suite)
{
    const outfall_ledger_line line = {
        .struct_size = sizeof line, .sink = BRANCH_TRANSACTION, .writer = "w", .checkpoint = 1};
    expect_ok(suite, suite->driver.ledger_write(suite->connection, &line, suite_deadline(),
                                                &suite->error));
}

static void a_session_shows_what_it_has_begun(contract_suite *suite)
{
    start(suite);
    for (int first = 0; first < 4; first++) /* What begins it: rows, a savepoint, the ledger. */
        for (int by = 0; by < 3; by++) {
            const outfall_xid xid = branch_name(1);
            char gid[sizeof xid.gtrid + sizeof xid.bqual];
            snprintf(gid, sizeof gid, "%s.%s", xid.gtrid, xid.bqual);
            suite_reconnect(suite);
            expect_sessions(suite, "contract", 1);
            expect_ok(suite, branch_try_begin(suite, &xid));
            if (first == 0)
                write_some(suite, 1);
            else if (first == 1)
                write_some(suite, 5000);
            else if (first == 2)
                suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
            else
                write_ledger(suite);
            expect_sessions(suite, gid, 1);
            expect_sessions(suite, "contract", 0);
            if (by == 0)
                suite_rollback(suite);
            else
                branch_prepare(suite, &xid, 5);
            expect_sessions(suite, gid, 0);
            expect_sessions(suite, "contract", 1);
            if (by > 0)
                branch_end(suite, &xid, 0);
            suite_begin(suite); /* One without a name shows none. */
            suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
            expect_sessions(suite, "contract", 1);
            suite_rollback(suite);
        }
}

static int64_t sessions_left(contract_suite *suite, const char *gtrid)
{
    int64_t left = -1;
    for (int i = 0; i < BRANCH_TRIES && left != 0; i++) {
        left = database_number(suite->database,
                               "SELECT count(*) FROM pg_stat_activity WHERE "
                               "starts_with(application_name, '%s')",
                               gtrid);
        if (left != 0)
            branch_pause(5);
    }
    return left;
}

/* A name that has no second part stands for all that begin so. */
static void all_sessions_of_a_sink_are_ended(contract_suite *suite)
{
    const outfall_xid names[] = {branch_name_of(BRANCH_SINK, 1, 0),
                                 branch_name_of(BRANCH_SINK, 2, 1),
                                 branch_name_of(BRANCH_SINK + 1, 1, 0)};
    outfall_connection *sessions[LENGTH(names)];
    outfall_xid sink = {.gtrid = "of1.00000000c0117ac7."}, none = {.gtrid = ""};
    start(suite);
    outfall_connection *mine = suite->connection;
    for (size_t i = 0; i < LENGTH(names); i++) {
        sessions[i] = suite->connection = suite_connect(suite);
        expect_ok(suite, branch_try_begin(suite, &names[i]));
        suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
    }
    suite->connection = mine;
    assert_int_equal(suite->driver.end_holder(mine, &none, suite_deadline(), &suite->error),
                     OUTFALL_ERR_INVALID);
    expect_ok(suite, suite->driver.end_holder(mine, &sink, suite_deadline(), &suite->error));
    assert_int_equal(sessions_left(suite, sink.gtrid), 0);
    for (size_t i = 0; i < LENGTH(names); i++) {
        suite->connection = sessions[i];
        int status = suite->driver.savepoint(sessions[i], OUTFALL_SAVEPOINT_RELEASE,
                                             suite_deadline(), &suite->error);
        assert_int_equal(status == OUTFALL_OK, i == 2);
        suite->driver.disconnect(sessions[i]);
    }
    suite->connection = mine;
}

static void a_session_of_another_user_is_told(contract_suite *suite)
{
    outfall_xid xid = branch_name(2);
    start(suite);
    branch_write(suite, &xid, 1, 1);
    outfall_connection *limited = connect_limited(suite);
    memset(&suite->error, 0, sizeof suite->error);
    assert_int_not_equal(suite->driver.end_holder(limited, &xid, suite_deadline(), &suite->error),
                         OUTFALL_OK);
    expect_told(suite, OUTFALL_ACTION_STOP, "pg_signal_backend");
    branch_prepare(suite, &xid, 5); /* It was left alone. */
    suite->driver.disconnect(limited);
    branch_end(suite, &xid, 0);
}

/* ---- Whose it is ------------------------------------------------------------------ */

static void only_the_owner_can_end_it(contract_suite *suite)
{
    outfall_xid xid = branch_name(3);
    outfall_prepared found[2];
    char identity[2][128];
    size_t count = 0;
    start(suite);
    branch_write(suite, &xid, 1, 1);
    branch_prepare(suite, &xid, 5);
    outfall_connection *limited = connect_limited(suite);
    for (int commit = 0; commit < 2; commit++) {
        assert_int_equal(branch_try_end(suite, limited, &xid, commit), OUTFALL_ERR_DATABASE);
        expect_told(suite, OUTFALL_ACTION_STOP, "user \"outfall\" has prepared it");
        assert_string_equal(suite->error.sqlstate, "42501");
    }
    /* It may look all the same. */
    expect_ok(suite, suite->driver.list_prepared(limited, "of1.", found, LENGTH(found), &count,
                                                 suite_deadline(), &suite->error));
    assert_int_equal(count, 1);
    assert_string_equal(found[0].owner, "outfall");
    assert_true(found[0].age_us >= 0);
    expect_ok(suite, suite->driver.identify(limited, identity[0], sizeof identity[0],
                                            suite_deadline(), &suite->error));
    expect_ok(suite, suite->driver.identify(suite->connection, identity[1], sizeof identity[1],
                                            suite_deadline(), &suite->error));
    assert_string_equal(identity[0], identity[1]);
    suite->driver.disconnect(limited);
    branch_end(suite, &xid, 1);
}

static void another_database_is_told(contract_suite *suite)
{
    outfall_xid xid = branch_name(4);
    char identity[2][128];
    size_t count = 1;
    start(suite);
    branch_write(suite, &xid, 1, 1);
    branch_prepare(suite, &xid, 5);
    outfall_connection *other = connect_with(suite, "/test", "/postgres");
    for (int commit = 0; commit < 2; commit++) {
        assert_int_equal(branch_try_end(suite, other, &xid, commit), OUTFALL_ERR_DATABASE);
        expect_told(suite, OUTFALL_ACTION_STOP, "in database \"test\"");
    }
    expect_ok(suite, suite->driver.list_prepared(other, "of1.", NULL, 0, &count, suite_deadline(),
                                                 &suite->error));
    assert_int_equal(count, 0);
    expect_ok(suite, suite->driver.identify(other, identity[0], sizeof identity[0],
                                            suite_deadline(), &suite->error));
    expect_ok(suite, suite->driver.identify(suite->connection, identity[1], sizeof identity[1],
                                            suite_deadline(), &suite->error));
    assert_string_not_equal(identity[0], identity[1]);
    suite->driver.disconnect(other);
    branch_end(suite, &xid, 1);
}

static void other_softwares_names_are_left_out(contract_suite *suite)
{
    static const char *const names[] = {"other",
                                        "of1",
                                        "of1.",
                                        "of1.a.b.c.d",
                                        "of1.a.b.c.d.e.f",
                                        "of1.a.b.c.d.",
                                        "of1..b.c.d.e",
                                        "of1.a.b.c.d.\xC3\xA9",
                                        "of1.a.b.c.d.eeeeeeeeeeeeeee",
                                        "of1.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b.c.d.e"};
    start(suite);
    for (size_t i = 0; i < LENGTH(names); i++)
        database_run(suite->database, "BEGIN; PREPARE TRANSACTION '%s'", names[i]);
    outfall_xid xid = branch_name(5);
    outfall_prepared found[4];
    branch_write(suite, &xid, 1, 1);
    branch_prepare(suite, &xid, 5);
    size_t all = branch_list(suite, "", found, LENGTH(found));
    size_t ours = branch_list(suite, "of1.", found, LENGTH(found));
    for (size_t i = 0; i < LENGTH(names); i++)
        database_run(suite->database, "ROLLBACK PREPARED '%s'", names[i]);
    branch_end(suite, &xid, 0);
    assert_int_equal(all, 1);
    assert_int_equal(ours, 1);
    assert_true(branch_is_same(&found[0].xid, &xid));
}

/* ---- What the server refuses ------------------------------------------------------ */

static void a_refusal_says_what_to_do(contract_suite *suite)
{
    static const struct {
        const char *why, *setup, *part;
    } cases[] = {
        {"temporary objects",
         "CREATE FUNCTION contract_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN CREATE TEMP "
         "TABLE "
         "contract_x (i int); RETURN NEW; END'; CREATE TRIGGER t BEFORE INSERT ON " BRANCH_TABLE
         " FOR EACH ROW EXECUTE FUNCTION contract_f()",
         "temporary objects"},
        {"a deferred constraint",
         "ALTER TABLE " BRANCH_TABLE
         " ADD CONSTRAINT u UNIQUE (note) DEFERRABLE INITIALLY DEFERRED;"
         " INSERT INTO " BRANCH_TABLE " VALUES (99, 99, 'note')",
         "make it immediate"},
        {"a deferred trigger",
         "CREATE FUNCTION contract_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE "
         "EXCEPTION ''not this one''; END'; CREATE CONSTRAINT TRIGGER t AFTER INSERT "
         "ON " BRANCH_TABLE
         " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION contract_f()",
         "not this one"},
        {"a ledger that is gone", "DROP TABLE outfall_ledger", "mend it"},
        {"a line that is there",
         "INSERT INTO outfall_ledger SELECT '"
         "it''s \"prepared\""
         "', '0000.0001', 5, 3, 1",
         "duplicate key"},
        {"a trigger with a number of its own",
         "CREATE FUNCTION contract_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN "
         "''x''::integer; END'; CREATE TRIGGER t BEFORE INSERT ON outfall_ledger"
         " FOR EACH ROW EXECUTE FUNCTION contract_f()",
         "invalid input syntax"},
    };
    for (size_t c = 0; c < LENGTH(cases); c++) {
        outfall_xid xid = branch_name(6);
        start(suite);
        database_run(suite->database, "DROP FUNCTION IF EXISTS contract_f() CASCADE");
        database_run(suite->database, "%s", cases[c].setup);
        int64_t before = suite_count(suite, BRANCH_TABLE);
        branch_write(suite, &xid, 1, 1);
        int status = branch_try_prepare(suite, &xid, 5);
        if (status != OUTFALL_ERR_DATABASE)
            fail_msg("%s: status %d: %s", cases[c].why, status, suite->error.message);
        expect_told(suite, OUTFALL_ACTION_STOP, cases[c].part);
        branch_expect_refused(suite, &xid, status);
        assert_int_equal(suite_count(suite, BRANCH_TABLE), before);
        database_run(suite->database, "DROP FUNCTION IF EXISTS contract_f() CASCADE");
    }
}

static void a_full_server_is_tried_again(contract_suite *suite)
{
    outfall_xid xid = branch_name(7);
    start(suite);
    int64_t slots =
        database_number(suite->database,
                        "SELECT setting FROM pg_settings WHERE name = 'max_prepared_transactions'");
    assert_true(slots > 0 && slots <= SLOTS_MAX);
    for (int64_t i = 0; i < slots; i++)
        database_run(suite->database, "BEGIN; PREPARE TRANSACTION 'full %d'", (int)i);
    branch_write(suite, &xid, 1, 1);
    int status = branch_try_prepare(suite, &xid, 5);
    outfall_error error = suite->error;
    database_run(suite->database, "ROLLBACK PREPARED 'full 0'");
    branch_write(suite, &xid, 1, 1);
    int again = branch_try_prepare(suite, &xid, 5);
    for (int64_t i = 1; i < slots; i++)
        database_run(suite->database, "ROLLBACK PREPARED 'full %d'", (int)i);
    expect_ok(suite, again);
    branch_end(suite, &xid, 1);
    suite->error = error;
    assert_int_equal(status, OUTFALL_ERR_DATABASE);
    expect_told(suite, OUTFALL_ACTION_RETRY, "raise max_prepared_transactions");
}

static void a_name_that_is_taken_is_told(contract_suite *suite)
{
    outfall_xid xid = branch_name(8);
    start(suite);
    branch_write(suite, &xid, 1, 1);
    branch_prepare(suite, &xid, 5);
    branch_write(suite, &xid, 2, 1);
    assert_int_equal(branch_try_prepare(suite, &xid, 6), OUTFALL_ERR_DATABASE);
    expect_told(suite, OUTFALL_ACTION_STOP, "end that one first");
    assert_string_equal(suite->error.sqlstate, "42710");
    branch_end(suite, &xid, 1);
    assert_int_equal(suite_count(suite, BRANCH_TABLE), 1);
}

/* ---- Misuse ----------------------------------------------------------------------- */

static void a_named_transaction_is_not_committed(contract_suite *suite)
{
    outfall_xid xid = branch_name(9);
    static const outfall_xid wrong[] = {
        {"", "0000.0001"}, {"of1.a.b.c", ""}, {"of1.a'b", "0.1"}, {"of1 a", "0.1"}};
    start(suite);
    branch_write(suite, &xid, 1, 1);
    assert_int_equal(suite->driver.commit(suite->connection, suite_deadline(), &suite->error),
                     OUTFALL_ERR_INVALID);
    assert_int_equal(branch_try_end(suite, suite->connection, &xid, 1), OUTFALL_ERR_INVALID);
    branch_prepare(suite, &xid, 5);
    branch_end(suite, &xid, 1);
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        assert_int_equal(branch_try_begin(suite, &wrong[i]), OUTFALL_ERR_INVALID);
        assert_int_equal(branch_try_end(suite, suite->connection, &wrong[i], 1),
                         OUTFALL_ERR_INVALID);
        expect_told(suite, OUTFALL_ACTION_STOP, "digits and dots");
    }
    suite_begin(suite);
    suite_commit(suite);
}

const contract_case gid_cases[] = {
    {"a session shows which transaction it has begun", a_session_shows_what_it_has_begun,
     NEEDS_TABLES},
    {"all sessions of a sink's transactions are ended", all_sessions_of_a_sink_are_ended,
     NEEDS_TABLES},
    {"another user's session is not ended", a_session_of_another_user_is_told, NEEDS_TABLES},
    {"another user's prepared transaction is not ended", only_the_owner_can_end_it, NEEDS_TABLES},
    {"another database's prepared transaction is not ended", another_database_is_told,
     NEEDS_TABLES},
    {"other software's prepared transactions are left out", other_softwares_names_are_left_out,
     NEEDS_TABLES},
    {"a server that refuses to prepare says why", a_refusal_says_what_to_do, NEEDS_TABLES},
    {"a server with no room for prepared transactions is tried again", a_full_server_is_tried_again,
     NEEDS_TABLES},
    {"the name of a prepared transaction is taken", a_name_that_is_taken_is_told, NEEDS_TABLES},
    {"a named transaction is not committed", a_named_transaction_is_not_committed, NEEDS_TABLES},
    {NULL, NULL, 0},
};
