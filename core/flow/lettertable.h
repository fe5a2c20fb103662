/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dead-letter table: dead letters as rows of a table beside the target's, to be written in the
 * transaction of the batch that they were part of.
 */
#ifndef OF_FLOW_LETTERTABLE_H
#define OF_FLOW_LETTERTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/events.h"
#include "pool/lease.h"
#include "row/field.h"

typedef struct of_lettertable of_lettertable;

/* What stands in a letter's row beside the letter. */
typedef struct of_letter_place {
    const char *sink;      /* The sink's id. */
    uint8_t kind;          /* enum outfall_row_kind, of the refused row. */
    int64_t refused_at_us; /* Since 1970, UTC. */
} of_letter_place;

/*
 * Describes the table of that name, which is copied; makes it where it is missing. Fails where a
 * table of that name could not hold every letter. Not in a transaction.
 */
int of_lettertable_open(const outfall_table_name *name, of_lease *lease, of_lettertable **out,
                        outfall_error *error);

/* Nobody may have one of its targets any more; NULL is legal. */
void of_lettertable_free(of_lettertable *table);

/* The table as it was described last. Any thread; borrowed until the table is freed. */
outfall_target *of_lettertable_target(of_lettertable *table);

/*
 * Describes it again, or makes it again, unless another thread has done so since it was `known`.
 * Any thread; not in a transaction.
 */
int of_lettertable_redescribe(of_lettertable *table, of_lease *lease, const outfall_target *known,
                              outfall_error *error);

/*
 * Encodes a letter as a row of the target; the row is at out->data. What a database said goes in
 * as valid UTF-8, whatever it was. Fails with action STOP, or RETRY for want of memory. Pure.
 */
int of_letter_encode(const outfall_target *target, const of_letter *letter,
                     const of_letter_place *place, of_scratch *out, size_t *bytes,
                     outfall_error *error);

/*
 * Makes what went wrong with the table, in *error, an error of the table: its name comes before the
 * message, and no row is at fault. Returns the status.
 */
int of_lettertable_blame(const outfall_target *target, outfall_error *error);

#endif
