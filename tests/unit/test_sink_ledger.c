/* SPDX-License-Identifier: Apache-2.0 */
/* delivery=exactly-once from the public side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sinks.h"

static const char *const ledger[] = {"delivery", "exactly-once", NULL};

static void close_sink(outfall_sink *sink)
{
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

static void a_writer_resumes_behind_its_last_durable_row(void **state)
{
    outfall_error error;
    uint64_t offset = 1;
    (void)state;
    outfall_sink *sink = open_sink("resumed", ledger);
    outfall_writer *writer = open_writer(sink, "w");
    assert_int_equal(outfall_writer_resume(writer, &offset, &error), OUTFALL_ERR_NOT_FOUND);
    assert_int_equal(offset, 0);
    put_rows(writer, 0, 25000); /* Three batches; the first row's offset is 0. */
    close_sink(sink);

    sink = open_sink("resumed", ledger);
    writer = open_writer(sink, "w");
    assert_int_equal(outfall_writer_resume(writer, &offset, &error), OUTFALL_OK);
    assert_int_equal(offset, 24999);
    assert_int_equal(put_row(writer, 24999, "again", &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "outfall_writer_resume"));
    put_rows(writer, 25000, 10);
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM resumed"), 25010);
    /* How many batches lingering has made of them is not known; more than one for each sink. */
    assert_in_range(query("SELECT checkpoint FROM outfall_fence WHERE sink = '\"resumed\"'"), 4,
                    25010);
}

static void offsets_grow_from_row_to_row(void **state)
{
    const outfall_value values[] = {
        {.type = OUTFALL_TYPE_INT64, .as.integer = 1},
        {.type = OUTFALL_TYPE_TEXT, .length = 1, .as.data = "a"},
        {.type = OUTFALL_TYPE_INT64, .as.integer = 2},
        {.type = OUTFALL_TYPE_TEXT, .length = 1, .as.data = "b"},
    };
    const uint64_t same[] = {5, 5}, huge[] = {UINT64_MAX, 6};
    outfall_rows rows = {
        .struct_size = sizeof rows, .count = 2, .values = values, .source_offsets = same};
    outfall_error error;
    size_t accepted;
    (void)state;
    outfall_sink *sink = open_sink("grown", ledger);
    outfall_writer *writer = open_writer(sink, "w");
    assert_int_equal(outfall_write(writer, &rows, &accepted, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(accepted, 1);
    assert_int_equal(error.row, 1);
    rows.source_offsets = huge;
    assert_int_equal(outfall_write(writer, &rows, &accepted, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(accepted, 0);
    put_rows(writer, 6, 1); /* What was refused left nothing behind. */
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM grown"), 2);
}

static void a_writer_needs_a_name_of_its_own(void **state)
{
    outfall_writer *writer;
    outfall_error error;
    uint64_t offset;
    (void)state;
    outfall_sink *sink = open_sink("named", ledger);
    assert_int_equal(outfall_writer_open(sink, NULL, &writer, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "name"));
    close_sink(sink);
    sink = open_sink("named", NULL);
    writer = open_writer(sink, "w");
    assert_int_equal(outfall_writer_resume(writer, &offset, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "delivery=exactly-once"));
    close_sink(sink);
}

/* Its rows are on their way: a writer of the same name would fence them off. */
static void a_name_is_free_once_its_rows_are_durable(void **state)
{
    outfall_writer *writer;
    outfall_error error;
    uint64_t offset;
    (void)state;
    outfall_sink *sink = open_sink("reopened", ledger);
    writer = open_writer(sink, "w");
    sqlite3 *lock = stall();
    put_rows(writer, 1, 10);
    outfall_writer_close(writer);
    assert_int_equal(outfall_writer_open(sink, "w", &writer, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "flush"));
    let_go(lock);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    writer = open_writer(sink, "w");
    assert_int_equal(outfall_writer_resume(writer, &offset, &error), OUTFALL_OK);
    assert_int_equal(offset, 10);
    put_rows(writer, 11, 10);
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM reopened"), 20);
}

static void who_was_taken_over_is_fenced_off(void **state)
{
    outfall_error error;
    uint64_t offset;
    (void)state;
    outfall_sink *first = open_sink("fenced", ledger), *second = open_sink("fenced", ledger);
    outfall_writer *zombie = open_writer(first, "w"), *other = open_writer(second, "other");
    put_rows(zombie, 1, 10);
    assert_int_equal(outfall_flush(first, 10000, NULL), OUTFALL_OK);
    outfall_writer *heir = open_writer(second, "w");
    assert_int_equal(outfall_writer_resume(heir, &offset, &error), OUTFALL_OK);
    assert_int_equal(offset, 10);
    put_rows(zombie, 11, 10);
    assert_int_equal(outfall_flush(first, 10000, &error), OUTFALL_ERR_FENCED);
    assert_int_equal(error.action, OUTFALL_ACTION_STOP);
    assert_int_equal(outfall_close(first, 1000, NULL, NULL, NULL), OUTFALL_ERR_FENCED);
    put_rows(heir, 11, 10);
    put_rows(other, 100, 5);
    close_sink(second);
    assert_int_equal(query("SELECT count(*) FROM fenced"), 25);
}

static void rejected_rows_are_seen_to(void **state)
{
    outfall_event event = {.struct_size = sizeof event};
    outfall_error error;
    uint64_t offset;
    (void)state;
    outfall_sink *sink = open_sink("rejecting", ledger);
    outfall_writer *writer = open_writer(sink, "w");
    put_rows(writer, 1, 10);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    for (int64_t id = 5; id <= 12; id += 7) { /* Key 5 is there; its row's offset is 11. */
        assert_int_equal(outfall_put_int64(writer, id, NULL), OUTFALL_OK);
        assert_int_equal(outfall_put_text(writer, "x", 1, NULL), OUTFALL_OK);
        assert_int_equal(outfall_row_end(writer, (uint64_t)(id == 5 ? 11 : 12), NULL), OUTFALL_OK);
    }
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    while (event.type != OUTFALL_EVENT_REJECTED)
        assert_int_equal(outfall_poll(sink, 1000, &event, NULL), OUTFALL_OK);
    assert_int_equal(event.source_offset, 11);
    outfall_event_clear(&event);
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM rejecting"), 11);
    sink = open_sink("rejecting", ledger);
    writer = open_writer(sink, "w");
    assert_int_equal(outfall_writer_resume(writer, &offset, &error), OUTFALL_OK);
    assert_int_equal(offset, 12);
    close_sink(sink);
}

static void keep(void *context, const char *level, const char *line)
{
    char *kept = context; /* Of 1,024 bytes. */
    snprintf(kept + strlen(kept), 1024 - strlen(kept), "%s: %s\n", level, line);
}

static void what_a_crash_would_undo_is_refused_or_logged(void **state)
{
    static const char *const allow[] = {"delivery", "exactly-once", "durability", "allow", NULL};
    char url[200], log[1024] = "";
    outfall_error error;
    outfall_config *config;
    outfall_sink *sink = open_sink("careless", ledger); /* The default is durable. */
    (void)state;
    close_sink(sink);
    snprintf(url, sizeof url, "%s%soutfall.sqlite.synchronous=normal", sink_url,
             strchr(sink_url, '?') != NULL ? "&" : "?");
    assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "delivery", "exactly-once", NULL), OUTFALL_OK);
    assert_int_equal(outfall_sink_open(url, "careless", NULL, config, &sink, &error),
                     OUTFALL_ERR_UNSUPPORTED);
    assert_int_equal(error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(error.message, "synchronous is NORMAL"));
    assert_non_null(strstr(error.message, "sqlite.synchronous=full"));
    assert_null(sink);

    outfall_log_set(keep, log);
    assert_int_equal(outfall_config_set(config, "durability", "allow", NULL), OUTFALL_OK);
    assert_int_equal(outfall_sink_open(url, "careless", NULL, config, &sink, &error), OUTFALL_OK);
    close_sink(sink);
    assert_non_null(strstr(log, "warning: exactly-once into \"careless\": synchronous is NORMAL"));
    log[0] = '\0';
    sink = open_sink("careless", allow); /* Nothing to warn of. */
    close_sink(sink);
    outfall_log_set(NULL, NULL);
    assert_null(strstr(log, "warning"));
    outfall_config_free(config);
}

/* ---- What a line is bound to -------------------------------------------------------- */

/* Opens sink and writer on the table "bound…", which the test has for itself. */
static outfall_writer *open_bound(const char *table, outfall_sink **sink)
{
    *sink = open_sink(table, ledger);
    return open_writer(*sink, "w");
}

static void a_source_is_bound_once_rows_are_durable(void **state)
{
    outfall_sink *sink;
    outfall_error error;
    (void)state;
    outfall_writer *writer = open_bound("bound", &sink);
    assert_string_equal(outfall_writer_source(writer), "");
    assert_int_equal(outfall_writer_bind(writer, "a", 0, &error), OUTFALL_OK);
    assert_string_equal(outfall_writer_source(writer), "a");
    close_sink(sink);

    writer = open_bound("bound", &sink); /* It had no rows: another one may come. */
    assert_string_equal(outfall_writer_source(writer), "a");
    assert_int_equal(outfall_writer_bind(writer, "b", 0, &error), OUTFALL_OK);
    put_rows(writer, 1, 10);
    close_sink(sink);

    writer = open_bound("bound", &sink);
    assert_string_equal(outfall_writer_source(writer), "b");
    assert_int_equal(outfall_writer_bind(writer, "a", 0, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "another source"));
    assert_non_null(strstr(error.message, "DELETE FROM outfall_fence WHERE sink = '\"bound\"' AND "
                                          "writer = 'w'"));
    assert_string_equal(outfall_writer_source(writer), "b");
    assert_int_equal(outfall_writer_bind(writer, "b", 0, &error), OUTFALL_OK);
    assert_int_equal(outfall_writer_bind(writer, "b, and more", 1, &error), OUTFALL_OK);
    put_rows(writer, 11, 10);
    close_sink(sink);

    writer = open_bound("bound", &sink);
    assert_string_equal(outfall_writer_source(writer), "b, and more");
    put_rows(writer, 21, 10); /* Who does not say what its source is, is not checked. */
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM bound"), 30);
}

static void the_statement_in_the_error_mends_it(void **state)
{
    char sql[OUTFALL_MESSAGE_MAX];
    outfall_sink *sink;
    outfall_error error;
    uint64_t offset;
    (void)state;
    outfall_writer *writer = open_bound("it's", &sink);
    assert_int_equal(outfall_writer_bind(writer, "a", 0, &error), OUTFALL_OK);
    put_rows(writer, 1, 10);
    close_sink(sink);
    writer = open_bound("it's", &sink);
    assert_int_equal(outfall_writer_bind(writer, "b", 0, &error), OUTFALL_ERR_INVALID);
    close_sink(sink);
    const char *advice = strstr(error.message, "DELETE FROM");
    assert_non_null(advice);
    snprintf(sql, sizeof sql, "%s RETURNING 1", advice);
    assert_int_equal(query(sql), 1);
    writer = open_bound("it's", &sink);
    assert_int_equal(outfall_writer_resume(writer, &offset, &error), OUTFALL_ERR_NOT_FOUND);
    assert_int_equal(outfall_writer_bind(writer, "b", 0, &error), OUTFALL_OK);
    close_sink(sink);
}

static void what_cannot_be_bound_is_told(void **state)
{
    static const struct {
        const char *why, *source;
    } cases[] = {
        {"nothing", ""},
        {"a line feed", "a\nb"},
        {"what is not ASCII", "\xC3\xA9"},
    };
    char longest[OUTFALL_SOURCE_BYTES_MAX + 2];
    outfall_sink *sink;
    outfall_error error;
    (void)state;
    outfall_writer *writer = open_bound("unbound", &sink);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(outfall_writer_bind(writer, cases[i].source, 0, &error),
                         OUTFALL_ERR_INVALID);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(outfall_writer_bind(writer, longest, 0, &error), OUTFALL_ERR_INVALID);
    longest[sizeof longest - 2] = '\0';
    assert_int_equal(outfall_writer_bind(writer, longest, 0, &error), OUTFALL_OK);
    assert_int_equal(outfall_writer_bind(writer, NULL, 0, &error), OUTFALL_OK);
    assert_int_equal(outfall_writer_bind(NULL, "a", 0, &error), OUTFALL_ERR_INVALID);
    put_rows(writer, 1, 1);
    assert_int_equal(outfall_writer_bind(writer, "late", 0, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "before the first"));
    close_sink(sink);
    sink = open_sink("unbound", NULL);
    writer = open_writer(sink, "v");
    assert_string_equal(outfall_writer_source(writer), "");
    assert_int_equal(outfall_writer_bind(writer, "a", 0, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "delivery=exactly-once"));
    close_sink(sink);
}

static void who_was_taken_over_binds_nothing(void **state)
{
    outfall_sink *first, *second;
    outfall_error error;
    (void)state;
    outfall_writer *zombie = open_bound("heired", &first), *heir = open_bound("heired", &second);
    assert_int_equal(outfall_writer_bind(heir, "new", 0, &error), OUTFALL_OK);
    assert_int_equal(outfall_writer_bind(zombie, "old", 0, &error), OUTFALL_ERR_FENCED);
    put_rows(heir, 1, 10);
    close_sink(second);
    assert_int_equal(outfall_close(first, 1000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT source = 'new' FROM outfall_fence WHERE sink = '\"heired\"'"),
                     1);
}

static void a_table_made_again_is_refused(void **state)
{
    char sql[OUTFALL_MESSAGE_MAX];
    outfall_writer *writer;
    outfall_error error;
    uint64_t offset;
    outfall_sink *sink;
    (void)state;
    put_rows(open_bound("remade", &sink), 1, 10);
    close_sink(sink);
    run_sql("ALTER TABLE remade ADD COLUMN more TEXT");
    run_sql("DELETE FROM remade"); /* A table that was emptied is the same. */
    (void)open_bound("remade", &sink);
    close_sink(sink);
    run_sql("DROP TABLE remade");
    for (int round = 0; round < 2; round++) { /* It is no more so though it is there by now. */
        sink = open_sink("remade", ledger);
        assert_int_equal(outfall_writer_open(sink, "w", &writer, &error), OUTFALL_ERR_CHANGED);
        assert_null(writer);
        assert_non_null(strstr(error.message, "made again"));
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
        put_rows(open_writer(sink, "v"), 100, 1 - round); /* A name of its own has the table. */
        close_sink(sink);
    }
    run_sql("DROP TABLE remade");
    run_sql("CREATE TABLE remade (id INTEGER PRIMARY KEY, name TEXT)");
    sink = open_sink("remade", ledger); /* By hand, without a mark. */
    assert_int_equal(outfall_writer_open(sink, "w", &writer, &error), OUTFALL_ERR_CHANGED);
    close_sink(sink);
    const char *advice = strstr(error.message, "DELETE FROM");
    assert_non_null(advice);
    snprintf(sql, sizeof sql, "%.*s RETURNING 1", (int)strcspn(advice, ";"), advice);
    assert_int_equal(query(sql), 1);
    writer = open_bound("remade", &sink);
    assert_int_equal(outfall_writer_resume(writer, &offset, &error), OUTFALL_ERR_NOT_FOUND);
    put_rows(writer, 1, 10);
    close_sink(sink);
    assert_int_equal(query("SELECT count(*) FROM remade"), 10);
    /* It has no mark, and is not known from one that is made by hand once more: but from this. */
    run_sql("DROP TABLE remade");
    sink = open_sink("remade", ledger);
    assert_int_equal(outfall_writer_open(sink, "w", &writer, &error), OUTFALL_ERR_CHANGED);
    close_sink(sink);
}

static void a_table_that_has_its_rows_after_all_is_taken(void **state)
{
    outfall_writer *writer;
    outfall_error error;
    uint64_t offset;
    outfall_sink *sink;
    (void)state;
    put_rows(open_bound("restored", &sink), 1, 10);
    close_sink(sink);
    run_sql("CREATE TABLE copied AS SELECT * FROM restored");
    run_sql("DROP TABLE restored");
    run_sql("ALTER TABLE copied RENAME TO restored");
    sink = open_sink("restored", ledger);
    assert_int_equal(outfall_writer_open(sink, "w", &writer, &error), OUTFALL_ERR_CHANGED);
    close_sink(sink);
    assert_non_null(strstr(error.message, "UPDATE outfall_fence SET target = ''"));
    run_sql("UPDATE outfall_fence SET target = '' WHERE sink = '\"restored\"'");
    writer = open_bound("restored", &sink);
    assert_int_equal(outfall_writer_resume(writer, &offset, &error), OUTFALL_OK);
    assert_int_equal(offset, 10);
    close_sink(sink);
}

static void a_table_made_again_meanwhile_stops_the_sink(void **state)
{
    outfall_error error;
    outfall_sink *sink;
    (void)state;
    outfall_writer *writer = open_bound("swapped", &sink);
    put_rows(writer, 1, 10);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    run_sql("DROP TABLE swapped");
    run_sql("CREATE TABLE swapped (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
    put_rows(writer, 11, 10);
    assert_int_equal(outfall_flush(sink, 10000, &error), OUTFALL_ERR_CHANGED);
    assert_non_null(strstr(error.message, "made again"));
    assert_int_equal(outfall_close(sink, 1000, NULL, NULL, NULL), OUTFALL_ERR_CHANGED);
    assert_int_equal(query("SELECT count(*) FROM swapped"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_resumes_behind_its_last_durable_row),
        cmocka_unit_test(offsets_grow_from_row_to_row),
        cmocka_unit_test(a_writer_needs_a_name_of_its_own),
        cmocka_unit_test(a_name_is_free_once_its_rows_are_durable),
        cmocka_unit_test(who_was_taken_over_is_fenced_off),
        cmocka_unit_test(rejected_rows_are_seen_to),
        cmocka_unit_test(what_a_crash_would_undo_is_refused_or_logged),
        cmocka_unit_test(a_source_is_bound_once_rows_are_durable),
        cmocka_unit_test(the_statement_in_the_error_mends_it),
        cmocka_unit_test(what_cannot_be_bound_is_told),
        cmocka_unit_test(who_was_taken_over_binds_nothing),
        cmocka_unit_test(a_table_made_again_is_refused),
        cmocka_unit_test(a_table_that_has_its_rows_after_all_is_taken),
        cmocka_unit_test(a_table_made_again_meanwhile_stops_the_sink),
    };
    return cmocka_run_group_tests_name("sink_ledger", tests, sinks_make_directory,
                                       sinks_remove_directory);
}
