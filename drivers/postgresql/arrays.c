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

int drv_pg_arrays_reserve(drv_pg_arrays *arrays, uint32_t count, outfall_error *error)
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

/* The bytes of a field with its length; more than there are where it is malformed. */
static inline size_t field_bytes(const uint8_t *at, const uint8_t *end)
{
    int32_t length = end - at >= 4 ? outfall_read_i32(at) : INT32_MAX;
    return 4 + (length > 0 ? (size_t)length : 0);
}

static inline int append(drv_pg_array *column, const uint8_t *at, size_t bytes,
                         outfall_error *error)
{
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
    column->has_null |= bytes == 4 && outfall_read_i32(at) < 0;
    return OUTFALL_OK;
}

/*
 * Appends one row's fields, each to its column's array: places[i] where it is not NULL, and none
 * where that is negative. *left is what is left of the span.
 */
static inline int scatter_row(const uint8_t **row, size_t *left, drv_pg_array *columns,
                              uint32_t count, const int32_t *places, outfall_error *error)
{
    const uint8_t *at = *row;
    const uint8_t *end = at + *left;
    if (*left < 2 || (uint16_t)outfall_read_i16(at) != count)
        return fail_malformed(error);
    at += 2;
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes = field_bytes(at, end);
        int32_t place = places != NULL ? places[i] : (int32_t)i;
        if (bytes > (size_t)(end - at))
            return fail_malformed(error);
        if (place >= 0) {
            int status = append(&columns[place], at, bytes, error);
            if (status != OUTFALL_OK)
                return status;
        }
        at += bytes;
    }
    *left = (size_t)(end - at);
    *row = at;
    return OUTFALL_OK;
}

int drv_pg_arrays_row(drv_pg_arrays *arrays, const uint8_t **row, size_t *left, uint32_t columns,
                      outfall_error *error)
{
    const uint8_t *at = *row;
    const uint8_t *end = at + *left;
    if (*left < 2 || (uint16_t)outfall_read_i16(at) != columns)
        return fail_malformed(error);
    at += 2;
    for (uint32_t i = 0; i < columns; i++) {
        size_t bytes = field_bytes(at, end);
        if (bytes > (size_t)(end - at))
            return fail_malformed(error);
        bool null = bytes == 4 && outfall_read_i32(at) < 0;
        arrays->values[i] = null ? NULL : (const char *)at + 4;
        arrays->lengths[i] = (int)bytes - 4;
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
    int status = drv_pg_arrays_reserve(arrays, count, error);
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

/* Writes the headers, and points libpq at the arrays. `key`: array i is of that column; or NULL. */
static int finish(drv_pg_arrays *arrays, const drv_pg_target *target, const uint32_t *key,
                  uint32_t count, uint32_t rows, outfall_error *error)
{
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
        uint32_t type = target->sources[key != NULL ? key[i] : i].base_type;
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

/* The rows of all spans. Inline, so that the usual case, no places, is compiled for itself. */
static inline int scatter(drv_pg_arrays *arrays, const outfall_batch *batch, uint32_t count,
                          const int32_t *places, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (uint32_t i = 0; i < batch->span_count && status == OUTFALL_OK; i++) {
        size_t left;
        const uint8_t *row = outfall_span_bytes(&batch->spans[i], &left);
        for (uint32_t n = batch->spans[i].count; n > 0 && status == OUTFALL_OK; n--)
            status = scatter_row(&row, &left, arrays->columns, count, places, error);
    }
    return status;
}

int drv_pg_arrays_fill(drv_pg_arrays *arrays, const drv_pg_target *target,
                       const outfall_batch *batch, outfall_error *error)
{
    uint32_t columns = target->base.column_count;
    const uint32_t *key = batch->deletion ? target->key : NULL;
    uint32_t count = key != NULL ? target->base.key_count : columns;
    int status = begin(arrays, count, error);
    if (status == OUTFALL_OK)
        status = key != NULL ? scatter(arrays, batch, columns, target->key_places, error)
                             : scatter(arrays, batch, columns, NULL, error);
    return status != OUTFALL_OK ? status
                                : finish(arrays, target, key, count, (uint32_t)batch->rows, error);
}
