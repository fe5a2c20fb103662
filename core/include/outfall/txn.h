/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file txn.h
 * Transactions over several sinks and databases: checkpoints by two-phase commit.
 *
 * Sinks are opened with delivery=two-phase, joined by outfall_txn_open, and written to as ever;
 * what they wrote is committed checkpoint by checkpoint, in all databases or in none. A checkpoint
 * is a barrier in each writer's rows; writers do not stop for it.
 *
 * Who decides a checkpoint is fixed when the transaction is opened: the ledger of one of the
 * databases, the home; a journal file; or an outer engine, which gets bytes for each part, a
 * committable, and says what becomes of it.
 */
#ifndef OUTFALL_TXN_H
#define OUTFALL_TXN_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "export.h"
#include "sink.h"
#include "stats.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct outfall_txn outfall_txn;

enum outfall_decision {
    OUTFALL_DECISION_HOME = 0,    /* A line in the ledger of the home's database. */
    OUTFALL_DECISION_JOURNAL = 1, /* A record in a file on this machine. */
    OUTFALL_DECISION_EXTERNAL = 2 /* outfall_txn_commit, or outfall_commit in any process. */
};

/** How a transaction is opened. Grows at its end only. */
typedef struct outfall_txn_options {
    uint32_t struct_size; /* sizeof(outfall_txn_options) */
    uint32_t decision;    /* enum outfall_decision */
    const char *id; /* 1 to 255 bytes of UTF-8: the same each time, and this program's alone. */
    size_t home;    /* The index of the sink whose database decides. */
    const char *journal; /* The journal's path; it is made where it is missing. */
} outfall_txn_options;

/**
 * Joins sinks. What an earlier run with the same id left is ended first: what was decided is
 * committed, the rest is rolled back; a process that still runs with that id is fenced off. With an
 * outer engine nothing is ended: let it commit what it knows, then call outfall_recover, then open.
 *
 * @param sinks    Opened with delivery=two-phase, none of their writers is open. They may be of
 *                 one URL or of several. Borrowed: close the transaction before them.
 * @param options  Borrowed for the call.
 * @param out      Receives it; end it with outfall_txn_close. NULL on failure.
 * @return OUTFALL_OK; OUTFALL_ERR_INVALID; OUTFALL_ERR_UNSUPPORTED (a driver that cannot prepare
 * and is not the home, or a home without a ledger); OUTFALL_ERR_CONFIG (pool.max is too small: a
 * flusher has up to two connections, and one more is needed); OUTFALL_ERR_FENCED (a newer process
 * has the id); OUTFALL_ERR_UNKNOWN (what was left could not be ended in time, or a part of it is
 * lost: the message says which); the status of a database's error; OUTFALL_ERR_NOMEM.
 *
 * Any thread; blocks for as long as it takes to end what was left, at most retry.timeout.ms of the
 * first sink for each database.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_open(outfall_sink *const *sinks, size_t count,
                                                  const outfall_txn_options *options,
                                                  outfall_txn **out, outfall_error *error);

/**
 * Begins a checkpoint: all rows that were put before this call belong to it, of each writer those
 * up to some place. It is prepared and, unless an outer engine decides, committed in the
 * background.
 *
 * @param checkpoint  Receives its number, one more than the last; may be NULL.
 * @return OUTFALL_OK; OUTFALL_ERR_FULL (the one before has not ended: wait for it);
 *         OUTFALL_ERR_ABORTED or OUTFALL_ERR_FENCED (the transaction has failed: close it and its
 *         sinks, open them again, and go on behind each writer's outfall_writer_resume);
 *         OUTFALL_ERR_INVALID; OUTFALL_ERR_CLOSED (a child of fork).
 *
 * Any thread; does not block.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_checkpoint(outfall_txn *txn, uint64_t *checkpoint,
                                                        outfall_error *error);

/**
 * Waits until a checkpoint is durable in every database; with an outer engine, until it is
 * prepared.
 *
 * @param timeout_ms  0 to OUTFALL_TIMEOUT_MS_MAX; 0 only asks. The checkpoint goes on meanwhile.
 * @return OUTFALL_OK; OUTFALL_ERR_TIMEOUT; what outfall_txn_checkpoint returns of a transaction
 * that has failed; OUTFALL_ERR_UNKNOWN (the decision, or a part, is in doubt: opening the
 *         transaction again will tell).
 *
 * Any thread; blocks up to timeout_ms.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_wait(outfall_txn *txn, uint64_t checkpoint,
                                                  uint32_t timeout_ms, outfall_error *error);

/** outfall_txn_checkpoint, then outfall_txn_wait: for an outer engine, whose committables are then
 * to be had. As both; any thread; blocks up to timeout_ms. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_prepare(outfall_txn *txn, uint64_t *checkpoint,
                                                 uint32_t timeout_ms, outfall_error *error);

/** The room that any committable needs, in bytes. */
#define OUTFALL_COMMITTABLE_MAX 4096

/**
 * Writes one committable of the checkpoint that is prepared: versioned bytes with a checksum, to be
 * kept in the engine's own checkpoint.
 *
 * @param index     From 0; one for each branch that has rows.
 * @param capacity  Of buffer; OUTFALL_COMMITTABLE_MAX is always enough.
 * @param length    Receives its length.
 * @return OUTFALL_OK; OUTFALL_ERR_NOT_FOUND past the last; OUTFALL_ERR_INVALID (nothing is
 * prepared, or the buffer is too small); OUTFALL_ERR_CLOSED (a child of fork).
 *
 * Any thread; does not block.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_committable(outfall_txn *txn, size_t index,
                                                         void *buffer, size_t capacity,
                                                         size_t *length, outfall_error *error);

/**
 * The outer engine's decision, in the process that prepared: commits the checkpoint that is
 * prepared, and acknowledges its rows. As outfall_txn_wait; also where it was committed elsewhere.
 * OUTFALL_ERR_INVALID: nothing waits for a decision, or another one was made first, which counts.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_commit(outfall_txn *txn, uint32_t timeout_ms,
                                                    outfall_error *error);

/**
 * Leaves the checkpoint that is prepared to the outer engine, which ends it by its committables
 * later, in any process (outfall_commit): for engines whose writers do not hear of the decision.
 * Its rows are acknowledged, since they survive, and the next checkpoint may begin; that one can be
 * prepared only once this one is committed. As outfall_txn_wait.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_release(outfall_txn *txn, uint32_t timeout_ms,
                                                     outfall_error *error);

/**
 * The other decision: rolls the checkpoint back, and with it all that was written since. The
 * transaction has failed then. OUTFALL_OK once nothing of it is prepared; else as
 * outfall_txn_commit. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_abort(outfall_txn *txn, uint32_t timeout_ms,
                                                   outfall_error *error);

/** Figures of a transaction. Grows at its end only. */
typedef struct outfall_txn_stats {
    uint32_t struct_size;         /* sizeof(outfall_txn_stats), set by the caller. */
    uint32_t state;               /* Reserved for what it is doing; 0. */
    uint64_t checkpoints;         /* Committed. */
    uint64_t branches;            /* Parts of them that were prepared. */
    uint64_t recovered_commits;   /* Left by an earlier run, and ended when it was opened. */
    uint64_t recovered_rollbacks; /* As are these. */
    uint64_t resolved;            /* Decisions without an answer that the ledger told. */
    outfall_latency begin;        /* Of each part: BEGIN, */
    outfall_latency prepare;      /* and PREPARE with the fences before it. */
    outfall_latency seal;         /* From the barrier until all parts are prepared. */
    outfall_latency decide;       /* The decision. */
    outfall_latency commit;       /* From the decision until all are committed. */
} outfall_txn_stats;

/**
 * Reads its figures into `out`, at most out->struct_size bytes of them. Any thread; does not block.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID, OUTFALL_ERR_CLOSED (a child of fork).
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_stats_get(outfall_txn *txn, outfall_txn_stats *out,
                                                       outfall_error *error);

/**
 * Ends a transaction; NULL is legal. Rows written since the last checkpoint are rolled back, and
 * its sinks take no more: only their close is legal then. A checkpoint that is decided is committed
 * first; one that an outer engine has not decided stays prepared.
 *
 * @param timeout_ms  0 to OUTFALL_TIMEOUT_MS_MAX: this call returns within them.
 * @return OUTFALL_OK; OUTFALL_ERR_TIMEOUT (a thread is stuck in a client library, and left to
 *         itself, with the sinks: outfall_close frees none of theirs then); OUTFALL_ERR_UNKNOWN (a
 *         checkpoint is in doubt, or decided and not committed everywhere: opening the transaction
 *         again ends it); OUTFALL_ERR_INVALID.
 *
 * Any thread; no other may be inside a call on it, or make one later.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_close(outfall_txn *txn, uint32_t timeout_ms,
                                                   outfall_error *error);

/* ---- By committable, from any process ----------------------------------------------- */

enum outfall_outcome {
    OUTFALL_OUTCOME_UNKNOWN = 0, /* Try again: it may be either. */
    OUTFALL_OUTCOME_COMMITTED = 1,
    OUTFALL_OUTCOME_ALREADY_COMMITTED = 2, /* By an earlier call: the ledger has its line. */
    OUTFALL_OUTCOME_ROLLED_BACK =
        3 /* It is not prepared, and not in the ledger: its rows are lost. */
};

/**
 * Commits just what a committable names. It may be repeated.
 *
 * @param url      Of the database it was prepared in, which is checked.
 * @param config   Borrowed for the call; NULL: defaults.
 * @param outcome  Receives an enum outfall_outcome.
 * @return OUTFALL_OK (committed, now or before); OUTFALL_ERR_ABORTED (rolled back by someone);
 *         OUTFALL_ERR_UNKNOWN (no answer: call again); OUTFALL_ERR_INVALID (damaged, or of another
 *         database); OUTFALL_ERR_UNSUPPORTED (of an unknown version, or another driver); what
 *         connecting failed with.
 *
 * Any thread and process; blocks up to connect.timeout.ms and some request.timeout.ms.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_commit(const char *url, const outfall_config *config,
                                                const void *committable, size_t length,
                                                int *outcome, outfall_error *error);

/** As outfall_commit, but rolls back: OUTFALL_OK once it is not prepared; OUTFALL_ERR_INVALID where
 * it was committed before. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_abort(const char *url, const outfall_config *config,
                                               const void *committable, size_t length, int *outcome,
                                               outfall_error *error);

/** What outfall_recover did. */
typedef struct outfall_recovery {
    uint32_t struct_size; /* sizeof(outfall_recovery), set by the caller. */
    uint32_t reserved;
    uint64_t committed;
    uint64_t rolled_back;
} outfall_recovery;

/**
 * For an outer engine at its start: of a transaction's prepared parts in one database, commits
 * those that are named, and rolls all others back. To be called by one owner, once for each
 * database, with the union of all committables of the engine's last completed checkpoint.
 * Makes the ledger's tables where there are none yet.
 *
 * @param id            The transaction's.
 * @param committables  Those of other databases or ids among them are passed over.
 * @param lengths       Of each.
 * @return OUTFALL_OK; OUTFALL_ERR_ABORTED (one that was named is lost); else as outfall_commit.
 *
 * Any thread; blocks up to retry.timeout.ms.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_recover(const char *url, const outfall_config *config,
                                                 const char *id, const void *const *committables,
                                                 const size_t *lengths, size_t count,
                                                 outfall_recovery *out, outfall_error *error);

/** A prepared transaction that outfall_txn_list found. */
typedef struct outfall_txn_entry {
    uint32_t struct_size; /* sizeof(outfall_txn_entry), set by the caller. */
    uint32_t decided;     /* 1: the ledger of this database has its decision, as the home's. */
    char name[64];        /* of1.SINK.EPOCH.CHECKPOINT.WRITER.RESOURCE */
    uint64_t sink;        /* The id's number in names: outfall_txn_number. */
    uint64_t checkpoint;
    uint32_t epoch;
    uint32_t branch;
    uint32_t resource;
    uint32_t reserved;
    int64_t age_us;  /* -1: the database does not tell. */
    char owner[64];  /* The account; empty where it does not tell. */
    char blocks[64]; /* What waits for it; empty: nothing, or it does not tell. */
} outfall_txn_entry;

/** The number of an id in the names of its transactions. Any thread; does not block. */
OUTFALL_EXPORT uint64_t outfall_txn_number(const char *id);

/**
 * Lists what is prepared in a database by this library.
 *
 * @param id     Only of this transaction; NULL: of all.
 * @param count  In: the room in `out`. Out: how many there are.
 * @return As outfall_ping; OUTFALL_ERR_UNSUPPORTED (a driver that cannot prepare). Any thread;
 * blocks as outfall_ping does.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_list(const char *url, const outfall_config *config,
                                                  const char *id, outfall_txn_entry *out,
                                                  size_t *count, outfall_error *error);

/**
 * Ends one prepared transaction by its name, as outfall_txn_list tells it: for people. Committing
 * one that is not decided, or rolling back one that is, breaks the promise; what this database's
 * ledger knows is checked, and refused unless `force` is 1.
 *
 * @param commit  1: commit; 0: roll back.
 * @return OUTFALL_OK; OUTFALL_ERR_NOT_FOUND; OUTFALL_ERR_INVALID (a bad name, or against the
 * ledger); else as outfall_commit.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_end(const char *url, const outfall_config *config,
                                                 const char *id, const char *name, int commit,
                                                 int force, outfall_error *error);

/**
 * Ends all that a transaction of a home database has left in another one, as outfall_txn_open does,
 * for people: what is decided is committed, the rest is rolled back. A program that runs with that
 * id is fenced off.
 *
 * @param home  The URL of the database that decides; NULL: it is `url`.
 * @param out   May be NULL.
 * @return As outfall_recover; OUTFALL_ERR_INVALID where `home` has never decided for that id.
 *
 * Any thread; blocks up to retry.timeout.ms.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_txn_recover(const char *url, const char *home,
                                                     const outfall_config *config, const char *id,
                                                     outfall_recovery *out, outfall_error *error);

#ifdef __cplusplus
}
#endif
#endif
