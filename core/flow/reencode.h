/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a batch, encoded anew for columns that have changed since they were written. */
#ifndef OF_FLOW_REENCODE_H
#define OF_FLOW_REENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "row/convert.h"
#include "row/schema.h"

typedef struct of_reencoded {
    uint8_t *data;
    size_t data_capacity;
    outfall_row_entry *entries; /* Filled from the end, as in a chunk. */
    uint32_t *origin;           /* Of each row here: its index in the batch. */
    uint32_t capacity;
    of_scratch scratch;
    size_t used;
    outfall_span span;
} of_reencoded;

int of_reencoded_init(of_reencoded *rows, uint64_t rows_max, outfall_error *error);
void of_reencoded_free(of_reencoded *rows); /* All zeroes is legal. */

/* Adds row `index` of the batch. OUTFALL_ERR_REFUSED: it does not fit the new columns. */
int of_reencoded_add(of_reencoded *rows, const outfall_schema *from, const outfall_schema *to,
                     const uint8_t *base, const outfall_row_entry *entry, uint32_t index,
                     bool lossy, outfall_error *error);

/* What was added, as a batch; borrowed. */
void of_reencoded_batch(of_reencoded *rows, outfall_batch *out);

#endif
