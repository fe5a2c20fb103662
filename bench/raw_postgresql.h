/* SPDX-License-Identifier: Apache-2.0 */
/* What a careful author writes against libpq without Outfall: the yardstick. */
#ifndef BENCH_RAW_POSTGRESQL_H
#define BENCH_RAW_POSTGRESQL_H

#include <stddef.h>

#include <libpq-fe.h>
#include <outfall/error.h>

#include "raw.h"

struct raw_postgresql {
    PGconn *connection;
    uint8_t *buffer; /* One batch, encoded. */
    size_t batch_rows;
};

/* Connects; batches hold up to `batch_rows`. The table has to exist. */
int raw_postgresql_open(struct raw_postgresql *raw, const char *url, size_t batch_rows,
                        outfall_error *error);
void raw_postgresql_close(struct raw_postgresql *raw);

/* For each batch: BEGIN and COPY … (FORMAT binary), the rows, COMMIT. */
int raw_postgresql_copy(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                        outfall_error *error);

/* The same without BEGIN and COMMIT: each COPY is its own transaction, two round trips fewer. */
int raw_postgresql_copy_alone(struct raw_postgresql *raw, const struct bench_row *rows,
                              size_t count, outfall_error *error);

/* For each batch: one prepared INSERT … SELECT FROM unnest of binary arrays, committed. */
int raw_postgresql_unnest(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                          outfall_error *error);

/* The same as a client: COPY BINARY and unnest; and upserts by a staging table and by unnest. */
extern const struct raw_client raw_postgresql_insert, raw_postgresql_upsert;

/*
 * Parts of these. After a COPY … FROM STDIN has been answered: sends the rows and ends it. And the
 * binary arrays of a batch, in the buffer, as parameters of a statement.
 */
int raw_postgresql_send(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                        outfall_error *error);
struct raw_arrays {
    const char *values[ROW_COLUMNS];
    int lengths[ROW_COLUMNS], formats[ROW_COLUMNS];
};
void raw_postgresql_arrays(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                           struct raw_arrays *out);

/* Writes rows as a file that COPY … FROM (FORMAT binary) reads. */
int raw_postgresql_file(const char *path, const struct bench_row *rows, size_t count,
                        outfall_error *error);

/* Runs a statement (or several) and drops its result. */
int raw_postgresql_command(PGconn *connection, const char *sql, outfall_error *error);

/* Connects to `url`; on failure *out is NULL. */
int raw_postgresql_connect(const char *url, PGconn **out, outfall_error *error);

/* The first line of the connection's last error as an outfall_error. */
int raw_postgresql_failed(PGconn *connection, const char *what, outfall_error *error);

#endif
