/* SPDX-License-Identifier: Apache-2.0 */
/* The PostgreSQL driver's statements, as texts, and the parameters that are made of rows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/driver.h>

#include "postgresql/arrays.h"
#include "postgresql/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define COLUMNS_MAX 3

/* A column of a table, as describe would have found it. */
typedef struct sample {
    const char *name;
    uint32_t base_type; /* A number that no built-in type has: travels as text. */
    const char *base_name;
    const char *collation;
    bool key;
} sample;

static char *copy(const char *text)
{
    char *made = text != NULL ? strdup(text) : NULL;
    assert_true(text == NULL || made != NULL);
    return made;
}

static drv_pg_target *make(const sample *samples, size_t count, char kind, const char *conflict)
{
    outfall_error error;
    drv_pg_target *target = calloc(1, sizeof *target);
    assert_non_null(target);
    target->base.column_count = (uint32_t)count;
    target->columns = calloc(count, sizeof *target->columns);
    target->sources = calloc(count, sizeof *target->sources);
    target->key = calloc(count, sizeof *target->key);
    target->key_places = calloc(count, sizeof *target->key_places);
    assert_non_null(target->columns);
    assert_non_null(target->sources);
    assert_non_null(target->key);
    assert_non_null(target->key_places);
    target->kind = kind;
    target->oid = 4711;
    target->key_index = 4712;
    target->name = copy("t");
    target->display = copy("\"s\".\"t\"");
    target->conflict = copy(conflict);
    for (size_t i = 0; i < count; i++) {
        target->columns[i].name = copy(samples[i].name);
        target->sources[i].number = (int)i + 1;
        target->sources[i].base_type = samples[i].base_type;
        target->sources[i].base_name = copy(samples[i].base_name);
        target->sources[i].equals = copy("pg_catalog.=");
        target->sources[i].collation = copy(samples[i].collation);
        target->key_places[i] = samples[i].key ? (int32_t)target->base.key_count : -1;
        if (samples[i].key)
            target->key[target->base.key_count++] = (uint32_t)i;
    }
    target->base.key = target->key;
    assert_int_equal(drv_pg_target_finish(target, false, &error), OUTFALL_OK);
    return target;
}

static void free_target(drv_pg_target *target)
{
    drv_pg_target_free(&target->base);
}

static void statements_quote_and_cast_what_they_name(void **state)
{
    static const struct {
        const char *why;
        sample samples[COLUMNS_MAX];
        size_t count;
        char kind;
        drv_pg_purpose purpose;
        const char *want;
    } cases[] = {
        {"arrays have the elements of their columns",
         {{"k", 20, "x", NULL, true}, {"v", 1043, "x", NULL, false}},
         2,
         'r',
         DRV_PG_WRITE,
         "INSERT INTO \"s\".\"t\" AS outfall_target (\"k\", \"v\") SELECT "
         "pg_catalog.unnest($1::pg_catalog.int8[]), pg_catalog.unnest($2::pg_catalog.varchar[]) "
         "ON CONFLICT"},
        {"a row has no arrays",
         {{"k", 20, "x", NULL, true}, {"v", 25, "x", NULL, false}},
         2,
         'r',
         DRV_PG_WRITE_ROW,
         "INSERT INTO \"s\".\"t\" AS outfall_target (\"k\", \"v\") VALUES ($1::pg_catalog.int8, "
         "$2::pg_catalog.text) ON CONFLICT"},
        {"a type without an encoding is cast from text",
         {{"k", 99999, "public.citext", NULL, true}},
         1,
         'r',
         DRV_PG_WRITE_ROW,
         "INSERT INTO \"s\".\"t\" AS outfall_target (\"k\") VALUES "
         "($1::pg_catalog.text::public.citext) ON CONFLICT"},
        {"keys are compared by the index's equality and collation; children are left alone",
         {{"a", 20, "x", NULL, true},
          {"v", 25, "x", NULL, false},
          {"b", 25, "x", "pg_catalog.\"C\"", true}},
         3,
         'r',
         DRV_PG_DELETE,
         "DELETE FROM ONLY \"s\".\"t\" AS outfall_target USING (SELECT "
         "pg_catalog.unnest($1::pg_catalog.int8[]) AS k0, "
         "pg_catalog.unnest($2::pg_catalog.text[]) AS k1) AS outfall_key WHERE "
         "outfall_target.\"a\" OPERATOR(pg_catalog.=) outfall_key.k0 AND "
         "outfall_target.\"b\" OPERATOR(pg_catalog.=) outfall_key.k1 COLLATE pg_catalog.\"C\""},
        {"a partitioned table's rows are all in its children",
         {{"k", 99999, "public.citext", NULL, true}},
         1,
         'p',
         DRV_PG_DELETE,
         "DELETE FROM \"s\".\"t\" AS outfall_target USING (SELECT "
         "pg_catalog.unnest($1::pg_catalog.text[])::public.citext AS k0) AS outfall_key WHERE "
         "outfall_target.\"k\" OPERATOR(pg_catalog.=) outfall_key.k0"},
        {"a hostile name is only a name",
         {{"\"; DROP TABLE t; --", 20, "x", NULL, true}},
         1,
         'r',
         DRV_PG_DELETE,
         "DELETE FROM ONLY \"s\".\"t\" AS outfall_target USING (SELECT "
         "pg_catalog.unnest($1::pg_catalog.int8[]) AS k0) AS outfall_key WHERE "
         "outfall_target.\"\"\"; DROP TABLE t; --\" OPERATOR(pg_catalog.=) outfall_key.k0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_pg_target *target =
            make(cases[i].samples, cases[i].count, cases[i].kind, "ON CONFLICT");
        if (strcmp(target->sql[cases[i].purpose], cases[i].want) != 0)
            fail_msg("%s:\n%s", cases[i].why, target->sql[cases[i].purpose]);
        free_target(target);
    }
}

/* ---- Parameters ------------------------------------------------------------------------- */

/* Two rows of (int4, text, int4): (7, 'ab', 9) and (8, NULL, NULL). */
static const uint8_t rows_bytes[] = {0,   3,   0, 0, 0, 4, 0,   0,   0,   7,   0,   0,   0,   2,
                                     'a', 'b', 0, 0, 0, 4, 0,   0,   0,   9,   0,   3,   0,   0,
                                     0,   4,   0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 255};
#define FIRST_ROW_BYTES 24

static const sample three[] = {
    {"a", 23, "x", NULL, false}, {"b", 25, "x", NULL, true}, {"c", 23, "x", NULL, true}};

typedef struct two_rows {
    outfall_row_entry entries[2];
    outfall_span span;
    outfall_batch batch;
} two_rows;

static void make_batch(two_rows *rows, uint32_t deletion)
{
    *rows = (two_rows){0};
    rows->entries[1] = (outfall_row_entry){.start = 0, .bytes = FIRST_ROW_BYTES};
    rows->entries[0] =
        (outfall_row_entry){.start = FIRST_ROW_BYTES, .bytes = sizeof rows_bytes - FIRST_ROW_BYTES};
    rows->span = (outfall_span){
        .base = rows_bytes, .entries_end = rows->entries + 2, .first = 0, .count = 2};
    rows->batch = (outfall_batch){.struct_size = sizeof rows->batch,
                                  .span_count = 1,
                                  .spans = &rows->span,
                                  .rows = 2,
                                  .bytes = sizeof rows_bytes,
                                  .deletion = deletion};
}

static void expect_array(const drv_pg_arrays *arrays, size_t at, const uint8_t *want, size_t bytes)
{
    assert_int_equal(arrays->lengths[at], bytes);
    assert_memory_equal(arrays->values[at], want, bytes);
}

static const uint8_t a_array[] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0,
                                  0, 1, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0,  0, 4, 0, 0, 0, 8};
static const uint8_t b_array[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0,   0,   25,  0,   0,   0,
                                  2, 0, 0, 0, 1, 0, 0, 0, 2, 'a', 'b', 255, 255, 255, 255};
static const uint8_t c_array[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 23, 0,   0,   0,   2,
                                  0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9,  255, 255, 255, 255};

static void a_batch_becomes_an_array_for_each_column(void **state)
{
    drv_pg_arrays arrays = {0};
    outfall_error error;
    two_rows rows;
    drv_pg_target *target = make(three, COUNT(three), 'r', "ON CONFLICT");
    (void)state;
    make_batch(&rows, 0);
    assert_int_equal(drv_pg_arrays_fill(&arrays, target, &rows.batch, &error), OUTFALL_OK);
    expect_array(&arrays, 0, a_array, sizeof a_array);
    expect_array(&arrays, 1, b_array, sizeof b_array);
    expect_array(&arrays, 2, c_array, sizeof c_array);
    drv_pg_arrays_free(&arrays);
    free_target(target);
}

static void deletes_take_the_key_alone(void **state)
{
    drv_pg_arrays arrays = {0};
    outfall_error error;
    two_rows rows;
    drv_pg_target *target = make(three, COUNT(three), 'r', "ON CONFLICT");
    (void)state;
    make_batch(&rows, 1);
    assert_int_equal(drv_pg_arrays_fill(&arrays, target, &rows.batch, &error), OUTFALL_OK);
    expect_array(&arrays, 0, b_array, sizeof b_array);
    expect_array(&arrays, 1, c_array, sizeof c_array);
    drv_pg_arrays_free(&arrays);
    free_target(target);
}

static void one_row_is_pointed_at_as_it_lies(void **state)
{
    drv_pg_arrays arrays = {0};
    outfall_error error;
    const uint8_t *row = rows_bytes;
    size_t left = sizeof rows_bytes;
    (void)state;
    assert_int_equal(drv_pg_arrays_reserve(&arrays, 3, &error), OUTFALL_OK);
    assert_int_equal(drv_pg_arrays_row(&arrays, &row, &left, 3, &error), OUTFALL_OK);
    assert_ptr_equal(row, rows_bytes + FIRST_ROW_BYTES);
    assert_int_equal(arrays.lengths[1], 2);
    assert_memory_equal(arrays.values[1], "ab", 2);
    assert_int_equal(drv_pg_arrays_row(&arrays, &row, &left, 3, &error), OUTFALL_OK);
    assert_int_equal(left, 0);
    assert_int_equal(arrays.lengths[0], 4);
    assert_null(arrays.values[1]);
    assert_null(arrays.values[2]);
    drv_pg_arrays_free(&arrays);
}

static void malformed_rows_are_refused(void **state)
{
    static const struct {
        const char *why;
        uint8_t bytes[16];
        size_t length;
    } cases[] = {
        {"nothing", {0}, 0},
        {"half a count", {0}, 1},
        {"another count", {0, 2, 0, 0, 0, 0, 0, 0, 0, 0}, 10},
        {"no length", {0, 1, 0, 0}, 4},
        {"a field that ends too early", {0, 1, 0, 0, 0, 4, 1, 2}, 8},
        {"a length beyond all", {0, 1, 127, 255, 255, 255, 1}, 7},
    };
    drv_pg_arrays arrays = {0};
    outfall_error error;
    (void)state;
    assert_int_equal(drv_pg_arrays_reserve(&arrays, 1, &error), OUTFALL_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t *exact = malloc(cases[i].length > 0 ? cases[i].length
                                                    : 1); /* A read beyond it shows under ASan. */
        assert_non_null(exact);
        memcpy(exact, cases[i].bytes, cases[i].length);
        const uint8_t *row = exact;
        size_t left = cases[i].length;
        if (drv_pg_arrays_row(&arrays, &row, &left, 1, &error) != OUTFALL_ERR_INVALID)
            fail_msg("%s is taken", cases[i].why);
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
        free(exact);
    }
    drv_pg_arrays_free(&arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_quote_and_cast_what_they_name),
        cmocka_unit_test(a_batch_becomes_an_array_for_each_column),
        cmocka_unit_test(deletes_take_the_key_alone),
        cmocka_unit_test(one_row_is_pointed_at_as_it_lies),
        cmocka_unit_test(malformed_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
