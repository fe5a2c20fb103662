/* SPDX-License-Identifier: Apache-2.0 */
/* The columns that rows of the input have in the table. */
#ifndef OF_CLI_COLUMNS_H
#define OF_CLI_COLUMNS_H

#include <outfall/outfall.h>

#include "input.h"

/* What they are made from; all is borrowed. */
typedef struct of_columns {
    of_input *input;             /* Sampled. */
    const outfall_schema *given; /* --schema; may be empty. */
    const char *kind_column;     /* NULL: none. */
    enum of_format format;
    bool create; /* Types come from `given` and the samples; else the table has them. */
} of_columns;

/*
 * Makes the schema; *out stays NULL where the input has no columns of its own. OUTFALL_ERR_INVALID
 * says what does not go together.
 */
int of_columns_schema(const of_columns *from, outfall_schema **out, outfall_error *error);

#endif
