/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which columns a record of JSON lines may not leave out. Where rows update others, a key that is
 * missing would be a null that erases a value without a word.
 */
#ifndef OF_CLI_REQUIRED_H
#define OF_CLI_REQUIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/outfall.h>

/* Of a column, or-ed. */
enum of_required {
    OF_REQUIRED_WRITTEN = 1, /* Of inserts and updates. */
    OF_REQUIRED_KEY = 2,     /* Of deletes too: it is in the key. */
    OF_REQUIRED_UPDATED = 4  /* --update could leave it out. */
};

/*
 * One byte for each of the `columns` that the sink was opened for with `config`; free it. NULL
 * where a record may leave out what it likes: it inserts, or has no kind and replaces the whole
 * row. OUTFALL_ERR_NOMEM.
 */
int of_required_read(const outfall_config *config, const outfall_sink *sink, size_t columns,
                     bool kinds, uint8_t **out, outfall_error *error);

#endif
