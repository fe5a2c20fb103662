/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's side of the scenarios that compare it with a raw loop. */
#ifndef BENCH_INSERT_H
#define BENCH_INSERT_H

#include "harness.h"
#include "raw.h"
#include "rows.h"
#include "session.h"
#include "sink_loop.h"
#include "table.h"

/* What both sides share. */
struct insert {
    struct session *session;
    struct table table;
    struct bench_row *rows;
    size_t count;
    size_t batch_rows;
    const char *mode; /* The sink's option; NULL: insert. */
    /* Rows that the table has before each run, or NULL; written by `filler`. */
    struct bench_row *old;
    const struct raw_client *filler;
};

/* Makes rows and table; insert_close is legal after a failure too. */
int insert_open(struct insert *insert, struct session *session, const char *driver, size_t count,
                size_t batch_rows, outfall_error *error);
void insert_close(struct insert *insert);

/* Before each run: the table emptied, and filled with the old rows. */
int insert_prepare(struct insert *insert, outfall_error *error);

/* sink_loop_array or sink_loop_puts. */
typedef int (*sink_write)(outfall_writer *writer, const struct bench_row *rows, size_t count,
                          outfall_error *error);

struct insert_sink {
    struct insert *insert;
    struct sink_loop loop;
    char batch_rows[24];
    sink_write write;
    const char *delivery;   /* The sink's option; NULL: at-least-once. */
    uint64_t batches, rows; /* Delivered by the sinks closed so far. */
};

/* One run, a struct side's function: the table prepared, rows written, flushed, checked. */
int insert_sink_run(void *sink, struct sample *sample, outfall_error *error);

/* Closes what the last run left open, and adds the mean batch to the result, unless that is NULL.
 */
int insert_sink_finish(struct insert_sink *sink, struct result *result, outfall_error *error);

#endif
