/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of prepared statements: rows as columns, one binary array each, for unnest($1), …;
 * or one row as it lies. Their memory is kept from batch to batch.
 */
#ifndef DRV_PG_ARRAYS_H
#define DRV_PG_ARRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "postgresql/target.h"

/* One array, header first. */
typedef struct drv_pg_array {
    uint8_t *data;
    size_t used;
    size_t capacity;
    bool has_null;
} drv_pg_array;

typedef struct drv_pg_arrays {
    uint32_t column_count; /* Room for so many. */
    drv_pg_array *columns;
    const char **values; /* What libpq takes: where each parameter begins, */
    int *lengths;        /* its bytes, */
    int *formats;        /* and that it is binary. */
} drv_pg_arrays;

/* Fills the arrays: one for each column of the target, or of its key for a batch of deletes. */
int drv_pg_arrays_fill(drv_pg_arrays *arrays, const drv_pg_target *target,
                       const outfall_batch *batch, outfall_error *error);

/* Makes room for the parameters of one row. */
int drv_pg_arrays_reserve(drv_pg_arrays *arrays, uint32_t columns, outfall_error *error);

/*
 * Points the parameters at the fields of one row, and steps over it. *left is what is left of the
 * span.
 */
int drv_pg_arrays_row(drv_pg_arrays *arrays, const uint8_t **row, size_t *left, uint32_t columns,
                      outfall_error *error);

/* All zeroes is legal, and what is left. */
void drv_pg_arrays_free(drv_pg_arrays *arrays);

#endif
