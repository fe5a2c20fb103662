/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells the files of a load from others: their first bytes, in order. The last file may grow,
 * and more may follow it; those before it have their sizes, too, since lines that are added to a
 * file behind which another was loaded would never be looked at.
 */
#ifndef OF_CLI_FINGERPRINT_H
#define OF_CLI_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

/* How much of a file is hashed. */
#define OF_HEAD_BYTES_MAX (64 * 1024)

typedef struct of_fingerprint {
    size_t files;
    uint64_t before;   /* Of the sizes and heads of all files but the last. */
    size_t head_bytes; /* Of the last: how much was hashed, */
    uint64_t head;     /* and its XXH3-64. */
} of_fingerprint;

/* The files of a load. */
typedef struct of_heads {
    const char *const *paths;
    size_t count;
    const char *head; /* Of a single pipe: what was read of it first; */
    size_t head_bytes;
} of_heads;

/* Whether what is read first has to be kept: one file, that cannot be read twice. */
bool of_fingerprint_is_pipe(const of_heads *heads);

/* OUTFALL_ERR_IO. Of several files those that cannot be read twice count by their place alone. */
int of_fingerprint_make(const of_heads *heads, of_fingerprint *out, outfall_error *error);

/*
 * Whether the files are those of `known`, grown perhaps: else `why` says which one is not.
 * OUTFALL_ERR_IO.
 */
int of_fingerprint_match(const of_heads *heads, const of_fingerprint *known, bool *same, char *why,
                         size_t capacity, outfall_error *error);

void of_fingerprint_format(const of_fingerprint *fingerprint,
                           char out[OUTFALL_SOURCE_BYTES_MAX + 1]);
/* False where the text is none of a fingerprint. */
bool of_fingerprint_parse(const char *text, of_fingerprint *out);

#endif
