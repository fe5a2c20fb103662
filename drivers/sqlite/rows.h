/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch as a table that SQLite reads: a virtual table whose rows are the batch's, decoded where
 * they lie. One INSERT … SELECT from it writes a whole batch; nothing is bound, and the row at
 * which the insert failed is known. Statements that take one row at a time step through the rows
 * themselves, and read the fields by a function.
 *
 * Source: https://www.sqlite.org/vtab.html, section 2.1.2, "Eponymous virtual tables".
 */
#ifndef LITE_ROWS_H
#define LITE_ROWS_H

#include <stdint.h>

#include <sqlite3.h>

#include <outfall/driver.h>

#include "common/day.h"

/* One column's text, where it has to be made: one row's at a time. */
typedef struct lite_slot {
    drv_day day; /* Of a timestamp. */
    char text[OUTFALL_TEMPORAL_TEXT_MAX];
} lite_slot;

/* One column: how its fields are read, and the field of the row being inserted. */
typedef struct lite_reader {
    const uint8_t *field;
    int32_t length; /* -1: NULL. */
    uint8_t type;   /* enum outfall_type */
    int8_t fixed;   /* The length that fields of the type have; -1: any. */
    uint8_t number; /* 1: SQLite's numeric affinity awaits the text that is given. */
} lite_reader;

void lite_reader_init(lite_reader *reader, lite_slot *slot, uint32_t type, int number);

enum lite_refusal {
    LITE_REFUSED_NOT = 0,
    LITE_REFUSED_MALFORMED, /* Bytes that are no encoding of the column's type. */
    LITE_REFUSED_NAN,
    LITE_REFUSED_NUMBER,
    LITE_REFUSED_RANGE /* A decimal that would overflow or underflow SQLite's double. */
};

/* What is read and how far; filled by lite_rows_start. */
typedef struct lite_rows {
    const outfall_batch *batch;
    lite_reader *readers; /* One a column. */
    lite_slot *slots;     /* One a column. */
    uint32_t columns;
    uint32_t span;
    uint32_t row; /* In the span. */
    int refusal;  /* enum lite_refusal, and the column at fault: */
    uint32_t refused_column;
    uint64_t index; /* In the batch: of the row being inserted; batch->rows past the last. */
} lite_rows;

#define LITE_ROWS_NAME_MAX 48

/* The name of the table for rows of so many columns. */
void lite_rows_name(uint32_t columns, char name[LITE_ROWS_NAME_MAX]);

/*
 * Makes that table known to a connection, once; `rows` is what it will read. Returns an SQLite
 * result code.
 */
int lite_rows_register(sqlite3 *db, lite_rows *rows, uint32_t columns);

/* A function of SQL: its argument is a column of the rows, 0 and up, its result the row's field. */
#define LITE_FIELD_FUNCTION "(outfall field)"

/* Makes that function known to a connection. Returns an SQLite result code. */
int lite_rows_register_field(sqlite3 *db, lite_rows *rows);

/* Sets the rows that the next statement reads. */
void lite_rows_start(lite_rows *rows, const outfall_batch *batch, lite_reader *readers,
                     lite_slot *slots, uint32_t columns);

/*
 * Opens the first row, or the next one; SQLITE_OK, or SQLITE_ERROR with `refusal` set where it is
 * malformed. Past the last there is nothing to read: lite_rows_end.
 */
int lite_rows_first(lite_rows *rows);
int lite_rows_next(lite_rows *rows);
int lite_rows_end(const lite_rows *rows);

#endif
