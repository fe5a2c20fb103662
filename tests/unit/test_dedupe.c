/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "flow/dedupe.h"
#include "flow/key.h"
#include "flow/keyset.h"
#include "rows.h"

#define ROWS_MAX 10
#define COLUMNS_MAX 3

/* A row of a case: its kind ('+' or '-') and its fields; the first columns are the key. */
typedef struct case_row {
    char kind;
    const char *fields[COLUMNS_MAX];
} case_row;

typedef struct dedupe_case {
    const char *why;
    uint32_t types[COLUMNS_MAX];
    uint32_t key_count;
    case_row rows[ROWS_MAX];
    const char *want; /* Rows to write, by index: deletes, a bar, the rest. */
} dedupe_case;

enum {
    BOOL = OUTFALL_TYPE_BOOL,
    I16 = OUTFALL_TYPE_INT16,
    I32 = OUTFALL_TYPE_INT32,
    I64 = OUTFALL_TYPE_INT64,
    F32 = OUTFALL_TYPE_FLOAT32,
    F64 = OUTFALL_TYPE_FLOAT64,
    DEC = OUTFALL_TYPE_DECIMAL,
    TEXT = OUTFALL_TYPE_TEXT,
    BYTES = OUTFALL_TYPE_BYTES,
    DATE = OUTFALL_TYPE_DATE,
    TS = OUTFALL_TYPE_TIMESTAMP,
    UUID = OUTFALL_TYPE_UUID
};

static const dedupe_case cases[] = {
    {"no row", {I64}, 1, {{0}}, "|"},
    {"one row", {I64}, 1, {{'+', {"7"}}}, "|0"},
    {"rows in order stay", {I64}, 1, {{'+', {"-2"}}, {'+', {"0"}}, {'+', {"5"}}}, "|012"},
    {"others are sorted by value", {I64}, 1, {{'+', {"5"}}, {'+', {"0"}}, {'+', {"-2"}}}, "|210"},
    {"the last of a key stays", {I64}, 1, {{'+', {"1"}}, {'+', {"1"}}, {'+', {"1"}}}, "|2"},
    {"also out of order",
     {I64},
     1,
     {{'+', {"9"}}, {'+', {"1"}}, {'+', {"9"}}, {'+', {"0"}}},
     "|312"},
    {"a delete alone", {I64}, 1, {{'-', {"1"}}}, "0|"},
    {"a delete at the end deletes", {I64}, 1, {{'+', {"1"}}, {'-', {"1"}}}, "1|"},
    {"a row after a delete comes after it", {I64}, 1, {{'-', {"1"}}, {'+', {"1"}}}, "0|1"},
    {"of several deletes the last",
     {I64},
     1,
     {{'-', {"1"}}, {'+', {"1"}}, {'-', {"1"}}, {'+', {"1"}}, {'+', {"1"}}},
     "2|4"},
    {"deletes are first and sorted too",
     {I64},
     1,
     {{'+', {"5"}}, {'-', {"9"}}, {'+', {"3"}}, {'-', {"5"}}, {'-', {"2"}}},
     "431|2"},
    {"a null equals no null", {I64}, 1, {{'+', {NULL}}, {'+', {"1"}}, {'+', {NULL}}}, "|102"},
    {"a null anywhere in the key",
     {I64, TEXT},
     2,
     {{'+', {"2", NULL}}, {'+', {"1", "a"}}, {'-', {"2", NULL}}, {'+', {"1", "a"}}},
     "2|30"},
    {"fields beyond the key do not count",
     {I64, TEXT},
     1,
     {{'+', {"1", "a"}}, {'+', {"1", NULL}}},
     "|1"},
    {"booleans", {BOOL}, 1, {{'+', {"true"}}, {'+', {"false"}}, {'+', {"true"}}}, "|12"},
    {"int16 by value", {I16}, 1, {{'+', {"256"}}, {'+', {"-1"}}, {'+', {"2"}}}, "|120"},
    {"int32 by value", {I32}, 1, {{'+', {"65536"}}, {'+', {"-1"}}, {'+', {"2"}}}, "|120"},
    {"two zeros of a float are one", {F64}, 1, {{'+', {"0"}}, {'+', {"-0"}}}, "|1"},
    {"also of four bytes", {F32}, 1, {{'+', {"-0"}}, {'+', {"0"}}}, "|1"},
    {"NaN equals NaN and is last",
     {F64},
     1,
     {{'+', {"nan"}}, {'+', {"inf"}}, {'+', {"-inf"}}, {'+', {"-nan"}}},
     "|213"},
    {"trailing zeros of a decimal",
     {DEC},
     1,
     {{'+', {"1.0"}}, {'+', {"1.00"}}, {'+', {"1"}}, {'+', {"1.000000"}}},
     "|3"},
    {"zeros of a decimal", {DEC}, 1, {{'+', {"0.0"}}, {'+', {"-0"}}, {'+', {"0"}}}, "|2"},
    {"decimals by value",
     {DEC},
     1,
     {{'+', {"10000"}},
      {'+', {"-1.5"}},
      {'+', {"9999"}},
      {'+', {"-10000"}},
      {'+', {"NaN"}},
      {'+', {"0.0001"}},
      {'+', {"-1.49"}}},
     "|3165204"},
    {"text by bytes, a prefix first",
     {TEXT},
     1,
     {{'+', {"b"}}, {'+', {"ab"}}, {'+', {"a"}}, {'+', {""}}, {'+', {"B"}}},
     "|34210"},
    {"case and blanks tell texts apart",
     {TEXT},
     1,
     {{'+', {"a"}}, {'+', {"A"}}, {'+', {"a "}}, {'+', {"a"}}},
     "|132"},
    {"texts do not run together",
     {TEXT, TEXT},
     2,
     {{'+', {"ab", "c"}}, {'+', {"a", "bc"}}, {'+', {"", "abc"}}, {'+', {"abc", ""}}},
     "|2103"},
    {"nor do bytes that look like an end",
     {BYTES, BYTES},
     2,
     {{'+', {"0000", ""}}, {'+', {"00", "00"}}, {'+', {"", "0000"}}, {'+', {"00", "00"}}},
     "|230"},
    {"dates by value, infinities outermost",
     {DATE},
     1,
     {{'+', {"infinity"}}, {'+', {"1999-12-31"}}, {'+', {"-infinity"}}, {'+', {"2024-01-31"}}},
     "|2130"},
    {"timestamps",
     {TS},
     1,
     {{'+', {"2024-01-31 00:00:00"}}, {'+', {"1970-01-01 00:00:00"}}},
     "|10"},
    {"UUIDs",
     {UUID},
     1,
     {{'+', {"ffffffff-0000-0000-0000-000000000000"}},
      {'+', {"00000000-0000-0000-0000-000000000001"}},
      {'+', {"ffffffff-0000-0000-0000-000000000000"}}},
     "|12"},
    {"two short fields in a word",
     {I32, I16},
     2,
     {{'+', {"1", "-1"}}, {'+', {"-1", "1"}}, {'+', {"1", "-2"}}, {'+', {"-1", "1"}}},
     "|320"},
    {"three fields that are more than a word",
     {I64, DEC, TEXT},
     3,
     {{'+', {"1", "2.50", "x"}}, {'+', {"1", "2.5", "x"}}, {'+', {"1", "-2.5", "x"}}},
     "|21"},
};

static void describe(const of_dedupe *dedupe, char *out, size_t capacity)
{
    size_t size = 0;
    for (uint32_t i = 0; i <= dedupe->count; i++) {
        if (i == dedupe->deletes)
            size += (size_t)snprintf(out + size, capacity - size, "|");
        if (i < dedupe->count)
            size += (size_t)snprintf(out + size, capacity - size, "%u", dedupe->order[i]);
    }
}

static void run_case(const dedupe_case *one, of_dedupe *dedupe, size_t span_rows)
{
    static const uint32_t key[COLUMNS_MAX] = {0, 1, 2};
    outfall_column columns[COLUMNS_MAX] = {{0}};
    outfall_target target = {.columns = columns, .key = key, .key_count = one->key_count};
    outfall_error error;
    test_rows rows;
    test_batch batch;
    char got[64];
    while (target.column_count < COLUMNS_MAX && one->types[target.column_count] != 0) {
        columns[target.column_count].type = one->types[target.column_count];
        target.column_count++;
    }
    test_rows_init(&rows, &target);
    for (uint32_t i = 0; i < ROWS_MAX && one->rows[i].kind != 0; i++) {
        test_rows_add(&rows, one->rows[i].fields);
        rows.entries[i].kind = one->rows[i].kind == '-' ? OUTFALL_ROW_DELETE : OUTFALL_ROW_UPDATE;
    }
    test_batch_make(&batch, &rows, 0, rows.count, rows.count == 0 ? 1 : span_rows);
    assert_int_equal(of_dedupe_run(dedupe, &target, &batch.batch, &error), OUTFALL_OK);
    describe(dedupe, got, sizeof got);
    if (strcmp(got, one->want) != 0)
        fail_msg("%s: rows %s, not %s", one->why, got, one->want);
    test_batch_free(&batch);
    test_rows_free(&rows);
}

static void what_is_written_and_in_which_order(void **state)
{
    of_dedupe kept = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_dedupe fresh = {0};
        run_case(&cases[i], &fresh, 0);
        run_case(&cases[i], &kept, 1); /* Each row in a span of its own. */
        of_dedupe_free(&fresh);
    }
    of_dedupe_free(&kept);
}

static void previous_leads_through_all_rows_of_a_key(void **state)
{
    static const dedupe_case one = {
        "",
        {I64},
        1,
        {{'+', {"2"}}, {'+', {"1"}}, {'+', {"2"}}, {'+', {NULL}}, {'+', {"2"}}},
        "|143"};
    static const uint32_t want[] = {OF_DEDUPE_NONE, OF_DEDUPE_NONE, 0, OF_DEDUPE_NONE, 2};
    of_dedupe dedupe = {0};
    (void)state;
    run_case(&one, &dedupe, 0);
    assert_memory_equal(dedupe.previous, want, sizeof want);
    of_dedupe_free(&dedupe);
}

static void a_batch_beyond_the_index_is_refused(void **state)
{
    outfall_batch batch = {.rows = (UINT64_C(1) << 31) + 1};
    outfall_target target = {0};
    of_dedupe dedupe = {0};
    outfall_error error;
    (void)state;
    assert_int_equal(of_dedupe_run(&dedupe, &target, &batch, &error), OUTFALL_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "batch.rows"));
    of_dedupe_free(&dedupe);
}

/* ---- Keys that were chosen to collide --------------------------------------------- */

#define COLLIDING 5000

/* The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the bits. */
static uint64_t inverse(uint64_t odd)
{
    uint64_t guess = odd;
    for (int i = 0; i < 6; i++)
        guess *= 2 - odd * guess;
    return guess;
}

/* Keys of int64 that all hash to slot 0, downwards so that they are not in order. */
static void make_colliding(test_rows *rows)
{
    uint64_t back = inverse(UINT64_C(0x9E3779B97F4A7C15));
    char literal[32];
    for (uint64_t i = COLLIDING; i-- > 0;) {
        snprintf(literal, sizeof literal, "%lld",
                 (long long)(((i << 48) * back) ^ UINT64_C(1) << 63));
        test_rows_put(rows, literal);
    }
}

static void keys_chosen_to_collide_are_given_up_and_sorted(void **state)
{
    outfall_column column = {.type = I64};
    uint32_t key = 0;
    outfall_target target = {.columns = &column, .column_count = 1, .key = &key, .key_count = 1};
    of_dedupe dedupe = {0};
    of_keys keys = {0};
    outfall_error error;
    test_rows rows;
    test_batch batch;
    (void)state;
    test_rows_init(&rows, &target);
    make_colliding(&rows);
    make_colliding(&rows); /* Each twice. */
    test_batch_make(&batch, &rows, 0, rows.count, 0);

    void *memory = malloc(of_keyset_bytes(2 * COLLIDING));
    uint32_t *previous = malloc(2 * COLLIDING * sizeof *previous);
    assert_int_equal(of_keys_read(&keys, &target, &batch.batch, &error), OUTFALL_OK);
    assert_false(of_keyset_link(&keys, memory, previous));

    assert_int_equal(of_dedupe_run(&dedupe, &target, &batch.batch, &error), OUTFALL_OK);
    assert_int_equal(dedupe.count, COLLIDING);
    for (uint32_t i = 0; i < COLLIDING; i++) {
        assert_int_equal(dedupe.previous[i], OF_DEDUPE_NONE);
        assert_int_equal(dedupe.previous[COLLIDING + i], i);
        assert_in_range(dedupe.order[i], COLLIDING, 2 * COLLIDING - 1);
        if (i > 0)
            assert_true(keys.words[dedupe.order[i - 1]] < keys.words[dedupe.order[i]]);
    }
    of_dedupe_free(&dedupe);
    of_keys_free(&keys);
    free(memory);
    free(previous);
    test_batch_free(&batch);
    test_rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_and_in_which_order),
        cmocka_unit_test(previous_leads_through_all_rows_of_a_key),
        cmocka_unit_test(a_batch_beyond_the_index_is_refused),
        cmocka_unit_test(keys_chosen_to_collide_are_given_up_and_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
