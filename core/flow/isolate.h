/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the rows that the database refuses, so that their neighbours land: by the row that the
 * server names where it does, by bisecting elsewhere.
 */
#ifndef OF_FLOW_ISOLATE_H
#define OF_FLOW_ISOLATE_H

#include "flow/attempt.h"

/* Where the search stands. Pure: knows rows by number only. */
typedef struct of_search {
    uint64_t rows;
    uint64_t at;        /* All rows before this one are settled. */
    uint64_t known_end; /* A bad row lies in at … known_end - 1; 0: none is known to be left. */
    uint64_t found;     /* Bad rows so far. */
    uint64_t last_bad;
    uint64_t size; /* How many rows to write next, from `at`. */
} of_search;

/* Starts after a write of all rows failed. `named` is the bad row where it is known, else -1. */
void of_search_init(of_search *search, uint64_t rows, int64_t named);

/* The rows at … at + size - 1 were written. */
void of_search_landed(of_search *search);

/*
 * Writing them failed; `named` as above, counted from `at`. True: row `at` itself is bad, and the
 * search has stepped over it.
 */
bool of_search_failed(of_search *search, int64_t named);

enum of_isolation {
    OF_ISOLATE_WHOLE,  /* In one transaction with savepoints, which is begun and committed. */
    OF_ISOLATE_PIECES, /* In a transaction for each piece, for rows that the commit refuses. */
    OF_ISOLATE_INSIDE  /* With savepoints in the transaction that is open, and stays so. */
};

/*
 * Writes what can be written. Refused rows become the attempt's letters; those that go to a table
 * are written last. The first failure was `named` as above.
 */
int of_isolate(of_attempt *attempt, int64_t named, enum of_isolation how, outfall_error *error);

#endif
