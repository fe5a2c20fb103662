/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision file of two-phase commit, for transactions without a home database: what is in it
 * is to be committed, what is not is to be rolled back.
 *
 * One process has it, for as long as it lives. A decision is on disk before of_journal_commit
 * returns, and so before any branch is told. Decisions that come while the disk is busy go to it
 * together, in one write and one fdatasync, by whichever of the waiting threads is first: all
 * of them wait anyway, so a thread of its own would only add two changes of thread to each commit.
 * Once a write or an fdatasync fails nothing is decided any more, and it is never tried again: the
 * system may have dropped what it could not write. A full disk is noticed before, and passes.
 *
 * A decision is of a checkpoint, which is decided once; epochs do not fall. Damage is an error,
 * a group of decisions that was cut off on its way to the disk is none: see decision.h. Damage to
 * the last group cannot be told from that, which is why recovery asks the ledgers too.
 *
 * Any thread, but for open and close. After fork it belongs to the parent: a child may close it.
 */
#ifndef OF_TXN_JOURNAL_H
#define OF_TXN_JOURNAL_H

#include <stdint.h>

#include <outfall/error.h>

#include "txn/decision.h"

typedef struct of_journal of_journal;

typedef struct of_journal_stats {
    uint64_t decisions; /* That are not forgotten. */
    uint64_t bytes;     /* Of the file. */
    uint64_t groups;    /* Written since it was opened, each by one fdatasync. */
    uint64_t rewrites;  /* Times that it was replaced by a shorter file since then. */
    uint32_t waiting;   /* Threads whose decision waits for its turn. */
} of_journal_stats;

/* It is replaced by a shorter one where that saves as much, and half of it. */
#define OF_JOURNAL_REWRITE_BYTES ((uint64_t)256 << 10)

/*
 * Opens the file, or makes it and its decisions none. Waits for the disk, never for a lock.
 * OUTFALL_ERR_CONFIG: it cannot be had, or another process has it, which the message names.
 * OUTFALL_ERR_UNSUPPORTED: of another version. OUTFALL_ERR_INVALID: of another transaction id,
 * damaged, or not a decision file. OUTFALL_ERR_IO, OUTFALL_ERR_UNKNOWN: the disk failed.
 * OUTFALL_ERR_NOMEM.
 */
int of_journal_open(const char *path, const char *id, of_journal **out, outfall_error *error);

/*
 * Decides to commit; returns once that is on disk. The same decision once more is legal, and
 * costs nothing. `branches` are borrowed for the call.
 *
 * OUTFALL_ERR_INVALID: none or too many branches, or the checkpoint is forgotten, or was decided
 * otherwise. OUTFALL_ERR_FENCED: a higher epoch was seen. OUTFALL_ERR_FULL: too many decisions are
 * not forgotten. OUTFALL_ERR_NOMEM. OUTFALL_ERR_IO: there is no room, which may pass, or it failed
 * before (OUTFALL_ACTION_STOP). After all these there is no decision. After OUTFALL_ERR_UNKNOWN
 * there may be one: nothing may be rolled back before the file was opened again and read.
 */
int of_journal_commit(of_journal *journal, uint32_t epoch, uint64_t checkpoint,
                      const of_party *branches, uint32_t count, outfall_error *error);

/*
 * Sets *out to the decision; it is valid until it is forgotten or the journal is closed.
 * OUTFALL_ERR_NOT_FOUND: there is none, or it is forgotten. OUTFALL_ERR_UNKNOWN: it is being
 * decided, or the journal failed. Never waits.
 */
int of_journal_find(of_journal *journal, uint32_t epoch, uint64_t checkpoint,
                    const of_decision **out, outfall_error *error);

/*
 * The first decision, by checkpoint, of checkpoint `from` or a later one; NULL where there is none.
 * Valid as of_journal_find's.
 */
const of_decision *of_journal_next(of_journal *journal, uint64_t from);

/*
 * Forgets the decisions on checkpoints before this one: only once all branches of all of these
 * are ended in their databases. Now and then waits for the disk, to shorten the file: after
 * OUTFALL_ERR_IO or OUTFALL_ERR_NOMEM it is as long as it was, and all is well;
 * OUTFALL_ERR_UNKNOWN: it failed.
 */
int of_journal_forget(of_journal *journal, uint64_t checkpoint, outfall_error *error);

void of_journal_get_stats(of_journal *journal, of_journal_stats *out);

/* No other thread may be in a call. NULL is legal. The file stays. */
void of_journal_close(of_journal *journal);

#endif
