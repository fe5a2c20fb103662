/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared transactions as a program that died would leave them, with a committable for each. */
#ifndef BENCH_PREPARED_H
#define BENCH_PREPARED_H

#include <stdint.h>

#include <outfall/driver.h>
#include <outfall/outfall.h>

#include "table.h"

#define PREPARED_ID TABLE_TXN " recovery" /* The transaction's. */
#define PREPARED_ROWS 10                  /* Of each. */

struct prepared {
    const struct table *table;
    outfall_pool *pool;
    outfall_target *target;
    const struct outfall_driver *driver;
    size_t count;
    uint8_t first[OUTFALL_COMMITTABLE_MAX]; /* One of the library's making. */
    size_t bytes;                           /* Of each committable. */
    uint64_t checkpoint;                    /* The newest. */
    uint8_t *committables;                  /* `count`, one behind the other. */
    const void **pointers;                  /* To each. */
    size_t *lengths;
    outfall_fence *fences; /* Of each its branch's line in the ledger. */
    char (*names)[16];
};

/* For up to `count` of them. prepared_close is legal after a failure too. */
int prepared_open(struct prepared *it, const struct table *table, size_t count,
                  outfall_error *error);
void prepared_close(struct prepared *it);

/*
 * Whether the database has room for them; else OUTFALL_ERR_UNSUPPORTED, and how to make it.
 */
int prepared_inspect(struct prepared *it, outfall_error *error);

/* Prepares `count`, of `rows` the first PREPARED_ROWS in the first, and so on. No session has them
 * afterwards. */
int prepared_make(struct prepared *it, const struct bench_row *rows, outfall_error *error);

#endif
