/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rejected rows go: a file of JSON lines, or, without one, the first few to standard error.
 *
 *   {"file": "a.csv", "line": 7, "column": "id", "reason": "…", "sqlstate": "23505", "row": {…}}
 *
 * `column` and `sqlstate` are left out where there is none; `raw`, the text as it was read, stands
 * for `row` where the text could not be taken apart.
 */
#ifndef OF_CLI_DEADLETTER_H
#define OF_CLI_DEADLETTER_H

#include <stdint.h>

#include "rejection.h"

typedef struct of_deadletters of_deadletters;

/*
 * Appends to `path`, which is made where it is not there; NULL: standard error. It may be none of
 * the inputs. OUTFALL_ERR_NOT_FOUND (cannot be opened), OUTFALL_ERR_INVALID, OUTFALL_ERR_NOMEM.
 */
int of_deadletters_open(const char *path, const char *const *inputs, size_t input_count,
                        of_deadletters **out, outfall_error *error);

/*
 * Records one row. OUTFALL_ERR_IO: the file cannot be written; this row and the later ones then go
 * to standard error, whole, so that none is lost.
 */
int of_deadletters_add(of_deadletters *letters, const of_rejection *rejection,
                       outfall_error *error);

uint64_t of_deadletters_count(const of_deadletters *letters);

/* Says on standard error what was rejected, makes the file durable and frees. NULL is legal. */
int of_deadletters_close(of_deadletters *letters, outfall_error *error);

#endif
