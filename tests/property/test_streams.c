/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random change streams, with rows and deletes that the database refuses, against a model that
 * takes one row after another: whatever batches they fall into, the table is the same.
 *
 * OUTFALL_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "sinks.h"

#define KEYS 24 /* Of them the first PINNED cannot be deleted: a child row needs them. */
#define PINNED 4
#define CHANGES 400
#define BAD "bad" /* The name that the table's check refuses. */

typedef struct change {
    int kind;
    int64_t id;
    char name[16];
} change;

/* What the table must hold: a name for each id, or an empty one. */
typedef struct model {
    char names[KEYS][16];
    char refused[CHANGES];
    int refusals;
    int last[KEYS]; /* The last change of each id, or -1. */
} model;

static uint64_t seed, state;
static char trying[160]; /* What is told where a check fails; empty once all is well. */

/* xorshift64: a seed gives the same streams on every machine. */
static uint32_t random_below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % limit);
}

static void run(const char *sql)
{
    sqlite3 *database;
    char *message = NULL;
    assert_int_equal(sqlite3_open(sink_url + strlen("sqlite:"), &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    sqlite3_exec(database, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(database);
}

static void make_tables(model *expected)
{
    char sql[256];
    run("DROP TABLE IF EXISTS child; DROP TABLE IF EXISTS t;"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (name <> '" BAD "'));"
        "CREATE TABLE child (id INTEGER PRIMARY KEY REFERENCES t (id))");
    memset(expected, 0, sizeof *expected);
    for (int id = 0; id < KEYS; id++)
        expected->last[id] = -1;
    for (int id = 0; id < PINNED; id++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO t VALUES (%d, 'first'); INSERT INTO child VALUES (%d)", id, id);
        run(sql);
        snprintf(expected->names[id], sizeof expected->names[id], "first");
    }
}

static change random_change(uint32_t number, uint32_t bad_percent, uint32_t delete_percent)
{
    change it = {.id = random_below(KEYS)};
    it.kind = random_below(100) < delete_percent ? OUTFALL_ROW_DELETE : (int)random_below(2);
    snprintf(it.name, sizeof it.name, "%u", number);
    if (random_below(100) < bad_percent)
        snprintf(it.name, sizeof it.name, BAD);
    return it;
}

static void apply(model *expected, const change *it, uint32_t number)
{
    char *name = expected->names[it->id];
    expected->last[it->id] = (int)number;
    if (it->kind == OUTFALL_ROW_DELETE ? it->id < PINNED : strcmp(it->name, BAD) == 0) {
        expected->refused[number] = 1;
        expected->refusals++;
    } else if (it->kind == OUTFALL_ROW_DELETE) {
        name[0] = '\0';
    } else {
        memcpy(name, it->name, sizeof it->name);
    }
}

/* What a delete has beside its key is not looked at. */
static void put_change(outfall_writer *writer, const change *it, uint32_t number)
{
    assert_int_equal(outfall_put_kind(writer, it->kind, NULL), OUTFALL_OK);
    assert_int_equal(outfall_put_int64(writer, it->id, NULL), OUTFALL_OK);
    if (it->kind == OUTFALL_ROW_DELETE && number % 2 == 0)
        assert_int_equal(outfall_put_null(writer, NULL), OUTFALL_OK);
    else
        assert_int_equal(outfall_put_text(writer, it->name, strlen(it->name), NULL), OUTFALL_OK);
    assert_int_equal(outfall_row_end(writer, number, NULL), OUTFALL_OK);
}

/*
 * A refused row that a later one of its batch superseded never meets the database; any other is
 * reported once, so the last row of a key is where it was refused.
 */
static void check_letters(outfall_sink *sink, const model *expected, bool all)
{
    outfall_event event = {.struct_size = sizeof event};
    char seen[CHANGES] = {0};
    int letters = 0;
    do {
        assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
        if (event.type != OUTFALL_EVENT_REJECTED)
            continue;
        assert_in_range(event.source_offset, 0, CHANGES - 1);
        assert_true(expected->refused[event.source_offset]);
        assert_false(seen[event.source_offset]);
        seen[event.source_offset] = 1;
        letters++;
    } while (event.type != OUTFALL_EVENT_NONE);
    outfall_event_clear(&event);
    if (all)
        assert_int_equal(letters, expected->refusals);
    for (int id = 0; id < KEYS; id++) {
        int last = expected->last[id];
        if (last >= 0 && expected->refused[last] && !seen[last])
            fail_msg("change %d, the last of id %d, was refused and not reported", last, id);
    }
    outfall_stats stats = stats_of(sink);
    assert_int_equal(stats.rows_rejected, letters);
    assert_int_equal(stats.rows_delivered + stats.rows_rejected, CHANGES);
}

static void check_table(const model *expected)
{
    char sql[128];
    int rows = 0;
    for (int id = 0; id < KEYS; id++) {
        rows += expected->names[id][0] != '\0';
        snprintf(sql, sizeof sql, "SELECT count(*) FROM t WHERE id = %d AND name = '%s'", id,
                 expected->names[id]);
        if (query(sql) != (expected->names[id][0] != '\0'))
            fail_msg("id %d should be \"%s\"", id, expected->names[id]);
    }
    assert_int_equal(query("SELECT count(*) FROM t"), rows);
}

static void try_stream(const char *const *options, uint32_t bad_percent, uint32_t delete_percent)
{
    model expected;
    make_tables(&expected);
    outfall_sink *sink = open_sink("t", options);
    outfall_writer *writer = open_writer(sink, "w");
    for (uint32_t number = 0; number < CHANGES; number++) {
        const change it = random_change(number, bad_percent, delete_percent);
        apply(&expected, &it, number);
        put_change(writer, &it, number);
    }
    outfall_error error;
    if (outfall_flush(sink, 30000, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    check_letters(sink, &expected, strcmp(options[3], "1") == 0);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    check_table(&expected);
}

static void a_stream_in_batches_is_a_stream_of_single_rows(void **unused)
{
    static const char *const batches[] = {"1", "2", "7", "50", "1000"};
    static const struct {
        uint32_t bad_percent, delete_percent;
    } mixes[] = {{0, 0}, {0, 30}, {10, 0}, {10, 30}, {60, 10}, {30, 60}};
    (void)unused;
    for (size_t mix = 0; mix < sizeof mixes / sizeof mixes[0]; mix++) {
        for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
            const char *const options[] = {
                "mode", i % 2 ? "upsert" : "replace", "batch.rows", batches[i], "linger.ms", "1000",
                NULL};
            snprintf(trying, sizeof trying,
                     "%u%% bad, %u%% deletes, mode=%s, batch.rows=%s, OUTFALL_SEED=%llu",
                     mixes[mix].bad_percent, mixes[mix].delete_percent, options[1], batches[i],
                     (unsigned long long)seed);
            state = (seed + mix * 64 + i) * UINT64_C(0x9E3779B97F4A7C15) | 1;
            try_stream(options, mixes[mix].bad_percent, mixes[mix].delete_percent);
        }
    }
    trying[0] = '\0';
}

static int tell_what_failed(void **unused)
{
    (void)unused;
    if (trying[0] != '\0')
        print_error("%s\n", trying);
    return 0;
}

static void a_kind_that_the_mode_cannot_write_is_refused(void **unused)
{
    static const char *const modes[] = {"insert", "ignore"};
    outfall_error error;
    model expected;
    (void)unused;
    make_tables(&expected);
    for (size_t i = 0; i < 2; i++) {
        const char *const options[] = {"mode", modes[i], NULL};
        outfall_sink *sink = open_sink("t", options);
        outfall_writer *writer = open_writer(sink, "w");
        assert_int_equal(outfall_put_kind(writer, OUTFALL_ROW_DELETE, &error), OUTFALL_ERR_INVALID);
        assert_non_null(strstr(error.message, "mode=upsert"));
        assert_int_equal(outfall_row_end(writer, 0, NULL), OUTFALL_ERR_INVALID);
        assert_int_equal(outfall_put_kind(writer, OUTFALL_ROW_INSERT, NULL), OUTFALL_OK);
        outfall_row_cancel(writer);
        assert_int_equal(outfall_put_kind(writer, 3, &error), OUTFALL_ERR_INVALID);
        outfall_row_cancel(writer);
        assert_int_equal(outfall_put_int64(writer, 1, NULL), OUTFALL_OK);
        assert_int_equal(outfall_put_kind(writer, OUTFALL_ROW_INSERT, &error), OUTFALL_ERR_INVALID);
        outfall_row_cancel(writer);
        assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    }
}

static void rows_by_array_have_kinds_too(void **unused)
{
    static const char *const options[] = {"mode", "upsert", "batch.rows", "3", NULL};
    enum { ROWS = 5 };
    static const uint8_t kinds[ROWS] = {OUTFALL_ROW_INSERT, OUTFALL_ROW_UPDATE, OUTFALL_ROW_DELETE,
                                        OUTFALL_ROW_INSERT, OUTFALL_ROW_DELETE};
    static const int64_t ids[ROWS] = {10, 10, 11, 11, 12};
    outfall_value values[ROWS * 2];
    model expected;
    (void)unused;
    make_tables(&expected);
    run("INSERT INTO t VALUES (11, 'old'), (12, 'old')");
    for (int i = 0; i < ROWS; i++) {
        values[2 * i] = (outfall_value){.type = OUTFALL_TYPE_INT64, .as.integer = ids[i]};
        outfall_value name = {.type = OUTFALL_TYPE_NULL};
        if (kinds[i] != OUTFALL_ROW_DELETE)
            name = (outfall_value){.type = OUTFALL_TYPE_TEXT, .length = 1, .as.data = &"12345"[i]};
        values[2 * i + 1] = name;
    }
    outfall_sink *sink = open_sink("t", options);
    outfall_writer *writer = open_writer(sink, "w");
    const outfall_rows rows = {
        .struct_size = sizeof rows, .count = ROWS, .values = values, .kinds = kinds};
    assert_int_equal(outfall_write(writer, &rows, NULL, NULL), OUTFALL_OK);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM t WHERE id = 10 AND name = '2'"), 1);
    assert_int_equal(query("SELECT count(*) FROM t WHERE id = 11 AND name = '4'"), 1);
    assert_int_equal(query("SELECT count(*) FROM t WHERE id = 12"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_stream_in_batches_is_a_stream_of_single_rows, tell_what_failed),
        cmocka_unit_test(a_kind_that_the_mode_cannot_write_is_refused),
        cmocka_unit_test(rows_by_array_have_kinds_too),
    };
    const char *wanted = getenv("OUTFALL_SEED");
    seed = wanted == NULL ? (uint64_t)time(NULL) : strtoull(wanted, NULL, 10);
    printf("OUTFALL_SEED=%llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, sinks_make_directory, sinks_remove_directory);
}
