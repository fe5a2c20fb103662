/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block of rows on its way from a parser to a writer: values, and the text that they borrow. All
 * memory is reserved once; pages never used cost nothing. A row is built value by value, then ended
 * or dropped.
 */
#ifndef OF_CLI_ROWS_H
#define OF_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

#include "kind.h"

/* No field of a record is its kind. */
#define OF_ROWS_NO_KIND SIZE_MAX

typedef struct of_rows {
    size_t columns;
    size_t capacity; /* Rows. */
    size_t count;    /* Rows that are ended. */
    size_t fields; /* Values put since; may be more than `columns`: the surplus is only counted. */
    outfall_value *values; /* Row after row. */
    uint64_t *offsets;     /* One a row. */
    uint8_t *kinds;        /* One a row: enum outfall_row_kind. NULL: rows have none. */
    size_t kind_field;     /* Which field of a record is its kind, and no value of the row. */
    of_kind kind;          /* Of the row being built. */
    char *text;
    size_t text_bytes;
    size_t text_start; /* Of the row being built. */
    size_t text_capacity;
} of_rows;

/* `row_text_max` bounds the text of one row. OUTFALL_ERR_NOMEM. */
int of_rows_init(of_rows *rows, size_t columns, size_t capacity, size_t row_text_max,
                 outfall_error *error);
void of_rows_free(of_rows *rows);

/* Makes room for kinds; then kind_field may be set. OUTFALL_ERR_NOMEM. */
int of_rows_add_kinds(of_rows *rows, outfall_error *error);

/* How many fields a record has: the columns, and its kind. */
size_t of_rows_width(const of_rows *rows);

/* No room for one more row of any size: write them and clear. */
bool of_rows_full(const of_rows *rows);

/* Forgets the rows that are ended; the one being built stays. */
void of_rows_clear(of_rows *rows);

/* The next value of the row being built. Text is copied; `length` may not pass row_text_max in all.
 */
void of_rows_put_text(of_rows *rows, int type, const char *text, size_t length);
void of_rows_put_null(of_rows *rows);

/* The value of a column of the row being built, in any order; then of_rows_end. */
void of_rows_set(of_rows *rows, size_t column, const outfall_value *value);

void of_rows_end(of_rows *rows, uint64_t offset);
void of_rows_drop(of_rows *rows);

#endif
