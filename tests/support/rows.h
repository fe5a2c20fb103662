/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes encoded rows from literals, for tests that speak to a driver directly. It shares no code
 * with the library's own encoder, so that one is a check of the other.
 *
 * A literal is text; NULL is SQL's NULL:
 *   bool "true"; integers "-1"; floats "0.5", "inf", "nan"; decimal "-12.340", "NaN";
 *   text and json as they are; bytes as hex, "00ff"; date "2024-01-31", "-0043-03-15" (astronomical
 *   years: 0 is 1 BC), "infinity"; time "12:34:56.789"; timestamp and timestamptz (in UTC)
 *   "2024-01-31 12:34:56.789"; uuid with its hyphens.
 */
#ifndef TEST_ROWS_H
#define TEST_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/driver.h>

typedef struct test_rows {
    const outfall_column *columns; /* The target's: their types decide the encoding. */
    uint32_t column_count;
    uint32_t column; /* Of the next put. */
    uint8_t *bytes;
    size_t length, capacity;
    outfall_row_entry *entries; /* In order; turned round for each span of a batch. */
    size_t count, entry_capacity;
} test_rows;

/* A batch and all that it points to. */
typedef struct test_batch {
    outfall_batch batch;
    outfall_span *spans;
    outfall_row_entry *entries;
} test_batch;

/* All of these abort the test program when memory runs out or a literal is malformed. */
void test_rows_init(test_rows *rows, const outfall_target *target);
void test_rows_free(test_rows *rows);

/* Adds the next column's value of the row; a row is whole once it has them all. */
void test_rows_put(test_rows *rows, const char *literal);

/* As put, with a length: text may then be large. */
void test_rows_put_bytes(test_rows *rows, const void *data, size_t length);

/* Adds a row of `column_count` literals. */
void test_rows_add(test_rows *rows, const char *const *literals);

/* The first rows, `span_rows` to a span (0: one span); the rows must outlive it. */
void test_batch_make(test_batch *out, const test_rows *rows, size_t first, size_t count,
                     size_t span_rows);
void test_batch_free(test_batch *batch);

#endif
