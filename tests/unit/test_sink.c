/* SPDX-License-Identifier: Apache-2.0 */
/* Rows from the public side: what lands, what is refused, what is pushed back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sinks.h"

/* ---- Delivery ---------------------------------------------------------------------- */

static void flushed_rows_are_in_the_table(void **state)
{
    (void)state;
    outfall_sink *sink = open_sink("t", NULL);
    outfall_writer *writer = open_writer(sink, "one");
    put_rows(writer, 0, 25000);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM t"), 25000);
    outfall_progress progress = {.struct_size = sizeof progress};
    assert_int_equal(outfall_writer_progress(writer, &progress, NULL), OUTFALL_OK);
    assert_int_equal(progress.accepted, 25000);
    assert_int_equal(progress.acknowledged, 25000);
    assert_int_equal(progress.source_offset, 24999);
    assert_int_equal(outfall_close(sink, 1000, NULL, NULL, NULL), OUTFALL_OK);
}

static void rows_leave_for_a_reason_that_is_counted(void **state)
{
    static const char *const by_rows[] = {"batch.rows", "10", "linger.ms", "60000", NULL};
    static const char *const by_bytes[] = {"batch.bytes", "2048", "linger.ms", "60000", NULL};
    static const char *const by_linger[] = {"linger.ms", "2", NULL};
    static const struct {
        const char *table;
        const char *const *options;
        int reason;
    } cases[] = {
        {"by_rows", by_rows, OUTFALL_FLUSH_ROWS},
        {"by_bytes", by_bytes, OUTFALL_FLUSH_BYTES},
        {"by_linger", by_linger, OUTFALL_FLUSH_LINGER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_sink *sink = open_sink(cases[i].table, cases[i].options);
        outfall_writer *writer = open_writer(sink, NULL);
        /* 4,000 rows of 25 bytes fill a chunk, so that bytes are noticed. */
        put_rows(writer, 0, cases[i].reason == OUTFALL_FLUSH_BYTES ? 4000 : 100);
        int64_t deadline_us = of_deadline_us(10000);
        while (stats_of(sink).flushes[cases[i].reason] == 0)
            assert_true(of_clock_us() < deadline_us);
        assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    }
}

static void a_stalled_database_pushes_back_and_loses_nothing(void **state)
{
    static const char *const options[] = {
        "buffer.bytes", "262144", "buffer.chunk.bytes", "16384", "buffer.block.ms", "0", NULL};
    outfall_error error;
    int64_t rows = 0;
    (void)state;
    outfall_sink *sink = open_sink("stalled", options);
    outfall_writer *writer = open_writer(sink, NULL);
    sqlite3 *lock = stall();
    while (put_row(writer, rows, "x", &error) == OUTFALL_OK)
        rows++;
    assert_int_equal(error.status, OUTFALL_ERR_FULL);
    assert_int_equal(error.action, OUTFALL_ACTION_RETRY);
    assert_in_range(rows, 1000, 20000);
    assert_true(stats_of(sink).buffer_bytes <= 262144);
    assert_int_equal(outfall_flush(sink, 50, &error), OUTFALL_ERR_TIMEOUT);
    let_go(lock);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    put_rows(writer, rows, 100);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM stalled"), rows + 100);
}

static void a_writer_may_wait_less_or_longer_than_its_sink_says(void **state)
{
    static const char *const options[] = {
        "buffer.bytes", "262144", "buffer.chunk.bytes", "16384", "buffer.block.ms", "0", NULL};
    static const uint32_t waits_ms[] = {0, 120, 0, 60};
    outfall_error error;
    int64_t rows = 0;
    (void)state;
    outfall_sink *sink = open_sink("waits", options);
    outfall_writer *writer = open_writer(sink, NULL);
    sqlite3 *lock = stall();
    while (put_row(writer, rows, "x", &error) == OUTFALL_OK)
        rows++;
    for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
        assert_int_equal(outfall_writer_block(writer, waits_ms[i], &error), OUTFALL_OK);
        int64_t from_us = of_clock_us();
        assert_int_equal(put_row(writer, rows, "x", &error), OUTFALL_ERR_FULL);
        int64_t waited_ms = (of_clock_us() - from_us) / 1000;
        assert_true(waited_ms >= waits_ms[i] && (waits_ms[i] > 0 || waited_ms < 50));
    }
    assert_int_equal(outfall_writer_block(writer, OUTFALL_TIMEOUT_MS_MAX + 1, &error),
                     OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_writer_block(NULL, 0, &error), OUTFALL_ERR_INVALID);
    let_go(lock);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

static void a_full_buffer_lets_rows_go_before_their_linger(void **state)
{
    static const char *const options[] = {"buffer.bytes", "131072",          "buffer.chunk.bytes",
                                          "16384",        "buffer.block.ms", "0",
                                          "linger.ms",    "3600000",         NULL};
    (void)state;
    outfall_sink *sink = open_sink("early", options);
    outfall_writer *writer = open_writer(sink, NULL);
    int64_t deadline_us = of_deadline_us(20000);
    for (int64_t id = 0; id < 20000;) { /* Several times what the buffer holds. */
        int status = put_row(writer, id, "x", NULL);
        assert_true(status == OUTFALL_OK || status == OUTFALL_ERR_FULL);
        id += status == OUTFALL_OK;
        assert_true(of_clock_us() < deadline_us);
    }
    assert_true(stats_of(sink).flushes[OUTFALL_FLUSH_MEMORY] > 0);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM early"), 20000);
}

static void a_close_tells_of_rejected_rows_that_nobody_polled(void **state)
{
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("unpolled", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    put_rows(writer, 0, 10);
    assert_int_equal(put_row(writer, 5, "again", NULL), OUTFALL_OK);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, &error), OUTFALL_ERR_DATABASE);
    assert_non_null(strstr(error.message, "poll"));
    assert_int_equal(query("SELECT count(*) FROM unpolled"), 10);
}

static void close_returns_in_time_and_says_what_is_not_durable(void **state)
{
    outfall_undelivered left[2];
    size_t count = 2;
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("late", NULL);
    outfall_writer *first = open_writer(sink, "first");
    put_rows(first, 0, 10);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    sqlite3 *lock = stall();
    put_rows(first, 10, 5);
    put_rows(open_writer(sink, NULL), 100, 7);
    int64_t start_us = of_clock_us();
    assert_int_equal(outfall_close(sink, 300, left, &count, &error), OUTFALL_ERR_TIMEOUT);
    assert_true(of_clock_us() - start_us < 400000);
    assert_int_equal(count, 2);
    const outfall_undelivered *one = strcmp(left[0].writer, "first") == 0 ? &left[0] : &left[1];
    const outfall_undelivered *two = one == &left[0] ? &left[1] : &left[0];
    assert_string_equal(one->writer, "first");
    assert_int_equal(one->acknowledged, 10);
    assert_int_equal(one->rows, 5);
    assert_int_equal(one->source_offset, 9);
    assert_string_equal(two->writer, "#2");
    assert_int_equal(two->rows, 7);
    let_go(lock);
}

/* ---- Bad rows ---------------------------------------------------------------------- */

static void a_row_that_does_not_fit_is_refused_and_the_next_lands(void **state)
{
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("fit", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    assert_int_equal(outfall_put_text(writer, "abc", 3, &error), OUTFALL_ERR_REFUSED);
    assert_string_equal(error.column, "id");
    assert_non_null(strstr(error.message, "abc"));
    assert_int_equal(outfall_put_text(writer, "x", 1, &error), OUTFALL_ERR_REFUSED);
    assert_int_equal(outfall_row_end(writer, 0, &error), OUTFALL_ERR_REFUSED);
    assert_int_equal(put_row(writer, 1, "x", NULL), OUTFALL_OK);

    assert_int_equal(outfall_put_int64(writer, 2, NULL), OUTFALL_OK);
    assert_int_equal(outfall_row_end(writer, 0, &error), OUTFALL_ERR_INVALID);
    assert_string_equal(error.column, "name");
    (void)!outfall_put_int64(writer, 3, NULL);
    outfall_row_cancel(writer);
    assert_int_equal(put_row(writer, 4, "x", NULL), OUTFALL_OK);
    assert_int_equal(stats_of(sink).rows_refused, 1);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT sum(id) FROM fit"), 5);
}

/* ---- Keys and kinds ---------------------------------------------------------------- */

/* Opens a sink on a table of these columns that may be made; *error has what was said. */
static int try_open(const char *table, const char *columns, const char *mode, const char *key,
                    outfall_error *error)
{
    outfall_schema *schema;
    outfall_config *config;
    outfall_sink *sink;
    assert_int_equal(outfall_schema_new(&schema, NULL), OUTFALL_OK);
    assert_int_equal(outfall_schema_parse(schema, columns, NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "create", "if-missing", NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "mode", mode, NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "key", key, NULL), OUTFALL_OK);
    int status = outfall_sink_open(sink_url, table, schema, config, &sink, error);
    outfall_config_free(config);
    outfall_schema_free(schema);
    if (status == OUTFALL_OK)
        assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    return status;
}

static void no_table_is_made_whose_key_is_unknown_or_said_in_two_ways(void **state)
{
    static const struct {
        const char *columns, *mode, *key;
        const char *message; /* NULL: the table is made, */
        const char *primary; /* with this primary key. */
    } cases[] = {
        {"a int64, b int64", "insert", "", NULL, ""},
        {"a int64, b int64", "upsert", "", "mode=upsert needs a key: set key (--key)", NULL},
        {"a int64, b int64", "replace", "", "mode=replace needs a key", NULL},
        {"a int64, b int64", "ignore", "", "or mark columns primary key in the schema", NULL},
        {"a int64, b int64", "upsert", "b", NULL, "b"},
        {"a int64, b int64", "insert", "b", NULL, "b"},
        {"a int64, b int64", "upsert", "b,a", NULL, "a,b"},
        {"a int64 primary key, b int64", "upsert", "", NULL, "a"},
        {"a int64 primary key, b int64", "upsert", "a", NULL, "a"},
        {"a int64 primary key, b int64 primary key", "upsert", "b,a", NULL, "a,b"},
        {"a int64 primary key, b int64", "upsert", "b",
         "names b, but the primary key in the schema "
         "is a",
         NULL},
        {"a int64 primary key, b int64", "insert", "b", "names b, but", NULL},
        {"a int64 primary key, b int64", "upsert", "a,b", "names a, b, but", NULL},
        {"a int64 primary key, b int64 primary key", "insert", "a", "in the schema is a, b", NULL},
    };
    char table[32], sql[160];
    outfall_error error;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(table, sizeof table, "made%zu", i);
        int status = try_open(table, cases[i].columns, cases[i].mode, cases[i].key, &error);
        assert_int_equal(status, cases[i].message == NULL ? OUTFALL_OK : OUTFALL_ERR_CONFIG);
        if (cases[i].message != NULL && strstr(error.message, cases[i].message) == NULL)
            fail_msg("case %zu: %s", i, error.message);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_master WHERE name = '%s'", table);
        assert_int_equal(query(sql), cases[i].message == NULL);
        if (cases[i].primary == NULL)
            continue;
        snprintf(sql, sizeof sql,
                 "SELECT coalesce(group_concat(name), '') = '%s' FROM (SELECT name FROM "
                 "pragma_table_info('%s') WHERE pk > 0 ORDER BY pk)",
                 cases[i].primary, table);
        if (query(sql) != 1)
            fail_msg("case %zu: the primary key is not %s", i, cases[i].primary);
    }
}

static void a_table_that_is_there_keeps_its_key(void **state)
{
    static const struct {
        const char *mode, *key;
        int status;
    } cases[] = {
        {"upsert", "", OUTFALL_OK}, /* Its own key. */
        {"insert", "v", OUTFALL_OK},
        {"upsert", "id", OUTFALL_OK},
        {"upsert", "v", OUTFALL_ERR_UNSUPPORTED}, /* Nothing is unique there. */
    };
    outfall_error error;
    (void)state;
    assert_int_equal(try_open("there", "id int64 primary key, v int64", "insert", "", &error),
                     OUTFALL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            try_open("there", "id int64, v int64", cases[i].mode, cases[i].key, &error),
            cases[i].status);
}

/* By single puts, and by an array; the columns beside the key take neither a null nor a text. */
static void of_a_delete_only_the_key_is_looked_at(void **state)
{
    static const char *const options[] = {"mode", "upsert", NULL};
    static const outfall_value beside[] = {
        {.type = OUTFALL_TYPE_NULL},
        {.type = OUTFALL_TYPE_TEXT, .length = 4, .as.data = "four"},
        {.type = OUTFALL_TYPE_TEXT, .length = 2, .as.data = "\xFF\xFE"},
        {.type = OUTFALL_TYPE_BYTES, .length = 1, .as.data = "\0"},
        {.type = OUTFALL_TYPE_INT64, .as.integer = 7},
        {.type = OUTFALL_TYPE_UUID, .length = 16, .as.data = "0123456789abcdef"},
    };
    enum { COUNT = sizeof beside / sizeof beside[0] };
    static const uint8_t delete = OUTFALL_ROW_DELETE;
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("deleted", options);
    outfall_writer *writer = open_writer(sink, NULL);
    put_rows(writer, 0, 2 * COUNT + 1);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    for (int64_t i = 0; i < COUNT; i++) {
        const outfall_value values[] = {{.type = OUTFALL_TYPE_INT64, .as.integer = i}, beside[i]};
        assert_int_equal(outfall_put_kind(writer, delete, &error), OUTFALL_OK);
        assert_int_equal(outfall_put(writer, &values[0], &error), OUTFALL_OK);
        assert_int_equal(outfall_put(writer, &values[1], &error), OUTFALL_OK);
        assert_int_equal(outfall_row_end(writer, 0, &error), OUTFALL_OK);
    }
    for (int64_t i = 0; i < COUNT; i++) {
        const outfall_value values[] = {{.type = OUTFALL_TYPE_INT64, .as.integer = COUNT + i},
                                        beside[i]};
        const outfall_rows rows = {
            .struct_size = sizeof rows, .count = 1, .values = values, .kinds = &delete};
        assert_int_equal(outfall_write(writer, &rows, NULL, &error), OUTFALL_OK);
    }
    /* The key is looked at. */
    assert_int_equal(outfall_put_kind(writer, delete, &error), OUTFALL_OK);
    assert_int_equal(outfall_put(writer, &beside[1], &error), OUTFALL_ERR_REFUSED);
    assert_string_equal(error.column, "id");
    outfall_row_cancel(writer);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM deleted"), 1);
    assert_int_equal(query("SELECT id FROM deleted"), 2 * COUNT);
}

static void an_array_stops_at_the_row_at_fault(void **state)
{
    outfall_value values[8];
    const uint64_t offsets[] = {10, 20, 30, 40};
    outfall_rows rows = {
        .struct_size = sizeof rows, .count = 4, .values = values, .source_offsets = offsets};
    size_t accepted;
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("arrays", NULL);
    outfall_writer *writer = open_writer(sink, NULL);
    for (int i = 0; i < 4; i++) {
        values[2 * i] = (outfall_value){.type = OUTFALL_TYPE_INT64, .as.integer = i};
        values[2 * i + 1] = (outfall_value){.type = OUTFALL_TYPE_TEXT, .length = 1, .as.data = "x"};
    }
    values[5] = (outfall_value){.type = OUTFALL_TYPE_NULL};
    assert_int_equal(outfall_write(writer, &rows, &accepted, &error), OUTFALL_ERR_REFUSED);
    assert_int_equal(accepted, 2);
    assert_int_equal(error.row, 2);
    assert_string_equal(error.column, "name");
    rows.values = values + 6;
    rows.source_offsets = offsets + 3;
    rows.count = 1;
    assert_int_equal(outfall_write(writer, &rows, &accepted, NULL), OUTFALL_OK);
    assert_int_equal(accepted, 1);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT sum(id) FROM arrays"), 4);
}

static void a_refused_row_becomes_a_dead_letter_and_its_neighbours_land(void **state)
{
    static const char *const options[] = {"linger.ms", "60000", NULL};
    outfall_event event = {.struct_size = sizeof event};
    (void)state;
    outfall_sink *sink = open_sink("letters", options);
    outfall_writer *writer = open_writer(sink, "w");
    put_rows(writer, 0, 777);
    assert_int_equal(put_row(writer, 5, "again \"5\"", NULL), OUTFALL_OK);
    put_rows(writer, 777, 1223);
    assert_int_equal(outfall_flush(sink, 10000, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM letters"), 2000);
    assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
    assert_int_equal(event.type, OUTFALL_EVENT_REJECTED);
    assert_string_equal(event.writer, "w");
    assert_int_equal(event.position, 777);
    assert_int_equal(event.source_offset, 5);
    assert_string_equal(event.row, "{\"id\":5,\"name\":\"again \\\"5\\\"\"}");
    assert_int_equal(event.row_bytes, strlen(event.row));
    assert_string_equal(event.error.column, "id");
    assert_int_equal(event.error.action, OUTFALL_ACTION_ROW);
    assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
    assert_int_equal(event.type, OUTFALL_EVENT_ACKNOWLEDGED);
    assert_int_equal(event.position, 2001);
    assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
    assert_int_equal(event.type, OUTFALL_EVENT_NONE);
    outfall_stats stats = stats_of(sink);
    assert_int_equal(stats.rows_rejected, 1);
    assert_int_equal(stats.rows_delivered, 2000);
    assert_true(stats.writes <= 24); /* 1 + 2 × log2(2001). */
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
}

static void too_many_rejected_rows_stop_the_sink(void **state)
{
    static const char *const options[] = {"rejected.max", "3", NULL};
    outfall_event event = {.struct_size = sizeof event};
    outfall_error error;
    size_t left = 0;
    (void)state;
    outfall_sink *sink = open_sink("most", options);
    outfall_writer *writer = open_writer(sink, NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(put_row(writer, 1, "x", NULL), OUTFALL_OK);
    assert_int_equal(outfall_flush(sink, 10000, &error), OUTFALL_ERR_DATABASE);
    assert_int_equal(error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(error.message, "rejected.max"));
    assert_int_equal(put_row(writer, 2, "x", &error), OUTFALL_ERR_DATABASE);
    do
        assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
    while (event.type != OUTFALL_EVENT_ERROR && event.type != OUTFALL_EVENT_NONE);
    assert_int_equal(event.type, OUTFALL_EVENT_ERROR);
    assert_int_equal(outfall_close(sink, 1000, NULL, &left, &error), OUTFALL_ERR_DATABASE);
    assert_int_equal(left, 1);
}

static void dead_letters_that_nobody_polls_stop_the_sink(void **state)
{
    static const char *const options[] = {"deadletter.bytes", "65536", "deadletter.wait.ms", "50",
                                          NULL};
    outfall_error error;
    (void)state;
    outfall_sink *sink = open_sink("unread", options);
    outfall_writer *writer = open_writer(sink, NULL);
    for (int i = 0; i < 500; i++)
        assert_int_equal(put_row(writer, 1, "x", NULL), OUTFALL_OK);
    assert_int_equal(outfall_flush(sink, 10000, &error), OUTFALL_ERR_FULL);
    assert_non_null(strstr(error.message, "outfall_poll"));
    assert_int_equal(outfall_close(sink, 1000, NULL, NULL, NULL), OUTFALL_ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flushed_rows_are_in_the_table),
        cmocka_unit_test(rows_leave_for_a_reason_that_is_counted),
        cmocka_unit_test(a_stalled_database_pushes_back_and_loses_nothing),
        cmocka_unit_test(a_writer_may_wait_less_or_longer_than_its_sink_says),
        cmocka_unit_test(a_full_buffer_lets_rows_go_before_their_linger),
        cmocka_unit_test(a_close_tells_of_rejected_rows_that_nobody_polled),
        cmocka_unit_test(close_returns_in_time_and_says_what_is_not_durable),
        cmocka_unit_test(a_row_that_does_not_fit_is_refused_and_the_next_lands),
        cmocka_unit_test(no_table_is_made_whose_key_is_unknown_or_said_in_two_ways),
        cmocka_unit_test(a_table_that_is_there_keeps_its_key),
        cmocka_unit_test(of_a_delete_only_the_key_is_looked_at),
        cmocka_unit_test(an_array_stops_at_the_row_at_fault),
        cmocka_unit_test(a_refused_row_becomes_a_dead_letter_and_its_neighbours_land),
        cmocka_unit_test(too_many_rejected_rows_stop_the_sink),
        cmocka_unit_test(dead_letters_that_nobody_polls_stop_the_sink),
    };
    return cmocka_run_group_tests_name("sink", tests, sinks_make_directory, sinks_remove_directory);
}
