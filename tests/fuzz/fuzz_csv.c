/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV files of any bytes: no crash, lines in order, and every row that is read, written out again
 * with all its fields quoted, reads as itself.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "csvlines.h"
#include "source.h"

enum { RECORD_MAX = 512, COLUMNS_MAX = 4, ROWS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int truth)
{
    if (!truth)
        abort();
}

static size_t quote(const outfall_value *values, size_t columns, char *out)
{
    size_t at = 0;
    for (size_t i = 0; i < columns; i++) {
        const char *text = values[i].as.data;
        if (i > 0)
            out[at++] = ',';
        if (values[i].type == OUTFALL_TYPE_NULL)
            continue;
        out[at++] = '"';
        for (size_t k = 0; k < values[i].length; k++) {
            if (text[k] == '"')
                out[at++] = '"';
            out[at++] = text[k];
        }
        out[at++] = '"';
    }
    out[at++] = '\n';
    return at;
}

/* Made once: most of the time would go into making them. */
typedef struct of_bench {
    of_csv *csv;
    of_rows rows;
} of_bench;

static void make(of_bench *bench, size_t record_max)
{
    if (bench->csv == NULL) {
        check(of_csv_open(record_max, &bench->csv, NULL) == OUTFALL_OK);
        check(of_rows_init(&bench->rows, COLUMNS_MAX, ROWS, record_max, NULL) == OUTFALL_OK);
    }
    of_csv_reset(bench->csv);
    of_rows_drop(&bench->rows);
    of_rows_clear(&bench->rows);
}

static void check_row(const of_rows *rows)
{
    static of_bench bench;
    char text[(RECORD_MAX + COLUMNS_MAX) * 4];
    const outfall_value *values = &rows->values[(rows->count - 1) * rows->columns];
    const outfall_value *again;
    of_rejection rejection;
    of_line line = {.text = text, .number = 1};

    line.length = quote(values, rows->columns, text);
    if (line.length == 1)
        return; /* One column that is NULL: a blank line says nothing. */
    make(&bench, sizeof text);
    bench.rows.columns = rows->columns;
    check(of_csv_feed(bench.csv, &line, &bench.rows, &rejection) == OF_RECORD_ROW);
    again = bench.rows.values;
    for (size_t i = 0; i < rows->columns; i++) {
        check(again[i].type == values[i].type);
        check(again[i].length == values[i].length);
        check(values[i].length == 0 ||
              memcmp(again[i].as.data, values[i].as.data, values[i].length) == 0);
    }
}

static void read_all(of_source *source, size_t columns)
{
    static of_bench bench;
    of_rows *rows = &bench.rows;
    of_rejection rejection;
    of_line line;
    uint64_t last = 0;
    enum of_source_step step = OF_SOURCE_EMPTY;

    make(&bench, RECORD_MAX);
    rows->columns = columns;
    while (step != OF_SOURCE_END) {
        step = of_source_line(source, &line);
        if (step == OF_SOURCE_EMPTY) {
            check(of_source_fill(source, NULL) == OUTFALL_OK);
            continue;
        }
        enum of_record record = step == OF_SOURCE_LINE
                                    ? of_csv_feed(bench.csv, &line, rows, &rejection)
                                    : of_csv_end(bench.csv, rows, &rejection);
        check(record != OF_RECORD_FAILED);
        if (record == OF_RECORD_ROW) {
            check(rows->offsets[rows->count - 1] > last);
            last = rows->offsets[rows->count - 1];
            check_row(rows);
        } else if (record == OF_RECORD_REJECTED) {
            check(rejection.line > last && rejection.raw != NULL && rejection.reason[0] != '\0');
            last = rejection.line;
        }
        if (of_rows_full(rows))
            of_rows_clear(rows);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    of_source *source = NULL;
    int descriptor;

    if (size < 1)
        return 0;
    descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    check(descriptor >= 0);
    check(write(descriptor, data + 1, size - 1) == (ssize_t)(size - 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    check(of_source_open(path, RECORD_MAX, true, &source, NULL) == OUTFALL_OK);
    read_all(source, data[0] % COLUMNS_MAX + 1);
    of_source_close(source);
    close(descriptor);
    return 0;
}
