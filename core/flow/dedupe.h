/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows of a batch are written, and in which order, where a key may be in it more than once:
 * the last row of a key, in key order, deletes before the rest. Pure.
 *
 * For each key: if any of its rows is a delete, one delete is written, in the first part; if its
 * last row is no delete, that row is written, in the second part. Both parts together have the
 * effect of all rows one after another. A key with a null in it equals no other.
 */
#ifndef OF_FLOW_DEDUPE_H
#define OF_FLOW_DEDUPE_H

#include <stdint.h>

#include <outfall/driver.h>

#define OF_DEDUPE_NONE UINT32_MAX

/* Memory that is kept from batch to batch. All zeroes is legal. */
typedef struct of_dedupe {
    uint32_t capacity;  /* Rows that there is room for. */
    uint32_t *order;    /* Out: the rows to write, by their index in the batch. */
    uint32_t deletes;   /* Out: how many of them, from the first, are deletes. */
    uint32_t count;     /* Out: how many there are. */
    uint32_t *previous; /* Out, by row: the row of the same key before it, or OF_DEDUPE_NONE. */
    void *scratch;      /* Keys, hashes and the table. */
} of_dedupe;

void of_dedupe_free(of_dedupe *dedupe); /* All zeroes is legal. */

/*
 * Fills order, deletes, count and previous for a batch of a target with OUTFALL_TARGET_BYTEWISE.
 * OUTFALL_ERR_NOMEM; OUTFALL_ERR_UNSUPPORTED for more than 2^31 rows.
 */
int of_dedupe_run(of_dedupe *dedupe, const outfall_target *target, const outfall_batch *batch,
                  outfall_error *error);

#endif
