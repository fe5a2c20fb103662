/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a batch in memory of their own: in another order, or encoded anew for columns that have
 * changed since they were written. Its memory is kept from batch to batch.
 */
#ifndef OF_FLOW_ROWCOPY_H
#define OF_FLOW_ROWCOPY_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "row/convert.h"
#include "row/schema.h"

typedef struct of_rowcopy {
    uint8_t *data;
    size_t data_capacity;
    size_t used;
    outfall_row_entry *entries; /* Filled from the end, as in a chunk. */
    uint32_t *origin;           /* Of each row here: its index where it came from. */
    uint32_t capacity;
    of_scratch scratch;
    outfall_span span;
} of_rowcopy;

/*
 * Empties it and makes room for `rows_max` rows of `bytes` in all; only rows that are converted may
 * come to take more. All zeroes is legal before. OUTFALL_ERR_NOMEM; OUTFALL_ERR_UNSUPPORTED for
 * more than 4 GiB.
 */
int of_rowcopy_start(of_rowcopy *copy, uint64_t rows_max, size_t bytes, outfall_error *error);
void of_rowcopy_free(of_rowcopy *copy); /* All zeroes is legal. */

/* Adds a row as it is; `index` is its place where it came from. */
int of_rowcopy_add(of_rowcopy *copy, const uint8_t *base, const outfall_row_entry *entry,
                   uint32_t index, outfall_error *error);

/* Adds a row in another encoding. OUTFALL_ERR_REFUSED: it does not fit the new columns. */
int of_rowcopy_convert(of_rowcopy *copy, const outfall_schema *from, const outfall_schema *to,
                       const uint8_t *base, const outfall_row_entry *entry, uint32_t index,
                       bool lossy, outfall_error *error);

/* What was added, as a batch; borrowed. */
outfall_batch of_rowcopy_batch(of_rowcopy *copy);

#endif
