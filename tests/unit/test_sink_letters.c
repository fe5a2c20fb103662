/* SPDX-License-Identifier: Apache-2.0 */
/* deadletter.table from the public side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "sinks.h"

static void execute(const char *sql)
{
    sqlite3 *database = stall();
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

static void close_sink(outfall_sink *sink)
{
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

/* No event tells of a rejected row. */
static void check_unposted(outfall_sink *sink)
{
    outfall_event event = {.struct_size = sizeof event};
    do {
        assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
        assert_int_not_equal(event.type, OUTFALL_EVENT_REJECTED);
    } while (event.type != OUTFALL_EVENT_NONE);
}

static void a_refused_row_is_recorded_and_its_neighbours_land(void **state)
{
    static const char *const options[] = {"linger.ms", "60000", "deadletter.table", "dead", NULL};
    (void)state;
    outfall_sink *sink = open_sink("kept", options);
    outfall_writer *writer = open_writer(sink, "w");
    put_rows(writer, 0, 777);
    assert_int_equal(put_row(writer, 5, "again \"5\" \xf0\x9f\x90\xa6", NULL), OUTFALL_OK);
    put_rows(writer, 777, 1223);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM kept"), 2000);
    assert_int_equal(query("SELECT count(*) FROM dead"), 1);
    assert_int_equal(
        query("SELECT count(*) FROM dead WHERE sink = '\"kept\"' AND writer = 'w' AND position = "
              "777 AND source_offset = 5 AND kind = 'insert' AND status = 'database' AND sql_state "
              "IS NULL AND native_code = 1555 AND column_name = 'id' AND message LIKE '%UNIQUE%' "
              "AND json_extract(row_json, '$.name') = 'again \"5\" \xf0\x9f\x90\xa6' AND "
              "abs(julianday(refused_at) - julianday('now')) < 1"),
        1);
    outfall_stats stats = stats_of(sink);
    assert_int_equal(stats.rows_rejected, 1);
    assert_int_equal(stats.rows_delivered, 2000);
    check_unposted(sink);
    close_sink(sink);
}

/* Where they are polled, so many stop the sink. */
static void letters_that_nobody_polls_are_no_matter(void **state)
{
    static const char *const options[] = {
        "deadletter.bytes", "65536", "deadletter.wait.ms", "0", "deadletter.table", "many", NULL};
    (void)state;
    outfall_sink *sink = open_sink("unpolled", options);
    outfall_writer *writer = open_writer(sink, NULL);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(put_row(writer, 1, "x", NULL), OUTFALL_OK);
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM many"), 4999);
}

static void a_row_of_any_length_is_recorded_whole(void **state)
{
    static const char *const options[] = {"deadletter.table", "long", NULL};
    static char name[3000001]; /* As JSON twice as long. */
    (void)state;
    memset(name, '"', sizeof name - 1);
    outfall_sink *sink = open_sink("lengthy", options);
    outfall_writer *writer = open_writer(sink, NULL);
    for (int i = 0; i < 2; i++)
        assert_int_equal(put_row(writer, 1, name, NULL), OUTFALL_OK);
    close_sink(sink);
    assert_int_equal(query("SELECT length(json_extract(row_json, '$.name')) FROM long"), 3000000);
}

/* They do not fit the table that is there when they are sent. */
static void rows_that_a_changed_table_refuses_are_recorded(void **state)
{
    static const char *const options[] = {"linger.ms", "60000", "deadletter.table", "misfits",
                                          NULL};
    (void)state;
    for (int64_t good = 0; good <= 1; good++) {
        execute("DROP TABLE IF EXISTS changed; DROP TABLE IF EXISTS misfits");
        outfall_sink *sink = open_sink("changed", options);
        outfall_writer *writer = open_writer(sink, "w");
        put_rows(writer, 0, 10);
        for (int64_t i = 0; i < good; i++)
            assert_int_equal(put_row(writer, 10 + i, "12", NULL), OUTFALL_OK);
        execute("DROP TABLE changed; CREATE TABLE changed (id BIGINT PRIMARY KEY, name BIGINT NOT "
                "NULL)");
        assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
        assert_int_equal(stats_of(sink).rows_rejected, 10);
        close_sink(sink);
        assert_int_equal(query("SELECT count(*) FROM changed"), good);
        assert_int_equal(query("SELECT count(DISTINCT position) FROM misfits WHERE status = "
                               "'refused' AND column_name = 'name'"),
                         10);
        assert_int_equal(query("SELECT count(*) FROM misfits"), 10);
    }
}

static void a_table_that_is_dropped_meanwhile_is_made_anew(void **state)
{
    static const char *const options[] = {"deadletter.table", "fleeting", NULL};
    (void)state;
    outfall_sink *sink = open_sink("lasting", options);
    outfall_writer *writer = open_writer(sink, NULL);
    put_rows(writer, 0, 10);
    put_rows(writer, 0, 1);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    execute("DROP TABLE fleeting");
    put_rows(writer, 5, 10); /* Five of them are there. */
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    execute("ALTER TABLE fleeting ADD COLUMN seen BOOLEAN");
    put_rows(writer, 15, 5);
    put_rows(writer, 1, 1);
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM lasting"), 20);
    assert_int_equal(query("SELECT count(*) FROM fleeting"), 6);
}

/* Opens a sink whose letters go to that table, which has been made by `sql`. */
static int try_open(const char *table, const char *sql, outfall_error *error)
{
    outfall_config *config;
    outfall_schema *schema;
    outfall_sink *sink = NULL;
    if (sql != NULL)
        execute(sql);
    assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "create", "if-missing", NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "deadletter.table", table, NULL), OUTFALL_OK);
    assert_int_equal(outfall_schema_new(&schema, NULL), OUTFALL_OK);
    assert_int_equal(outfall_schema_parse(schema, SINK_COLUMNS, NULL), OUTFALL_OK);
    int status = outfall_sink_open(sink_url, "rows", schema, config, &sink, error);
    outfall_schema_free(schema);
    outfall_config_free(config);
    if (sink != NULL)
        close_sink(sink);
    return status;
}

#define LETTER_COLUMNS                                                                             \
    "sink TEXT, writer TEXT, position BIGINT, source_offset BIGINT, kind TEXT, row_json TEXT, "    \
    "status TEXT, sql_state TEXT, column_name TEXT, message TEXT, refused_at TIMESTAMPTZ"

static void a_table_of_other_columns_is_refused_at_open(void **state)
{
    static const struct {
        const char *table, *sql;
        int status;
        const char *message; /* NULL: none. */
    } cases[] = {
        {"other", "CREATE TABLE other (id BIGINT)", OUTFALL_ERR_CONFIG, "\"sink\""},
        {"one_less", "CREATE TABLE one_less (" LETTER_COLUMNS ")", OUTFALL_ERR_CONFIG,
         "\"native_code\""},
        {"narrow", "CREATE TABLE narrow (" LETTER_COLUMNS ", native_code BOOLEAN)",
         OUTFALL_ERR_CONFIG, "\"native_code\""},
        {"strict",
         "CREATE TABLE strict (" LETTER_COLUMNS ", native_code BIGINT, ours INT NOT NULL)",
         OUTFALL_ERR_CONFIG, "\"ours\" is NOT NULL and has no default"},
        {"more",
         "CREATE TABLE more (" LETTER_COLUMNS ", native_code BIGINT, ours INT NOT NULL DEFAULT 1, "
         "seen INT, id INTEGER PRIMARY KEY)",
         OUTFALL_OK, NULL},
        {"a.b.c", NULL, OUTFALL_ERR_CONFIG, "deadletter.table: the table name has more than"},
    };
    outfall_error error;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = try_open(cases[i].table, cases[i].sql, &error);
        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].table, status == OUTFALL_OK ? "taken" : error.message);
        if (cases[i].message == NULL)
            continue;
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("%s: %s", cases[i].table, error.message);
        assert_non_null(strstr(error.message, "deadletter.table"));
    }
}

static void an_offset_that_no_table_holds_is_refused_at_once(void **state)
{
    static const char *const options[] = {"deadletter.table", "dead", NULL};
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("far", options);
    outfall_writer *writer = open_writer(sink, NULL);
    assert_int_equal(outfall_put_int64(writer, 1, NULL), OUTFALL_OK);
    assert_int_equal(outfall_put_text(writer, "x", 1, NULL), OUTFALL_OK);
    assert_int_equal(outfall_row_end(writer, UINT64_MAX, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "deadletter.table"));
    put_rows(writer, 7, 1);
    put_rows(writer, 2, 1); /* Offsets need not grow. */
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM far"), 2);
}

/* Opens, has a batch of two refused and closes while allocation `nth` and all later ones fail. */
static bool survives(uint64_t nth)
{
    outfall_schema *schema = NULL;
    outfall_config *config = NULL;
    outfall_sink *sink = NULL;
    outfall_writer *writer = NULL;
    outfall_error error;
    assert_int_equal(outfall_schema_new(&schema, &error), OUTFALL_OK);
    assert_int_equal(outfall_schema_parse(schema, SINK_COLUMNS, &error), OUTFALL_OK);
    assert_int_equal(outfall_config_new(&config, &error), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "deadletter.table", "scarce", &error), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "retry.timeout.ms", "0", &error), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "linger.ms", "60000", &error), OUTFALL_OK);
    of_alloc_fail_from(nth);
    int status = outfall_sink_open(sink_url, "memory", schema, config, &sink, &error);
    if (status == OUTFALL_OK)
        status = outfall_writer_open(sink, NULL, &writer, &error);
    for (int64_t i = 0; i < 2 && status == OUTFALL_OK; i++)
        status = put_row(writer, 1, "x", &error);
    if (status == OUTFALL_OK)
        status = outfall_flush(sink, 10000, &error);
    if (status != OUTFALL_OK)
        assert_int_equal(error.status, status);
    (void)!outfall_close(sink, 1000, NULL, NULL, NULL);
    of_alloc_fail_from(0);
    outfall_config_free(config);
    outfall_schema_free(schema);
    return status == OUTFALL_OK;
}

static void out_of_memory_anywhere_loses_no_letter(void **state)
{
    uint64_t failed = 0;
    (void)state;
    close_sink(open_sink("memory", NULL));
    execute("INSERT INTO memory VALUES (1, 'is there')");
    for (uint64_t nth = 1; !survives(nth); nth++) {
        failed++;
        assert_true(nth < 1000);
        if (query("SELECT count(*) FROM sqlite_master WHERE name = 'scarce'") == 1)
            assert_int_equal(query("SELECT count(*) FROM scarce"), 0);
    }
    assert_int_equal(query("SELECT count(*) FROM scarce"), 2);
    assert_true(failed > 10);
    printf("%u allocations failed in turn: no crash, no hang\n", (unsigned)failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_row_is_recorded_and_its_neighbours_land),
        cmocka_unit_test(letters_that_nobody_polls_are_no_matter),
        cmocka_unit_test(a_row_of_any_length_is_recorded_whole),
        cmocka_unit_test(rows_that_a_changed_table_refuses_are_recorded),
        cmocka_unit_test(a_table_that_is_dropped_meanwhile_is_made_anew),
        cmocka_unit_test(a_table_of_other_columns_is_refused_at_open),
        cmocka_unit_test(an_offset_that_no_table_holds_is_refused_at_once),
        cmocka_unit_test(out_of_memory_anywhere_loses_no_letter),
    };
    return cmocka_run_group_tests_name("sink_letters", tests, sinks_make_directory,
                                       sinks_remove_directory);
}
