/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/batch.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"

int of_batch_init(of_batch *batch, uint32_t spans_max, outfall_error *error)
{
    memset(batch, 0, sizeof *batch);
    batch->spans = of_calloc(spans_max, sizeof *batch->spans);
    batch->views = of_calloc(spans_max, sizeof *batch->views);
    batch->slice = of_calloc(spans_max, sizeof *batch->slice);
    batch->starts = of_calloc(spans_max, sizeof *batch->starts);
    batch->capacity = spans_max;
    if (batch->spans != NULL && batch->views != NULL && batch->slice != NULL &&
        batch->starts != NULL)
        return OUTFALL_OK;
    of_batch_destroy(batch);
    return of_fail_nomem(error);
}

void of_batch_destroy(of_batch *batch)
{
    of_free(batch->spans);
    of_free(batch->views);
    of_free(batch->slice);
    of_free(batch->starts);
    memset(batch, 0, sizeof *batch);
}

/* Rows that were published to the last span's chunk while the batch was being taken. */
static bool extends_last(const of_batch *batch, const of_span *span)
{
    if (batch->span_count == 0)
        return false;
    const of_span *last = &batch->spans[batch->span_count - 1];
    return last->chunk == span->chunk && last->rows.first + last->rows.count == span->rows.first;
}

void of_batch_add(of_batch *batch, const of_span *span)
{
    const outfall_row_entry *first = outfall_span_entry(&span->rows, 0);
    size_t bytes;
    outfall_span_bytes(&span->rows, &bytes);
    if (batch->span_count == 0) {
        batch->version = first->schema_version;
        batch->oldest_time = first->time;
    } else if ((int32_t)(first->time - batch->oldest_time) < 0) {
        batch->oldest_time = first->time;
    }
    if (extends_last(batch, span)) {
        batch->spans[batch->span_count - 1].rows.count += span->rows.count;
        batch->views[batch->span_count - 1].count += span->rows.count;
    } else {
        batch->starts[batch->span_count] = batch->rows;
        batch->spans[batch->span_count] = *span;
        batch->views[batch->span_count++] = span->rows;
    }
    batch->rows += span->rows.count;
    batch->bytes += bytes;
}

const outfall_row_entry *of_batch_row(const of_batch *batch, uint64_t index, const of_span **span,
                                      uint32_t *in_span)
{
    uint32_t low = 0, high = batch->span_count;
    if (index >= batch->rows)
        return NULL;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (batch->starts[middle] <= index)
            low = middle;
        else
            high = middle;
    }
    *span = &batch->spans[low];
    *in_span = (uint32_t)(index - batch->starts[low]);
    return outfall_span_entry(&batch->spans[low].rows, *in_span);
}

uint64_t of_batch_run(const outfall_batch *batch, uint64_t first, uint64_t count,
                      uint32_t *deletion)
{
    uint64_t run = 0;
    *deletion = 0;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const outfall_span *span = &batch->spans[i];
        if (first >= span->count) {
            first -= span->count;
            continue;
        }
        for (uint32_t row = (uint32_t)first; row < span->count && run < count; row++, run++) {
            uint32_t deletes = outfall_span_entry(span, row)->kind == OUTFALL_ROW_DELETE;
            if (run == 0)
                *deletion = deletes;
            else if (deletes != *deletion)
                return run;
        }
        first = 0;
    }
    return run;
}

void of_batch_slice(const outfall_batch *from, uint64_t first, uint64_t count, outfall_span *views,
                    outfall_batch *out)
{
    *out = (outfall_batch){.struct_size = sizeof *out,
                           .spans = views,
                           .flags = from->flags,
                           .deletion = from->deletion};
    for (uint32_t i = 0; i < from->span_count && count > 0; i++) {
        outfall_span span = from->spans[i];
        if (first >= span.count) {
            first -= span.count;
            continue;
        }
        size_t bytes;
        span.first += (uint32_t)first;
        span.count -= (uint32_t)first;
        first = 0;
        if (span.count > count)
            span.count = (uint32_t)count;
        outfall_span_bytes(&span, &bytes);
        views[out->span_count++] = span;
        out->rows += span.count;
        out->bytes += bytes;
        count -= span.count;
    }
}
