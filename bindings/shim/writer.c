/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "handle.h"

int64_t of_shim_writer_open(int64_t sink, const char *name)
{
    void *object;
    outfall_writer *writer = NULL;
    int64_t handle = of_shim_enter(sink, OF_SHIM_SINK, 0, &object);
    if (handle != OUTFALL_OK)
        return handle;
    handle = outfall_writer_open(object, name, &writer, of_shim_error());
    if (handle == OUTFALL_OK)
        handle = of_shim_add(OF_SHIM_WRITER, writer, &sink, 1);
    if (handle < 0)
        outfall_writer_close(writer);
    of_shim_leave(sink);
    return handle;
}

int of_shim_writer_close(int64_t writer, uint32_t timeout_ms)
{
    void *object;
    int status = of_shim_shut(writer, OF_SHIM_WRITER, timeout_ms, &object);
    if (status != OUTFALL_OK)
        return status;
    outfall_writer_close(object);
    of_shim_remove(writer);
    return OUTFALL_OK;
}

int of_shim_writer_resume(int64_t writer, uint64_t *source_offset)
{
    void *object;
    *source_offset = 0;
    int status = of_shim_enter(writer, OF_SHIM_WRITER, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_writer_resume(object, source_offset, of_shim_error());
    of_shim_leave(writer);
    return status;
}

int of_shim_writer_source(int64_t writer, char *buffer, size_t capacity)
{
    void *object;
    int status = of_shim_enter(writer, OF_SHIM_WRITER, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    snprintf(buffer, capacity, "%s", outfall_writer_source(object));
    of_shim_leave(writer);
    return OUTFALL_OK;
}

int of_shim_writer_bind(int64_t writer, const char *source, int continues)
{
    void *object;
    int status = of_shim_enter(writer, OF_SHIM_WRITER, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_writer_bind(object, source, continues, of_shim_error());
    of_shim_leave(writer);
    return status;
}

int of_shim_writer_progress(int64_t writer, outfall_progress *out)
{
    void *object;
    int status = of_shim_enter(writer, OF_SHIM_WRITER, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_writer_progress(object, out, of_shim_error());
    of_shim_leave(writer);
    return status;
}

/* ---- Rows ------------------------------------------------------------------------- */

/* Begins a write: inside the writer, whose waits are set. */
static int enter_to_write(int64_t writer, uint32_t wait_ms, outfall_writer **out)
{
    void *object;
    int status = of_shim_enter(writer, OF_SHIM_WRITER, wait_ms, &object);
    *out = object;
    if (status != OUTFALL_OK)
        return status;
    status = outfall_writer_block(object, wait_ms, of_shim_error());
    if (status != OUTFALL_OK)
        of_shim_leave(writer);
    return status;
}

int of_shim_write(int64_t writer, const outfall_rows *rows, uint32_t wait_ms, size_t *accepted)
{
    outfall_writer *object;
    *accepted = 0;
    int status = enter_to_write(writer, wait_ms, &object);
    if (status != OUTFALL_OK)
        return status;
    outfall_rows piece = *rows;
    if (wait_ms > 0 && piece.count > OF_SHIM_PIECE_ROWS)
        piece.count = OF_SHIM_PIECE_ROWS;
    status = outfall_write(object, &piece, accepted, of_shim_error());
    of_shim_leave(writer);
    return status;
}

/* ---- Arrow ------------------------------------------------------------------------ */

static int stream_failed(struct ArrowArrayStream *stream, int code)
{
    const char *why = stream->get_last_error == NULL ? NULL : stream->get_last_error(stream);
    of_shim_fail(OUTFALL_ERR_IO, "the Arrow stream failed: %s (errno %d)",
                 why == NULL ? "no reason given" : why, code);
    of_shim_error()->native_code = code;
    return OUTFALL_ERR_IO;
}

/* Takes the stream's schema if it is not here yet, and its next array. */
static int next_array(of_shim_arrow *arrow, int *done)
{
    struct ArrowArrayStream *stream = &arrow->stream;
    *done = 0;
    if (arrow->array.release != NULL)
        return OUTFALL_OK;
    *done = stream->release == NULL;
    if (*done)
        return OUTFALL_OK;
    if (stream->get_schema == NULL || stream->get_next == NULL)
        return of_shim_fail(OUTFALL_ERR_INVALID, "the Arrow stream is malformed");
    int code = arrow->schema.release == NULL ? stream->get_schema(stream, &arrow->schema) : 0;
    if (code == 0)
        code = stream->get_next(stream, &arrow->array);
    if (code != 0)
        return stream_failed(stream, code);
    arrow->at = 0;
    *done = arrow->array.release == NULL;
    return OUTFALL_OK;
}

/* Writes the array from row `at` on, or a piece of it, by a shorter view of the same memory. */
static int write_array(of_shim_arrow *arrow, outfall_writer *writer, uint32_t wait_ms)
{
    struct ArrowArray view = arrow->array;
    const outfall_arrow_options options = {.struct_size = sizeof options,
                                           .first = arrow->at,
                                           .source_offset =
                                               arrow->source_offset + arrow->accepted - arrow->at,
                                           .kind_column = arrow->kind_column};
    size_t accepted = 0;
    int64_t end = (int64_t)arrow->at + OF_SHIM_PIECE_ROWS;
    if (wait_ms > 0 && view.length > end) {
        view.length = end;
        view.null_count = view.null_count == 0 ? 0 : -1;
    }
    int status =
        outfall_write_arrow(writer, &arrow->schema, &view, &options, &accepted, of_shim_error());
    if (status != OUTFALL_OK && of_shim_error()->row >= 0)
        of_shim_error()->row += (int64_t)(arrow->accepted - arrow->at);
    arrow->at += accepted;
    arrow->accepted += accepted;
    if (status == OUTFALL_OK && arrow->at >= (uint64_t)arrow->array.length)
        arrow->array.release(&arrow->array);
    return status;
}

int of_shim_write_arrow(int64_t writer, of_shim_arrow *arrow, uint32_t wait_ms, int *done)
{
    outfall_writer *object;
    int status = next_array(arrow, done);
    if (status != OUTFALL_OK || *done)
        return status;
    status = enter_to_write(writer, wait_ms, &object);
    if (status != OUTFALL_OK)
        return status;
    status = write_array(arrow, object, wait_ms);
    of_shim_leave(writer);
    return status;
}

void of_shim_arrow_clear(of_shim_arrow *arrow)
{
    if (arrow->array.release != NULL)
        arrow->array.release(&arrow->array);
    if (arrow->schema.release != NULL)
        arrow->schema.release(&arrow->schema);
    if (arrow->stream.release != NULL)
        arrow->stream.release(&arrow->stream);
}
