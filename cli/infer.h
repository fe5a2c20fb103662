/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type of a column from samples of its values. Pure. A type is chosen only where every sample
 * comes back from it as it went in: 007, +5, .5 and 2024-02-30 make a text column.
 */
#ifndef OF_CLI_INFER_H
#define OF_CLI_INFER_H

#include <stdbool.h>
#include <stddef.h>

#include <outfall/row.h>

/* What is known of one column; starts from zeroed memory. */
typedef struct of_infer {
    bool seen;         /* A value that is not null. */
    unsigned possible; /* The types that held every value so far. */
} of_infer;

/* Takes one sample: text, null, bool, int64, decimal or json. */
void of_infer_add(of_infer *infer, const outfall_value *value);

/* enum outfall_type; text where nothing fits, or nothing was seen. */
int of_infer_type(const of_infer *infer);

#endif
