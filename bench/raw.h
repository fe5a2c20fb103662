/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A raw loop: what a careful author writes against one client library without Outfall, in each of
 * the ways that the library offers. The fastest of them is the yardstick of a pair.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stddef.h>

#include <outfall/error.h>

#include "rows.h"

#define RAW_METHODS_MAX 4

struct raw_method {
    const char *name; /* As in a figure's name: "multirow_100". */
    /* Writes rows, one transaction for each of the client's batches. */
    int (*write)(void *raw, const struct bench_row *rows, size_t count, outfall_error *error);
};

struct raw_client {
    /* Connects and prepares; batches hold up to `batch_rows`. The table has to exist. */
    int (*open)(void **out, const char *url, size_t batch_rows, outfall_error *error);
    void (*close)(void *raw); /* NULL is legal. */
    struct raw_method methods[RAW_METHODS_MAX];
    size_t method_count;
};

/* Calls `write` for each `batch_rows` rows. */
typedef int (*raw_batch)(void *raw, const struct bench_row *rows, size_t count,
                         outfall_error *error);
static inline int raw_each_batch(raw_batch write, void *raw, size_t batch_rows,
                                 const struct bench_row *rows, size_t count, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < count && status == OUTFALL_OK; i += batch_rows) {
        size_t left = count - i;
        status = write(raw, rows + i, left < batch_rows ? left : batch_rows, error);
    }
    return status;
}

#endif
