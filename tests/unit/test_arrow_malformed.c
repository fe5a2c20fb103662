/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays and schemas that are none: each is an error that names the column and the problem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/encoding.h>

#include "arrays.h"
#include "arrow/table.h"
#include "base/alloc.h"

#define LIST(type, ...) ((const type[]){__VA_ARGS__})
#define FOUR LIST(int64_t, 0, 1, 2, 3)

/* Views: of a negative length; of a buffer that is not there; beyond the end of one. */
#define VIEW(length, part, offset) LIST(int32_t, length, 0, part, offset)
static const int64_t part_sizes[] = {20};

static const test_array_column two = {
    .format = "l", .length = 2, .n_buffers = 2, .buffers = {NULL, FOUR}};
static const test_array_column nested = {
    .format = "l", .length = 2, .n_buffers = 2, .buffers = {NULL, FOUR}, .dictionary = &two};
static const test_array_column released = {.format = "l", .length = 2, .n_buffers = 1};

typedef struct bad_column {
    const char *why;
    test_array_column column; /* Of two rows. */
    int status;
    const char *says;
    int64_t row; /* At fault; -1: none. */
} bad_column;

static const bad_column bad_columns[] = {
    {"no format", {.length = 2}, OUTFALL_ERR_INVALID, "no format", -1},
    {"an unknown format",
     {.format = "q\x01", .length = 2},
     OUTFALL_ERR_INVALID,
     "format \"q\\x01\"",
     -1},
    {"an empty format", {.format = "", .length = 2}, OUTFALL_ERR_INVALID, "format \"\"", -1},
    {"a width that is none", {.format = "w:x", .length = 2}, OUTFALL_ERR_INVALID, "\"w:x\"", -1},
    {"a width below zero", {.format = "w:-1", .length = 2}, OUTFALL_ERR_INVALID, "\"w:-1\"", -1},
    {"a width too many",
     {.format = "w:99999999999999999999", .length = 2},
     OUTFALL_ERR_INVALID,
     "\"w:9999",
     -1},
    {"a decimal without scale", {.format = "d:5", .length = 2}, OUTFALL_ERR_INVALID, "\"d:5\"", -1},
    {"a decimal of 77 digits",
     {.format = "d:77,0,256", .length = 2},
     OUTFALL_ERR_INVALID,
     "\"d:77,0,256\"",
     -1},
    {"a decimal of 96 bits",
     {.format = "d:5,0,96", .length = 2},
     OUTFALL_ERR_INVALID,
     "\"d:5,0,96\"",
     -1},
    {"a timestamp without unit", {.format = "ts", .length = 2}, OUTFALL_ERR_INVALID, "\"ts\"", -1},
    {"duration", {.format = "tDn", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "an Arrow duration", -1},
    {"interval", {.format = "tiM", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "an Arrow interval", -1},
    {"list", {.format = "+l", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "an Arrow list", -1},
    {"large list", {.format = "+L", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "large list", -1},
    {"list view", {.format = "+vl", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "list view", -1},
    {"fixed-size list",
     {.format = "+w:3", .length = 2},
     OUTFALL_ERR_UNSUPPORTED,
     "fixed-size list",
     -1},
    {"struct", {.format = "+s", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "an Arrow struct", -1},
    {"map", {.format = "+m", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "an Arrow map", -1},
    {"union", {.format = "+ud:0,1", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "an Arrow union", -1},
    {"run-end encoded", {.format = "+r", .length = 2}, OUTFALL_ERR_UNSUPPORTED, "run-end", -1},
    {"children where there are none",
     {.format = "l", .length = 2, .n_children = 1},
     OUTFALL_ERR_INVALID,
     "1 Arrow children",
     -1},
    {"metadata of a negative length",
     {.format = "l", .length = 2, .metadata = "\xff\xff\xff\xff"},
     OUTFALL_ERR_INVALID,
     "metadata",
     -1},
    {"a uuid of 15 bytes",
     {.format = "w:15",
      .length = 2,
      .metadata = "\x01\0\0\0\x14\0\0\0ARROW:extension:name\x0a\0\0\0arrow.uuid"},
     OUTFALL_ERR_INVALID,
     "arrow.uuid",
     -1},
    {"a length below zero",
     {.format = "l", .length = -1, .n_buffers = 2, .buffers = {NULL, FOUR}},
     OUTFALL_ERR_INVALID,
     "negative length",
     -1},
    {"an offset below zero",
     {.format = "l", .length = 2, .offset = -1, .n_buffers = 2, .buffers = {NULL, FOUR}},
     OUTFALL_ERR_INVALID,
     "negative length",
     -1},
    {"an offset beyond memory",
     {.format = "l", .length = 2, .offset = INT64_MAX - 1, .n_buffers = 2, .buffers = {NULL, FOUR}},
     OUTFALL_ERR_INVALID,
     "beyond any memory",
     -1},
    {"a length beyond memory",
     {.format = "w:2147483647", .length = INT64_MAX / 4, .n_buffers = 2, .buffers = {NULL, FOUR}},
     OUTFALL_ERR_INVALID,
     "beyond any memory",
     -1},
    {"fewer values than rows",
     {.format = "l", .length = 1, .n_buffers = 2, .buffers = {NULL, FOUR}},
     OUTFALL_ERR_INVALID,
     "1 values for 2 rows",
     -1},
    {"a buffer too few",
     {.format = "l", .length = 2, .n_buffers = 1, .buffers = {NULL, FOUR}},
     OUTFALL_ERR_INVALID,
     "number of buffers",
     -1},
    {"a buffer too many",
     {.format = "l", .length = 2, .n_buffers = 3, .buffers = {NULL, FOUR}},
     OUTFALL_ERR_INVALID,
     "number of buffers",
     -1},
    {"views without sizes",
     {.format = "vu", .length = 2, .n_buffers = 2},
     OUTFALL_ERR_INVALID,
     "number of buffers",
     -1},
    {"views with buffers of no size",
     {.format = "vu", .length = 2, .n_buffers = 4, .buffers = {NULL, FOUR, "x", NULL}},
     OUTFALL_ERR_INVALID,
     "how large",
     -1},
    {"no values",
     {.format = "l", .length = 2, .n_buffers = 2},
     OUTFALL_ERR_INVALID,
     "no buffer of values",
     -1},
    {"no offsets",
     {.format = "u", .length = 2, .n_buffers = 3},
     OUTFALL_ERR_INVALID,
     "no buffer of values",
     -1},
    {"no data",
     {.format = "u", .length = 2, .n_buffers = 3, .buffers = {NULL, LIST(int32_t, 0, 1, 2)}},
     OUTFALL_ERR_INVALID,
     "no buffer of data",
     -1},
    {"nulls without a bitmap",
     {.format = "l", .length = 2, .n_buffers = 2, .null_count = 1, .buffers = {NULL, FOUR}},
     OUTFALL_ERR_INVALID,
     "which they are",
     -1},
    {"more nulls than values",
     {.format = "l", .length = 2, .n_buffers = 2, .null_count = 3, .buffers = {"\0", FOUR}},
     OUTFALL_ERR_INVALID,
     "more nulls",
     -1},
    {"the first offset below zero",
     {.format = "u", .length = 2, .n_buffers = 3, .buffers = {NULL, LIST(int32_t, -1, 1, 2), "ab"}},
     OUTFALL_ERR_INVALID,
     "negative or decrease",
     -1},
    {"offsets that end below their start",
     {.format = "U", .length = 2, .n_buffers = 3, .buffers = {NULL, LIST(int64_t, 2, 2, 0), "ab"}},
     OUTFALL_ERR_INVALID,
     "negative or decrease",
     -1},
    {"offsets that decrease in between",
     {.format = "u",
      .length = 3,
      .n_buffers = 3,
      .buffers = {NULL, LIST(int32_t, 0, 2, 1, 2), "ab"}},
     OUTFALL_ERR_INVALID,
     "offsets that decrease",
     1},
    {"offsets beyond the last one",
     {.format = "u", .length = 2, .n_buffers = 3, .buffers = {NULL, LIST(int32_t, 0, 99, 2), "ab"}},
     OUTFALL_ERR_INVALID,
     "offsets that decrease",
     0},
    {"a view of negative length",
     {.format = "vu", .length = 2, .n_buffers = 3, .buffers = {NULL, VIEW(-1, 0, 0), NULL}},
     OUTFALL_ERR_INVALID,
     "negative length",
     0},
    {"a view of no buffer",
     {.format = "vz",
      .length = 2,
      .n_buffers = 4,
      .buffers = {NULL, VIEW(13, 1, 0), "01234567890123456789", part_sizes}},
     OUTFALL_ERR_INVALID,
     "none of its buffers",
     0},
    {"a view beyond its buffer",
     {.format = "vz",
      .length = 2,
      .n_buffers = 4,
      .buffers = {NULL, VIEW(13, 0, 8), "01234567890123456789", part_sizes}},
     OUTFALL_ERR_INVALID,
     "none of its buffers",
     0},
    {"a view before its buffer",
     {.format = "vz",
      .length = 2,
      .n_buffers = 4,
      .buffers = {NULL, VIEW(13, 0, -1), "01234567890123456789", part_sizes}},
     OUTFALL_ERR_INVALID,
     "none of its buffers",
     0},
    {"an index out of the dictionary",
     {.format = "c",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, "\x01\x02"},
      .dictionary = &two},
     OUTFALL_ERR_INVALID,
     "not in its dictionary",
     1},
    {"an index below zero",
     {.format = "i",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int32_t, -1, 0)},
      .dictionary = &two},
     OUTFALL_ERR_INVALID,
     "not in its dictionary",
     0},
    {"an index beyond int64",
     {.format = "L",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, LIST(uint64_t, UINT64_MAX, 0)},
      .dictionary = &two},
     OUTFALL_ERR_INVALID,
     "not in its dictionary",
     0},
    {"a dictionary by text",
     {.format = "u", .length = 2, .dictionary = &two},
     OUTFALL_ERR_INVALID,
     "not indexed by integers",
     -1},
    {"a dictionary of dictionaries",
     {.format = "c", .length = 2, .n_buffers = 2, .buffers = {NULL, "\0\0"}, .dictionary = &nested},
     OUTFALL_ERR_UNSUPPORTED,
     "dictionary of dictionaries",
     -1},
    {"a dictionary that is malformed",
     {.format = "c",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, "\0\0"},
      .dictionary = &released},
     OUTFALL_ERR_INVALID,
     "number of buffers",
     -1},
    {"seconds that no timestamp counts",
     {.format = "tss:",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int64_t, 0, INT64_MAX)}},
     OUTFALL_ERR_REFUSED,
     "9223372036854775807 is out of range",
     1},
    {"microseconds that would be an infinity",
     {.format = "tsu:",
      .length = 2,
      .n_buffers = 2,
      .buffers = {NULL, LIST(int64_t, INT64_MIN, 0)}},
     OUTFALL_ERR_REFUSED,
     "-9223372036854775808 is out of range",
     0},
    {"a date of milliseconds that no timestamp counts",
     {.format = "tdm", .length = 2, .n_buffers = 2, .buffers = {NULL, LIST(int64_t, INT64_MAX, 0)}},
     OUTFALL_ERR_REFUSED,
     "out of range",
     0},
};

static const outfall_column target = {.name = "c", .type = OUTFALL_TYPE_TEXT};

/* Everything from the schema to the last row; *row as in bad_column. */
static int read_all(const test_array *array, int64_t *row, outfall_error *error)
{
    of_arrow_table table;
    *row = -1;
    int status = of_arrow_table_open(&array->schema, &target, 1, NULL, &table, error);
    if (status == OUTFALL_OK)
        status = of_arrow_table_bind(&table, &array->array, error);
    if (status == OUTFALL_OK) {
        size_t count = of_arrow_table_read(&table, 0, &status, error);
        *row = status == OUTFALL_OK ? -1 : (int64_t)count;
    }
    of_arrow_table_close(&table);
    return status;
}

static void what_is_malformed_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_columns / sizeof bad_columns[0]; i++) {
        const bad_column *one = &bad_columns[i];
        test_array_column column = one->column;
        outfall_error error = {0};
        test_array array;
        int64_t row;
        column.name = "c";
        test_array_make(&array, &column, 1, column.length < 2 ? 2 : column.length);
        array.array.length = column.length > 3 ? 2 : array.array.length;
        if (column.dictionary == &nested)
            array.field_dictionaries[0].dictionary = &array.fields[0];
        int status = read_all(&array, &row, &error);
        if (status != one->status || strstr(error.message, one->says) == NULL ||
            strcmp(error.column, "c") != 0 || strstr(error.message, "\"c\"") == NULL ||
            row != one->row)
            fail_msg("%s: %d, row %lld, %s", one->why, status, (long long)row, error.message);
        assert_true(outfall_utf8_valid(error.message, strlen(error.message)));
    }
}

/* ---- The struct -------------------------------------------------------------------- */

static test_array array;
static struct ArrowSchema *no_schemas[1];
static struct ArrowArray *no_arrays[1];

static void schema_released(void)
{
    array.schema.release = NULL;
}
static void schema_is_a_column(void)
{
    array.schema.format = "l";
}
static void schema_without_format(void)
{
    array.schema.format = NULL;
}
static void schema_of_none(void)
{
    array.schema.n_children = 0;
}
static void schema_of_too_many(void)
{
    array.schema.n_children = INT64_MAX;
}
static void schema_without_list(void)
{
    array.schema.children = NULL;
}
static void schema_missing_one(void)
{
    array.schema.children = no_schemas;
}
static void field_released(void)
{
    array.fields[0].release = NULL;
}
static void field_without_name(void)
{
    array.fields[0].name = NULL;
}
static void field_with_empty_name(void)
{
    array.fields[0].name = "";
}
static void field_not_utf8(void)
{
    array.fields[0].name = "\xff";
}
static void field_unknown(void)
{
    array.fields[0].name = "d";
}
static void array_released(void)
{
    array.array.release = NULL;
}
static void array_of_negative_length(void)
{
    array.array.length = -1;
}
static void array_beyond_int64(void)
{
    array.array.offset = INT64_MAX;
}
static void array_of_other_width(void)
{
    array.array.n_children = 2;
}
static void array_without_list(void)
{
    array.array.children = NULL;
}
static void array_without_buffers(void)
{
    array.array.buffers = NULL;
}
static void array_of_two_buffers(void)
{
    array.array.n_buffers = 2;
}
static void array_with_dictionary(void)
{
    array.array.dictionary = &array.children[0];
}
static void array_of_nulls_unknown(void)
{
    array.array.null_count = 1;
}
static void child_missing(void)
{
    array.array.children = no_arrays;
}
static void child_released(void)
{
    array.children[0].release = NULL;
}
static void child_with_dictionary(void)
{
    array.children[0].dictionary = &array.children[0];
}
static void rows_beyond_child(void)
{
    array.array.offset = 1;
}
static void a_null_row(void)
{
    array.valid[0] = "\x01";
}

static void a_malformed_struct_is_refused(void **state)
{
    static const struct {
        void (*spoil)(void);
        int status;
        const char *says;
    } spoils[] = {
        {schema_released, OUTFALL_ERR_INVALID, "schema has been released"},
        {schema_is_a_column, OUTFALL_ERR_INVALID, "not a struct"},
        {schema_without_format, OUTFALL_ERR_INVALID, "not a struct"},
        {schema_of_none, OUTFALL_ERR_INVALID, "0 columns"},
        {schema_of_too_many, OUTFALL_ERR_INVALID, "9223372036854775807 columns"},
        {schema_without_list, OUTFALL_ERR_INVALID, "columns"},
        {schema_missing_one, OUTFALL_ERR_INVALID, "column 0 of the Arrow schema is missing"},
        {field_released, OUTFALL_ERR_INVALID, "\"c\" has been released"},
        {field_without_name, OUTFALL_ERR_INVALID, "no name"},
        {field_with_empty_name, OUTFALL_ERR_INVALID, "no name"},
        {field_not_utf8, OUTFALL_ERR_INVALID, "not UTF-8"},
        {field_unknown, OUTFALL_ERR_NOT_FOUND, "no column \"d\""},
        {array_released, OUTFALL_ERR_INVALID, "array has been released"},
        {array_of_negative_length, OUTFALL_ERR_INVALID, "a length or an offset"},
        {array_beyond_int64, OUTFALL_ERR_INVALID, "a length or an offset"},
        {array_of_other_width, OUTFALL_ERR_INVALID, "number of columns"},
        {array_without_list, OUTFALL_ERR_INVALID, "number of columns"},
        {array_without_buffers, OUTFALL_ERR_INVALID, "number of buffers"},
        {array_of_two_buffers, OUTFALL_ERR_INVALID, "number of buffers"},
        {array_with_dictionary, OUTFALL_ERR_INVALID, "a dictionary"},
        {array_of_nulls_unknown, OUTFALL_ERR_INVALID, "count of nulls"},
        {child_missing, OUTFALL_ERR_INVALID, "\"c\" is missing"},
        {child_released, OUTFALL_ERR_INVALID, "\"c\" has been released"},
        {child_with_dictionary, OUTFALL_ERR_INVALID, "has a dictionary"},
        {rows_beyond_child, OUTFALL_ERR_INVALID, "2 values for 3 rows"},
        {a_null_row, OUTFALL_ERR_REFUSED, "null as a whole"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        test_array_column column = two;
        outfall_error error = {0};
        int64_t row;
        column.name = "c";
        test_array_make(&array, &column, 1, 2);
        assert_int_equal(read_all(&array, &row, &error), OUTFALL_OK);
        spoils[i].spoil();
        int status = read_all(&array, &row, &error);
        if (status != spoils[i].status || strstr(error.message, spoils[i].says) == NULL)
            fail_msg("%s: %d %s", spoils[i].says, status, error.message);
        assert_int_equal(row, spoils[i].spoil == a_null_row ? 1 : -1);
    }
}

static void names_are_matched_one_to_one(void **state)
{
    const outfall_column columns[] = {{.name = "a", .type = OUTFALL_TYPE_INT64},
                                      {.name = "b", .type = OUTFALL_TYPE_INT64}};
    static const struct {
        const char *first, *second, *kinds;
        int status;
        const char *says;
    } matches[] = {
        {"a", "b", NULL, OUTFALL_OK, ""},
        {"b", "a", NULL, OUTFALL_OK, ""},
        {"a", "a", NULL, OUTFALL_ERR_INVALID, "two columns \"a\""},
        {"a", "c", NULL, OUTFALL_ERR_NOT_FOUND, "rows have no column \"c\""},
        {"a", "b", "k", OUTFALL_ERR_NOT_FOUND, "no column \"k\""},
        {"a", "k", "k", OUTFALL_ERR_NOT_FOUND, "no column \"b\""},
        {"A", "b", NULL, OUTFALL_ERR_NOT_FOUND, "no column \"A\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof matches / sizeof matches[0]; i++) {
        test_array_column given[] = {two, two};
        outfall_error error = {0};
        of_arrow_table table;
        given[0].name = matches[i].first;
        given[1].name = matches[i].second;
        test_array_make(&array, given, 2, 2);
        int status =
            of_arrow_table_open(&array.schema, columns, 2, matches[i].kinds, &table, &error);
        if (status != matches[i].status || strstr(error.message, matches[i].says) == NULL)
            fail_msg("%s, %s: %d %s", matches[i].first, matches[i].second, status, error.message);
        of_arrow_table_close(&table);
    }
}

static void memory_that_runs_out_is_told(void **state)
{
    test_array_column column = two;
    uint64_t nth = 0;
    int status = OUTFALL_ERR_NOMEM;
    (void)state;
    column.name = "c";
    test_array_make(&array, &column, 1, 2);
    while (status == OUTFALL_ERR_NOMEM) {
        of_arrow_table table;
        outfall_error error = {0};
        of_alloc_fail_from(++nth);
        status = of_arrow_table_open(&array.schema, &target, 1, NULL, &table, &error);
        of_alloc_fail_from(0);
        assert_int_equal(error.status, status);
        of_arrow_table_close(&table);
    }
    assert_int_equal(status, OUTFALL_OK);
    assert_in_range(nth, 3, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_malformed_is_named),
        cmocka_unit_test(a_malformed_struct_is_refused),
        cmocka_unit_test(names_are_matched_one_to_one),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
