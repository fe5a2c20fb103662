/* SPDX-License-Identifier: Apache-2.0 */
/* The same rows through Outfall, by its public API alone. */
#ifndef BENCH_SINK_LOOP_H
#define BENCH_SINK_LOOP_H

#include <stddef.h>

#include <outfall/outfall.h>

#include "rows.h"

#define SINK_CALL_ROWS 256 /* Rows of one outfall_write. */
#define SINK_TIMEOUT_MS 120000u
#define SINK_CLOSE_MS 5000u /* Loops flush first: only a failed one has rows left by then. */

struct sink_setting {
    const char *key, *value; /* As outfall_config_set takes them; a key of NULL ends the list. */
};

struct sink_loop {
    outfall_sink *sink;
    outfall_writer *writer;
};

/* Opens a sink on the rows' table, and no writer. sink_loop_close is legal after a failure. */
int sink_loop_sink(struct sink_loop *loop, const char *url, const struct sink_setting *settings,
                   outfall_error *error);

/* Opens its one writer, whose name is new: the ledger binds a name to the table as it was made. */
int sink_loop_writer(struct sink_loop *loop, outfall_error *error);

/* Opens both. */
int sink_loop_open(struct sink_loop *loop, const char *url, const struct sink_setting *settings,
                   outfall_error *error);

/* Writes rows by array calls; the values are made on the way, as a user's loop would. */
int sink_loop_array(outfall_writer *writer, const struct bench_row *rows, size_t count,
                    outfall_error *error);

/* As sink_loop_array, each row with a source offset above the one before, which is *offset. */
int sink_loop_numbered(outfall_writer *writer, const struct bench_row *rows, size_t count,
                       uint64_t *offset, outfall_error *error);

/* The same behind the last acknowledged one, which has to be the last: for delivery=exactly-once.
 */
int sink_loop_offsets(outfall_writer *writer, const struct bench_row *rows, size_t count,
                      outfall_error *error);

/* Writes rows one value a call. */
int sink_loop_puts(outfall_writer *writer, const struct bench_row *rows, size_t count,
                   outfall_error *error);

/* Waits until all of it is durable. */
int sink_loop_flush(struct sink_loop *loop, outfall_error *error);

int sink_loop_stats(struct sink_loop *loop, outfall_stats *stats, outfall_error *error);

int sink_loop_close(struct sink_loop *loop, outfall_error *error);

/* The values of rows, ROW_COLUMNS each; they borrow the rows' notes. */
void sink_loop_values(const struct bench_row *rows, size_t count, outfall_value *out);

#endif
