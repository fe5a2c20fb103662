/* SPDX-License-Identifier: Apache-2.0 */
/* A batch: rows taken from a share's lanes as spans, in order and all of one schema version. */
#ifndef OF_FLOW_BATCH_H
#define OF_FLOW_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer/lane.h"

typedef struct of_batch {
    of_span *spans;      /* Each lies in a chunk of its own. */
    outfall_span *views; /* The same, as drivers see them. */
    outfall_span *slice; /* Room for a part of them. */
    uint64_t *starts;    /* Of each span: how many rows lie before it. */
    uint32_t capacity;
    uint32_t span_count;
    uint64_t rows;
    uint64_t bytes;
    uint16_t version;
    int reason; /* enum outfall_flush_reason */
    uint32_t oldest_time;
    int64_t closed_us;
} of_batch;

/* Room for as many spans as there are chunks. */
int of_batch_init(of_batch *batch, uint32_t spans_max, outfall_error *error);
void of_batch_destroy(of_batch *batch);

/* Adds a span; there must be room for one more. */
void of_batch_add(of_batch *batch, const of_span *span);

/* Finds row `index` of a batch: its span, and its entry. */
const outfall_row_entry *of_batch_row(const of_batch *batch, uint64_t index, const of_span **span,
                                      uint32_t *in_span);

/*
 * How many rows from `first` on, at most `count`, are all deletes or none; *deletion is 1 for
 * deletes. Pure.
 */
uint64_t of_batch_run(const outfall_batch *batch, uint64_t first, uint64_t count,
                      uint32_t *deletion);

/* Rows first … first + count - 1 of `from`; `views` has room for all of from's spans. Pure. */
void of_batch_slice(const outfall_batch *from, uint64_t first, uint64_t count, outfall_span *views,
                    outfall_batch *out);

#endif
