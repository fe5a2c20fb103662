/* SPDX-License-Identifier: Apache-2.0 */
/* Declared types to column types and back. Pure. */
#ifndef LITE_TYPE_H
#define LITE_TYPE_H

#include <stddef.h>

#include <outfall/row.h>

/* SQLite keeps a number with a fraction as a double: 15 digits survive, more may not. */
#define LITE_DOUBLE_DIGITS 15

/* How SQLite changes a value on its way into a column. */
enum lite_affinity {
    LITE_AFFINITY_NONE = 0, /* Not at all; SQLite's name is BLOB. */
    LITE_AFFINITY_TEXT,
    LITE_AFFINITY_NUMERIC, /* Text that looks like a number becomes one. */
    LITE_AFFINITY_INTEGER, /* The same. */
    LITE_AFFINITY_REAL
};

/* The affinity of a declared type, by SQLite's rules. `declared` may be empty, never NULL. */
enum lite_affinity lite_affinity_of(const char *declared, int strict);

/* Sets type, precision, scale, fraction_digits and the type's flags from a declared type. */
void lite_type_read(const char *declared, int strict, outfall_column *column);

/*
 * Writes the type to declare for a column into `out`. `row_key`: the column is the whole primary
 * key, and an integer one then has to be INTEGER to be the table's own row key.
 */
void lite_type_declare(const outfall_column *column, int row_key, char *out, size_t capacity);

/*
 * 1 where SQLite would turn this text into a number of another spelling, in a column with numeric
 * affinity: "007", "1.0", "1e3"; not "7", nor "abc".
 */
int lite_type_respells(const char *text, size_t length);

#endif
