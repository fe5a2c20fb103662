/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/rowcopy.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "row/row.h"

/* Room for `bytes` more, and an eighth, so that batches of much the same size take it once. */
static int reserve(of_rowcopy *copy, size_t bytes, outfall_error *error)
{
    size_t needed = copy->used + bytes;
    if (needed <= copy->data_capacity)
        return OUTFALL_OK;
    if (needed > UINT32_MAX)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "the batch takes more than 4 GiB: lower batch.bytes");
    size_t capacity = needed + needed / 8;
    uint8_t *data = of_realloc(copy->data, capacity);
    if (data == NULL)
        return of_fail_nomem(error);
    copy->data = data;
    copy->data_capacity = capacity;
    return OUTFALL_OK;
}

int of_rowcopy_start(of_rowcopy *copy, uint64_t rows_max, size_t bytes, outfall_error *error)
{
    copy->used = 0;
    copy->span.count = 0;
    if (rows_max > copy->capacity) {
        of_free(copy->entries);
        of_free(copy->origin);
        copy->capacity = 0;
        copy->entries = of_calloc(rows_max, sizeof *copy->entries);
        copy->origin = of_calloc(rows_max, sizeof *copy->origin);
        if (copy->entries == NULL || copy->origin == NULL)
            return of_fail_nomem(error);
        copy->capacity = (uint32_t)rows_max;
    }
    copy->span.entries_end = copy->entries + copy->capacity;
    return reserve(copy, bytes, error);
}

void of_rowcopy_free(of_rowcopy *copy)
{
    of_free(copy->data);
    of_free(copy->entries);
    of_free(copy->origin);
    of_scratch_free(&copy->scratch);
    memset(copy, 0, sizeof *copy);
}

static int add(of_rowcopy *copy, const void *row, size_t bytes, const outfall_row_entry *entry,
               uint32_t index, outfall_error *error)
{
    int status = reserve(copy, bytes, error);
    if (status != OUTFALL_OK)
        return status;
    uint32_t place = copy->span.count++;
    outfall_row_entry *own = &copy->entries[copy->capacity - 1 - place];
    *own = *entry;
    own->start = (uint32_t)copy->used;
    own->bytes = (uint32_t)bytes;
    copy->origin[place] = index;
    memcpy(copy->data + copy->used, row, bytes);
    copy->used += bytes;
    return OUTFALL_OK;
}

int of_rowcopy_add(of_rowcopy *copy, const uint8_t *base, const outfall_row_entry *entry,
                   uint32_t index, outfall_error *error)
{
    return add(copy, base + entry->start, entry->bytes, entry, index, error);
}

int of_rowcopy_convert(of_rowcopy *copy, const outfall_schema *from, const outfall_schema *to,
                       const uint8_t *base, const outfall_row_entry *entry, uint32_t index,
                       bool lossy, outfall_error *error)
{
    size_t bytes;
    int status = of_row_convert(from, to, base + entry->start, entry->bytes, lossy, &copy->scratch,
                                &bytes, error);
    if (status == OUTFALL_OK)
        status = add(copy, copy->scratch.data, bytes, entry, index, error);
    return status;
}

outfall_batch of_rowcopy_batch(of_rowcopy *copy)
{
    copy->span.base = copy->data;
    return (outfall_batch){
        .struct_size = sizeof(outfall_batch),
        .span_count = copy->span.count > 0 ? 1 : 0,
        .spans = &copy->span,
        .rows = copy->span.count,
        .bytes = copy->used,
    };
}
