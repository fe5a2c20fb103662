/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in memory of their own: how much of it they take, and when. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "flow/rowcopy.h"

enum { ROWS = 1000, ROW_BYTES = 100 };

static void add_rows(of_rowcopy *copy, uint32_t rows)
{
    uint8_t row[ROW_BYTES];
    for (uint32_t i = 0; i < rows; i++) {
        const outfall_row_entry entry = {.bytes = sizeof row, .source_offset = i};
        memset(row, (int)(i % 251), sizeof row);
        assert_int_equal(of_rowcopy_add(copy, row, &entry, i, NULL), OUTFALL_OK);
    }
}

static void a_batch_takes_its_memory_once_and_not_twice_over(void **state)
{
    static const uint32_t batches[] = {ROWS, ROWS / 2, ROWS + ROWS / 10, ROWS};
    of_rowcopy copy = {0};
    (void)state;
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        uint32_t rows = batches[i];
        size_t bytes = (size_t)rows * ROW_BYTES;
        assert_int_equal(of_rowcopy_start(&copy, ROWS * 2, bytes, NULL), OUTFALL_OK);
        uint64_t before = of_alloc_count();
        add_rows(&copy, rows);
        assert_int_equal(of_alloc_count(), before);
        assert_true(copy.data_capacity <= ROWS * ROW_BYTES * 5 / 4);
        outfall_batch batch = of_rowcopy_batch(&copy);
        assert_int_equal(batch.rows, rows);
        assert_int_equal(batch.bytes, bytes);
        for (uint32_t row = 0; row < rows; row++) {
            const outfall_row_entry *entry = outfall_span_entry(&batch.spans[0], row);
            assert_int_equal(entry->source_offset, row);
            assert_int_equal(batch.spans[0].base[entry->start + ROW_BYTES - 1], row % 251);
        }
    }
    of_rowcopy_free(&copy);
}

static void rows_that_grow_find_room_all_the_same(void **state)
{
    of_rowcopy copy = {0};
    (void)state;
    assert_int_equal(of_rowcopy_start(&copy, ROWS, ROW_BYTES, NULL), OUTFALL_OK);
    uint64_t before = of_alloc_count();
    add_rows(&copy, ROWS);
    assert_true(of_alloc_count() - before < 100); /* By a share of what is there, not row by row. */
    assert_int_equal(of_rowcopy_batch(&copy).bytes, ROWS * ROW_BYTES);
    of_rowcopy_free(&copy);
}

static void memory_that_runs_out_leaves_it_usable(void **state)
{
    of_rowcopy copy = {0};
    int status = OUTFALL_ERR_NOMEM;
    (void)state;
    for (uint64_t nth = 1; status != OUTFALL_OK; nth++) {
        assert_in_range(nth, 1, 10);
        of_alloc_fail_from(nth);
        status = of_rowcopy_start(&copy, ROWS, ROWS * ROW_BYTES, NULL);
        of_alloc_fail_from(0);
        assert_true(status == OUTFALL_OK || status == OUTFALL_ERR_NOMEM);
    }
    add_rows(&copy, ROWS);
    of_rowcopy_free(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_takes_its_memory_once_and_not_twice_over),
        cmocka_unit_test(rows_that_grow_find_room_all_the_same),
        cmocka_unit_test(memory_that_runs_out_leaves_it_usable),
    };
    return cmocka_run_group_tests_name("rowcopy", tests, NULL, NULL);
}
