/* SPDX-License-Identifier: Apache-2.0 */
/* One try to make a batch durable: what is written, on which connection, and what was refused. */
#ifndef OF_FLOW_ATTEMPT_H
#define OF_FLOW_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/feed.h"

typedef struct of_attempt {
    of_share *share;
    const of_batch *batch;     /* As it was taken. */
    const of_version *version; /* The one that `arrived` and `rows` are encoded for. */
    of_rowcopy reencoded;      /* The batch's rows, where they had to be encoded anew. */
    bool is_reencoded;
    bool is_arranged;
    outfall_batch arrived; /* The rows in the order they were written … */
    outfall_batch rows; /* … and in the order they go out: the last of each key, in key order. */
    outfall_write_result result; /* Of the last write. */
    of_letter *letters; /* Rows refused by this try, in the order in which that was found. */
    of_letter **letters_end;
    uint64_t letter_count;
    /* Under deadletter.table they are its rows instead: */
    outfall_target *letter_target; /* these are encoded for it, */
    of_rowcopy letter_rows;        /* as many as letter_count; */
    bool letters_failed;           /* it is they that could not be written. */
} of_attempt;

/* For the share's batch. */
void of_attempt_init(of_attempt *attempt, of_share *share);
void of_attempt_destroy(of_attempt *attempt);

/*
 * Starts over: forgets what was refused, encodes the rows anew where the target has changed
 * since they were taken, and arranges them. Rows that no longer fit are refused then.
 */
int of_attempt_prepare(of_attempt *attempt, outfall_error *error);

/* Begins the transaction; under the ledger with the lines of the batch's writers. */
int of_attempt_begin(of_attempt *attempt, outfall_error *error);

/* Writes the rows first … first + count - 1 of attempt->rows in the open transaction. */
int of_attempt_write(of_attempt *attempt, uint64_t first, uint64_t count, outfall_error *error);

/* Commits it all. */
int of_attempt_commit(of_attempt *attempt, outfall_error *error);

/*
 * ---- Rows that were refused ---------------------------------------------------------
 *
 * They are known by their index in attempt->arrived. Where a row was refused, the one before it
 * with the same key, which it had superseded, counts after all.
 */
#define OF_ATTEMPT_NONE UINT32_MAX

/* The row of attempt->arrived that row `index` of attempt->rows is. */
uint32_t of_attempt_arrival(const of_attempt *attempt, uint64_t index);

/* Whether it is a delete. */
bool of_attempt_deletes(const of_attempt *attempt, uint32_t arrival);

/* It is refused for `why`. Fails with action STOP where rejected.max is passed. */
int of_attempt_reject(of_attempt *attempt, uint32_t arrival, const outfall_error *why,
                      outfall_error *error);

/*
 * The row to try after `arrival` was refused, or OF_ATTEMPT_NONE. `deleting`: the row that was
 * refused first is a delete.
 */
uint32_t of_attempt_before(const of_attempt *attempt, uint32_t arrival, bool deleting);

/* Hands what was refused over to the share, for when the branch commits. */
void of_attempt_keep_letters(of_attempt *attempt);

/* As of_attempt_write, for one row of attempt->arrived. */
int of_attempt_write_arrival(of_attempt *attempt, uint32_t arrival, outfall_error *error);

/* Whether there are letters that go to a table. */
bool of_attempt_records(const of_attempt *attempt);

/*
 * Writes them, in the open transaction; does nothing where there are none. That it fails is no
 * row's fault.
 */
int of_attempt_write_letters(of_attempt *attempt, outfall_error *error);

/* After RESTART: describes the table that could not be written again, on a lease of any kind. */
int of_attempt_redescribe(const of_attempt *attempt, of_lease *lease, outfall_error *error);

#endif
