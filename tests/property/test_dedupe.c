/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random batches against a model that compares every row with every other. A field is made from the
 * rank of its value in a short ascending list, spelled at random where one value has several
 * spellings: so the model knows what is equal and what is less without reading a byte.
 *
 * OUTFALL_SEED repeats a run, OUTFALL_ROUNDS makes it longer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "flow/dedupe.h"

#define COLUMNS_MAX 5
#define ROWS_MAX 1200
#define RANKS 8
#define FIELD_MAX 64
#define NULL_RANK (-1)

static uint64_t seed;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint64_t chance(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(2685821657736338717);
}

static uint32_t below(uint32_t end)
{
    if (end == 0)
        abort();
    return (uint32_t)(chance() >> 32) % end;
}

/* ---- Fields ----------------------------------------------------------------------- */

typedef struct field {
    uint8_t bytes[FIELD_MAX];
    size_t length;
} field;

static void add_be(field *out, uint64_t number, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out->bytes[out->length++] = (uint8_t)(number >> shift);
}

static void make_integer(field *out, int bytes, int rank)
{
    int64_t most = INT64_MAX >> (64 - 8 * bytes);
    const int64_t values[RANKS] = {-most - 1, -129, -1, 0, 1, 127, 256, most};
    add_be(out, (uint64_t)values[rank], bytes);
}

static void make_float64(field *out, int rank)
{
    static const double values[RANKS] = {-INFINITY, -1e300, -4e-324, 0, 4e-324, 1.5, INFINITY, 0};
    uint64_t bits;
    memcpy(&bits, &values[rank], sizeof bits);
    if (rank == 3)
        bits = (uint64_t)below(2) << 63;
    if (rank == 7)
        bits = chance() | UINT64_C(0x7FF0000000000001);
    add_be(out, bits, 8);
}

static void make_float32(field *out, int rank)
{
    static const float values[RANKS] = {-INFINITY, -1e30f, -1e-45f, 0, 1e-45f, 1.5f, INFINITY, 0};
    uint32_t bits;
    memcpy(&bits, &values[rank], sizeof bits);
    if (rank == 3)
        bits = below(2) << 31;
    if (rank == 7)
        bits = (uint32_t)chance() | 0x7F800001;
    add_be(out, bits, 4);
}

/* Zero groups before and behind, any scale, and either sign for zero. */
static void make_decimal(field *out, int rank)
{
    static const struct {
        uint16_t sign;
        int16_t weight;
        int count;
        uint16_t digits[3];
    } values[RANKS] = {
        {OUTFALL_DECIMAL_MINUS_INFINITY, 0, 0, {0}},
        {OUTFALL_DECIMAL_NEGATIVE, 1, 2, {1, 5}},       /* -10005 */
        {OUTFALL_DECIMAL_NEGATIVE, 1, 1, {1}},          /* -10000 */
        {OUTFALL_DECIMAL_POSITIVE, 0, 0, {0}},          /* 0 */
        {OUTFALL_DECIMAL_POSITIVE, -1, 1, {1}},         /* 0.0001 */
        {OUTFALL_DECIMAL_POSITIVE, 0, 1, {1}},          /* 1 */
        {OUTFALL_DECIMAL_POSITIVE, 0, 3, {1, 0, 9999}}, /* 1.00009999 */
        {OUTFALL_DECIMAL_NAN, 0, 0, {0}},
    };
    bool special = values[rank].sign >= OUTFALL_DECIMAL_NAN;
    int before = special ? 0 : (int)below(3), behind = special ? 0 : (int)below(3);
    uint16_t sign = rank == 3 && below(2) == 0 ? OUTFALL_DECIMAL_NEGATIVE : values[rank].sign;
    int count = before + values[rank].count + behind, weight = values[rank].weight + before;
    add_be(out, (uint64_t)count, 2);
    add_be(out, (uint64_t)weight, 2);
    add_be(out, sign, 2);
    add_be(out, special ? 0 : 8 + below(20), 2);
    for (int i = -before; i < values[rank].count + behind; i++)
        add_be(out, i >= 0 && i < values[rank].count ? values[rank].digits[i] : 0, 2);
}

static void make_string(field *out, uint32_t type, int rank)
{
    static const struct {
        const char *data;
        size_t length;
    } texts[RANKS] = {{"", 0},         {"a", 1},         {"a\x01", 2},    {"aa", 2},
                      {"aaaaaaaa", 8}, {"aaaaaaaab", 9}, {"aaaaaaab", 8}, {"\xC3\xBC", 2}},
      bytes[RANKS] = {{"", 0},       {"\0", 1},   {"\0\0", 2}, {"\0\x01", 2},
                      {"\0\xFF", 2}, {"\x01", 1}, {"\xFF", 1}, {"\xFF\0", 2}};
    bool binary = type == OUTFALL_TYPE_BYTES;
    out->length = binary ? bytes[rank].length : texts[rank].length;
    memcpy(out->bytes, binary ? bytes[rank].data : texts[rank].data, out->length);
}

static void make_field(field *out, uint32_t type, int rank)
{
    out->length = 0;
    switch (type) {
    case OUTFALL_TYPE_BOOL:
        add_be(out, (uint64_t)rank, 1);
        break;
    case OUTFALL_TYPE_FLOAT32:
        make_float32(out, rank);
        break;
    case OUTFALL_TYPE_FLOAT64:
        make_float64(out, rank);
        break;
    case OUTFALL_TYPE_DECIMAL:
        make_decimal(out, rank);
        break;
    case OUTFALL_TYPE_UUID:
        add_be(out, (uint64_t)(rank / 2) << 56, 8);
        add_be(out, (uint64_t)(rank % 2), 8);
        break;
    default:
        if (outfall_type_fixed_bytes(type) > 0)
            make_integer(out, outfall_type_fixed_bytes(type), rank);
        else
            make_string(out, type, rank);
        break;
    }
}

/* ---- Batches ---------------------------------------------------------------------- */

typedef struct trial {
    outfall_column columns[COLUMNS_MAX];
    uint32_t key[COLUMNS_MAX];
    outfall_target target;
    int ranks[ROWS_MAX][COLUMNS_MAX];
    bool deletes[ROWS_MAX];
    uint32_t rows;
    uint8_t bytes[ROWS_MAX * (2 + COLUMNS_MAX * (4 + FIELD_MAX))];
    outfall_row_entry entries[ROWS_MAX]; /* From the end, as a span has them. */
    outfall_span spans[ROWS_MAX];
    outfall_batch batch;
} trial;

static void choose_columns(trial *t)
{
    memset(t->columns, 0, sizeof t->columns);
    t->target =
        (outfall_target){.columns = t->columns, .key = t->key, .flags = OUTFALL_TARGET_BYTEWISE};
    t->target.column_count = 1 + below(COLUMNS_MAX);
    t->target.key_count = 1 + below(t->target.column_count < 3 ? t->target.column_count : 3);
    for (uint32_t i = 0; i < t->target.column_count; i++) {
        t->columns[i].type = 1 + below(OUTFALL_TYPE_JSON);
        t->key[i] = i;
    }
    for (uint32_t i = 0; i < t->target.key_count; i++) {
        uint32_t other = i + below(t->target.column_count - i);
        uint32_t column = t->key[other];
        t->key[other] = t->key[i];
        t->key[i] = column;
    }
}

/* Ranks that rise from row to row, so that the batch is in order. */
static void rise(trial *t, uint32_t row)
{
    for (uint32_t k = 0; k < t->target.key_count; k++) {
        int limit = t->columns[t->key[k]].type == OUTFALL_TYPE_BOOL ? 2 : RANKS;
        t->ranks[row][t->key[k]] = k == 0 ? (int)row * limit / (int)t->rows : 0;
    }
}

static void choose_rows(trial *t)
{
    uint32_t nulls = below(3), deletes = below(3), size = below(3);
    bool rising = below(4) == 0;
    t->rows = below(size == 0 ? 4 : size == 1 ? 100 : ROWS_MAX);
    for (uint32_t row = 0; row < t->rows; row++) {
        for (uint32_t i = 0; i < t->target.column_count; i++) {
            bool boolean = t->columns[i].type == OUTFALL_TYPE_BOOL;
            t->ranks[row][i] = (int)below(boolean ? 2 : RANKS);
        }
        if (rising)
            rise(t, row);
        if (nulls > 0 && below(10 * nulls) == 0)
            t->ranks[row][below(t->target.column_count)] = NULL_RANK;
        t->deletes[row] = deletes > 0 && below(2 * deletes) == 0;
    }
}

static void encode_rows(trial *t)
{
    size_t at = 0;
    for (uint32_t row = 0; row < t->rows; row++) {
        outfall_row_entry *entry = &t->entries[t->rows - 1 - row];
        field out;
        *entry = (outfall_row_entry){.start = (uint32_t)at};
        entry->kind = t->deletes[row] ? OUTFALL_ROW_DELETE : (uint8_t)below(2);
        t->bytes[at++] = 0;
        t->bytes[at++] = (uint8_t)t->target.column_count;
        for (uint32_t i = 0; i < t->target.column_count; i++) {
            field length = {.length = 0};
            out.length = 0;
            if (t->ranks[row][i] != NULL_RANK)
                make_field(&out, t->columns[i].type, t->ranks[row][i]);
            add_be(&length, t->ranks[row][i] == NULL_RANK ? UINT64_MAX : out.length, 4);
            memcpy(t->bytes + at, length.bytes, 4);
            memcpy(t->bytes + at + 4, out.bytes, out.length);
            at += 4 + out.length;
        }
        entry->bytes = (uint32_t)at - entry->start;
    }
    t->batch = (outfall_batch){
        .struct_size = sizeof t->batch, .spans = t->spans, .bytes = at, .rows = t->rows};
    for (uint32_t row = 0; row < t->rows; row += t->spans[t->batch.span_count++].count) {
        uint32_t left = t->rows - row;
        t->spans[t->batch.span_count] = (outfall_span){.base = t->bytes,
                                                       .entries_end = t->entries + t->rows,
                                                       .first = row,
                                                       .count = 1 + below(left)};
    }
}

/* ---- The model -------------------------------------------------------------------- */

static bool has_null(const trial *t, uint32_t row)
{
    for (uint32_t k = 0; k < t->target.key_count; k++)
        if (t->ranks[row][t->key[k]] == NULL_RANK)
            return true;
    return false;
}

static int compare(const trial *t, uint32_t a, uint32_t b)
{
    for (uint32_t k = 0; k < t->target.key_count; k++) {
        int order = t->ranks[a][t->key[k]] - t->ranks[b][t->key[k]];
        if (order != 0)
            return order;
    }
    return 0;
}

static bool same_key(const trial *t, uint32_t a, uint32_t b)
{
    return !has_null(t, a) && !has_null(t, b) && compare(t, a, b) == 0;
}

static uint32_t model_previous(const trial *t, uint32_t row)
{
    for (uint32_t i = row; i-- > 0;)
        if (same_key(t, i, row))
            return i;
    return OF_DEDUPE_NONE;
}

/* The row that holds the key of `row` once `order` has been applied, or NONE: not in the table. */
static uint32_t effect(const trial *t, uint32_t row, const uint32_t *order, uint32_t count)
{
    for (uint32_t i = count; i-- > 0;) {
        uint32_t applied = order == NULL ? i : order[i];
        if (applied == row || same_key(t, applied, row))
            return t->deletes[applied] ? OF_DEDUPE_NONE : applied;
    }
    fail_msg("no row has the key of row %u", row);
    return OF_DEDUPE_NONE;
}

static void check_part(const trial *t, const uint32_t *order, uint32_t count, bool deletes)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_in_range(order[i], 0, t->rows - 1);
        assert_int_equal(t->deletes[order[i]], deletes);
        if (i == 0)
            continue;
        if (has_null(t, order[i]) && has_null(t, order[i - 1]))
            assert_true(order[i - 1] < order[i]);
        else if (!has_null(t, order[i]))
            assert_true(!has_null(t, order[i - 1]) && compare(t, order[i - 1], order[i]) < 0);
    }
}

static void check(const trial *t, const of_dedupe *dedupe)
{
    uint32_t deletes = 0, kept = 0;
    bool deleted[ROWS_MAX] = {false}; /* By row: its key has had a delete. */
    for (uint32_t row = 0; row < t->rows; row++) {
        uint32_t before = model_previous(t, row);
        assert_int_equal(dedupe->previous[row], before);
        deleted[row] = before != OF_DEDUPE_NONE && deleted[before];
        deletes += t->deletes[row] && !deleted[row];
        deleted[row] |= t->deletes[row];
        kept += !t->deletes[row];
        for (uint32_t later = row + 1; later < t->rows && !t->deletes[row]; later++)
            if (same_key(t, row, later)) {
                kept--;
                break;
            }
        assert_int_equal(effect(t, row, dedupe->order, dedupe->count),
                         effect(t, row, NULL, t->rows));
    }
    assert_int_equal(dedupe->deletes, deletes);
    assert_int_equal(dedupe->count, deletes + kept);
    check_part(t, dedupe->order, deletes, true);
    check_part(t, dedupe->order + deletes, kept, false);
}

static void any_batch_leaves_what_the_model_leaves(void **state)
{
    const char *wanted = getenv("OUTFALL_ROUNDS");
    uint32_t rounds = wanted == NULL ? 400 : (uint32_t)strtoul(wanted, NULL, 10);
    trial *t = calloc(1, sizeof *t);
    of_dedupe dedupe = {0};
    outfall_error error;
    (void)state;
    assert_non_null(t);
    for (uint32_t round = 0; round < rounds; round++) {
        choose_columns(t);
        choose_rows(t);
        encode_rows(t);
        assert_int_equal(of_dedupe_run(&dedupe, &t->target, &t->batch, &error), OUTFALL_OK);
        check(t, &dedupe);
    }
    of_dedupe_free(&dedupe);
    free(t);
}

/* Whichever allocation fails, the run says so, and the next one is right. */
static void memory_that_runs_out_leaves_it_usable(void **state)
{
    trial *t = calloc(1, sizeof *t);
    outfall_error error;
    (void)state;
    assert_non_null(t);
    for (uint32_t round = 0; round < 60; round++) {
        of_dedupe dedupe = {0};
        int status = OUTFALL_ERR_NOMEM;
        choose_columns(t);
        choose_rows(t);
        encode_rows(t);
        for (uint64_t nth = 1; status != OUTFALL_OK; nth++) {
            assert_in_range(nth, 1, 100);
            of_alloc_fail_from(nth);
            status = of_dedupe_run(&dedupe, &t->target, &t->batch, &error);
            of_alloc_fail_from(0);
            assert_true(status == OUTFALL_OK || status == OUTFALL_ERR_NOMEM);
        }
        check(t, &dedupe);
        uint64_t before = of_alloc_count();
        assert_int_equal(of_dedupe_run(&dedupe, &t->target, &t->batch, &error), OUTFALL_OK);
        assert_int_equal(of_alloc_count(), before);
        check(t, &dedupe);
        of_dedupe_free(&dedupe);
    }
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_batch_leaves_what_the_model_leaves),
        cmocka_unit_test(memory_that_runs_out_leaves_it_usable),
    };
    const char *wanted = getenv("OUTFALL_SEED");
    seed = wanted == NULL ? (uint64_t)time(NULL) : strtoull(wanted, NULL, 10);
    seed |= 1;
    printf("OUTFALL_SEED=%llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
