/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind a source id: it is bound to the files that were loaded under it. */
#ifndef OF_CLI_ORIGIN_H
#define OF_CLI_ORIGIN_H

#include "delivery.h"
#include "input.h"

typedef struct of_origin {
    const char *const *paths;
    size_t count;
    of_input *input;       /* Sampled, and before its first row. */
    of_delivery *delivery; /* Under the ledger. */
    bool input_failed;     /* Out: it was the files, not the database. */
} of_origin;

/* Before the first sample: of a pipe, keeps what of_origin_bind will look at. */
int of_origin_keep(const char *const *paths, size_t count, of_input *input, outfall_error *error);

/* Whether more of a pipe has to be read before it can be bound. */
bool of_origin_needs_more(const of_origin *origin);

/*
 * Binds the source id to the input, before its first row. One that has rows goes on with the files
 * that it had, as they have grown since, and with none else: OUTFALL_ERR_INVALID, after why was
 * said. Else fails as outfall_writer_bind.
 */
int of_origin_bind(of_origin *origin, outfall_error *error);

/*
 * At the input's end: all that was loaded has to be there still. OUTFALL_ERR_INVALID: the file was
 * cut, or only begins as it did.
 */
int of_origin_check_end(const of_origin *origin, outfall_error *error);

#endif
