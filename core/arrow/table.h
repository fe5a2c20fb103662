/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of structs as rows: the columns of an Arrow schema matched to those of a table, and their
 * values read a block of rows at a time.
 */
#ifndef OF_ARROW_TABLE_H
#define OF_ARROW_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/arrow.h>

#include "arrow/type.h"

typedef struct of_arrow_column of_arrow_column;

typedef struct of_arrow_table {
    of_arrow_column *columns; /* In the order of the schema's fields. */
    size_t count;             /* Of them. */
    size_t width;             /* Values of a row: the table's columns, without that of kinds. */
    size_t block_rows;        /* The most that are read at a time. */
    bool has_kinds;
    /* Of the array that is bound. */
    int64_t offset, rows;
    const uint8_t *valid;
    /* The block that was read last. */
    outfall_value *values; /* Row after row. */
    outfall_value *kind_values;
    uint8_t *kinds; /* enum outfall_row_kind */
    char *text;
} of_arrow_table;

/* The schema's own shape: a struct, with fields. OUTFALL_ERR_INVALID. */
int of_arrow_schema_check(const struct ArrowSchema *schema, outfall_error *error);

/* OUTFALL_ERR_NOT_FOUND: the schema has no column of that name. */
int of_arrow_no_kinds(const char *kind_column, outfall_error *error);

/*
 * Matches the schema's fields to columns by name. The schema is borrowed until the table is closed.
 * OUTFALL_ERR_NOT_FOUND: a column that one side has not; otherwise as of_arrow_field_read. Closing
 * is legal after a failure.
 */
int of_arrow_table_open(const struct ArrowSchema *schema, const outfall_column *columns,
                        size_t count, const char *kind_column, of_arrow_table *out,
                        outfall_error *error);
void of_arrow_table_close(of_arrow_table *table);

/* Checks an array and borrows it until another is bound. OUTFALL_ERR_INVALID: malformed. */
int of_arrow_table_bind(of_arrow_table *table, const struct ArrowArray *array,
                        outfall_error *error);

/*
 * Reads rows from number `first` on, up to block_rows and to the end. Returns how many are whole:
 * fewer than those where the next row is at fault, which is then in *status and `error`.
 */
size_t of_arrow_table_read(of_arrow_table *table, int64_t first, int *status, outfall_error *error);

#endif
