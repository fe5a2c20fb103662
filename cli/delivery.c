/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery.h"

#include <stdlib.h>
#include <string.h>

#include "required.h"
#include "say.h"
#include "stop.h"

enum {
    SLICE_MS = 100, /* How long one call may keep signals and dead letters waiting. */
    CLOSE_MS = 5000 /* With nothing left to deliver: until the sink's threads have ended. */
};

struct of_delivery {
    outfall_sink *sink;
    outfall_writer *writer;
    of_input *input;         /* Borrowed. */
    of_deadletters *letters; /* Borrowed. */
    of_progress *progress;   /* Borrowed. */
    uint8_t *required;       /* By column: what the input may not leave out. */
    outfall_event event;
    char letter_table[512]; /* Where rows go that the database refuses; empty: to `letters`. */
    uint64_t taken;         /* Rows that the writer has accepted. */
    uint64_t skipped;       /* Rows that an earlier load has made durable: */
    uint64_t resume;        /* those up to this offset, */
    bool resumes;           /* where there are any. */
    uint64_t unwritten;     /* Rows that the stopped sink did not accept. */
    bool stopped;           /* The sink takes no more. */
};

/* Where the input has no names of its own (JSON lines without a key), the table's columns are it.
 */
static int name_columns(of_delivery *delivery, outfall_error *error)
{
    of_names *names = of_input_columns(delivery->input);
    size_t count = outfall_sink_column_count(delivery->sink);

    for (size_t i = 0; names->count < count; i++) {
        const char *name = outfall_sink_column(delivery->sink, i)->name;
        if (of_names_add(names, name, strlen(name)) != 0)
            return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP,
                                     "out of memory");
    }
    return OUTFALL_OK;
}

static int require_columns(of_delivery *delivery, const outfall_config *config,
                           outfall_error *error)
{
    const char *kind_column;
    bool kinds = of_input_kind(delivery->input, 0, &kind_column) != NULL;
    int status = of_required_read(config, delivery->sink, of_input_columns(delivery->input)->count,
                                  kinds, &delivery->required, error);

    if (status == OUTFALL_OK)
        of_input_require(delivery->input, delivery->required);
    return status;
}

/* Where an earlier load of the same source has got to. */
static int find_start(of_delivery *delivery, outfall_error *error)
{
    int status = outfall_writer_resume(delivery->writer, &delivery->resume, error);
    delivery->resumes = status == OUTFALL_OK;
    return status == OUTFALL_ERR_NOT_FOUND ? OUTFALL_OK : status;
}

const char *of_delivery_source(const of_delivery *delivery)
{
    return delivery->resumes ? outfall_writer_source(delivery->writer) : "";
}

int of_delivery_bind(of_delivery *delivery, const char *source, bool continues,
                     outfall_error *error)
{
    return outfall_writer_bind(delivery->writer, source, continues, error);
}

uint64_t of_delivery_resume(const of_delivery *delivery)
{
    return delivery->resumes ? delivery->resume : 0;
}

bool of_delivery_has(const of_delivery *delivery, uint64_t offset)
{
    return delivery->resumes && offset <= delivery->resume;
}

static void free_delivery(of_delivery *delivery)
{
    of_input_require(delivery->input, NULL);
    free(delivery->required);
    free(delivery);
}

int of_delivery_open(const char *url, const char *table, const outfall_schema *schema,
                     const outfall_config *config, const char *source_id, of_input *input,
                     of_deadletters *letters, of_progress *progress, of_delivery **out,
                     outfall_error *error)
{
    of_delivery *delivery = calloc(1, sizeof *delivery);
    int status;

    *out = NULL;
    if (delivery == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    delivery->input = input;
    delivery->letters = letters;
    delivery->progress = progress;
    delivery->event.struct_size = sizeof delivery->event;
    status = outfall_config_get(config, "deadletter.table", delivery->letter_table,
                                sizeof delivery->letter_table, error);
    if (status == OUTFALL_OK)
        status = outfall_sink_open(url, table, schema, config, &delivery->sink, error);
    if (status == OUTFALL_OK && of_input_columns(input)->count == 0)
        status = name_columns(delivery, error);
    if (status == OUTFALL_OK)
        status = require_columns(delivery, config, error);
    if (status == OUTFALL_OK)
        status = outfall_writer_open(delivery->sink, source_id, &delivery->writer, error);
    if (status == OUTFALL_OK && source_id != NULL)
        status = find_start(delivery, error);
    if (status == OUTFALL_OK) {
        *out = delivery;
        return OUTFALL_OK;
    }
    if (delivery->sink != NULL &&
        outfall_close(delivery->sink, CLOSE_MS, NULL, NULL, NULL) != OUTFALL_OK)
        status = error->status; /* The first error is the one to tell. */
    free_delivery(delivery);
    return status;
}

int of_delivery_descriptor(of_delivery *delivery)
{
    return outfall_event_fd(delivery->sink);
}

/* Keeps the first of several errors. */
static int keep_first(int first, int status, const outfall_error *detail, outfall_error *error)
{
    if (first != OUTFALL_OK || status == OUTFALL_OK)
        return first;
    *error = *detail;
    return status;
}

/* ---- News from the sink ----------------------------------------------------------- */

/* A row that the database refused. */
static int take_rejected(of_delivery *delivery, outfall_error *error)
{
    const outfall_event *event = &delivery->event;
    of_rejection rejection;
    char file[512];
    uint64_t line;

    of_input_place(delivery->input, event->source_offset, file, sizeof file, &line);
    of_reject(&rejection, line, "%s", event->error.message);
    rejection.file = file;
    memcpy(rejection.column, event->error.column, sizeof rejection.column);
    memcpy(rejection.sqlstate, event->error.sqlstate, sizeof rejection.sqlstate);
    rejection.kind = of_input_kind(delivery->input, event->source_offset, &rejection.kind_column);
    rejection.json = event->row;
    rejection.json_bytes = event->row_bytes;
    of_progress_erase(delivery->progress);
    return of_deadletters_add(delivery->letters, &rejection, error);
}

/* Takes all events that are there; tells the first failure. */
static int take_events(of_delivery *delivery, outfall_error *error)
{
    outfall_event *event = &delivery->event;
    outfall_error detail;
    int first = OUTFALL_OK;

    for (;;) {
        int status = outfall_poll(delivery->sink, 0, event, &detail);
        if (status == OUTFALL_OK && event->type == OUTFALL_EVENT_NONE)
            return first;
        bool polled = status == OUTFALL_OK;
        if (polled && event->type == OUTFALL_EVENT_REJECTED) {
            status = take_rejected(delivery, &detail);
        } else if (polled && event->type == OUTFALL_EVENT_ERROR) {
            delivery->stopped = true;
            detail = event->error;
            status = detail.status;
        }
        first = keep_first(first, status, &detail, error);
        if (!polled)
            return first;
    }
}

/* Rows in the dead-letter table; those that are polled are counted where they go. */
static uint64_t count_recorded(const of_delivery *delivery, const outfall_stats *stats)
{
    return delivery->letter_table[0] != '\0' ? stats->rows_rejected : 0;
}

static void show_progress(of_delivery *delivery)
{
    outfall_stats stats = {.struct_size = sizeof stats};
    of_figures figures;

    if (outfall_stats_get(delivery->sink, &stats, NULL) != OUTFALL_OK)
        return;
    figures.rows = stats.rows_delivered;
    figures.bytes = of_input_bytes(delivery->input);
    figures.rejected = of_deadletters_count(delivery->letters) + count_recorded(delivery, &stats);
    figures.queue_fill = stats.buffer_bytes_max > 0
                             ? (double)stats.buffer_bytes / (double)stats.buffer_bytes_max
                             : 0;
    of_progress_show(delivery->progress, &figures);
}

int of_delivery_tick(of_delivery *delivery, outfall_error *error)
{
    int status = take_events(delivery, error);
    if (of_progress_due(delivery->progress))
        show_progress(delivery);
    return status;
}

/* ---- Rows ------------------------------------------------------------------------- */

/* Row `index` of the block did not fit its column. */
static int refuse(of_delivery *delivery, const of_rows *rows, size_t index,
                  const outfall_error *why, outfall_error *error)
{
    of_rejection rejection;
    char file[512];
    uint64_t line;

    of_input_place(delivery->input, rows->offsets[index], file, sizeof file, &line);
    of_reject(&rejection, line, "%s", why->message);
    rejection.file = file;
    memcpy(rejection.column, why->column, sizeof rejection.column);
    rejection.kind = of_input_kind(delivery->input, rows->offsets[index], &rejection.kind_column);
    rejection.names = of_input_columns(delivery->input);
    rejection.values = &rows->values[index * rows->columns];
    of_progress_erase(delivery->progress);
    return of_deadletters_add(delivery->letters, &rejection, error);
}

/* Hands on the rows from `*done` on, up to the first that is refused. */
static int write_some(of_delivery *delivery, const of_rows *rows, size_t *done,
                      outfall_error *error)
{
    outfall_rows block = {.struct_size = sizeof block,
                          .count = rows->count - *done,
                          .values = &rows->values[*done * rows->columns],
                          .source_offsets = &rows->offsets[*done],
                          .kinds = rows->kinds != NULL ? &rows->kinds[*done] : NULL};
    outfall_error why;
    size_t accepted = 0;
    int status = outfall_write(delivery->writer, &block, &accepted, &why);

    delivery->taken += accepted;
    *done += accepted;
    if (status == OUTFALL_ERR_REFUSED)
        return refuse(delivery, rows, (*done)++, &why, error);
    /* The database is behind; an event says if it is dead. */
    if (status == OUTFALL_OK || (status == OUTFALL_ERR_FULL && !of_stop_overdue()))
        return OUTFALL_OK;
    delivery->stopped = true;
    *error = why;
    /* A writer that waited for memory knows only that the sink has stopped; a flush knows why. */
    if (status == OUTFALL_ERR_CLOSED && outfall_flush(delivery->sink, 0, &why) != OUTFALL_OK &&
        why.status != OUTFALL_ERR_TIMEOUT)
        *error = why;
    return status;
}

int of_delivery_rows(of_delivery *delivery, of_rows *rows, outfall_error *error)
{
    outfall_error detail;
    int first = OUTFALL_OK;
    size_t done = 0;

    while (done < rows->count && of_delivery_has(delivery, rows->offsets[done]))
        done++;
    delivery->skipped += done;
    while (done < rows->count && !delivery->stopped) {
        int status = write_some(delivery, rows, &done, &detail);
        if (status == OUTFALL_OK)
            status = of_delivery_tick(delivery, &detail);
        first = keep_first(first, status, &detail, error);
    }
    delivery->unwritten += rows->count - done;
    of_rows_clear(rows);
    return first;
}

/* ---- The end ---------------------------------------------------------------------- */

static int flush(of_delivery *delivery, outfall_error *error)
{
    outfall_error detail;
    int first = OUTFALL_OK;

    while (!delivery->stopped) {
        int status = outfall_flush(delivery->sink, SLICE_MS, &detail);
        if (status == OUTFALL_OK)
            break;
        if (status != OUTFALL_ERR_TIMEOUT || of_stop_overdue())
            return keep_first(first, status, &detail, error);
        status = of_delivery_tick(delivery, &detail);
        first = keep_first(first, status, &detail, error);
    }
    return first;
}

int of_delivery_close(of_delivery *delivery, of_delivered *delivered, outfall_error *error)
{
    outfall_stats stats = {.struct_size = sizeof stats};
    outfall_undelivered left;
    outfall_error detail;
    size_t writers = 1;

    memset(&left, 0, sizeof left);
    int first = flush(delivery, error);
    int status = take_events(delivery, &detail);
    first = keep_first(first, status, &detail, error);
    if (delivery->progress->mode != OF_PROGRESS_NEVER)
        show_progress(delivery);
    of_progress_erase(delivery->progress);
    if (outfall_stats_get(delivery->sink, &stats, NULL) != OUTFALL_OK)
        memset(&stats, 0, sizeof stats);
    status = outfall_close(delivery->sink, first == OUTFALL_OK ? CLOSE_MS : SLICE_MS, &left,
                           &writers, &detail);
    first = keep_first(first, status, &detail, error);
    left.rows = writers > 0 ? left.rows : 0;
    delivered->skipped = delivery->skipped;
    delivered->undelivered = left.rows + delivery->unwritten;
    delivered->rows = delivery->taken - left.rows - stats.rows_rejected;
    delivered->recorded = count_recorded(delivery, &stats);
    if (delivered->recorded > 0)
        of_say("rows that the database refused are in table %s", delivery->letter_table);
    outfall_event_clear(&delivery->event);
    free_delivery(delivery);
    return first;
}
