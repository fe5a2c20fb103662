/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file driver.h
 * The contract between the library and a database driver.
 *
 * A driver is a constant table of functions. The library copies min(struct_size, its own
 * sizeof) bytes of it and refuses a table that lacks a required entry. A driver needs no symbol
 * of liboutfall; it never retries, sleeps, logs, starts threads or reads the environment itself
 * (the database's client library may read its own variables; a connect that knows no deadline may
 * run on a thread of its own, which is left behind once the deadline has passed).
 *
 * Threads: one at a time per connection; `sever` alone may come from a second.
 * Deadlines: `deadline_us` is absolute, CLOCK_MONOTONIC, in microseconds. Every call that may wait
 * takes one and returns OUTFALL_ERR_TIMEOUT (action RETRY) once it has passed; the connection is
 * then dead.
 * Errors: every call that fails fills `error` with an action and leaves nothing behind.
 * error->native_code, sqlstate, row and column are filled where they are known.
 */
#ifndef OUTFALL_DRIVER_H
#define OUTFALL_DRIVER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "encoding.h"
#include "error.h"
#include "export.h"
#include "row.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OUTFALL_DRIVER_ABI 1u

/* The symbol that a module exports: const outfall_driver *outfall_driver_entry(void) */
#define OUTFALL_DRIVER_ENTRY "outfall_driver_entry"

typedef struct outfall_connection outfall_connection; /* Defined by each driver. */

typedef struct outfall_driver_option {
    const char *key; /* As in docs/OPTIONS.md: "sqlite.synchronous". */
    const char *value;
} outfall_driver_option;

typedef struct outfall_connect_options {
    uint32_t struct_size;
    uint32_t option_count;
    const char *url; /* The whole URL less the query's outfall.* parameters. */
    const char *application_name;
    const outfall_driver_option *options; /* Those whose keys start with the driver's name. */
    uint32_t create;                      /* 1: a database file that is not there may be made. */
    uint32_t reserved;                    /* 0 */
} outfall_connect_options;

/** A table's name, split and unquoted; `schema` may be NULL. */
typedef struct outfall_table_name {
    const char *schema;
    const char *table;
} outfall_table_name;

/**
 * A described table, for one set of columns. Made by `describe`, never changed after; the driver
 * keeps its own part behind this one. Not tied to the connection that described it, and may be
 * used by several connections at once.
 */
typedef struct outfall_target {
    uint32_t struct_size;
    uint32_t column_count;
    const outfall_column *columns; /* In the order of the rows' fields. */
    const char *display_name;      /* Quoted for messages: "public"."birdstrikes". */
    uint32_t flags;                /* enum outfall_target_flag, or-ed. */
    uint32_t key_count;            /* 0 in mode insert. */
    const uint32_t *key;           /* The key's columns, as indices into `columns`. */
    /*
     * What this table has and no other before or after it: one that was dropped and made again
     * under the name has another, one that was altered or emptied has the same. 1 to
     * OUTFALL_IDENTITY_BYTES_MAX bytes of printable ASCII, the same whichever driver is asked.
     * NULL: it cannot be told from another.
     */
    const char *identity;
} outfall_target;

#define OUTFALL_IDENTITY_BYTES_MAX 63

enum outfall_target_flag {
    /*
     * Equal keys are equal bytes, and rows of different keys do not depend on each other. The
     * library then leaves one row for a key in a batch, sends deletes first and sorts by key:
     * OUTFALL_BATCH_DISTINCT. To be set only where, of the rows of a batch,
     * - two have the same key exactly where the key's fields have the same bytes, a decimal's
     *   trailing zeros and the sign of a zero aside: no collation, padding or rounding of the
     *   database's decides what is equal;
     * - the last of a key leaves what all of them would: every column is updated;
     * - none can do to another what a different order would undo: no other unique index, no
     *   trigger, and no foreign key of the table to itself or to a table whose rows its own
     *   deletes change.
     * Not set: the rows come in the order they were written, each of them, and the driver has them
     * act in that order.
     */
    OUTFALL_TARGET_BYTEWISE = 1
};

/** What is fixed when a target is described. */
typedef struct outfall_describe_options {
    uint32_t struct_size;
    uint32_t identity_override; /* 1: GENERATED ALWAYS identities are written. */
    uint32_t lossy;    /* 1: the database may round or trim what the library cannot check. */
    uint32_t reserved; /* 0 */
    /*
     * The columns wanted, by name and in order; NULL: all that can be written. Their types are what
     * the rows were announced with; they matter only to a driver that has no tables.
     */
    const outfall_column *columns;
    size_t column_count;
    uint32_t mode;         /* enum outfall_write_mode */
    uint32_t other_unique; /* 1: unique indexes other than the key are allowed where a conflict with
                              one would update or drop the wrong row (option unique.other). */
    /*
     * The key, by column names; NULL: the primary key. Modes other than insert need one, and the
     * database must have a unique index on just these columns: else OUTFALL_ERR_UNSUPPORTED with
     * the statement that makes one.
     */
    const char *const *key;
    size_t key_count;
    /* The columns that an upsert changes, by name; NULL: all but the key. */
    const char *const *update;
    size_t update_count;
} outfall_describe_options;

/**
 * One row's entry, 24 bytes. Entries lie behind one another from the end of a span's memory
 * towards its front.
 */
typedef struct outfall_row_entry {
    uint64_t source_offset;
    uint32_t start; /* Byte offset of the row from span->base. */
    uint32_t bytes; /* Its length. */
    uint32_t time;  /* Coarse: tenths of a millisecond on the library's clock, wrapping. */
    uint16_t schema_version;
    uint8_t kind; /* enum outfall_row_kind */
    uint8_t reserved;
} outfall_row_entry;

OUTFALL_STATIC_ASSERT(sizeof(outfall_row_entry) == 24, "outfall_row_entry is part of the ABI");

/**
 * Rows that lie behind one another: row i starts at base + entry(i)->start, and row i + 1 follows
 * at once. Each row is one tuple of PostgreSQL's COPY BINARY format: int16 field count, then for
 * each field an int32 length (-1 is NULL) and that many bytes; integers big-endian.
 *
 * Source: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format"; the fields' own bytes
 * are those of the types' send functions (docs/row-format.md has them all).
 */
typedef struct outfall_span {
    const uint8_t *base;
    const outfall_row_entry *entries_end; /* Entry i is entries_end[-1 - i]. */
    uint32_t first;                       /* The first row's index. */
    uint32_t count;
} outfall_span;

/**
 * A batch: spans in order, all rows of one target, and either all deletes or none. Immutable.
 *
 * The effect of a write is that of its rows one at a time, in their order, whatever equal keys are
 * among them; a driver for whose statement equal keys in one batch are an error, or would be taken
 * in another order, has to write such a batch some other way.
 */
typedef struct outfall_batch {
    uint32_t struct_size;
    uint32_t span_count;
    const outfall_span *spans;
    uint64_t rows;
    uint64_t bytes;    /* Of the rows, without entries. */
    uint32_t flags;    /* enum outfall_batch_flag, or-ed. */
    uint32_t deletion; /* 1: the rows with these keys are deleted; 0: the target's mode. */
} outfall_batch;

enum outfall_batch_flag {
    OUTFALL_BATCH_DISTINCT = 1 /* No two rows have the same key: any one statement will do. */
};

/** The entry of row `index` (0 to count - 1) of a span. */
static inline const outfall_row_entry *outfall_span_entry(const outfall_span *span, uint32_t index)
{
    return &span->entries_end[-1 - (ptrdiff_t)(span->first + index)];
}

/** The first byte of a span's rows, and how many bytes they are. */
static inline const uint8_t *outfall_span_bytes(const outfall_span *span, size_t *length)
{
    const outfall_row_entry *first = outfall_span_entry(span, 0);
    const outfall_row_entry *last = outfall_span_entry(span, span->count - 1);
    *length = (size_t)last->start + last->bytes - first->start;
    return span->base + first->start;
}

/**
 * Steps over one field. `*cursor` starts 2 bytes into a row. Returns the field's length, or -1 for
 * NULL, and its bytes in `*data`.
 */
static inline int32_t outfall_field_next(const uint8_t **cursor, const uint8_t **data)
{
    int32_t length = outfall_read_i32(*cursor);
    *data = *cursor + 4;
    *cursor += 4 + (length > 0 ? length : 0);
    return length;
}

/** The name of a transaction that can be prepared: ASCII letters, digits and dots. */
typedef struct outfall_xid {
    char gtrid[48]; /* Of all that commit together. */
    char bqual[16]; /* Of this one. A database with one name for both has "gtrid.bqual". */
} outfall_xid;

/** How to begin. Grows at its end. */
typedef struct outfall_begin_options {
    uint32_t struct_size;
    uint32_t reserved;      /* 0 */
    const outfall_xid *xid; /* NULL: it ends in commit; else in prepare, or rollback. */
} outfall_begin_options;

typedef struct outfall_write_result {
    uint32_t struct_size;  /* Set by the library. */
    uint32_t statements;   /* Write statements sent by this call. */
    uint64_t rows_written; /* As the server counts them. */
    int64_t bad_row;       /* On action ROW: the row's index in the batch where known, else -1. */
} outfall_write_result;

/** What a writer's line in the ledger is bound to: texts of printable ASCII. */
typedef struct outfall_binding {
    uint32_t struct_size; /* Set by the library. */
    uint32_t reserved;    /* 0 */
    const char *source;   /* In: is recorded; NULL: what there was stays. */
    /* In: is recorded where no row is durable, or nothing was; else what there was stays. NULL:
     * that in any case. */
    const char *target;
    char recorded_source[OUTFALL_SOURCE_BYTES_MAX + 1];   /* Out: what is in the line now; empty */
    char recorded_target[OUTFALL_IDENTITY_BYTES_MAX + 1]; /* where nothing is. */
} outfall_binding;

/**
 * A writer's line in the ledger, the table outfall_fence: who may write, and how far the writer has
 * got. It is changed in the transaction of the rows it tells of, and is the proof of that
 * transaction's outcome.
 */
typedef struct outfall_fence {
    uint32_t struct_size;     /* Set by the library. */
    uint32_t found;           /* Out: 1 where there was such a line, and it was changed. */
    const char *sink;         /* The sink's id: 1 to 255 bytes of UTF-8. */
    const char *writer;       /* The writer's name: 1 to 63 bytes of UTF-8. */
    int64_t owner;            /* A number that no other opening of a writer has. */
    int64_t epoch;            /* Each takeover adds one: whoever has an older one is fenced off. */
    int64_t checkpoint;       /* Each batch adds one. */
    int64_t source_offset;    /* Of the last row that is durable. */
    outfall_binding *binding; /* Of takeover; NULL: neither written nor read. */
} outfall_fence;

/**
 * A line of the table outfall_ledger: a two-phase transaction that has committed. It is written in
 * the transaction that it tells of, and is the proof that this one committed.
 */
typedef struct outfall_ledger_line {
    uint32_t struct_size; /* Set by the library. */
    uint32_t found;       /* Out, of ledger_read. */
    const char *sink;     /* The transaction's id: 1 to 255 bytes of UTF-8. */
    const char *writer;   /* The branch: 1 to 63 bytes of UTF-8. */
    int64_t checkpoint;   /* Sink, writer and checkpoint are the line's key. */
    int64_t epoch;        /* Out, of ledger_read. */
    int64_t rows;         /* Out, of ledger_read. */
} outfall_ledger_line;

/** A transaction that is prepared, as list_prepared finds it. */
typedef struct outfall_prepared {
    outfall_xid xid;
    int64_t age_us;  /* Since it was prepared; -1 where the database does not tell. */
    char owner[64];  /* The account that has prepared it; empty where it does not tell. */
    char blocks[64]; /* "3 sessions wait for it"; empty where none does, or it does not tell. */
} outfall_prepared;

/** What a database is inspected for. Grows at its end. */
typedef struct outfall_inspect_options {
    uint32_t struct_size;
    uint32_t prepared; /* How many transactions are to be prepared at once; 0: there is no such. */
    /*
     * NULL: settings with which a crash may undo what was committed are refused. Else they are
     * told here, and pass: its status is OUTFALL_OK where there are none.
     */
    outfall_error *allowed;
} outfall_inspect_options;

enum outfall_savepoint_step {
    OUTFALL_SAVEPOINT_SET = 0,
    OUTFALL_SAVEPOINT_RELEASE = 1,
    OUTFALL_SAVEPOINT_ROLLBACK = 2 /* To the savepoint; it stays set. */
};

/** How many checkpoints a branch's lines stay in outfall_ledger. */
#define OUTFALL_LEDGER_KEPT 1000

enum outfall_driver_capability {
    OUTFALL_DRIVER_DISCARDS = 1,   /* Rows go nowhere; the table need not exist. */
    OUTFALL_DRIVER_SAVEPOINTS = 2, /* `savepoint` works. */
    OUTFALL_DRIVER_BLOCKS = 4,     /* Calls may overrun a deadline; the watchdog must sever. */
    OUTFALL_DRIVER_LEDGER = 8,     /* `ledger_create` to `ledger_read` work. */
    /*
     * As do `prepare` to `identify`; of a driver of many databases perhaps not with each of them:
     * `inspect` with `prepared`, `begin` with a name and all of these are OUTFALL_ERR_UNSUPPORTED
     * then.
     */
    OUTFALL_DRIVER_TWO_PHASE = 16,
    /*
     * What is prepared stays its connection's until that is closed: there alone it can be committed
     * or rolled back, and nothing else be done. Once closed, any connection can.
     */
    OUTFALL_DRIVER_PREPARED_STAYS = 32
};

typedef struct outfall_driver {
    uint32_t abi;            /* OUTFALL_DRIVER_ABI */
    uint32_t struct_size;    /* sizeof(outfall_driver) */
    uint64_t capabilities;   /* enum outfall_driver_capability, or-ed. */
    const char *name;        /* The URL's scheme: "postgresql". */
    const char *description; /* The client library and its version. */

    /* Opens a connection. On failure *out is NULL and nothing is left. */
    int (*connect)(const outfall_connect_options *options, int64_t deadline_us,
                   outfall_connection **out, outfall_error *error);
    /* Cannot fail; rolls back what is open; does not wait for the server. NULL is legal. */
    void (*disconnect)(outfall_connection *connection);
    /* One cheap answer from the server. `description`, where not NULL, gets its version. */
    int (*ping)(outfall_connection *connection, char *description, size_t capacity,
                int64_t deadline_us, outfall_error *error);
    /* Rolls back and returns the session to the state after connect. */
    int (*reset)(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
    /* From any thread, never blocks: makes every wait of this connection end soon. */
    void (*sever)(outfall_connection *connection);

    /* Describes a table. OUTFALL_ERR_NOT_FOUND: no such table, or no such column (named). */
    int (*describe)(outfall_connection *connection, const outfall_table_name *name,
                    const outfall_describe_options *options, int64_t deadline_us,
                    outfall_target **out, outfall_error *error);
    /* Frees a target; NULL is legal; needs no connection. */
    void (*target_free)(outfall_target *target);
    /* Creates a table of these columns; a table of that name that exists is left alone. */
    int (*create_table)(outfall_connection *connection, const outfall_table_name *name,
                        const outfall_column *columns, size_t column_count, int64_t deadline_us,
                        outfall_error *error);

    /* A transaction. begin may be sent along with the first write. */
    int (*begin)(outfall_connection *connection, const outfall_begin_options *options,
                 int64_t deadline_us, outfall_error *error);
    /*
     * Writes a whole batch or fails; after a failure only rollback (also to a savepoint) is
     * legal. The server's row count must be what the mode's rule says, else the write fails. A
     * target whose columns are no longer those described: OUTFALL_ERR_CHANGED, action RESTART.
     */
    int (*write)(outfall_connection *connection, outfall_target *target, const outfall_batch *batch,
                 int64_t deadline_us, outfall_write_result *result, outfall_error *error);
    int (*savepoint)(outfall_connection *connection, int step, int64_t deadline_us,
                     outfall_error *error);
    /* OUTFALL_OK: durable. Action RESOLVE: not known. Any other action: certainly not committed. */
    int (*commit)(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
    int (*rollback)(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

    /* The ledger of exactly-once delivery; NULL where the capability is not there. */

    /* Makes the ledger's tables where they are missing. Not within a transaction. */
    int (*ledger_create)(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
    /*
     * In an open transaction: adds one to the epoch of the writer's line and makes fence->owner its
     * owner; reads all of it. A line that is missing is made. With `mine` only where the owner was
     * the same before: else `found` is 0, and nothing is changed. Where fence->writer is NULL, all
     * lines of the sink that there are; none is read or made, `found` is 1.
     */
    int (*takeover)(outfall_connection *connection, outfall_fence *fence, int mine,
                    int64_t deadline_us, outfall_error *error);
    /*
     * In an open transaction, before its rows: sets checkpoint and source_offset of the writer's
     * line, where it has this epoch and a lower checkpoint. It is an UPDATE: under an old snapshot
     * a query would tell of an epoch that is no more.
     */
    int (*fence)(outfall_connection *connection, outfall_fence *fence, int64_t deadline_us,
                 outfall_error *error);

    /* In an open transaction: adds the line, and drops those of its writer that are older by more
     * than OUTFALL_LEDGER_KEPT checkpoints. */
    int (*ledger_write)(outfall_connection *connection, const outfall_ledger_line *line,
                        int64_t deadline_us, outfall_error *error);
    /*
     * Reads the line of that checkpoint, or, where it is 0, the newest: `found` is 0 where there
     * is none. In a transaction or not.
     */
    int (*ledger_read)(outfall_connection *connection, outfall_ledger_line *line,
                       int64_t deadline_us, outfall_error *error);

    /* Two-phase commit; NULL where the capability is not there. */

    /*
     * Ends a transaction that was begun with that xid: sets the fences, adds the line, prepares.
     * OUTFALL_OK: it is durable, and waits for its end. OUTFALL_ERR_FENCED (action STOP): a fence
     * has another epoch or checkpoint; fence->found is 0 of the first such. Action RESOLVE: not
     * known, it may still come to be prepared. Any other action: it is not, and never will be.
     * After a failure it is rolled back, or the connection is dead.
     */
    int (*prepare)(outfall_connection *connection, const outfall_xid *xid, outfall_fence *fences,
                   uint32_t fence_count, const outfall_ledger_line *line, int64_t deadline_us,
                   outfall_error *error);
    /*
     * Ends a prepared transaction. OUTFALL_ERR_NOT_FOUND (action RESOLVE): there is none of that
     * name that this connection could end: it was ended before, was never prepared, or is its own
     * connection's still. OUTFALL_ERR_UNKNOWN (action RESOLVE): no answer.
     */
    int (*commit_prepared)(outfall_connection *connection, const outfall_xid *xid,
                           int64_t deadline_us, outfall_error *error);
    int (*rollback_prepared)(outfall_connection *connection, const outfall_xid *xid,
                             int64_t deadline_us, outfall_error *error);
    /*
     * Lists what is prepared in this database and begins with `prefix`, of the gtrid. *count: how
     * many there are, of which the first `capacity` are in `out`.
     */
    int (*list_prepared)(outfall_connection *connection, const char *prefix, outfall_prepared *out,
                         size_t capacity, size_t *count, int64_t deadline_us, outfall_error *error);
    /*
     * Ends the session that has begun a transaction of that name and lives on, if there is one:
     * what it has not prepared is rolled back. It may take a moment to be gone.
     */
    int (*end_holder)(outfall_connection *connection, const outfall_xid *xid, int64_t deadline_us,
                      outfall_error *error);
    /*
     * Which database this is, however it was connected to: the same for each connection to it, and
     * another for every other one. At most `capacity` bytes with the NUL.
     */
    int (*identify)(outfall_connection *connection, char *out, size_t capacity, int64_t deadline_us,
                    outfall_error *error);

    /*
     * Looks whether the database can keep the promise of exactly-once for that target, with the
     * ledger's tables as far as they are there: settings, engines, rights. Not within a
     * transaction; changes nothing. OUTFALL_ERR_UNSUPPORTED (action STOP): it cannot; the message
     * names the setting, its value and the remedy. NULL: there is nothing to look at.
     */
    int (*inspect)(outfall_connection *connection, const outfall_target *target,
                   const outfall_inspect_options *options, int64_t deadline_us,
                   outfall_error *error);
    /*
     * As create_table, and `mark` is the identity of the table that this makes: where the database
     * has nothing of its own to tell it by. NULL where it has, or cannot keep one.
     */
    int (*create_marked)(outfall_connection *connection, const outfall_table_name *name,
                         const outfall_column *columns, size_t column_count, const char *mark,
                         int64_t deadline_us, outfall_error *error);

    /*
     * Looks, without asking or waiting, whether the session may still be used: 0 where it is known
     * that the server has closed it, or that it was severed; else 1, also of a server that hangs.
     * Between two transactions. NULL: there is nothing to look at.
     */
    int (*is_open)(outfall_connection *connection);
} outfall_driver;

typedef const outfall_driver *(*outfall_driver_entry_function)(void);

#ifdef __cplusplus
}
#endif
#endif
