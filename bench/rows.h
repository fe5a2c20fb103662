/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of every scenario: five columns, 90 bytes as a COPY BINARY tuple. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stddef.h>
#include <stdint.h>

#define ROW_COLUMNS 5
#define ROW_NOTE_BYTES 40
#define ROW_COPY_BYTES 90      /* Field count, five lengths, 8 + 8 + 4 + 8 + 40 bytes. */
#define ROW_TIMESTAMP_BYTES 26 /* "2024-01-31 12:34:56.123456" */
#define ROW_TABLE "outfall_bench_rows"

struct bench_row {
    int64_t id;           /* Ascending from 0: the primary key. */
    int64_t timestamp_us; /* Since 1970-01-01; its last digit is not 0, so none is trimmed. */
    int32_t device;
    double metric;
    char note[ROW_NOTE_BYTES]; /* ASCII, no NUL at its end. */
};

/* The same rows for the same count, on every run. NULL where memory is short; free() them. */
struct bench_row *rows_make(size_t count);

/* Writes `row` as one tuple of COPY BINARY; returns its end. */
uint8_t *row_encode(const struct bench_row *row, uint8_t *out);

void row_put_i16(uint8_t *out, int16_t value);
void row_put_i32(uint8_t *out, int32_t value);
void row_put_i64(uint8_t *out, int64_t value);
void row_put_f64(uint8_t *out, double value);

/* Microseconds since 2000-01-01, as PostgreSQL counts. */
int64_t row_timestamp_pg(const struct bench_row *row);

/* The date of the last row spelled: most rows are of one day. Starts as zeroes. */
struct row_date {
    int64_t day;
    char text[10];
};

/* The row's time of day; `date` becomes that of its day. */
struct row_clock {
    uint32_t hour, minute, second, microsecond;
};
struct row_clock row_clock_of(const struct bench_row *row, struct row_date *date);

/* "2024-01-31 12:34:56.123456", without NUL, in ROW_TIMESTAMP_BYTES. */
void row_timestamp_text(const struct bench_row *row, struct row_date *date, char *out);

#endif
