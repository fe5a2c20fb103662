/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sink.h
 * Sinks, writers and events: the way of a row from a thread to a table.
 *
 * A sink is one target table on one URL. Each thread opens a writer of its own and puts
 * rows; the library batches and delivers them. Rows of one writer take effect in their order;
 * between writers there is no order. Sinks opened on the same URL share connections and flushers.
 *
 * After fork(2) the child must not use the parent's handles: calls return
 * OUTFALL_ERR_CLOSED there, and closing them frees nothing and touches no connection.
 */
#ifndef OUTFALL_SINK_H
#define OUTFALL_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "export.h"
#include "row.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct outfall_sink outfall_sink;
typedef struct outfall_writer outfall_writer;

/** The longest timeout that a call takes: one hour, in milliseconds. */
#define OUTFALL_TIMEOUT_MS_MAX 3600000u

/* ---- Sink ------------------------------------------------------------------------- */

/**
 * Connects, describes the table (creating it where the option `create` says so), and opens
 * a sink on it.
 *
 * @param url     "sqlite:PATH", "postgresql://…", "null:"; docs/urls.md has them all.
 * @param table   "table" or "schema.table"; quote a part that holds a dot: "my.table".
 * @param schema  The columns that rows will hold, in order: by name; their types matter only
 *                when the table is created. NULL: all columns of the table that can be written.
 *                Borrowed for the call.
 * @param config  Borrowed for the call and copied; NULL means outfall_config_new's values.
 * @param out     Receives the sink; close with outfall_close. NULL on failure.
 * @param error   Caller's, may be NULL.
 * @return OUTFALL_OK; OUTFALL_ERR_CONFIG, OUTFALL_ERR_IO, OUTFALL_ERR_AUTH,
 *         OUTFALL_ERR_TIMEOUT, OUTFALL_ERR_NOT_FOUND (driver, table or column),
 *         OUTFALL_ERR_UNSUPPORTED, OUTFALL_ERR_DATABASE, OUTFALL_ERR_NOMEM, OUTFALL_ERR_INVALID.
 *
 * Any thread; blocks up to connect.timeout.ms, and request.timeout.ms for each of: a free
 * connection, describing the table, creating it, describing it again.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_sink_open(const char *url, const char *table,
                                                   const outfall_schema *schema,
                                                   const outfall_config *config, outfall_sink **out,
                                                   outfall_error *error);

/** Counts the columns of the sink's rows. Any thread; does not block. */
OUTFALL_EXPORT size_t outfall_sink_column_count(const outfall_sink *sink);

/**
 * Borrows column `index` as the table had it when the sink was opened; NULL out of range.
 * Valid until the sink is closed. Any thread; does not block.
 */
OUTFALL_EXPORT const outfall_column *outfall_sink_column(const outfall_sink *sink, size_t index);

/** What a row does by a column, beside being inserted. Values may be added. */
enum outfall_column_use {
    OUTFALL_USE_KEY = 1, /* It finds the row in the table: inserts, updates and deletes need it. */
    OUTFALL_USE_UPDATE = 2 /* It overwrites what that row has. */
};

/**
 * Tells what the sink's mode, key and update.columns make of column `index`: an or of enum
 * outfall_column_use; 0 where rows are only inserted, and out of range. Does not change while the
 * sink is open. Any thread; does not block.
 */
OUTFALL_EXPORT unsigned outfall_sink_column_use(const outfall_sink *sink, size_t index);

/**
 * Blocks until every row written before this call is durable, or a dead letter.
 *
 * @param sink        Borrowed; any thread.
 * @param timeout_ms  Milliseconds, 0 to OUTFALL_TIMEOUT_MS_MAX; on timeout rows stay queued.
 * @param error       Caller's, may be NULL; filled only on failure.
 * @return OUTFALL_OK, OUTFALL_ERR_TIMEOUT, OUTFALL_ERR_INVALID (also with delivery=two-phase, where
 *         checkpoints alone commit), OUTFALL_ERR_CLOSED (a child of fork), or the status of the
 *         error that has stopped the sink (its action is OUTFALL_ACTION_STOP).
 *
 * Blocks up to timeout_ms.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_flush(outfall_sink *sink, uint32_t timeout_ms,
                                               outfall_error *error);

/**
 * Begins a checkpoint: once all rows that were written before this call are durable, or dead
 * letters, an event tells (OUTFALL_EVENT_CHECKPOINT; of several the newest), and
 * outfall_checkpoint_wait returns. It is a mark in each writer's rows; writers do not stop for it.
 *
 * @param id  The caller's: from 1 on, each higher than the one before.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID (an id that does not grow, or a sink with
 *         delivery=two-phase: see txn.h), OUTFALL_ERR_FULL (64 are under way), OUTFALL_ERR_NOMEM,
 *         OUTFALL_ERR_CLOSED, or the status of the error that has stopped the sink.
 *
 * Any thread; does not block.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_checkpoint(outfall_sink *sink, uint64_t id,
                                                    outfall_error *error);

/**
 * Waits for a checkpoint.
 *
 * @param timeout_ms  Milliseconds, 0 to OUTFALL_TIMEOUT_MS_MAX; 0 only asks.
 * @return OUTFALL_OK, OUTFALL_ERR_TIMEOUT, OUTFALL_ERR_INVALID (no such checkpoint yet),
 *         OUTFALL_ERR_CLOSED, or the status of the error that has stopped the sink.
 *
 * Any thread; blocks up to timeout_ms.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_checkpoint_wait(outfall_sink *sink, uint64_t id,
                                                         uint32_t timeout_ms, outfall_error *error);

/** What one writer had not made durable when its sink was closed. */
typedef struct outfall_undelivered {
    char writer[64];        /* The writer's name; "#1", "#2" … where it has none. */
    uint64_t acknowledged;  /* Rows that are durable or dead letters. */
    uint64_t rows;          /* Rows accepted after those: not known to be durable. */
    uint64_t source_offset; /* Of the last acknowledged row. */
} outfall_undelivered;

/**
 * Flushes, then frees the sink and its writers. The sink is gone afterwards whatever is returned,
 * and events not polled with it: to have every dead letter, call outfall_flush and poll until there
 * is no event, then close. `sink` may be NULL.
 *
 * @param timeout_ms   Milliseconds, 0 to OUTFALL_TIMEOUT_MS_MAX: this call returns within them.
 * @param undelivered  Room for `*count` entries, may be NULL: receives the writers with rows that
 *                     are not durable.
 * @param count        In: the room. Out: how many writers have such rows. NULL: no room.
 * @return OUTFALL_OK; OUTFALL_ERR_TIMEOUT (rows were left); OUTFALL_ERR_ABORTED (with
 *         delivery=two-phase: rows came after the last checkpoint); OUTFALL_ERR_DATABASE (all rows
 * are settled, but rejected ones were not polled: the error counts them); OUTFALL_ERR_INVALID (a
 * bad timeout, or a transaction that is open: the sink stays open); or the status of the error that
 * had stopped the sink.
 *
 * Any thread; blocks up to timeout_ms. No other thread may be inside a call on this sink or on its
 * writers, or make one later.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_close(outfall_sink *sink, uint32_t timeout_ms,
                                               outfall_undelivered *undelivered, size_t *count,
                                               outfall_error *error);

/* ---- Writer ----------------------------------------------------------------------- */

/**
 * Opens a writer: one thread's way into the sink.
 *
 * With delivery=exactly-once the writer is taken over: a process that had it open is fenced off,
 * and its sink stops with OUTFALL_ERR_FENCED.
 *
 * @param name  At most 63 bytes of UTF-8; shows in events and reports, and is the writer's in the
 *              ledger. NULL: numbered; not with delivery=exactly-once.
 * @param out   Receives it; it belongs to one thread at a time. outfall_writer_close, or the
 *              sink's close, ends it. NULL on failure.
 * @return OUTFALL_OK, OUTFALL_ERR_FULL (buffer.bytes allows no more writers),
 *         OUTFALL_ERR_INVALID (a name in use, or none where one is needed), OUTFALL_ERR_CLOSED,
 *         OUTFALL_ERR_NOMEM, the status that stopped the sink, or that of taking the writer over;
 *         OUTFALL_ERR_CHANGED (the writer's durable rows went into a table of this name that was
 *         dropped: the error has the statement by which the ledger forgets them).
 *
 * Any thread; does not block, but with delivery=exactly-once up to request.timeout.ms for each
 * of: a free connection, taking the writer over, and one try more of both.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_writer_open(outfall_sink *sink, const char *name,
                                                     outfall_writer **out, outfall_error *error);

/**
 * Tells where a writer's source has to go on: every row up to this source offset, and none after
 * it, was durable, or a dead letter, when the writer was opened.
 *
 * @param source_offset  Receives it; 0 on failure.
 * @return OUTFALL_OK; OUTFALL_ERR_NOT_FOUND (no row of the writer is: begin at the start);
 *         OUTFALL_ERR_INVALID (NULL, or a sink without delivery=exactly-once).
 *
 * The writer's thread; does not block.
 */
OUTFALL_EXPORT OUTFALL_CHECK int
outfall_writer_resume(const outfall_writer *writer, uint64_t *source_offset, outfall_error *error);

/**
 * Tells what the ledger has recorded of a writer's source: what outfall_writer_bind was given, now
 * or by an earlier process. Empty where nothing is recorded, and without delivery=exactly-once.
 *
 * The writer's thread; does not block. Valid until the writer is bound or closed.
 */
OUTFALL_EXPORT const char *outfall_writer_source(const outfall_writer *writer);

/**
 * Binds a writer's line in the ledger to its source, so that a name that is used again for another
 * one is refused. To be called before the first row, each time that the writer is opened; who does
 * not call it is not checked.
 *
 * What is given is durable when this returns. Until rows are, another source may be given; from
 * then on it has to be the same, or one that goes on where the recorded one ended.
 *
 * @param source     What tells the source from another, such as a hash of its first bytes: 1 to
 *                   OUTFALL_SOURCE_BYTES_MAX characters of printable ASCII. NULL: nothing is done.
 * @param continues  1: the caller has seen that the source is what outfall_writer_source tells,
 *                   grown; `source` takes its place. 0: it has to be the same.
 * @return OUTFALL_OK; OUTFALL_ERR_INVALID (rows of another source are durable: the error has the
 *         statement by which the ledger forgets them; or a bad text, a writer that has rows, a sink
 *         without delivery=exactly-once); OUTFALL_ERR_FENCED (another process has opened the writer
 *         meanwhile); OUTFALL_ERR_CLOSED (a child of fork); or as taking the writer over.
 *
 * The writer's thread; where the text is not the recorded one it blocks as outfall_writer_open
 * does.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_writer_bind(outfall_writer *writer, const char *source,
                                                     int continues, outfall_error *error);

/**
 * Says how long each later call on this writer waits for buffer memory, in place of
 * buffer.block.ms: for who tries without waiting first, or looks at something else between waits.
 *
 * @param block_ms  Milliseconds, 0 to OUTFALL_TIMEOUT_MS_MAX; 0: not at all.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID. The writer's thread; does not block.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_writer_block(outfall_writer *writer, uint32_t block_ms,
                                                      outfall_error *error);

/**
 * Ends a writer; what it wrote is still delivered. A row begun and not ended is dropped.
 * NULL is legal. The writer's thread; does not block.
 */
OUTFALL_EXPORT void outfall_writer_close(outfall_writer *writer);

/**
 * Puts the next column's value of the row being built, left to right.
 *
 * The value is converted to the column's type at once. What does not fit, or would be
 * rounded, trimmed or truncated, is refused (see convert.lossy): the row then takes no more
 * values, and outfall_row_end returns the same error and drops the row.
 *
 * @param writer  The caller's own.
 * @param error   Caller's, may be NULL: names the column and what to do.
 * @return OUTFALL_OK, OUTFALL_ERR_REFUSED, OUTFALL_ERR_INVALID (more values than columns),
 *         OUTFALL_ERR_FULL (no memory within buffer.block.ms: back-pressure; the row can be put
 *         again from its first column), OUTFALL_ERR_CLOSED, or the status that stopped the sink.
 *
 * Blocks only when the buffer is full, at most buffer.block.ms. Data is borrowed for the call.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put(outfall_writer *writer, const outfall_value *value,
                                             outfall_error *error);
/** As outfall_put, a null. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_null(outfall_writer *writer, outfall_error *error);
/** As outfall_put, a bool. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_bool(outfall_writer *writer, int value,
                                                  outfall_error *error);
/** As outfall_put, an integer. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_int64(outfall_writer *writer, int64_t value,
                                                   outfall_error *error);
/** As outfall_put, a float64. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_float64(outfall_writer *writer, double value,
                                                     outfall_error *error);
/** As outfall_put, a decimal as text: "-12.340". */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_decimal(outfall_writer *writer, const char *digits,
                                                     size_t length, outfall_error *error);
/** As outfall_put, UTF-8 text; also for values of other types in their usual spelling. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_text(outfall_writer *writer, const char *text,
                                                  size_t length, outfall_error *error);
/** As outfall_put, bytes. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_bytes(outfall_writer *writer, const void *data,
                                                   size_t length, outfall_error *error);
/** As outfall_put, days since 1970-01-01. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_date(outfall_writer *writer, int64_t days,
                                                  outfall_error *error);
/** As outfall_put, microseconds since midnight. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_time(outfall_writer *writer, int64_t microseconds,
                                                  outfall_error *error);
/** As outfall_put, microseconds since 1970-01-01 00:00:00, no zone. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_timestamp(outfall_writer *writer, int64_t microseconds,
                                                       outfall_error *error);
/** As outfall_put, microseconds since 1970-01-01 00:00:00 UTC. */
OUTFALL_EXPORT OUTFALL_CHECK int
outfall_put_timestamptz(outfall_writer *writer, int64_t microseconds, outfall_error *error);
/** As outfall_put, the 16 bytes of a UUID. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_uuid(outfall_writer *writer, const uint8_t uuid[16],
                                                  outfall_error *error);
/** As outfall_put, JSON text. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_json(outfall_writer *writer, const char *text,
                                                  size_t length, outfall_error *error);

/**
 * Says what the row being built is in a change stream. Called before its first value; a row of
 * which it is not said is an insert. Of a delete only the columns of the key are looked at: what is
 * put for any other counts as a null, NOT NULL or not.
 *
 * @param kind  enum outfall_row_kind
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID (no such kind; update or delete with a mode other than
 *         upsert or replace; the row has values already), OUTFALL_ERR_FULL, OUTFALL_ERR_CLOSED, or
 *         the status that stopped the sink.
 *
 * The writer's thread; blocks as outfall_put does.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_put_kind(outfall_writer *writer, int kind,
                                                  outfall_error *error);

/**
 * Ends the row: it is now the library's to deliver. Wait-free, but for the row that wakes a
 * sleeping flusher.
 *
 * @param source_offset  The row's place in its source (a line, an offset), 0 where it has none;
 *                       handed back with acknowledgements and dead letters. With
 *                       delivery=exactly-once each row's is higher than the one before; with that,
 *                       or with deadletter.table, it is at most INT64_MAX.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID (too few values, an offset that does not grow or is too
 * high), or what a put of this row returned. On failure the row is dropped and the next put starts
 * a new one.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_row_end(outfall_writer *writer, uint64_t source_offset,
                                                 outfall_error *error);

/** Drops the row being built, if any. The writer's thread; does not block. */
OUTFALL_EXPORT void outfall_row_cancel(outfall_writer *writer);

/** Many rows for one call. */
typedef struct outfall_rows {
    uint32_t struct_size;           /* sizeof(outfall_rows) */
    uint32_t reserved;              /* 0 */
    size_t count;                   /* Rows. */
    const outfall_value *values;    /* count × columns, row after row. */
    const uint64_t *source_offsets; /* One a row, or NULL: all 0. */
    const uint8_t *kinds;           /* One a row, as for outfall_put_kind, or NULL: all inserts. */
} outfall_rows;

/**
 * Writes many rows; the fastest way in.
 *
 * @param accepted  Receives how many rows, from the first, were taken; may be NULL. On failure
 *                  row `*accepted` is the one at fault, and it and the later ones were not taken.
 * @return As outfall_put and outfall_row_end; error->row is the row's index. OUTFALL_ERR_INVALID
 *         also while a row built by single puts is not ended.
 *
 * The writer's thread. Blocks only when the buffer is full, at most buffer.block.ms in all.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_write(outfall_writer *writer, const outfall_rows *rows,
                                               size_t *accepted, outfall_error *error);

/** How far a writer has come. */
typedef struct outfall_progress {
    uint32_t struct_size; /* sizeof(outfall_progress), set by the caller. */
    uint32_t reserved;
    uint64_t accepted;      /* Rows taken from this writer. */
    uint64_t acknowledged;  /* Of those, from the first, durable or dead letters. */
    uint64_t source_offset; /* Of the last acknowledged row; 0 where there is none. */
} outfall_progress;

/** Reads how far the writer has come. The writer's thread; does not block. */
OUTFALL_EXPORT OUTFALL_CHECK int
outfall_writer_progress(const outfall_writer *writer, outfall_progress *out, outfall_error *error);

/* ---- Events ----------------------------------------------------------------------- */

enum outfall_event_type {
    OUTFALL_EVENT_NONE = 0,
    OUTFALL_EVENT_ACKNOWLEDGED = 1, /* A writer's rows up to `position` are durable. */
    OUTFALL_EVENT_REJECTED = 2,     /* The database refused a row: a dead letter. */
    OUTFALL_EVENT_ERROR = 3,        /* The sink has stopped; see `error`. */
    OUTFALL_EVENT_CHECKPOINT = 4    /* All rows up to checkpoint `position` are durable. */
};

/** One event. Initialise with zeroes and struct_size; outfall_event_clear frees what it holds. */
typedef struct outfall_event {
    uint32_t struct_size; /* sizeof(outfall_event), set by the caller. */
    uint32_t type;        /* enum outfall_event_type */
    char writer[64];      /* The writer's name or "#number"; empty for the sink's own. */
    /* acknowledged: rows; rejected: the row's number, from 0; checkpoint: its id. */
    uint64_t position;
    uint64_t source_offset; /* Of that row. */
    char *row;              /* rejected: the row as a JSON object, NUL-terminated. The event's. */
    size_t row_bytes;       /* Its length. */
    outfall_error error;    /* rejected, error: why. */
} outfall_event;

/**
 * Takes the next event. Acknowledgements are merged: one per writer, with its newest position. Of
 * closed writers the last 256 are kept.
 *
 * @param timeout_ms  0 to OUTFALL_TIMEOUT_MS_MAX. With none in that time: OUTFALL_EVENT_NONE.
 * @param event       What it held from an earlier poll is freed first.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID, OUTFALL_ERR_CLOSED (a child of fork).
 *
 * Any thread; blocks up to timeout_ms. Dead letters wait here within deadletter.bytes; where nobody
 * polls, the flusher waits for room, and after deadletter.wait.ms the sink stops: no dead letter is
 * thrown away. With deadletter.table they are durable in that table and not polled; stats count
 * them.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_poll(outfall_sink *sink, uint32_t timeout_ms,
                                              outfall_event *event, outfall_error *error);

/** Frees what an event holds and makes it OUTFALL_EVENT_NONE; NULL is legal. Does not block. */
OUTFALL_EXPORT void outfall_event_clear(outfall_event *event);

/**
 * A descriptor that polls readable while events wait: for select, poll, epoll or an event
 * loop. Owned by the sink: neither read nor close it. -1 where none could be made. Any thread; does
 * not block.
 */
OUTFALL_EXPORT int outfall_event_fd(outfall_sink *sink);

/* ---- Databases -------------------------------------------------------------------- */

/**
 * Connects to a URL and asks for one answer.
 *
 * @param description  Receives the server's name and version, NUL-terminated; may be NULL.
 * @param capacity     Its size in bytes.
 * @return As outfall_sink_open. Any thread; blocks up to connect.timeout.ms for the connection and
 *         again for the answer.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_ping(const char *url, const outfall_config *config,
                                              char *description, size_t capacity,
                                              outfall_error *error);

/** A driver that this installation has. */
typedef struct outfall_driver_info {
    uint32_t struct_size;  /* sizeof(outfall_driver_info), set by the caller. */
    uint32_t built_in;     /* 1: part of the library; 0: a module. */
    char name[32];         /* The URL's scheme. */
    char path[512];        /* The module's file; empty where built in. */
    char description[128]; /* The client library and its version. */
} outfall_driver_info;

/**
 * Reads driver `index`, from 0, into `out`, loading its module.
 *
 * @param config  Borrowed, for its driver.path; NULL means outfall_config_new's values.
 * @return OUTFALL_OK; OUTFALL_ERR_NOT_FOUND past the last; OUTFALL_ERR_UNSUPPORTED (a module that
 *         cannot be loaded: out->name and path are set, the error says why). Any thread; reads
 * files.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_driver_at(const outfall_config *config, size_t index,
                                                   outfall_driver_info *out, outfall_error *error);

#ifdef __cplusplus
}
#endif
#endif
