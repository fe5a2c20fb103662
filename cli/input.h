/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, one after the other, as rows. First the columns are learnt from the first file (a CSV
 * header, the keys of JSON lines) and types are sampled; then the rows are read from its start.
 */
#ifndef OF_CLI_INPUT_H
#define OF_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "infer.h"
#include "names.h"
#include "rejection.h"
#include "rows.h"

enum of_format { OF_FORMAT_CSV, OF_FORMAT_NDJSON };

typedef struct of_input of_input;

enum of_input_step {
    OF_INPUT_ROW,
    OF_INPUT_REJECTED,
    OF_INPUT_EMPTY, /* Nothing is in memory: wait for of_input_descriptor, then fill. */
    OF_INPUT_END,
    OF_INPUT_FAILED /* *error says why. */
};

/*
 * Checks that each file is there to be read, and opens the first. `paths` is borrowed.
 * OUTFALL_ERR_NOT_FOUND, OUTFALL_ERR_NOMEM.
 */
int of_input_open(enum of_format format, const char *const *paths, size_t count,
                  size_t record_bytes_max, of_input **out, outfall_error *error);
void of_input_close(of_input *input);

/*
 * Before the first sample: the column that has the rows' kinds, which is none of of_input_columns;
 * borrowed. The rows of of_input_next are to have room for kinds.
 */
void of_input_kind_column(of_input *input, const char *name);

/* What records of JSON lines may not leave out, as of_ndjson_require; CSV has all its columns. */
void of_input_require(of_input *input, const uint8_t *required);

/*
 * Learns from the next record of the first file: ROW was a sample, REJECTED will be reported when
 * it is read again. `of_input_sampled_bytes` is what it holds in memory for that.
 */
enum of_input_step of_input_sample(of_input *input, outfall_error *error);
size_t of_input_sampled_bytes(const of_input *input);

/* CSV: the header has been read. JSON lines have none, so false until the sampling has ended. */
bool of_input_has_columns(const of_input *input);

/* The columns in their order; more may be added before of_input_begin. */
of_names *of_input_columns(of_input *input);
/* One per column. */
const of_infer *of_input_samples(const of_input *input);

/* Ends the sampling: the next row is the first one. */
void of_input_begin(of_input *input);

/* Adds the next row to `rows`, which has the input's columns and is not full. */
enum of_input_step of_input_next(of_input *input, of_rows *rows, of_rejection *rejection,
                                 outfall_error *error);

/* One read; waits where nothing is there. */
int of_input_fill(of_input *input, outfall_error *error);
int of_input_descriptor(const of_input *input);

/* Before the first sample: keeps so many of the first file's bytes, as they come. */
int of_input_keep_head(of_input *input, size_t bytes_max, outfall_error *error);

/* Those of them that were read, while the first file is read; whether that was read to its end. */
const char *of_input_head(const of_input *input, size_t *bytes);
bool of_input_at_end(const of_input *input);

/* Bytes read so far. */
uint64_t of_input_bytes(const of_input *input);

/* A row's offset names its file and line, and its kind: 16 bits of file, 46 of line, 2 of kind. */
void of_input_place(const of_input *input, uint64_t offset, char *file, size_t capacity,
                    uint64_t *line);

/* The kind column's name and what the row of that offset has there; NULL where there is none. */
const char *of_input_kind(const of_input *input, uint64_t offset, const char **column);

/* Whether the record of that offset, or one behind it, has been read. */
bool of_input_reached(const of_input *input, uint64_t offset);

/* The offset of the last record that ended, 0 before the first. */
uint64_t of_input_last(const of_input *input);

#endif
