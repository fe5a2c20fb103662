/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/fork.h"
#include "row/convert.h"
#include "row/encode.h"
#include "sink/handle.h"
#include "sink/resume.h"

#define TIMED_EVERY 64 /* One row in so many is timed. */
#define ROW_HEAD 2     /* The field count. */

/* ---- Open and close --------------------------------------------------------------- */

/*
 * Under the ledger also while a closed writer of that name has rows on their way: a new one would
 * fence them off.
 */
static bool name_in_use(of_feed *feed, const char *name)
{
    bool exactly_once = feed->options.exactly_once;
    bool found = false;
    for (uint32_t i = 0; i < feed->share_count && !found; i++) {
        of_share *share = &feed->shares[i];
        pthread_mutex_lock(&share->mutex);
        for (uint32_t at = 0; at < share->lane_count && !found; at++)
            found = strcmp(share->lanes[at]->name, name) == 0 &&
                    (exactly_once ||
                     atomic_load_explicit(&share->lanes[at]->closing, memory_order_relaxed) == 0);
        pthread_mutex_unlock(&share->mutex);
    }
    return found;
}

/* The writer's name, or one made of its number. Called with the sink's mutex held. */
static int choose_name(outfall_sink *sink, const char *name, char out[OF_LANE_NAME_MAX],
                       outfall_error *error)
{
    if (name == NULL && sink->feed->options.exactly_once)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "with delivery=exactly-once a writer needs a name, the same each time that "
                       "its source is read: by it the ledger knows how far it has got");
    if (name == NULL) {
        snprintf(out, OF_LANE_NAME_MAX, "#%u", sink->writers_opened + 1);
        return OUTFALL_OK;
    }
    size_t length = strlen(name);
    if (length == 0 || length >= OF_LANE_NAME_MAX || name[0] == '#' ||
        !outfall_utf8_valid(name, length))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a writer's name has 1 to %d bytes of UTF-8 and does not start with '#'",
                       OF_LANE_NAME_MAX - 1);
    if (name_in_use(sink->feed, name))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a writer named \"%s\" is open: close it first%s, or choose another name",
                       name, sink->feed->options.exactly_once ? " and flush the sink" : "");
    memcpy(out, name, length + 1);
    return OUTFALL_OK;
}

static void link_writer(outfall_sink *sink, outfall_writer *writer)
{
    writer->next = sink->writers;
    writer->link = &sink->writers;
    if (sink->writers != NULL)
        sink->writers->link = &writer->next;
    sink->writers = writer;
    sink->writers_opened++;
    sink->writers_open++;
}

/* Makes a writer with a lane on the share whose turn it is. The sink's mutex is held. */
static int open_writer(outfall_sink *sink, const char *name, outfall_writer **out,
                       outfall_error *error)
{
    of_feed *feed = sink->feed;
    of_share *share = &feed->shares[sink->writers_opened % feed->share_count];
    char lane_name[OF_LANE_NAME_MAX];
    if (sink->writers_open >= sink->writers_max)
        return of_fail(error, OUTFALL_ERR_FULL,
                       "%u writers are open, as many as buffer.bytes allows: raise it, lower "
                       "buffer.chunk.bytes, or close one",
                       sink->writers_open);
    int status = choose_name(sink, name, lane_name, error);
    if (status != OUTFALL_OK)
        return status;
    outfall_writer *writer = of_calloc(1, sizeof *writer);
    if (writer == NULL)
        return of_fail_nomem(error);
    status = of_lane_new(&feed->chunks, share->wake, &feed->stopped, feed->options.block_us,
                         lane_name, &writer->lane, error);
    if (status == OUTFALL_OK)
        status = of_share_add(share, writer->lane, error);
    if (status != OUTFALL_OK) {
        of_lane_free(writer->lane);
        of_free(writer);
        return status;
    }
    writer->sink = sink;
    writer->feed = feed;
    writer->fork_generation = sink->fork_generation;
    writer->lossy = feed->options.lossy;
    writer->exactly_once = feed->options.exactly_once;
    writer->checks_offset = writer->exactly_once || feed->options.letters != NULL;
    link_writer(sink, writer);
    *out = writer;
    return OUTFALL_OK;
}

int outfall_writer_open(outfall_sink *sink, const char *name, outfall_writer **out,
                        outfall_error *error)
{
    if (out == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL");
    *out = NULL;
    int status = of_sink_check(sink, error);
    if (status == OUTFALL_OK)
        status = of_feed_check(sink->feed, error);
    if (status != OUTFALL_OK)
        return status;
    pthread_mutex_lock(&sink->mutex);
    status = open_writer(sink, name, out, error);
    pthread_mutex_unlock(&sink->mutex);
    if (status != OUTFALL_OK || !(*out)->exactly_once)
        return status;
    status = of_writer_take_over(*out, error);
    if (status != OUTFALL_OK) {
        outfall_writer_close(*out);
        *out = NULL;
    }
    return status;
}

void outfall_writer_close(outfall_writer *writer)
{
    if (writer == NULL || writer->fork_generation != of_fork_generation)
        return;
    outfall_sink *sink = writer->sink;
    of_lane *lane = writer->lane;
    of_eventcount *wake = lane->wake;
    of_lane_leave(lane);
    pthread_mutex_lock(&sink->mutex);
    *writer->link = writer->next;
    if (writer->next != NULL)
        writer->next->link = writer->link;
    sink->writers_open--;
    /* Release: what it accepted comes before. The lane is the flusher's to free from here on. */
    atomic_store_explicit(&lane->closing, 1, memory_order_release);
    pthread_mutex_unlock(&sink->mutex);
    of_eventcount_wake(wake);
    of_free(writer);
}

int outfall_writer_block(outfall_writer *writer, uint32_t block_ms, outfall_error *error)
{
    if (writer == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the writer is NULL");
    int status = of_timeout_check(block_ms, error);
    if (status == OUTFALL_OK)
        writer->lane->block_us = (int64_t)block_ms * 1000;
    return status;
}

/* ---- Building a row --------------------------------------------------------------- */

/* The row has failed, row_error says why: it takes no more values, and its end will say so. */
__attribute__((noinline)) static int row_failed(outfall_writer *writer, outfall_error *error)
{
    of_lane_leave(writer->lane);
    writer->state = OF_WRITER_ROW_FAILED;
    if (writer->row_error.status == OUTFALL_ERR_CLOSED) /* A wait ended: what stopped the sink? */
        (void)of_feed_check(writer->feed, &writer->row_error);
    if (writer->row_error.status == OUTFALL_ERR_REFUSED)
        of_count(&writer->lane->refused, 1);
    return of_fail_copy(error, &writer->row_error);
}

/* What keeps a row from being started. Off the hot path. */
__attribute__((noinline)) static int cannot_start(outfall_writer *writer, outfall_error *error)
{
    if (writer->state == OF_WRITER_ROW_FAILED)
        return of_fail_copy(error, &writer->row_error);
    if (writer->fork_generation != of_fork_generation)
        of_fail(&writer->row_error, OUTFALL_ERR_CLOSED,
                "the writer belongs to the parent process: open a sink after fork");
    else
        (void)of_feed_check(writer->feed, &writer->row_error);
    return row_failed(writer, error);
}

static inline int row_start(outfall_writer *writer, outfall_error *error)
{
    of_lane *lane = writer->lane;
    if (writer->state != OF_WRITER_IDLE || writer->fork_generation != of_fork_generation ||
        atomic_load_explicit(&writer->feed->stopped, memory_order_relaxed) != 0)
        return cannot_start(writer, error);
    writer->timed_from_ns = writer->rows_started++ % TIMED_EVERY == 0 ? of_clock_ns() : 0;
    writer->version = atomic_load_explicit(&writer->feed->current, memory_order_acquire);
    writer->columns = writer->version->schema->columns;
    writer->column_count = (uint32_t)writer->version->schema->count;
    writer->column = 0;
    writer->kind = OUTFALL_ROW_INSERT;
    if (of_lane_begin(lane, ROW_HEAD, &writer->row_error) != OUTFALL_OK)
        return row_failed(writer, error);
    of_store_i16(of_lane_at(lane), (int16_t)writer->column_count);
    lane->at += ROW_HEAD;
    writer->state = OF_WRITER_IN_ROW;
    return OUTFALL_OK;
}

/* Of a delete only the key counts: what else it brings is not looked at, and goes as a null. */
static bool is_beside_key(const outfall_writer *writer)
{
    const outfall_target *target = writer->version->target;
    if (writer->kind != OUTFALL_ROW_DELETE)
        return false;
    for (uint32_t i = 0; i < target->key_count; i++)
        if (target->key[i] == writer->column)
            return false;
    return true;
}

/* A value that has to be converted, does not fit the chunk, is one too many, or is a delete's. */
__attribute__((noinline)) static int add_slowly(outfall_writer *writer, const outfall_value *value,
                                                outfall_error *error)
{
    of_lane *lane = writer->lane;
    outfall_error *why = &writer->row_error;
    size_t bytes = 0;
    if (writer->column == writer->column_count) {
        of_fail(why, OUTFALL_ERR_INVALID, "more values than columns: the rows of this sink have %u",
                writer->column_count);
        return row_failed(writer, error);
    }
    const outfall_column *column = &writer->columns[writer->column];
    const outfall_value null = {.type = OUTFALL_TYPE_NULL};
    bool beside_key = is_beside_key(writer);
    size_t room = of_encode_bytes_max(column, beside_key ? &null : value);
    if (room == 0)
        room = of_convert_bytes_max(column, beside_key ? &null : value);
    int status = of_lane_room(lane, room, why);
    if (status == OUTFALL_OK && beside_key)
        bytes = of_encode_null(of_lane_at(lane));
    else if (status == OUTFALL_OK)
        status = of_convert(column, value, writer->lossy, of_lane_at(lane), &bytes, why);
    if (status != OUTFALL_OK)
        return row_failed(writer, error);
    lane->at += (uint32_t)bytes;
    writer->column++;
    return OUTFALL_OK;
}

/* Encodes the value as the next column's field. */
static inline int add_value(outfall_writer *writer, const outfall_value *value,
                            outfall_error *error)
{
    of_lane *lane = writer->lane;
    if (writer->column < writer->column_count && writer->kind != OUTFALL_ROW_DELETE) {
        const outfall_column *column = &writer->columns[writer->column];
        size_t room = of_encode_bytes_max(column, value);
        size_t bytes;
        if (room != 0 && room <= (size_t)(lane->limit - lane->at) &&
            of_encode(column, value, of_lane_at(lane), &bytes)) {
            lane->at += (uint32_t)bytes;
            writer->column++;
            return OUTFALL_OK;
        }
    }
    return add_slowly(writer, value, error);
}

/* Of row_publish. */
__attribute__((noinline)) static int too_few_values(outfall_writer *writer, outfall_error *error)
{
    const char *next = writer->columns[writer->column].name;
    of_fail_column(&writer->row_error, OUTFALL_ERR_INVALID, next,
                   "the row has %u values, the sink %u columns: the next would be \"%s\"",
                   writer->column, writer->column_count, next);
    return row_failed(writer, error);
}

/*
 * A table has to hold it. Under the ledger a batch may end behind any row: its offset has to tell
 * it from the next one.
 */
static inline int check_offset(outfall_writer *writer, uint64_t source_offset, outfall_error *error)
{
    return writer->checks_offset ? of_writer_check_offset(writer, source_offset, error)
                                 : OUTFALL_OK;
}

/* Ends a row that was built by single puts. */
static inline int row_publish(outfall_writer *writer, uint64_t source_offset, outfall_error *error)
{
    if (writer->column != writer->column_count)
        return too_few_values(writer, error);
    if (check_offset(writer, source_offset, &writer->row_error) != OUTFALL_OK)
        return row_failed(writer, error);
    of_lane_done(writer->lane, source_offset, writer->version->number, writer->kind);
    of_lane_leave(writer->lane);
    writer->state = OF_WRITER_IDLE;
    if (writer->timed_from_ns != 0)
        of_histogram_record(&writer->feed->append,
                            (uint64_t)(of_clock_ns() - writer->timed_from_ns));
    return OUTFALL_OK;
}

static inline int put(outfall_writer *writer, const outfall_value *value, outfall_error *error)
{
    if (writer == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the writer is NULL");
    if (writer->state != OF_WRITER_IN_ROW || writer->fork_generation != of_fork_generation) {
        of_lane_call(writer->lane);
        int status = row_start(writer, error);
        if (status != OUTFALL_OK)
            return status;
    }
    return add_value(writer, value, error);
}

/* Sets the kind of a row that has no values yet. */
static int set_kind(outfall_writer *writer, int kind, outfall_error *error)
{
    outfall_error *why = &writer->row_error;
    uint32_t mode = writer->feed->options.mode;
    writer->kind = (uint8_t)kind;
    if (kind == OUTFALL_ROW_INSERT)
        return OUTFALL_OK;
    if (kind != OUTFALL_ROW_UPDATE && kind != OUTFALL_ROW_DELETE) {
        of_fail(why, OUTFALL_ERR_INVALID, "%d is no kind of row: use one of enum outfall_row_kind",
                kind);
        return row_failed(writer, error);
    }
    if (mode == OUTFALL_MODE_UPSERT || mode == OUTFALL_MODE_REPLACE)
        return OUTFALL_OK;
    of_fail(why, OUTFALL_ERR_INVALID,
            "updates and deletes find their row by its key: open the sink with mode=upsert or "
            "mode=replace");
    return row_failed(writer, error);
}

/* ---- Single puts ------------------------------------------------------------------ */

int outfall_put(outfall_writer *writer, const outfall_value *value, outfall_error *error)
{
    if (value == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the value is NULL");
    return put(writer, value, error);
}

int outfall_put_null(outfall_writer *writer, outfall_error *error)
{
    const outfall_value value = {.type = OUTFALL_TYPE_NULL};
    return put(writer, &value, error);
}

static inline int put_integer(outfall_writer *writer, uint32_t type, int64_t integer,
                              outfall_error *error)
{
    const outfall_value value = {.type = type, .as.integer = integer};
    return put(writer, &value, error);
}

static inline int put_data(outfall_writer *writer, uint32_t type, const void *data, size_t length,
                           outfall_error *error)
{
    const outfall_value value = {.type = type, .length = (uint32_t)length, .as.data = data};
    if (length > UINT32_MAX || (data == NULL && length > 0))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       data == NULL ? "the data is NULL but its length is not 0"
                                    : "a value has at most 4 GiB");
    return put(writer, &value, error);
}

int outfall_put_bool(outfall_writer *writer, int value, outfall_error *error)
{
    return put_integer(writer, OUTFALL_TYPE_BOOL, value != 0, error);
}

int outfall_put_int64(outfall_writer *writer, int64_t value, outfall_error *error)
{
    return put_integer(writer, OUTFALL_TYPE_INT64, value, error);
}

int outfall_put_float64(outfall_writer *writer, double real, outfall_error *error)
{
    const outfall_value value = {.type = OUTFALL_TYPE_FLOAT64, .as.real = real};
    return put(writer, &value, error);
}

int outfall_put_decimal(outfall_writer *writer, const char *digits, size_t length,
                        outfall_error *error)
{
    return put_data(writer, OUTFALL_TYPE_DECIMAL, digits, length, error);
}

int outfall_put_text(outfall_writer *writer, const char *text, size_t length, outfall_error *error)
{
    return put_data(writer, OUTFALL_TYPE_TEXT, text, length, error);
}

int outfall_put_bytes(outfall_writer *writer, const void *data, size_t length, outfall_error *error)
{
    return put_data(writer, OUTFALL_TYPE_BYTES, data, length, error);
}

int outfall_put_date(outfall_writer *writer, int64_t days, outfall_error *error)
{
    return put_integer(writer, OUTFALL_TYPE_DATE, days, error);
}

int outfall_put_time(outfall_writer *writer, int64_t microseconds, outfall_error *error)
{
    return put_integer(writer, OUTFALL_TYPE_TIME, microseconds, error);
}

int outfall_put_timestamp(outfall_writer *writer, int64_t microseconds, outfall_error *error)
{
    return put_integer(writer, OUTFALL_TYPE_TIMESTAMP, microseconds, error);
}

int outfall_put_timestamptz(outfall_writer *writer, int64_t microseconds, outfall_error *error)
{
    return put_integer(writer, OUTFALL_TYPE_TIMESTAMPTZ, microseconds, error);
}

int outfall_put_uuid(outfall_writer *writer, const uint8_t uuid[16], outfall_error *error)
{
    return put_data(writer, OUTFALL_TYPE_UUID, uuid, 16, error);
}

int outfall_put_json(outfall_writer *writer, const char *text, size_t length, outfall_error *error)
{
    return put_data(writer, OUTFALL_TYPE_JSON, text, length, error);
}

int outfall_put_kind(outfall_writer *writer, int kind, outfall_error *error)
{
    if (writer == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the writer is NULL");
    of_lane_call(writer->lane);
    if (writer->state != OF_WRITER_IN_ROW || writer->fork_generation != of_fork_generation) {
        int status = row_start(writer, error);
        if (status != OUTFALL_OK)
            return status;
    }
    if (writer->column > 0) {
        of_fail(&writer->row_error, OUTFALL_ERR_INVALID,
                "the row has values already: say its kind before them");
        return row_failed(writer, error);
    }
    return set_kind(writer, kind, error);
}

int outfall_row_end(outfall_writer *writer, uint64_t source_offset, outfall_error *error)
{
    if (writer == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the writer is NULL");
    if (writer->state == OF_WRITER_IDLE)
        return of_fail(error, OUTFALL_ERR_INVALID, "no row has been begun: put its values first");
    if (writer->fork_generation != of_fork_generation)
        (void)cannot_start(writer, NULL);
    if (writer->state == OF_WRITER_IN_ROW)
        row_publish(writer, source_offset, error);
    if (writer->state == OF_WRITER_IDLE)
        return OUTFALL_OK;
    writer->state = OF_WRITER_IDLE;
    return of_fail_copy(error, &writer->row_error);
}

void outfall_row_cancel(outfall_writer *writer)
{
    if (writer == NULL)
        return;
    of_lane_leave(writer->lane);
    writer->state = OF_WRITER_IDLE;
}

/* ---- Many rows -------------------------------------------------------------------- */

/*
 * Encodes a whole row. Where a value goes in as it is, nothing of the writer or the lane is touched
 * between two values; the rest is left to add_value.
 */
static inline int add_values(outfall_writer *writer, const outfall_value *values, size_t count,
                             outfall_error *error)
{
    const outfall_column *columns = writer->columns;
    of_lane *lane = writer->lane;
    uint8_t *at = of_lane_at(lane);
    const uint8_t *limit = lane->chunk->data + lane->limit;
    const bool whole = writer->kind != OUTFALL_ROW_DELETE;
    for (size_t i = 0; i < count; i++) {
        size_t room = of_encode_bytes_max(&columns[i], &values[i]);
        size_t bytes;
        if (whole && room != 0 && room <= (size_t)(limit - at) &&
            of_encode(&columns[i], &values[i], at, &bytes)) {
            at += bytes;
            continue;
        }
        lane->at = (uint32_t)(at - lane->chunk->data);
        writer->column = (uint32_t)i;
        int status = add_slowly(writer, &values[i], error);
        if (status != OUTFALL_OK)
            return status;
        at = of_lane_at(lane);
        limit = lane->chunk->data + lane->limit;
    }
    lane->at = (uint32_t)(at - lane->chunk->data);
    return OUTFALL_OK;
}

/*
 * Writes rows from number `first` on, as many as the open chunk holds, and publishes them together.
 * Returns how many.
 */
static size_t write_burst(outfall_writer *writer, const outfall_rows *rows, size_t first,
                          size_t columns, int *status, outfall_error *error)
{
    of_lane *lane = writer->lane;
    const uint8_t *kinds = rows->struct_size < sizeof *rows ? NULL : rows->kinds;
    size_t done = 0;
    *status = row_start(writer, error);
    while (*status == OUTFALL_OK) {
        size_t row = first + done;
        writer->column = 0;
        if (kinds != NULL)
            *status = set_kind(writer, kinds[row], error);
        if (*status != OUTFALL_OK)
            break;
        *status = add_values(writer, rows->values + row * columns, columns, error);
        uint64_t source_offset = rows->source_offsets == NULL ? 0 : rows->source_offsets[row];
        if (*status == OUTFALL_OK)
            *status = check_offset(writer, source_offset, error);
        if (*status != OUTFALL_OK)
            break;
        of_lane_done(lane, source_offset, writer->version->number, writer->kind);
        done++;
        if (row + 1 == rows->count || !of_lane_more(lane, ROW_HEAD))
            break;
        of_store_i16(of_lane_at(lane), (int16_t)columns);
        lane->at += ROW_HEAD;
    }
    of_lane_leave(lane);
    writer->state = OF_WRITER_IDLE; /* A row that failed is dropped; the next starts afresh. */
    if (writer->timed_from_ns != 0 && done > 0)
        of_histogram_record(&writer->feed->append,
                            (uint64_t)(of_clock_ns() - writer->timed_from_ns) / done);
    writer->rows_started += done;
    return done;
}

static int check_rows(outfall_writer *writer, const outfall_rows *rows, outfall_error *error)
{
    if (writer == NULL || rows == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the %s is NULL",
                       writer == NULL ? "writer" : "rows");
    if (rows->struct_size < offsetof(outfall_rows, kinds) ||
        (rows->values == NULL && rows->count > 0))
        return of_fail(error, OUTFALL_ERR_INVALID, "rows->struct_size or rows->values is not set");
    if (writer->state != OF_WRITER_IDLE)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a row built by single puts is not ended: call outfall_row_end or "
                       "outfall_row_cancel first");
    return OUTFALL_OK;
}

int outfall_write(outfall_writer *writer, const outfall_rows *rows, size_t *accepted,
                  outfall_error *error)
{
    size_t done = 0;
    if (accepted != NULL)
        *accepted = 0;
    int status = check_rows(writer, rows, error);
    if (status != OUTFALL_OK)
        return status;
    size_t columns = writer->feed->versions[0]->schema->count;
    of_lane_call(writer->lane);
    while (done < rows->count && status == OUTFALL_OK)
        done += write_burst(writer, rows, done, columns, &status, error);
    if (status != OUTFALL_OK && error != NULL)
        error->row = (int64_t)done;
    if (accepted != NULL)
        *accepted = done;
    return status;
}
