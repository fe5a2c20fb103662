/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/attempt.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "row/row.h"

void of_attempt_init(of_attempt *attempt, of_share *share)
{
    memset(attempt, 0, sizeof *attempt);
    attempt->share = share;
    attempt->batch = &share->batch;
    attempt->letters_end = &attempt->letters;
}

static void forget_letters(of_attempt *attempt)
{
    while (attempt->letters != NULL) {
        of_letter *letter = attempt->letters;
        attempt->letters = letter->next;
        of_letter_free(letter);
    }
    attempt->letters_end = &attempt->letters;
    attempt->letter_count = 0;
}

void of_attempt_destroy(of_attempt *attempt)
{
    forget_letters(attempt);
    of_reencoded_free(&attempt->reencoded);
}

/* Adds a letter for row `index` of the batch as it was taken. */
static int add_letter(of_attempt *attempt, uint64_t index, const outfall_error *why,
                      outfall_error *error)
{
    of_feed *feed = attempt->share->feed;
    const of_span *span = NULL;
    uint32_t in_span = 0;
    of_scratch json = {NULL, 0};
    const outfall_row_entry *entry = of_batch_row(attempt->batch, index, &span, &in_span);
    of_letter *letter = of_calloc(1, sizeof *letter);
    if (letter == NULL)
        return of_fail_nomem(error);
    int status =
        of_row_json(feed->versions[attempt->batch->version]->schema, span->rows.base + entry->start,
                    entry->bytes, &json, &letter->row_bytes, error);
    if (status != OUTFALL_OK) {
        of_scratch_free(&json);
        of_free(letter);
        return status;
    }
    letter->row = json.data;
    memcpy(letter->writer, span->lane->name, sizeof letter->writer);
    letter->position = span->position + in_span;
    letter->source_offset = entry->source_offset;
    letter->error = *why;
    letter->error.action = OUTFALL_ACTION_ROW;
    *attempt->letters_end = letter;
    attempt->letters_end = &letter->next;
    attempt->letter_count++;

    uint64_t limit = feed->options.rejected_max;
    uint64_t before = atomic_load_explicit(&feed->rejected, memory_order_relaxed);
    if (limit > 0 && before + attempt->letter_count > limit)
        return of_fail(error, OUTFALL_ERR_DATABASE,
                       "more than rejected.max (%llu) rows were rejected; the last: %.300s",
                       (unsigned long long)limit, why->message);
    return OUTFALL_OK;
}

int of_attempt_reject(of_attempt *attempt, uint64_t index, const outfall_error *why,
                      outfall_error *error)
{
    if (attempt->reencoded.origin != NULL)
        index = attempt->reencoded.origin[index];
    return add_letter(attempt, index, why, error);
}

/* Encodes the batch for the current version; rows that do not fit it become letters. */
static int reencode(of_attempt *attempt, outfall_error *error)
{
    of_feed *feed = attempt->share->feed;
    const of_batch *batch = attempt->batch;
    const of_version *from = feed->versions[batch->version];
    outfall_error why;
    int status = of_reencoded_init(&attempt->reencoded, batch->rows, error);
    uint64_t index = 0;
    for (uint32_t i = 0; i < batch->span_count && status == OUTFALL_OK; i++) {
        const outfall_span *span = &batch->views[i];
        for (uint32_t row = 0; row < span->count && status == OUTFALL_OK; row++, index++) {
            const outfall_row_entry *entry = outfall_span_entry(span, row);
            status =
                of_reencoded_add(&attempt->reencoded, from->schema, attempt->version->schema,
                                 span->base, entry, (uint32_t)index, feed->options.lossy, &why);
            if (status == OUTFALL_ERR_REFUSED)
                status = add_letter(attempt, index, &why, error);
            else if (status != OUTFALL_OK)
                of_fail_copy(error, &why);
        }
    }
    if (status == OUTFALL_OK)
        of_reencoded_batch(&attempt->reencoded, &attempt->rows);
    return status;
}

int of_attempt_prepare(of_attempt *attempt, outfall_error *error)
{
    of_feed *feed = attempt->share->feed;
    const of_batch *batch = attempt->batch;
    const of_version *from = feed->versions[batch->version];
    forget_letters(attempt);
    of_reencoded_free(&attempt->reencoded);
    attempt->version = atomic_load_explicit(&feed->current, memory_order_acquire);
    attempt->rows = (outfall_batch){
        .struct_size = sizeof attempt->rows,
        .span_count = batch->span_count,
        .spans = batch->views,
        .rows = batch->rows,
        .bytes = batch->bytes,
    };
    if (from == attempt->version || of_schema_equal(from->schema, attempt->version->schema))
        return OUTFALL_OK;
    return reencode(attempt, error);
}

int of_attempt_write(of_attempt *attempt, uint64_t first, uint64_t count, outfall_error *error)
{
    of_share *share = attempt->share;
    outfall_batch part = attempt->rows;
    if (count != attempt->rows.rows)
        of_batch_slice(&attempt->rows, first, count, attempt->batch->slice, &part);
    int status =
        of_lease_write(&share->lease, attempt->version->target, &part, &attempt->result, error);
    of_count(&share->counters.writes,
             attempt->result.statements > 0 ? attempt->result.statements : 1);
    return status;
}
