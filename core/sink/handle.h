/* SPDX-License-Identifier: Apache-2.0 */
/* What the handles of sinks and writers point at, and the checks that every call starts with. */
#ifndef OF_SINK_HANDLE_H
#define OF_SINK_HANDLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <outfall/outfall.h>

#include "flow/feed.h"
#include "sink/checkpoints.h"
#include "sink/endpoint.h"

/* Of a two-phase sink: whether it is in a transaction, or was; stuck: a thread of one still is. */
enum of_sink_joined { OF_SINK_ALONE, OF_SINK_JOINED, OF_SINK_LEFT, OF_SINK_STUCK };

struct outfall_sink {
    uint32_t fork_generation; /* Of the process that opened it. */
    atomic_int joined;        /* enum of_sink_joined */
    of_endpoint *endpoint;
    of_feed *feed;
    of_checkpoints checkpoints;
    pthread_mutex_t mutex; /* Over what follows. */
    outfall_writer *writers;
    uint32_t writers_opened;
    uint32_t writers_open;
    uint32_t writers_max;
};

/* What a writer is doing. */
enum of_writer_state { OF_WRITER_IDLE, OF_WRITER_IN_ROW, OF_WRITER_ROW_FAILED };

struct outfall_writer {
    outfall_sink *sink;
    of_feed *feed;
    of_lane *lane;
    const of_version *version;     /* That the row is encoded for; picked up at its start. */
    const outfall_column *columns; /* Of that version. */
    uint32_t column_count;
    uint32_t fork_generation;
    int state;
    uint32_t column; /* Of the next value. */
    uint8_t kind;    /* enum outfall_row_kind, of the row being built. */
    bool lossy;
    bool exactly_once;
    bool checks_offset; /* Where it goes to a table, of the ledger or of dead letters. */
    bool has_offset;    /* Under the ledger: of the last row, or of the last one that is durable, */
    uint64_t last_offset;   /* this is the source offset. */
    bool resumes;           /* The ledger had rows of this writer when it was opened, */
    uint64_t resume_offset; /* the last of them with this source offset. */
    char source[OUTFALL_SOURCE_BYTES_MAX + 1]; /* The ledger's; empty: it has none. */
    uint64_t rows_started;
    int64_t timed_from_ns;   /* 0: this row is not timed. */
    outfall_error row_error; /* Why the row failed. */
    outfall_writer *next;    /* In the sink's list. */
    outfall_writer **link;
};

/* OUTFALL_ERR_INVALID for NULL, OUTFALL_ERR_CLOSED in a child of fork. */
int of_sink_check(const outfall_sink *sink, outfall_error *error);

/* Refuses a timeout that is over the limit. */
int of_timeout_check(uint32_t timeout_ms, outfall_error *error);

#endif
