/* SPDX-License-Identifier: Apache-2.0 */
/* One try to make a batch durable: what is written, on which connection, and what was refused. */
#ifndef OF_FLOW_ATTEMPT_H
#define OF_FLOW_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/feed.h"
#include "flow/reencode.h"

typedef struct of_attempt {
    of_share *share;
    const of_batch *batch;     /* As it was taken. */
    const of_version *version; /* The one that `rows` are encoded for. */
    outfall_batch rows;        /* What is written: the batch, or its rows encoded anew. */
    of_reencoded reencoded;
    outfall_write_result result; /* Of the last write. */
    of_letter *letters;          /* Rows refused by this try, in order. */
    of_letter **letters_end;
    uint64_t letter_count;
} of_attempt;

/* For the share's batch. */
void of_attempt_init(of_attempt *attempt, of_share *share);
void of_attempt_destroy(of_attempt *attempt);

/*
 * Starts over: forgets what was refused, and encodes the rows anew where the target has changed
 * since they were taken. Rows that no longer fit are refused then.
 */
int of_attempt_prepare(of_attempt *attempt, outfall_error *error);

/* Writes the rows first … first + count - 1 of attempt->rows in the open transaction. */
int of_attempt_write(of_attempt *attempt, uint64_t first, uint64_t count, outfall_error *error);

/*
 * Row `index` of attempt->rows is refused for `why`. Fails with action STOP where rejected.max is
 * passed.
 */
int of_attempt_reject(of_attempt *attempt, uint64_t index, const outfall_error *why,
                      outfall_error *error);

#endif
