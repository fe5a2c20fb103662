/* SPDX-License-Identifier: Apache-2.0 */
/* What the write modes do to rows whose keys are there already, and to those whose are not. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define TABLE "contract_m"

static const uint32_t modes[] = {OUTFALL_MODE_UPSERT, OUTFALL_MODE_REPLACE, OUTFALL_MODE_IGNORE};
static const char *const mode_names[] = {"insert", "upsert", "replace", "ignore"};

/* Rows that are there have even ids up to a bound, notes of their own and old values. */
static void make_table(contract_suite *suite, size_t existing)
{
    suite_create_sql(suite, TABLE,
                     "id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(40), b INTEGER, "
                     "note VARCHAR(40) DEFAULT 'default', n INTEGER");
    suite_fill(suite, TABLE, "n * 2, 'old ' || (n * 2), -1, 'mine', 5", 0, existing);
}

static outfall_target *describe(contract_suite *suite, uint32_t mode)
{
    return suite_describe_as(suite, TABLE,
                             &(suite_wanted){.mode = mode, .columns = {"id", "a", "b"}});
}

/* New values of one id; every seventh b is NULL. */
static void add_row(test_rows *rows, int id)
{
    char text[24], a[40], b[24];
    snprintf(text, sizeof text, "%d", id);
    snprintf(a, sizeof a, "new %d", id);
    snprintf(b, sizeof b, "%d", id * 3);
    test_rows_add(rows, (const char *const[]){text, a, id % 7 == 0 ? NULL : b});
}

#define IS_NEW "a = 'new ' || id AND (b = id * 3 OR (b IS NULL AND id % 7 = 0))"
#define IS_OLD "a = 'old ' || id AND b = -1 AND note = 'mine' AND n = 5"

static int64_t count_where(contract_suite *suite, const char *where)
{
    return database_number(suite->database, "SELECT count(*) FROM " TABLE " WHERE %s", where);
}

/* Of `written` rows `hit` had their keys in the table, beside `others` that nobody wrote. */
static void check_table(contract_suite *suite, uint32_t mode, int64_t written, int64_t hit,
                        int64_t others)
{
    int64_t was_new = written - hit;
    int is_ignore = mode == OUTFALL_MODE_IGNORE, is_upsert = mode == OUTFALL_MODE_UPSERT;
    assert_int_equal(suite_count(suite, TABLE), was_new + hit + others);
    assert_int_equal(count_where(suite, IS_NEW " AND note = 'default' AND n IS NULL"),
                     was_new + (mode == OUTFALL_MODE_REPLACE ? hit : 0));
    assert_int_equal(count_where(suite, IS_NEW " AND note = 'mine' AND n = 5"),
                     is_upsert ? hit : 0);
    assert_int_equal(count_where(suite, IS_OLD), others + (is_ignore ? hit : 0));
}

/* The rule for the server's count; drivers/common/count.h has it for the drivers. */
static void check_count(contract_suite *suite, uint32_t mode, uint64_t sent, uint64_t counted)
{
    uint64_t least = mode == OUTFALL_MODE_IGNORE ? 0 : sent;
    if (counted < least || counted > sent * suite->quirks->rules->count_most)
        fail_msg("%s of %llu rows counted %llu", mode_names[mode], (unsigned long long)sent,
                 (unsigned long long)counted);
}

/* Also where nothing is kept, and so nothing can be read back. */
static void every_mode_and_kind_is_taken(contract_suite *suite)
{
    static const outfall_column columns[] = {
        {.name = "k", .type = OUTFALL_TYPE_TEXT, .length_max = 40, .flags = OUTFALL_COLUMN_KEY},
        {.name = "v", .type = OUTFALL_TYPE_TEXT}};
    for (uint32_t mode = OUTFALL_MODE_INSERT; mode <= OUTFALL_MODE_IGNORE; mode++) {
        test_rows rows;
        suite_create(suite, TABLE, columns, 2);
        outfall_target *target = suite_describe_as(
            suite, TABLE,
            &(suite_wanted){.mode = mode, .columns = {"v", "k"}, .key = {mode > 0 ? "k" : NULL}});
        assert_int_equal(target->key_count, mode > 0 ? 1 : 0);
        assert_true(mode == 0 || target->key[0] == 1);
        test_rows_init(&rows, target);
        test_rows_add(&rows, (const char *const[]){"1", "one"});
        test_rows_add(&rows, (const char *const[]){"2", "two"});
        suite_deliver_part(suite, target, &rows, &(suite_part){0});
        if (mode != OUTFALL_MODE_INSERT)
            suite_deliver_part(suite, target, &rows, &(suite_part){.count = 1, .deletion = 1});
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

/* ---- Sizes ------------------------------------------------------------------------ */

static void write_once(contract_suite *suite, uint32_t mode, size_t size, size_t existing,
                       int distinct)
{
    test_rows rows;
    outfall_write_result result;
    size_t hit = existing < (size + 1) / 2 ? existing : (size + 1) / 2;
    make_table(suite, existing);
    outfall_target *target = describe(suite, mode);
    assert_int_equal(target->key_count, 1);
    assert_int_equal(target->key[0], 0);
    assert_true((target->flags & OUTFALL_TARGET_BYTEWISE) != 0);
    test_rows_init(&rows, target);
    for (size_t i = 0; i < size; i++)
        add_row(&rows, (int)(distinct ? i : size - 1 - i));
    suite_begin(suite);
    expect_ok(suite, suite_write_part(suite, target, &rows,
                                      &(suite_part){.span_rows = size > 100 ? size / 3 : 0,
                                                    .flags = distinct ? OUTFALL_BATCH_DISTINCT : 0},
                                      suite_deadline(), &result));
    check_count(suite, mode, size, result.rows_written);
    suite_commit(suite);
    check_table(suite, mode, (int64_t)size, (int64_t)hit, (int64_t)(existing - hit));
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

/* `size` rows that go in as new, then again, all of them there. */
static void write_twice(contract_suite *suite, uint32_t mode, size_t size)
{
    test_rows rows;
    outfall_write_result result;
    suite_part part = {.flags = OUTFALL_BATCH_DISTINCT};
    make_table(suite, 0);
    outfall_target *target = describe(suite, mode);
    test_rows_init(&rows, target);
    for (size_t i = 0; i < size; i++)
        add_row(&rows, (int)i);
    for (int i = 0; i < 2; i++) {
        suite_begin(suite);
        expect_ok(suite, suite_write_part(suite, target, &rows, &part, suite_deadline(), &result));
        if (i == 0)
            assert_int_equal(result.rows_written, size);
        check_count(suite, mode, size, result.rows_written);
        suite_commit(suite);
        check_table(suite, mode, (int64_t)size, 0, 0);
    }
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void each_mode_does_the_same_at_every_size(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 1500, 10000};
    for (size_t m = 0; m < LENGTH(modes); m++) {
        for (size_t s = 0; s < LENGTH(sizes); s++) {
            write_once(suite, modes[m], sizes[s], sizes[s] / 2 + 10, 1);
            write_twice(suite, modes[m], sizes[s]);
            if (sizes[s] <= 1500)
                write_once(suite, modes[m], sizes[s], sizes[s] / 4 + 1, 0);
        }
    }
}

/* ---- Equal keys in one batch ------------------------------------------------------ */

typedef struct model_row {
    int there, value; /* `value`: the number of the write that it is from; -1: old. */
} model_row;

static void check_model(contract_suite *suite, const model_row *model, int keys)
{
    database_answer answer;
    database_ask(suite->database, &answer, "SELECT id, b FROM " TABLE " ORDER BY id");
    size_t at = 0;
    for (int id = 0; id < keys; id++) {
        if (!model[id].there)
            continue;
        assert_true(at < answer.rows);
        assert_int_equal(strtol(answer.cells[at * 2], NULL, 10), id);
        if (strtol(answer.cells[at * 2 + 1], NULL, 10) != model[id].value)
            fail_msg("key %d has write %s, not %d", id, answer.cells[at * 2 + 1], model[id].value);
        at++;
    }
    assert_int_equal(answer.rows, at);
    database_answer_free(&answer);
}

static void write_repeats(contract_suite *suite, uint32_t mode, size_t size)
{
    enum { KEYS = 1500 };
    model_row model[KEYS] = {{0, 0}};
    unsigned random = 12345;
    test_rows rows;
    make_table(suite, 10);
    for (int id = 0; id < 20; id += 2)
        model[id] = (model_row){1, -1};
    outfall_target *target = describe(suite, mode);
    test_rows_init(&rows, target);
    for (size_t i = 0; i < size; i++) {
        char id[24], value[24];
        random = random * 1103515245u + 12345u;
        int key = (int)((random >> 16) % (size * 7 / 10 + 1) % KEYS);
        snprintf(id, sizeof id, "%d", key);
        snprintf(value, sizeof value, "%zu", i);
        test_rows_add(&rows, (const char *const[]){id, "x", value});
        if (!model[key].there || mode != OUTFALL_MODE_IGNORE)
            model[key] = (model_row){1, (int)i};
    }
    suite_deliver_part(suite, target, &rows, &(suite_part){.span_rows = size > 10 ? 7 : 0});
    check_model(suite, model, KEYS);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void equal_keys_in_a_batch_act_in_their_order(contract_suite *suite)
{
    static const size_t sizes[] = {2, 5, 100, 2000};
    for (size_t m = 0; m < LENGTH(modes); m++)
        for (size_t s = 0; s < LENGTH(sizes); s++)
            write_repeats(suite, modes[m], sizes[s]);
}

/* ---- Columns ---------------------------------------------------------------------- */

static void an_upsert_changes_only_the_columns_named(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        test_rows rows;
        make_table(suite, sizes[s]);
        outfall_target *target = suite_describe_as(suite, TABLE,
                                                   &(suite_wanted){.mode = OUTFALL_MODE_UPSERT,
                                                                   .columns = {"b", "id", "a"},
                                                                   .update = {"a"}});
        assert_int_equal(target->key_count, 1);
        assert_int_equal(target->key[0], 1);
        /* With what a first of two equal keys inserts, the second would not agree. */
        assert_int_equal(target->flags & OUTFALL_TARGET_BYTEWISE, 0);
        test_rows_init(&rows, target);
        for (size_t i = 0; i < sizes[s]; i++) {
            char id[24], a[40];
            snprintf(id, sizeof id, "%zu", i);
            snprintf(a, sizeof a, "new %zu", i);
            test_rows_add(&rows, (const char *const[]){"9", id, a});
        }
        suite_deliver_part(suite, target, &rows, &(suite_part){0});
        int64_t hit = (int64_t)(sizes[s] + 1) / 2;
        assert_int_equal(count_where(suite, "a = 'new ' || id AND b = -1 AND note = 'mine'"), hit);
        assert_int_equal(count_where(suite, "a = 'new ' || id AND b = 9 AND note = 'default'"),
                         (int64_t)sizes[s] - hit);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

static void a_column_to_update_has_to_be_there(contract_suite *suite)
{
    static const struct {
        const char *why, *update;
    } bad[] = {
        {"it is not in the table", "nosuch"},
        {"it is not in the rows", "note"},
        {"it is the key", "id"},
    };
    outfall_target *target;
    make_table(suite, 0);
    for (size_t i = 0; i < LENGTH(bad); i++) {
        suite_wanted wanted = {
            .mode = OUTFALL_MODE_UPSERT, .columns = {"id", "a"}, .update = {bad[i].update}};
        if (suite_try_describe_as(suite, TABLE, &wanted, &target) == OUTFALL_OK)
            fail_msg("%s, and it was taken", bad[i].why);
        assert_null(target);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
        assert_non_null(strstr(suite->error.message, bad[i].update));
    }
}

static void a_replace_resets_what_the_rows_do_not_have(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        test_rows rows;
        suite_create_sql(suite, TABLE,
                         "id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(40), "
                         "b INTEGER DEFAULT 7, c VARCHAR(40) DEFAULT 'it''s', d INTEGER, "
                         "g INTEGER GENERATED ALWAYS AS (b + 1) STORED, "
                         "t TIMESTAMP DEFAULT CURRENT_TIMESTAMP");
        database_run(suite->database,
                     "INSERT INTO " TABLE " (id, a, b, c, d, t) WITH RECURSIVE g(n) AS (SELECT 0 "
                     "UNION ALL SELECT n + 1 FROM g WHERE n < %zu) SELECT n, 'old', 1, 'x', 2, "
                     "'2001-01-01 00:00:00' FROM g",
                     sizes[s] / 2);
        outfall_target *target = suite_describe_as(
            suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_REPLACE, .columns = {"id", "a"}});
        test_rows_init(&rows, target);
        for (size_t i = 0; i < sizes[s]; i++) {
            char id[24];
            snprintf(id, sizeof id, "%zu", i);
            test_rows_add(&rows, (const char *const[]){id, "new"});
        }
        suite_deliver_part(suite, target, &rows, &(suite_part){.flags = OUTFALL_BATCH_DISTINCT});
        assert_int_equal(count_where(suite, "a = 'new' AND b = 7 AND c = 'it''s' AND d IS NULL AND "
                                            "g = 8 AND t > '2020-01-01 00:00:00'"),
                         sizes[s]);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

static void a_replace_deletes_nothing(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        test_rows rows;
        suite_drop(suite, "contract_child");
        suite_create_sql(suite, "contract_parent",
                         "id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(40), b INTEGER");
        suite_fill(suite, "contract_parent", "n, 'old', n", 0, sizes[s]);
        suite_create_sql(suite, "contract_child",
                         "parent INTEGER NOT NULL, FOREIGN KEY (parent) REFERENCES "
                         "contract_parent (id) ON DELETE CASCADE");
        suite_fill(suite, "contract_child", "n", 0, sizes[s]);
        outfall_target *target = suite_describe_as(
            suite, "contract_parent",
            &(suite_wanted){.mode = OUTFALL_MODE_REPLACE, .columns = {"id", "a"}});
        test_rows_init(&rows, target);
        for (size_t i = 0; i < sizes[s]; i++) {
            char id[24];
            snprintf(id, sizeof id, "%zu", i);
            test_rows_add(&rows, (const char *const[]){id, "new"});
        }
        suite_deliver_part(suite, target, &rows, &(suite_part){.flags = OUTFALL_BATCH_DISTINCT});
        suite_deliver_part(suite, target, &rows, &(suite_part){0});
        assert_int_equal(database_number(suite->database, "SELECT count(*) FROM contract_parent "
                                                          "WHERE a = 'new' AND b IS NULL"),
                         sizes[s]);
        assert_int_equal(suite_count(suite, "contract_child"), sizes[s]);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

static void a_table_that_is_all_key_takes_every_mode(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    for (size_t m = 0; m < LENGTH(modes); m++) {
        for (size_t s = 0; s < LENGTH(sizes); s++) {
            test_rows rows;
            outfall_write_result result;
            suite_create_sql(suite, TABLE, "x INTEGER, y INTEGER, PRIMARY KEY (x, y)");
            suite_fill(suite, TABLE, "n, n", 0, sizes[s] / 2);
            outfall_target *target =
                suite_describe_as(suite, TABLE, &(suite_wanted){.mode = modes[m]});
            test_rows_init(&rows, target);
            for (size_t i = 0; i < sizes[s]; i++) {
                char n[24];
                snprintf(n, sizeof n, "%zu", i);
                test_rows_add(&rows, (const char *const[]){n, n});
            }
            suite_begin(suite);
            expect_ok(suite, suite_write_part(suite, target, &rows,
                                              &(suite_part){.flags = OUTFALL_BATCH_DISTINCT},
                                              suite_deadline(), &result));
            check_count(suite, OUTFALL_MODE_IGNORE, sizes[s], result.rows_written);
            suite_commit(suite);
            assert_int_equal(suite_count(suite, TABLE), sizes[s]);
            test_rows_free(&rows);
            suite->driver.target_free(target);
        }
    }
}

/* ---- Rows at fault ---------------------------------------------------------------- */

static const struct {
    const char *why, *id, *a; /* The row; its b is 1. */
} faults[] = {
    {"NULL in a column that takes none, a new key", "-1", NULL},
    {"a value that a check refuses, a new key", "-1", "bad"},
};

static void try_fault(contract_suite *suite, outfall_target *target, size_t fault, uint32_t flags,
                      size_t count, size_t at)
{
    test_rows rows;
    outfall_write_result result;
    test_rows_init(&rows, target);
    for (size_t i = 0; i < count; i++) {
        if (i == at)
            test_rows_add(&rows, (const char *const[]){faults[fault].id, faults[fault].a, "1"});
        else
            add_row(&rows, (int)i);
    }
    suite_begin(suite);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_SET);
    int status = suite_write_part(suite, target, &rows, &(suite_part){.flags = flags},
                                  suite_deadline(), &result);
    if (status == OUTFALL_OK)
        fail_msg("%s: taken", faults[fault].why);
    if (suite->error.action != OUTFALL_ACTION_ROW)
        fail_msg("%s: action %d: %s", faults[fault].why, suite->error.action, suite->error.message);
    if (result.bad_row != (int64_t)at && result.bad_row != -1)
        fail_msg("%s: row %zu is bad, not %lld", faults[fault].why, at, (long long)result.bad_row);
    suite_savepoint(suite, OUTFALL_SAVEPOINT_ROLLBACK);
    const suite_part parts[] = {
        {.first = 0, .count = at, .flags = flags},
        {.first = at + 1, .count = count - at - 1, .flags = flags},
    };
    for (size_t i = 0; i < LENGTH(parts); i++)
        if (parts[i].count > 0)
            expect_ok(suite,
                      suite_write_part(suite, target, &rows, &parts[i], suite_deadline(), &result));
    suite_savepoint(suite, OUTFALL_SAVEPOINT_RELEASE);
    suite_commit(suite);
    assert_int_equal(suite_count(suite, TABLE), count - 1);
    database_run(suite->database, "DELETE FROM " TABLE);
    test_rows_free(&rows);
}

static void a_bad_row_is_an_error_in_every_mode(contract_suite *suite)
{
    static const struct {
        size_t count, at;
    } places[] = {{1, 0}, {100, 57}, {2000, 1999}};
    suite_create_sql(suite, TABLE,
                     "id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(40) NOT NULL CHECK (a <> 'bad'), "
                     "b INTEGER");
    for (size_t m = 0; m < LENGTH(modes); m++) {
        outfall_target *target = describe(suite, modes[m]);
        for (size_t fault = 0; fault < LENGTH(faults); fault++)
            for (size_t i = 0; i < LENGTH(places); i++)
                for (uint32_t flags = 0; flags <= OUTFALL_BATCH_DISTINCT; flags++)
                    try_fault(suite, target, fault, flags, places[i].count, places[i].at);
        suite->driver.target_free(target);
    }
}

const contract_case mode_cases[] = {
    {"every mode and kind is taken", every_mode_and_kind_is_taken, NEEDS_NOTHING},
    {"each mode does the same at every size", each_mode_does_the_same_at_every_size, NEEDS_TABLES},
    {"equal keys in a batch act in their order", equal_keys_in_a_batch_act_in_their_order,
     NEEDS_TABLES},
    {"an upsert changes only the columns named", an_upsert_changes_only_the_columns_named,
     NEEDS_TABLES},
    {"a column to update has to be there", a_column_to_update_has_to_be_there, NEEDS_TABLES},
    {"a replace resets what the rows do not have", a_replace_resets_what_the_rows_do_not_have,
     NEEDS_TABLES},
    {"a replace deletes nothing", a_replace_deletes_nothing, NEEDS_TABLES},
    {"a table that is all key takes every mode", a_table_that_is_all_key_takes_every_mode,
     NEEDS_TABLES},
    {"a bad row is an error in every mode", a_bad_row_is_an_error_in_every_mode,
     NEEDS_TABLES | NEEDS_SAVEPOINTS},
    {NULL, NULL, 0},
};
