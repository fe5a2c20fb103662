/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file arrow.h
 * Rows from Apache Arrow: arrays and streams of the Arrow C data and C stream interfaces, whoever
 * made them. docs/arrow.md has the types, and what can be checked of an array and what cannot.
 *
 * Source: https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html, from
 * where the three structs come, guards and all, as the interfaces ask for.
 */
#ifndef OUTFALL_ARROW_H
#define OUTFALL_ARROW_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "export.h"
#include "row.h"
#include "sink.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/**
 * Appends the columns of an Arrow schema, which is a struct: for a sink whose table is to be
 * created, or to name the columns of a table in the schema's order.
 *
 * @param schema       Appended to; on failure as it was.
 * @param arrow        Borrowed for the call, not released.
 * @param kind_column  A column that is not one of the table's: see outfall_arrow_options. May be
 *                     NULL.
 * @return OUTFALL_OK, OUTFALL_ERR_NOMEM, OUTFALL_ERR_NOT_FOUND (no such kind column),
 *         OUTFALL_ERR_UNSUPPORTED (a type that no column has), OUTFALL_ERR_INVALID (malformed, or
 *         as outfall_schema_add).
 *
 * One thread at a time; does not block.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_schema_add_arrow(outfall_schema *schema,
                                                          const struct ArrowSchema *arrow,
                                                          const char *kind_column,
                                                          outfall_error *error);

/** What the rows of an array or a stream are to be taken for. Zeroes are the default. */
typedef struct outfall_arrow_options {
    uint32_t struct_size;   /* sizeof(outfall_arrow_options) */
    uint32_t reserved;      /* 0 */
    uint64_t first;         /* Rows before this one, from 0, are passed over. */
    uint64_t source_offset; /* Of row 0; that of row i is i more. */
    /*
     * The column that says what each row is in a change stream, in text that
     * outfall_row_kind_from_name knows or as a number of enum outfall_row_kind; it is none of the
     * table's. NULL: all rows are inserts.
     */
    const char *kind_column;
} outfall_arrow_options;

/**
 * Writes the rows of an array. Its columns are those of the sink's rows by name, in any order, all
 * of them and no others.
 *
 * @param schema    The array's; a struct. Borrowed for the call, not released.
 * @param array     Borrowed for the call, not released, not changed.
 * @param options   Borrowed for the call; NULL means zeroes.
 * @param accepted  Receives how many rows, from options->first, were taken; may be NULL. On failure
 *                  the row behind them is the one at fault, and it and the later ones were not
 *                  taken: add *accepted to options->first to go on there.
 * @return As outfall_write, where error->row is the row's index in the array; OUTFALL_ERR_NOT_FOUND
 *         (a column that the sink or the array has not), OUTFALL_ERR_UNSUPPORTED (a type that no
 *         column takes), OUTFALL_ERR_INVALID (malformed; error->row is -1 where it is no row's).
 *
 * The writer's thread. Blocks only while the buffer is full, and until no row has been taken for
 * buffer.block.ms: a slow database does not end it, one that stands still does.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_write_arrow(outfall_writer *writer,
                                                     const struct ArrowSchema *schema,
                                                     const struct ArrowArray *array,
                                                     const outfall_arrow_options *options,
                                                     size_t *accepted, outfall_error *error);

/**
 * Writes the rows of a stream, to its end. Rows are counted through all of its arrays.
 *
 * @param stream    Released when its end was reached: a stream is read once. After a failure it is
 *                  the caller's, to go on with or to release. Schema and arrays that are taken from
 *                  it are released.
 * @param rest      On failure receives the rows of the array at hand that were not taken, the one
 *                  at fault first, for outfall_write_arrow: the caller's to release. Its `release`
 *                  is NULL where there are none. May be NULL: that array is released.
 * @param accepted  Receives how many rows were taken; may be NULL.
 * @return As outfall_write_arrow, where error->row counts through the stream; OUTFALL_ERR_INVALID
 *         also for a stream that has been released; OUTFALL_ERR_NOMEM, OUTFALL_ERR_IO (the stream
 *         failed: its own words are in the message, its errno in error->native_code).
 *
 * The writer's thread. Blocks as outfall_write_arrow, and as long as the stream's own functions do.
 */
OUTFALL_EXPORT OUTFALL_CHECK int
outfall_write_arrow_stream(outfall_writer *writer, struct ArrowArrayStream *stream,
                           const outfall_arrow_options *options, struct ArrowArray *rest,
                           uint64_t *accepted, outfall_error *error);

#ifdef __cplusplus
}
#endif
#endif
