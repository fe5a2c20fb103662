/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/attempt.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/kill.h"
#include "flow/branch.h"
#include "flow/dedupe.h"
#include "flow/fences.h"
#include "flow/rowcopy.h"
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
    attempt->letters_failed = false;
}

void of_attempt_destroy(of_attempt *attempt)
{
    forget_letters(attempt);
    of_rowcopy_free(&attempt->reencoded);
    of_rowcopy_free(&attempt->letter_rows);
}

/* Puts a letter at the end of those that will be polled, which then own it. */
static void keep_letter(of_attempt *attempt, of_letter *letter)
{
    *attempt->letters_end = letter;
    attempt->letters_end = &letter->next;
}

/* Makes a letter a row of the dead-letter table. */
static int record_letter(of_attempt *attempt, const of_letter *letter, uint8_t kind,
                         outfall_error *error)
{
    of_rowcopy *rows = &attempt->letter_rows;
    const of_letter_place place = {.sink = attempt->share->feed->options.sink_id,
                                   .kind = kind,
                                   .refused_at_us = of_clock_calendar_us()};
    size_t bytes = 0;
    int status = OUTFALL_OK;
    if (attempt->letter_count == 0)
        status = of_rowcopy_start(rows, attempt->batch->rows, 0, error);
    if (status == OUTFALL_OK)
        status =
            of_letter_encode(attempt->letter_target, letter, &place, &rows->scratch, &bytes, error);
    if (status != OUTFALL_OK)
        return status;
    const outfall_row_entry entry = {.bytes = (uint32_t)bytes};
    return of_rowcopy_add(rows, (const uint8_t *)rows->scratch.data, &entry,
                          (uint32_t)attempt->letter_count, error);
}

/* A letter for a row of the batch as it was taken, but for the error. */
static int write_letter(const of_attempt *attempt, const of_span *span, uint32_t in_span,
                        of_letter *letter, outfall_error *error)
{
    const outfall_schema *schema = attempt->share->feed->versions[attempt->batch->version]->schema;
    const outfall_row_entry *entry = outfall_span_entry(&span->rows, in_span);
    of_scratch json = {NULL, 0};
    int status = of_row_json(schema, span->rows.base + entry->start, entry->bytes, &json,
                             &letter->row_bytes, error);
    letter->row = json.data; /* Freed with it, good or not. */
    memcpy(letter->writer, span->lane->name, sizeof letter->writer);
    letter->position = span->position + in_span;
    letter->source_offset = entry->source_offset;
    return status;
}

static int check_limit(const of_attempt *attempt, const outfall_error *why, outfall_error *error)
{
    const of_feed *feed = attempt->share->feed;
    uint64_t limit = feed->options.rejected_max;
    uint64_t before = atomic_load_explicit(&feed->rejected, memory_order_relaxed);
    if (limit == 0 || before + attempt->letter_count <= limit)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_DATABASE,
                   "more than rejected.max (%llu) rows were rejected; the last: %.300s",
                   (unsigned long long)limit, why->message);
}

/* Adds a letter for row `index` of the batch as it was taken. */
static int add_letter(of_attempt *attempt, uint64_t index, const outfall_error *why,
                      outfall_error *error)
{
    const of_span *span = NULL;
    uint32_t in_span = 0;
    const outfall_row_entry *entry = of_batch_row(attempt->batch, index, &span, &in_span);
    of_letter *letter = of_calloc(1, sizeof *letter);
    if (letter == NULL)
        return of_fail_nomem(error);
    letter->error = *why;
    letter->error.action = OUTFALL_ACTION_ROW;
    int status = write_letter(attempt, span, in_span, letter, error);
    if (status == OUTFALL_OK && attempt->letter_target != NULL)
        status = record_letter(attempt, letter, entry->kind, error);
    if (status == OUTFALL_OK && attempt->letter_target == NULL)
        keep_letter(attempt, letter);
    else
        of_letter_free(letter);
    if (status != OUTFALL_OK)
        return status;
    attempt->letter_count++;
    return check_limit(attempt, why, error);
}

uint32_t of_attempt_arrival(const of_attempt *attempt, uint64_t index)
{
    return attempt->is_arranged ? attempt->share->arranged.origin[index] : (uint32_t)index;
}

int of_attempt_reject(of_attempt *attempt, uint32_t arrival, const outfall_error *why,
                      outfall_error *error)
{
    return add_letter(attempt, attempt->is_reencoded ? attempt->reencoded.origin[arrival] : arrival,
                      why, error);
}

void of_attempt_keep_letters(of_attempt *attempt)
{
    of_letter **last = &attempt->share->kept;
    if (of_attempt_records(attempt))
        attempt->share->recorded += attempt->letter_count;
    while (*last != NULL)
        last = &(*last)->next;
    *last = attempt->letters;
    attempt->letters = NULL;
    attempt->letters_end = &attempt->letters;
    attempt->letter_count = 0;
}

/* ---- Preparing -------------------------------------------------------------------- */

/* Encodes the batch for the current version; rows that do not fit it become letters. */
static int reencode(of_attempt *attempt, outfall_error *error)
{
    of_feed *feed = attempt->share->feed;
    const of_batch *batch = attempt->batch;
    const of_version *from = feed->versions[batch->version];
    outfall_error why;
    int status = of_rowcopy_start(&attempt->reencoded, batch->rows, batch->bytes, error);
    uint32_t index = 0;
    for (uint32_t i = 0; i < batch->span_count && status == OUTFALL_OK; i++) {
        const outfall_span *span = &batch->views[i];
        for (uint32_t row = 0; row < span->count && status == OUTFALL_OK; row++, index++) {
            const outfall_row_entry *entry = outfall_span_entry(span, row);
            status = of_rowcopy_convert(&attempt->reencoded, from->schema, attempt->version->schema,
                                        span->base, entry, index, feed->options.lossy, &why);
            if (status == OUTFALL_ERR_REFUSED)
                status = add_letter(attempt, index, &why, error);
            else if (status != OUTFALL_OK)
                of_fail_copy(error, &why);
        }
    }
    if (status == OUTFALL_OK)
        attempt->arrived = of_rowcopy_batch(&attempt->reencoded);
    attempt->is_reencoded = true;
    return status;
}

/* A row of attempt->arrived: its entry, and what its start counts from. */
static const outfall_row_entry *find_arrival(const of_attempt *attempt, uint32_t arrival,
                                             const uint8_t **base)
{
    const of_span *span = NULL;
    uint32_t in_span;
    if (attempt->is_reencoded) {
        *base = attempt->arrived.spans[0].base;
        return outfall_span_entry(&attempt->arrived.spans[0], arrival);
    }
    const outfall_row_entry *entry = of_batch_row(attempt->batch, arrival, &span, &in_span);
    *base = span->rows.base;
    return entry;
}

/* Whether the rows go out as they came: each key once, and in order. */
static bool in_order(const of_dedupe *dedupe, uint64_t rows)
{
    if (dedupe->count != rows || dedupe->deletes > 0)
        return false;
    for (uint32_t i = 0; i < dedupe->count; i++)
        if (dedupe->order[i] != i)
            return false;
    return true;
}

/* Copies the rows that dedupe has chosen, in its order. */
static int gather(of_attempt *attempt, outfall_error *error)
{
    of_share *share = attempt->share;
    const of_dedupe *dedupe = &share->dedupe;
    int status = of_rowcopy_start(&share->arranged, dedupe->count, attempt->arrived.bytes, error);
    for (uint32_t i = 0; i < dedupe->count && status == OUTFALL_OK; i++) {
        const uint8_t *base;
        const outfall_row_entry *entry = find_arrival(attempt, dedupe->order[i], &base);
        status = of_rowcopy_add(&share->arranged, base, entry, dedupe->order[i], error);
    }
    attempt->is_arranged = true;
    attempt->rows = of_rowcopy_batch(&share->arranged);
    return status;
}

/* Whether a later row of a key supersedes an earlier one, and a row may be a delete. */
static bool last_one_wins(const of_attempt *attempt)
{
    uint32_t mode = attempt->share->feed->options.mode;
    return mode == OUTFALL_MODE_UPSERT || mode == OUTFALL_MODE_REPLACE;
}

/* Keeps the last row of each key, where the target's keys can be compared here. */
static int arrange(of_attempt *attempt, outfall_error *error)
{
    const outfall_target *target = attempt->version->target;
    of_dedupe *dedupe = &attempt->share->dedupe;
    attempt->rows = attempt->arrived;
    if (!last_one_wins(attempt) || (target->flags & OUTFALL_TARGET_BYTEWISE) == 0 ||
        attempt->arrived.rows == 0)
        return OUTFALL_OK;
    int status = of_dedupe_run(dedupe, target, &attempt->arrived, error);
    if (status == OUTFALL_OK && !in_order(dedupe, attempt->arrived.rows))
        status = gather(attempt, error);
    attempt->rows.flags |= OUTFALL_BATCH_DISTINCT;
    return status;
}

int of_attempt_prepare(of_attempt *attempt, outfall_error *error)
{
    of_feed *feed = attempt->share->feed;
    const of_batch *batch = attempt->batch;
    const of_version *from = feed->versions[batch->version];
    int status = OUTFALL_OK;
    forget_letters(attempt);
    if (feed->options.letters != NULL)
        attempt->letter_target = of_lettertable_target(feed->options.letters);
    attempt->is_reencoded = false;
    attempt->is_arranged = false;
    attempt->version = atomic_load_explicit(&feed->current, memory_order_acquire);
    attempt->arrived = (outfall_batch){
        .struct_size = sizeof attempt->arrived,
        .span_count = batch->span_count,
        .spans = batch->views,
        .rows = batch->rows,
        .bytes = batch->bytes,
    };
    if (from != attempt->version && !of_schema_equal(from->schema, attempt->version->schema))
        status = reencode(attempt, error);
    if (status == OUTFALL_OK)
        status = arrange(attempt, error);
    return status;
}

/* ---- Writing ---------------------------------------------------------------------- */

int of_attempt_begin(of_attempt *attempt, outfall_error *error)
{
    of_share *share = attempt->share;
    int status = of_lease_begin(&share->lease, error);
    if (status == OUTFALL_OK)
        OF_KILL_POINT("begun");
    if (status != OUTFALL_OK || !share->feed->options.exactly_once)
        return status;
    status = of_fences_make(share, error);
    if (status == OUTFALL_OK)
        status = of_fences_write(share, error);
    if (status == OUTFALL_OK)
        OF_KILL_POINT("fences-written");
    return status;
}

/* One call of the driver; the counts of several make attempt->result. */
static int write_part(of_attempt *attempt, const outfall_batch *part, uint64_t written,
                      outfall_error *error)
{
    of_share *share = attempt->share;
    outfall_write_result result;
    int status =
        of_lease_write(of_share_lease(share), attempt->version->target, part, &result, error);
    if (status == OUTFALL_OK)
        OF_KILL_POINT("rows-written");
    of_count(&share->counters.writes, result.statements > 0 ? result.statements : 1);
    attempt->result.statements += result.statements;
    attempt->result.rows_written += result.rows_written;
    attempt->result.bad_row = result.bad_row < 0 ? -1 : result.bad_row + (int64_t)written;
    return status;
}

/* Deletes and other rows go by statements of their own. */
static int write_range(of_attempt *attempt, const outfall_batch *rows, uint64_t first,
                       uint64_t count, outfall_error *error)
{
    int status = OUTFALL_OK;
    attempt->result = (outfall_write_result){.struct_size = sizeof attempt->result, .bad_row = -1};
    for (uint64_t done = 0; done < count && status == OUTFALL_OK;) {
        uint32_t deletion = 0;
        uint64_t run = count;
        if (last_one_wins(attempt))
            run = of_batch_run(rows, first + done, count - done, &deletion);
        outfall_batch part = *rows;
        if (run != rows->rows)
            of_batch_slice(rows, first + done, run, attempt->batch->slice, &part);
        part.deletion = deletion;
        status = write_part(attempt, &part, done, error);
        done += run;
    }
    return status;
}

int of_attempt_write(of_attempt *attempt, uint64_t first, uint64_t count, outfall_error *error)
{
    return write_range(attempt, &attempt->rows, first, count, error);
}

int of_attempt_write_arrival(of_attempt *attempt, uint32_t arrival, outfall_error *error)
{
    return write_range(attempt, &attempt->arrived, arrival, 1, error);
}

int of_attempt_commit(of_attempt *attempt, outfall_error *error)
{
    OF_KILL_POINT("before-commit");
    int status = of_lease_commit(&attempt->share->lease, error);
    if (status == OUTFALL_OK)
        OF_KILL_POINT("after-commit");
    return status;
}

bool of_attempt_deletes(const of_attempt *attempt, uint32_t arrival)
{
    const uint8_t *base;
    return find_arrival(attempt, arrival, &base)->kind == OUTFALL_ROW_DELETE;
}

uint32_t of_attempt_before(const of_attempt *attempt, uint32_t arrival, bool deleting)
{
    if ((attempt->rows.flags & OUTFALL_BATCH_DISTINCT) == 0)
        return OF_ATTEMPT_NONE; /* Every row is written anyhow. */
    uint32_t before = attempt->share->dedupe.previous[arrival];
    if (before == OF_DEDUPE_NONE)
        return OF_ATTEMPT_NONE;
    /* The last delete of a key has had its turn before any row that came after it. */
    return !deleting && of_attempt_deletes(attempt, before) ? OF_ATTEMPT_NONE : before;
}

/* ---- Letters ---------------------------------------------------------------------- */

bool of_attempt_records(const of_attempt *attempt)
{
    return attempt->letter_target != NULL && attempt->letter_count > 0;
}

int of_attempt_write_letters(of_attempt *attempt, outfall_error *error)
{
    of_share *share = attempt->share;
    outfall_write_result result;
    if (!of_attempt_records(attempt))
        return OUTFALL_OK;
    const outfall_batch rows = of_rowcopy_batch(&attempt->letter_rows);
    int status =
        of_lease_write(of_share_lease(share), attempt->letter_target, &rows, &result, error);
    of_count(&share->counters.writes, result.statements > 0 ? result.statements : 1);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    attempt->letters_failed = true;
    return of_lettertable_blame(attempt->letter_target, error);
}

int of_attempt_redescribe(const of_attempt *attempt, of_lease *lease, outfall_error *error)
{
    of_feed *feed = attempt->share->feed;
    if (attempt->letters_failed)
        return of_lettertable_redescribe(feed->options.letters, lease, attempt->letter_target,
                                         error);
    return of_feed_redescribe(feed, lease, attempt->version, error);
}
