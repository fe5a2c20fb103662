/* SPDX-License-Identifier: Apache-2.0 */
/* From blocks of rows to the table: a sink with one writer, its dead letters and its progress. */
#ifndef OF_CLI_DELIVERY_H
#define OF_CLI_DELIVERY_H

#include <stdbool.h>

#include <outfall/outfall.h>

#include "deadletter.h"
#include "input.h"
#include "progress.h"
#include "rows.h"

typedef struct of_delivery of_delivery;

typedef struct of_delivered {
    uint64_t rows;        /* Durable. */
    uint64_t skipped;     /* Durable before this load began. */
    uint64_t recorded;    /* Rejected, durable in the dead-letter table. */
    uint64_t undelivered; /* Taken from the input, neither durable nor rejected. */
} of_delivered;

/*
 * Opens the sink for rows of the input's columns; where the input has none, it gets the table's.
 * `input`, `letters` and `progress` are borrowed. With delivery=exactly-once `source_id` names the
 * input in the ledger, and rows that are durable by it are skipped; else it is NULL. With
 * deadletter.table rows that the database refuses go to that table instead of `letters`. Fails as
 * outfall_sink_open.
 */
int of_delivery_open(const char *url, const char *table, const outfall_schema *schema,
                     const outfall_config *config, const char *source_id, of_input *input,
                     of_deadletters *letters, of_progress *progress, of_delivery **out,
                     outfall_error *error);

/* What the ledger has recorded of the source, and of rows of it; empty where there are none. */
const char *of_delivery_source(const of_delivery *delivery);

/* Binds the source before the first row; `continues`: the recorded one, grown. Fails as
 * outfall_writer_bind. */
int of_delivery_bind(of_delivery *delivery, const char *source, bool continues,
                     outfall_error *error);

/* The offset up to which records were seen to by an earlier load; 0: none was. */
uint64_t of_delivery_resume(const of_delivery *delivery);

/* Whether the record of that offset was seen to by an earlier load. */
bool of_delivery_has(const of_delivery *delivery, uint64_t offset);

/*
 * Hands on all rows of the block and clears it; those that do not fit become dead letters. Waits
 * where the database is behind. Fails where the sink has stopped, or where a dead letter could not
 * be kept; then too the other rows are handed on.
 */
int of_delivery_rows(of_delivery *delivery, of_rows *rows, outfall_error *error);

/* Takes what the sink has to tell and shows progress; to be called often. */
int of_delivery_tick(of_delivery *delivery, outfall_error *error);

/* Polls readable while the sink has something to tell; -1 where there is no such thing. */
int of_delivery_descriptor(of_delivery *delivery);

/*
 * Waits until every row is durable or a dead letter (after a signal, only as long as an orderly end
 * may take; not at all where the sink has stopped), then closes and frees. Says on standard error
 * which table has rejected rows.
 */
int of_delivery_close(of_delivery *delivery, of_delivered *delivered, outfall_error *error);

#endif
