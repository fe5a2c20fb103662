/* SPDX-License-Identifier: Apache-2.0 */
/* A row that is not in the table, and why. */
#ifndef OF_CLI_REJECTION_H
#define OF_CLI_REJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

#include "names.h"

typedef struct of_rejection {
    const char *file;
    uint64_t line;                        /* Where the record starts. */
    char column[OUTFALL_COLUMN_NAME_MAX]; /* Empty where no single column is at fault. */
    char sqlstate[6];                     /* Empty where the database did not see the row. */
    char reason[OUTFALL_MESSAGE_MAX];
    /* The row, in one of three forms; borrowed. For the first two: the member that it lacks. */
    const char *kind_column; /* NULL: none. */
    const char *kind;
    const char *json; /* A JSON object. */
    size_t json_bytes;
    const of_names *names; /* Column names, with their values. */
    const outfall_value *values;
    const char *raw; /* The text as it was read, without its line end. */
    size_t raw_bytes;
    bool cut; /* Only the beginning of the text is there. */
} of_rejection;

/* Empties it and sets line and reason. */
OUTFALL_PRINTF(3, 4)
void of_reject(of_rejection *rejection, uint64_t line, const char *format, ...);

/* Adds the text of the record, less its line end. */
void of_reject_raw(of_rejection *rejection, const char *raw, size_t raw_bytes, bool cut);

#endif
