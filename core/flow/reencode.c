/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/reencode.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "row/row.h"

int of_reencoded_init(of_reencoded *rows, uint64_t rows_max, outfall_error *error)
{
    memset(rows, 0, sizeof *rows);
    rows->capacity = (uint32_t)rows_max;
    rows->entries = of_calloc(rows_max, sizeof *rows->entries);
    rows->origin = of_calloc(rows_max, sizeof *rows->origin);
    if (rows->entries == NULL || rows->origin == NULL)
        return of_fail_nomem(error);
    rows->span.entries_end = rows->entries + rows_max;
    return OUTFALL_OK;
}

void of_reencoded_free(of_reencoded *rows)
{
    of_free(rows->data);
    of_free(rows->entries);
    of_free(rows->origin);
    of_scratch_free(&rows->scratch);
    memset(rows, 0, sizeof *rows);
}

/* Room for `bytes` more; grows by doubling. */
static int reserve(of_reencoded *rows, size_t bytes, outfall_error *error)
{
    if (rows->used + bytes <= rows->data_capacity)
        return OUTFALL_OK;
    if (rows->used + bytes > UINT32_MAX)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "the batch takes more than 4 GiB in the table's new types: lower "
                       "batch.bytes");
    size_t capacity = (rows->used + bytes) * 2;
    if (capacity > UINT32_MAX)
        capacity = UINT32_MAX;
    uint8_t *data = of_realloc(rows->data, capacity);
    if (data == NULL)
        return of_fail_nomem(error);
    rows->data = data;
    rows->data_capacity = capacity;
    return OUTFALL_OK;
}

int of_reencoded_add(of_reencoded *rows, const outfall_schema *from, const outfall_schema *to,
                     const uint8_t *base, const outfall_row_entry *entry, uint32_t index,
                     bool lossy, outfall_error *error)
{
    size_t bytes;
    int status = of_row_convert(from, to, base + entry->start, entry->bytes, lossy, &rows->scratch,
                                &bytes, error);
    if (status == OUTFALL_OK)
        status = reserve(rows, bytes, error);
    if (status != OUTFALL_OK)
        return status;
    uint32_t place = rows->span.count++;
    outfall_row_entry *copy = &rows->entries[rows->capacity - 1 - place];
    *copy = *entry;
    copy->start = (uint32_t)rows->used;
    copy->bytes = (uint32_t)bytes;
    rows->origin[place] = index;
    memcpy(rows->data + rows->used, rows->scratch.data, bytes);
    rows->used += bytes;
    return OUTFALL_OK;
}

void of_reencoded_batch(of_reencoded *rows, outfall_batch *out)
{
    rows->span.base = rows->data;
    *out = (outfall_batch){
        .struct_size = sizeof *out,
        .span_count = rows->span.count > 0 ? 1 : 0,
        .spans = &rows->span,
        .rows = rows->span.count,
        .bytes = rows->used,
    };
}
