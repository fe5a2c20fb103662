/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers by handle, as sink.h has sinks. Other than a writer of the library, one by handle may be
 * called from several threads: they take turns.
 */
#ifndef OUTFALL_SHIM_WRITER_H
#define OUTFALL_SHIM_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/arrow.h>
#include <outfall/sink.h>

/* The rows that a call which waits takes at a time, and so the most that one wait is for. */
#define OF_SHIM_PIECE_ROWS 1024

/* @param name  NULL: numbered. @return A handle, above 0, or a status. */
int64_t of_shim_writer_open(int64_t sink, const char *name);

/* Waits up to timeout_ms for another thread's call to end: OUTFALL_ERR_TIMEOUT: it stays open. */
int of_shim_writer_close(int64_t writer, uint32_t timeout_ms);

int of_shim_writer_resume(int64_t writer, uint64_t *source_offset);
int of_shim_writer_source(int64_t writer, char *buffer, size_t capacity);
int of_shim_writer_bind(int64_t writer, const char *source, int continues);
int of_shim_writer_progress(int64_t writer, outfall_progress *out);

/*
 * As outfall_write, but waits for memory, and for another thread to leave the writer, at most
 * wait_ms in place of buffer.block.ms; with 0 all rows are tried, else at most OF_SHIM_PIECE_ROWS.
 * OUTFALL_ERR_FULL: go on behind *accepted. So a language tries with 0 while it holds its lock, and
 * with little after it has let go of it.
 */
int of_shim_write(int64_t writer, const outfall_rows *rows, uint32_t wait_ms, size_t *accepted);

/* What is left to write of an Arrow stream or array. Begin with zeroes and the source. */
typedef struct of_shim_arrow {
    struct ArrowArrayStream stream; /* Moved here, … */
    struct ArrowSchema schema;      /* … or these two, and no stream. */
    struct ArrowArray array;
    uint64_t at;             /* Rows of `array` that are done. */
    uint64_t accepted;       /* Rows taken. */
    uint64_t source_offset;  /* Of the first row; the next one's is one more. */
    const char *kind_column; /* Borrowed, may be NULL. */
} of_shim_arrow;

/*
 * Writes some of it: at most one array of the stream, and only a piece where it waits.
 *
 * @param done  Receives 1 once there is no more.
 * @return As outfall_write_arrow_stream, error->row counting from the first row; OUTFALL_ERR_FULL:
 *         call again, with time to wait.
 */
int of_shim_write_arrow(int64_t writer, of_shim_arrow *arrow, uint32_t wait_ms, int *done);

/* Releases what it holds. */
void of_shim_arrow_clear(of_shim_arrow *arrow);

#endif
