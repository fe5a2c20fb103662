/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "arrow/table.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "row/refuse.h"
#include "row/schema.h"
#include "sink/handle.h"

/* What of the rows has gone where, through all the arrays of a call. */
typedef struct of_arrow_load {
    outfall_writer *writer;
    outfall_arrow_options options;
    of_arrow_table table;
    uint64_t *offsets; /* The source offsets of a block. */
    uint64_t base;     /* Rows in the arrays before the one that is bound. */
    uint64_t accepted; /* Rows taken, from options.first. */
} of_arrow_load;

/* ---- Open and close --------------------------------------------------------------- */

static int read_options(const outfall_arrow_options *options, outfall_arrow_options *out,
                        outfall_error *error)
{
    memset(out, 0, sizeof *out);
    if (options == NULL)
        return OUTFALL_OK;
    if (options->struct_size < sizeof(uint64_t))
        return of_fail(error, OUTFALL_ERR_INVALID, "options->struct_size is not set");
    memcpy(out, options, options->struct_size < sizeof *out ? options->struct_size : sizeof *out);
    return OUTFALL_OK;
}

static int open_load(of_arrow_load *load, outfall_writer *writer, const struct ArrowSchema *schema,
                     const outfall_arrow_options *options, outfall_error *error)
{
    *load = (of_arrow_load){.writer = writer};
    int status = read_options(options, &load->options, error);
    if (status != OUTFALL_OK)
        return status;
    const outfall_schema *columns = writer->feed->versions[0]->schema;
    status = of_arrow_table_open(schema, columns->columns, columns->count,
                                 load->options.kind_column, &load->table, error);
    if (status != OUTFALL_OK)
        return status;
    load->offsets = of_calloc(load->table.block_rows, sizeof *load->offsets);
    return load->offsets == NULL ? of_fail_nomem(error) : OUTFALL_OK;
}

static void close_load(of_arrow_load *load)
{
    of_arrow_table_close(&load->table);
    of_free(load->offsets);
}

/* ---- Rows ------------------------------------------------------------------------- */

/* The block's rows that could be read; sets *done to those that were taken. */
static int write_block(of_arrow_load *load, size_t count, uint64_t first, size_t *done,
                       outfall_error *error)
{
    const outfall_rows rows = {.struct_size = sizeof rows,
                               .count = count,
                               .values = load->table.values,
                               .source_offsets = load->offsets,
                               .kinds = load->table.has_kinds ? load->table.kinds : NULL};
    for (size_t i = 0; i < count; i++)
        load->offsets[i] = load->options.source_offset + first + i;
    return outfall_write(load->writer, &rows, done, error);
}

/* Writes the bound array from row `at` on; *at becomes the first row that was not taken. */
static int write_rows(of_arrow_load *load, int64_t *at, outfall_error *error)
{
    int status = OUTFALL_OK;
    while (*at < load->table.rows && status == OUTFALL_OK) {
        uint64_t first = load->base + (uint64_t)*at;
        size_t done = 0;
        size_t count = of_arrow_table_read(&load->table, *at, &status, error);
        if (status == OUTFALL_ERR_REFUSED)
            of_count(&load->writer->lane->refused, 1);
        int written = count > 0 ? write_block(load, count, first, &done, error) : OUTFALL_OK;
        status = written != OUTFALL_OK ? written : status;
        *at += (int64_t)done;
        load->accepted += done;
        if (status != OUTFALL_OK && error != NULL)
            error->row = (int64_t)(first + done);
    }
    return status;
}

/*
 * Writes an array, less the rows that options.first passes over; `at` as for write_rows. An array
 * of no rows is checked all the same.
 */
static int write_array(of_arrow_load *load, const struct ArrowArray *array, int64_t *at,
                       outfall_error *error)
{
    *at = 0;
    int status = of_arrow_table_bind(&load->table, array, error);
    if (status != OUTFALL_OK)
        return status;
    uint64_t rows = (uint64_t)load->table.rows, first = load->options.first;
    if (rows > UINT64_MAX - load->options.source_offset - load->base)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the source offset of row 0 leaves no room for those of %llu rows",
                       (unsigned long long)(load->base + rows));
    if (first > load->base)
        *at = (int64_t)(first - load->base < rows ? first - load->base : rows);
    status = write_rows(load, at, error);
    if (status == OUTFALL_OK)
        load->base += rows;
    return status;
}

int outfall_write_arrow(outfall_writer *writer, const struct ArrowSchema *schema,
                        const struct ArrowArray *array, const outfall_arrow_options *options,
                        size_t *accepted, outfall_error *error)
{
    of_arrow_load load;
    int64_t at;
    if (accepted != NULL)
        *accepted = 0;
    if (writer == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the writer is NULL");
    int status = open_load(&load, writer, schema, options, error);
    if (status == OUTFALL_OK)
        status = write_array(&load, array, &at, error);
    if (accepted != NULL)
        *accepted = (size_t)load.accepted;
    close_load(&load);
    return status;
}

/* ---- Streams ---------------------------------------------------------------------- */

/* What a call of the stream returned: an errno. */
static int stream_failed(struct ArrowArrayStream *stream, int code, outfall_error *error)
{
    char shown[OF_QUOTE_MAX] = "no reason given";
    const char *why = stream->get_last_error == NULL ? NULL : stream->get_last_error(stream);
    if (why != NULL)
        of_quote(why, strlen(why), shown);
    int status =
        of_fail(error, OUTFALL_ERR_IO, "the Arrow stream failed: %s (errno %d)", shown, code);
    if (error != NULL)
        error->native_code = code;
    return status;
}

static int check_stream(const struct ArrowArrayStream *stream, outfall_error *error)
{
    if (stream == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the Arrow stream is NULL");
    if (stream->release == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the Arrow stream has been released: a stream is read once, make another "
                       "from its source");
    if (stream->get_schema == NULL || stream->get_next == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the Arrow stream lacks get_schema or get_next: it is malformed");
    return OUTFALL_OK;
}

/* Makes `array` begin at row `at` of what it was, and gives it away or releases it. */
static void leave_rest(struct ArrowArray *array, int64_t at, struct ArrowArray *rest)
{
    if (rest == NULL) {
        array->release(array);
        return;
    }
    array->offset += at;
    array->length -= at;
    array->null_count =
        array->buffers != NULL && array->n_buffers == 1 && array->buffers[0] != NULL ? -1 : 0;
    *rest = *array;
}

static int write_stream(of_arrow_load *load, struct ArrowArrayStream *stream,
                        struct ArrowArray *rest, outfall_error *error)
{
    for (;;) {
        struct ArrowArray array = {.release = NULL};
        int64_t at = 0;
        int code = stream->get_next(stream, &array);
        if (code != 0)
            return stream_failed(stream, code, error);
        if (array.release == NULL)
            return OUTFALL_OK;
        int status = write_array(load, &array, &at, error);
        if (status != OUTFALL_OK) {
            leave_rest(&array, at, rest);
            return status;
        }
        array.release(&array);
    }
}

int outfall_write_arrow_stream(outfall_writer *writer, struct ArrowArrayStream *stream,
                               const outfall_arrow_options *options, struct ArrowArray *rest,
                               uint64_t *accepted, outfall_error *error)
{
    struct ArrowSchema schema = {.release = NULL};
    of_arrow_load load = {.writer = NULL};
    if (accepted != NULL)
        *accepted = 0;
    if (rest != NULL)
        memset(rest, 0, sizeof *rest);
    if (writer == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the writer is NULL");
    int status = check_stream(stream, error);
    if (status != OUTFALL_OK)
        return status;
    int code = stream->get_schema(stream, &schema);
    if (code != 0)
        return stream_failed(stream, code, error);
    status = open_load(&load, writer, &schema, options, error);
    if (status == OUTFALL_OK)
        status = write_stream(&load, stream, rest, error);
    if (accepted != NULL)
        *accepted = load.accepted;
    close_load(&load);
    if (schema.release != NULL)
        schema.release(&schema);
    if (status == OUTFALL_OK)
        stream->release(stream);
    return status;
}
