/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow/isolate.h"

#define ROWS_MAX 10000

/* The first bad row of at … at + size - 1, counted from at, or -1. */
static int64_t first_bad(const bool *bad, const of_search *search)
{
    for (uint64_t i = 0; i < search->size; i++)
        if (bad[search->at + i])
            return (int64_t)i;
    return -1;
}

/* Runs a search against a table of bad rows; returns how many writes it took after the first. */
static uint64_t run(const bool *bad, uint64_t rows, bool server_names)
{
    static bool settled[ROWS_MAX];
    of_search search;
    uint64_t writes = 0;
    memset(settled, 0, sizeof settled);
    of_search whole = {.rows = rows, .size = rows};
    of_search_init(&search, rows, server_names ? first_bad(bad, &whole) : -1);
    while (search.at < rows) {
        assert_in_range(search.size, 1, rows - search.at);
        assert_true(++writes <= 100 * rows);
        uint64_t at = search.at;
        uint64_t size = search.size;
        int64_t named = first_bad(bad, &search);
        if (named < 0) {
            for (uint64_t i = 0; i < size; i++) {
                assert_false(settled[at + i]);
                settled[at + i] = true;
            }
            of_search_landed(&search);
            assert_int_equal(search.at, at + size);
        } else if (of_search_failed(&search, server_names ? named : -1)) {
            assert_true(bad[at]); /* Only a row that failed alone is given up. */
            assert_false(settled[at]);
            settled[at] = true;
        }
    }
    for (uint64_t i = 0; i < rows; i++)
        assert_true(settled[i]);
    return writes;
}

static uint64_t log2_up(uint64_t value)
{
    uint64_t bits = 0;
    while ((UINT64_C(1) << bits) < value)
        bits++;
    return bits;
}

static void one_bad_row_costs_two_writes_a_halving(void **state)
{
    static const uint64_t sizes[] = {1, 2, 3, 100, 1000, ROWS_MAX};
    static bool bad[ROWS_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t rows = sizes[i];
        for (uint64_t at = 0; at < rows; at += rows / 100 + 1) {
            bad[at] = true;
            assert_true(run(bad, rows, false) <= 2 * log2_up(rows) + 1);
            assert_true(run(bad, rows, true) <= 3);
            bad[at] = false;
        }
    }
}

static void many_bad_rows_do_not_send_the_rest_over_and_over(void **state)
{
    static bool bad[ROWS_MAX];
    (void)state;
    for (int every = 2; every <= 100; every += 7) {
        uint64_t count = 0;
        for (uint64_t i = 0; i < ROWS_MAX; i++) {
            bad[i] = i % (uint64_t)every == 0;
            count += bad[i];
        }
        assert_true(run(bad, ROWS_MAX, false) <= count * 2 * (log2_up((uint64_t)every) + 1) + 100);
        assert_true(run(bad, ROWS_MAX, true) <= count * 4 + 100);
    }
}

static void every_row_is_settled_once_whatever_is_bad(void **state)
{
    static bool bad[ROWS_MAX];
    uint32_t random = 1;
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint64_t rows = 1 + random % 500;
        for (uint64_t i = 0; i < rows; i++) {
            random = random * 1664525 + 1013904223;
            bad[i] = (random >> 16) % 100 < (uint32_t)(round % 101);
        }
        run(bad, rows, false);
        run(bad, rows, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_row_costs_two_writes_a_halving),
        cmocka_unit_test(many_bad_rows_do_not_send_the_rest_over_and_over),
        cmocka_unit_test(every_row_is_settled_once_whatever_is_bad),
    };
    return cmocka_run_group_tests_name("isolate", tests, NULL, NULL);
}
