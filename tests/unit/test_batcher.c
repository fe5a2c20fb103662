/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/batcher.h"

static void a_batch_is_due_for_a_reason(void **state)
{
    static const struct {
        const char *why;
        of_ripeness ripeness;
        int want;
    } cases[] = {
        {"nothing waits", {0, 0, 0, false, false, false}, -1},
        {"nothing waits, though a flush is asked for", {0, 0, 0, true, true, false}, -1},
        {"young and few", {1, 100, 4999, false, false, false}, -1},
        {"old enough", {1, 100, 5000, false, false, false}, OUTFALL_FLUSH_LINGER},
        {"rows enough", {1000, 100, 0, false, false, false}, OUTFALL_FLUSH_ROWS},
        {"bytes enough", {1, 65536, 0, false, false, false}, OUTFALL_FLUSH_BYTES},
        {"asked for", {1, 100, 0, true, false, false}, OUTFALL_FLUSH_REQUEST},
        {"memory is short", {1, 100, 0, false, true, false}, OUTFALL_FLUSH_MEMORY},
        {"rows come before everything", {5000, 99999, 9999, true, true, false}, OUTFALL_FLUSH_ROWS},
    };
    const of_feed_options options = {.batch_rows = 1000, .batch_bytes = 65536, .linger_us = 5000};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(of_batch_reason(&options, &cases[i].ripeness), cases[i].want);
}

/* Three spans of 3, 1 and 4 rows, each row 10 bytes. */
static outfall_row_entry entries[3][4];
static uint8_t bytes[40];
static outfall_span spans[3];

static outfall_batch make_batch(void)
{
    static const uint32_t counts[] = {3, 1, 4};
    for (uint32_t span = 0; span < 3; span++) {
        spans[span] = (outfall_span){bytes, entries[span] + 4, 0, counts[span]};
        for (uint32_t row = 0; row < counts[span]; row++) {
            entries[span][3 - row].start = row * 10;
            entries[span][3 - row].bytes = 10;
        }
    }
    return (outfall_batch){.struct_size = sizeof(outfall_batch),
                           .span_count = 3,
                           .spans = spans,
                           .rows = 8,
                           .bytes = 80};
}

static void a_slice_has_just_the_rows_asked_for(void **state)
{
    static const struct {
        const char *why;
        uint64_t first, count;
        uint32_t spans;
    } cases[] = {
        {"all", 0, 8, 3},          {"the first", 0, 1, 1},
        {"the last", 7, 1, 1},     {"the middle span", 3, 1, 1},
        {"over an edge", 2, 2, 2}, {"over all edges", 2, 3, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_span views[3];
        outfall_batch from = make_batch();
        outfall_batch slice;
        of_batch_slice(&from, cases[i].first, cases[i].count, views, &slice);
        assert_int_equal(slice.rows, cases[i].count);
        assert_int_equal(slice.bytes, cases[i].count * 10);
        assert_int_equal(slice.span_count, cases[i].spans);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_due_for_a_reason),
        cmocka_unit_test(a_slice_has_just_the_rows_asked_for),
    };
    return cmocka_run_group_tests_name("batcher", tests, NULL, NULL);
}
