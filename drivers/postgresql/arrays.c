/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/arrays.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "postgresql/type.h"

/*
 * A one-dimensional array: dimensions, whether it has nulls, element type, length, lower bound,
 * then the elements, each as a row's field: int32 length (-1 is NULL) and bytes.
 * https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/utils/adt/arrayfuncs.c,
 * array_recv
 */
#define HEADER_BYTES 20
#define FIRST_CAPACITY 4096
/* The server takes messages below 1 GiB; the parameters are all in one. */
#define PARAMETERS_BYTES_MAX 1000000000

void drv_pg_arrays_free(drv_pg_arrays *arrays)
{
    for (uint32_t i = 0; i < arrays->column_count; i++)
        free(arrays->columns[i].data);
    free(arrays->columns);
    free(arrays->values);
    free(arrays->lengths);
    free(arrays->formats);
    memset(arrays, 0, sizeof *arrays);
}

static int reserve_columns(drv_pg_arrays *arrays, uint32_t count, outfall_error *error)
{
    if (count <= arrays->column_count)
        return OUTFALL_OK;
    drv_pg_arrays_free(arrays);
    arrays->columns = calloc(count, sizeof *arrays->columns);
    arrays->values = calloc(count, sizeof *arrays->values);
    arrays->lengths = calloc(count, sizeof *arrays->lengths);
    arrays->formats = calloc(count, sizeof *arrays->formats);
    if (arrays->columns == NULL || arrays->values == NULL || arrays->lengths == NULL ||
        arrays->formats == NULL)
        return drv_fail_nomem(error);
    arrays->column_count = count;
    for (uint32_t i = 0; i < count; i++)
        arrays->formats[i] = 1;
    return OUTFALL_OK;
}

static int grow(drv_pg_array *column, size_t bytes, outfall_error *error)
{
    size_t capacity = column->capacity > 0 ? column->capacity : FIRST_CAPACITY;
    while (capacity < column->used + bytes)
        capacity *= 2;
    uint8_t *data = realloc(column->data, capacity);
    if (data == NULL)
        return drv_fail_nomem(error);
    column->data = data;
    column->capacity = capacity;
    return OUTFALL_OK;
}

static int fail_malformed(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "a row of the batch is not a field sequence of the target's columns");
}

/* Appends one row's fields, each to its column's array. *left is what is left of the span. */
static inline int scatter_row(const uint8_t **row, size_t *left, drv_pg_array *columns,
                              uint32_t count, outfall_error *error)
{
    const uint8_t *at = *row;
    const uint8_t *end = at + *left;
    if (*left < 2 || (uint16_t)outfall_read_i16(at) != count)
        return fail_malformed(error);
    at += 2;
    for (uint32_t i = 0; i < count; i++) {
        drv_pg_array *column = &columns[i];
        int32_t length = end - at >= 4 ? outfall_read_i32(at) : INT32_MAX;
        size_t bytes = 4 + (length > 0 ? (size_t)length : 0);
        if (bytes > (size_t)(end - at))
            return fail_malformed(error);
        if (bytes > column->capacity - column->used) {
            int status = grow(column, bytes, error);
            if (status != OUTFALL_OK)
                return status;
        }
        if (bytes == 12) /* The usual sizes, as moves instead of calls. */
            memcpy(column->data + column->used, at, 12);
        else if (bytes == 8)
            memcpy(column->data + column->used, at, 8);
        else
            memcpy(column->data + column->used, at, bytes);
        column->used += bytes;
        column->has_null |= length < 0;
        at += bytes;
    }
    *left = (size_t)(end - at);
    *row = at;
    return OUTFALL_OK;
}

static void put_i32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* Makes room for the headers; what the arrays held goes. */
static int begin(drv_pg_arrays *arrays, uint32_t count, outfall_error *error)
{
    int status = reserve_columns(arrays, count, error);
    for (uint32_t i = 0; i < count && status == OUTFALL_OK; i++) {
        drv_pg_array *column = &arrays->columns[i];
        column->used = 0;
        column->has_null = false;
        if (column->capacity < HEADER_BYTES)
            status = grow(column, HEADER_BYTES, error);
        column->used = HEADER_BYTES;
    }
    return status;
}

/* Writes the headers, and points libpq at the arrays. */
static int finish(drv_pg_arrays *arrays, const drv_pg_target *target, uint32_t rows,
                  outfall_error *error)
{
    uint32_t count = target->base.column_count;
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++)
        total += arrays->columns[i].used;
    if (total > PARAMETERS_BYTES_MAX)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "a batch of %zu bytes is too large for one statement; lower "
                                 "batch.bytes",
                                 total);
    for (uint32_t i = 0; i < count; i++) {
        drv_pg_array *column = &arrays->columns[i];
        uint32_t type = target->sources[i].base_type;
        put_i32(column->data, 1);
        put_i32(column->data + 4, column->has_null);
        put_i32(column->data + 8, drv_pg_type_of(type) != NULL ? type : DRV_PG_TEXT_OID);
        put_i32(column->data + 12, rows);
        put_i32(column->data + 16, 1);
        arrays->values[i] = (const char *)column->data;
        arrays->lengths[i] = (int)column->used;
    }
    return OUTFALL_OK;
}

int drv_pg_arrays_fill(drv_pg_arrays *arrays, const drv_pg_target *target,
                       const outfall_batch *batch, outfall_error *error)
{
    uint32_t count = target->base.column_count;
    int status = begin(arrays, count, error);
    for (uint32_t i = 0; i < batch->span_count && status == OUTFALL_OK; i++) {
        size_t left;
        const uint8_t *row = outfall_span_bytes(&batch->spans[i], &left);
        for (uint32_t n = batch->spans[i].count; n > 0 && status == OUTFALL_OK; n--)
            status = scatter_row(&row, &left, arrays->columns, count, error);
    }
    return status != OUTFALL_OK ? status : finish(arrays, target, (uint32_t)batch->rows, error);
}
