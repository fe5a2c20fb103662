/* SPDX-License-Identifier: Apache-2.0 */
#include "txn/journal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/fork.h"
#include "txn/logfile.h"

/* Of a thread that waits in of_journal_commit, on its stack. */
typedef struct waiter {
    of_decision *decision; /* The journal's, once it is on disk. */
    outfall_error *error;
    struct waiter *next;
    int status;
    bool done;
} waiter;

struct of_journal {
    pthread_mutex_t mutex; /* Never held while the disk is waited for. */
    pthread_cond_t changed;
    uint32_t fork_generation;

    bool busy;      /* A thread has the file: the parts from here to `failed` are its own. */
    of_logfile log; /* Its own, but for path. */

    bool failed; /* For good, for the reason in `failure`. */
    outfall_error failure;
    of_decision **decisions; /* By checkpoint; each is one allocation, with its branches. */
    size_t count;
    size_t capacity;
    waiter *queue; /* In the order in which they came. */
    waiter **queue_end;
    waiter *taken;        /* Those whose group is being written. */
    uint64_t wanted;      /* Bytes of those in the queue and taken. */
    uint32_t queued;      /* How many are in the queue. */
    uint32_t outstanding; /* And taken. */
    uint32_t epoch;       /* The highest seen. */
    uint64_t forgotten;
    uint64_t live; /* Bytes of the records that are not forgotten. */
    uint64_t end;  /* Of the file. */
    uint64_t head_bytes;
    uint64_t groups;
    uint64_t rewrites;
};

/* ---- What is decided -------------------------------------------------------------- */

/* Where the first decision of checkpoint `from` or a later one is. */
static size_t position(const of_journal *journal, uint64_t from)
{
    size_t low = 0, high = journal->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (journal->decisions[middle]->checkpoint < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static of_decision *decided(const of_journal *journal, uint64_t checkpoint)
{
    size_t at = position(journal, checkpoint);
    bool is_there = at < journal->count && journal->decisions[at]->checkpoint == checkpoint;
    return is_there ? journal->decisions[at] : NULL;
}

/* Room for `count` decisions, so that none fails to be kept once it is on disk. */
static int make_room(of_journal *journal, size_t count, outfall_error *error)
{
    if (count <= journal->capacity)
        return OUTFALL_OK;
    size_t capacity = count < 16 ? 16 : count + count / 2;
    of_decision **more = of_realloc(journal->decisions, capacity * sizeof *more);
    if (more == NULL)
        return of_fail_nomem(error);
    journal->decisions = more;
    journal->capacity = capacity;
    return OUTFALL_OK;
}

static void keep(of_journal *journal, of_decision *decision)
{
    size_t at = position(journal, decision->checkpoint);
    memmove(journal->decisions + at + 1, journal->decisions + at,
            (journal->count - at) * sizeof decision);
    journal->decisions[at] = decision;
    journal->count++;
    journal->live += OF_DECISION_BYTES(decision->count);
}

/* A decision with room for its branches, which are to be filled in at *branches. */
static of_decision *make(uint32_t epoch, uint64_t checkpoint, uint32_t count, of_party **branches)
{
    of_decision *it = of_alloc(sizeof *it + count * sizeof **branches);
    if (it == NULL)
        return NULL;
    *branches = (of_party *)(it + 1);
    *it = (of_decision){
        .checkpoint = checkpoint, .epoch = epoch, .count = count, .branches = *branches};
    return it;
}

static bool is_same(const of_decision *a, const of_decision *b)
{
    return a->epoch == b->epoch && a->count == b->count &&
           memcmp(a->branches, b->branches, a->count * sizeof *a->branches) == 0;
}

static const waiter *find_waiter(const waiter *from, uint64_t checkpoint)
{
    while (from != NULL && from->decision->checkpoint != checkpoint)
        from = from->next;
    return from;
}

static const waiter *outstanding(const of_journal *journal, uint64_t checkpoint)
{
    const waiter *found = find_waiter(journal->taken, checkpoint);
    return found != NULL ? found : find_waiter(journal->queue, checkpoint);
}

/* ---- Opening and closing ---------------------------------------------------------- */

/* A record that ends at `end`. */
static int load_decision(of_journal *journal, const of_decision_record *record, size_t end,
                         outfall_error *error)
{
    const of_decision_head *head = &journal->log.head;
    of_party *branches;
    const char *why = NULL;
    if (record->checkpoint < head->forgotten)
        why = "is forgotten";
    else if (end <= head->sound && record->epoch > head->epoch)
        why = "has a higher epoch than its head";
    else if (end > head->sound && record->epoch < journal->epoch)
        why = "has a lower epoch than one before it";
    else if (decided(journal, record->checkpoint) != NULL)
        why = "was taken twice";
    if (why != NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "decision file %.200s was written wrongly: the decision on checkpoint "
                       "%" PRIu64 " %s",
                       journal->log.path, record->checkpoint, why);
    int status = make_room(journal, journal->count + 1, error);
    if (status != OUTFALL_OK)
        return status;
    of_decision *decision = make(record->epoch, record->checkpoint, record->count, &branches);
    if (decision == NULL)
        return of_fail_nomem(error);
    of_decision_branches(record, branches);
    keep(journal, decision);
    if (record->epoch > journal->epoch)
        journal->epoch = record->epoch;
    return OUTFALL_OK;
}

static int load_all(of_journal *journal, const uint8_t *bytes, size_t length, outfall_error *error)
{
    outfall_error inner;
    of_decision_record record;
    of_decision_cursor cursor = {.head = &journal->log.head, .bytes = bytes, .length = length};
    journal->epoch = journal->log.head.epoch;
    journal->forgotten = journal->log.head.forgotten;
    for (;;) {
        int status = of_decision_next(&cursor, &record, &inner);
        if (status != OUTFALL_OK)
            return of_fail(error, status, "decision file %.150s %s", journal->log.path,
                           inner.message);
        if (record.bytes == 0)
            break;
        status = load_decision(journal, &record, cursor.at, error);
        if (status != OUTFALL_OK)
            return status;
    }
    return of_logfile_settle(&journal->log, bytes, &cursor, error);
}

int of_journal_open(const char *path, const char *id, of_journal **out, outfall_error *error)
{
    uint8_t *bytes = NULL;
    size_t length;
    *out = NULL;
    of_journal *journal = of_calloc(1, sizeof *journal);
    if (journal == NULL)
        return of_fail_nomem(error);
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_cond_init(&journal->changed, NULL);
    journal->log = (of_logfile)OF_LOGFILE_CLOSED;
    journal->fork_generation = of_fork_generation;
    journal->queue_end = &journal->queue;
    int status = of_logfile_open(&journal->log, path, id, &bytes, &length, error);
    if (status == OUTFALL_OK)
        status = load_all(journal, bytes, length, error);
    of_free(bytes);
    if (status != OUTFALL_OK) {
        of_journal_close(journal);
        return status;
    }
    journal->end = journal->log.end;
    journal->head_bytes = journal->log.head.bytes;
    *out = journal;
    return OUTFALL_OK;
}

void of_journal_close(of_journal *journal)
{
    if (journal == NULL)
        return;
    for (size_t i = 0; i < journal->count; i++)
        of_free(journal->decisions[i]);
    of_free(journal->decisions);
    of_logfile_close(&journal->log);
    /* In a child a thread may seem to hold them that does not exist. */
    if (journal->fork_generation == of_fork_generation) {
        pthread_cond_destroy(&journal->changed);
        pthread_mutex_destroy(&journal->mutex);
    }
    of_free(journal);
}

/* ---- Deciding --------------------------------------------------------------------- */

static int check_fork(const of_journal *journal, outfall_error *error)
{
    if (journal->fork_generation == of_fork_generation)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_CLOSED,
                   "the decision file belongs to the parent process: open another after fork");
}

/* After it failed: nothing was done. */
static int fail_failed(const of_journal *journal, int status, outfall_error *error)
{
    return outfall_error_set(error, status, OUTFALL_ACTION_STOP, "it failed before: %s",
                             journal->failure.message);
}

/* Whether it may be decided; *known where it was, and is on disk. */
static int check_decision(const of_journal *journal, const of_decision *it, bool *known,
                          outfall_error *error)
{
    const of_decision *before = decided(journal, it->checkpoint);
    *known = before != NULL && is_same(before, it);
    if (*known)
        return OUTFALL_OK;
    if (journal->failed)
        return fail_failed(journal, OUTFALL_ERR_IO, error);
    if (before != NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "checkpoint %" PRIu64 " was decided in epoch %" PRIu32 " on %" PRIu32
                       " branches: it cannot be decided otherwise",
                       it->checkpoint, before->epoch, before->count);
    if (outstanding(journal, it->checkpoint) != NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "checkpoint %" PRIu64 " is being decided by another thread", it->checkpoint);
    if (it->checkpoint < journal->forgotten)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "checkpoint %" PRIu64 " is before %" PRIu64
                       ", and decisions before that one are forgotten",
                       it->checkpoint, journal->forgotten);
    if (it->epoch < journal->epoch)
        return of_fail(error, OUTFALL_ERR_FENCED,
                       "epoch %" PRIu32 " is over: the decision file has seen epoch %" PRIu32,
                       it->epoch, journal->epoch);
    if (journal->end + journal->wanted + OF_DECISION_BYTES(it->count) > OF_LOGFILE_BYTES_MAX)
        return of_fail(error, OUTFALL_ERR_FULL,
                       "decision file %.200s has %zu decisions, and no room for more in %zu "
                       "bytes: forget those whose branches are ended",
                       journal->log.path, journal->count, OF_LOGFILE_BYTES_MAX);
    return OUTFALL_OK;
}

/* As many from the queue's front as go into one group, at least one. Returns their bytes. */
static size_t take_group(of_journal *journal)
{
    size_t bytes = 0;
    waiter **last = &journal->queue;
    while (*last != NULL) {
        size_t more = OF_DECISION_BYTES((*last)->decision->count);
        if (bytes + more > OF_LOGFILE_GROUP_BYTES_MAX)
            break;
        bytes += more;
        journal->queued--;
        last = &(*last)->next;
    }
    journal->taken = journal->queue;
    journal->queue = *last;
    *last = NULL;
    if (journal->queue == NULL)
        journal->queue_end = &journal->queue;
    return bytes;
}

static int write_group(of_journal *journal, const waiter *first, outfall_error *error)
{
    of_logfile *log = &journal->log;
    size_t used = 0;
    for (; first != NULL; first = first->next)
        used += of_decision_encode(&log->head, first->decision, log->end + used, log->end,
                                   log->buffer + used);
    return of_logfile_append(log, used, error);
}

/* Tells those of a list that they are done; `status` is what became of all of them. */
static void settle(of_journal *journal, waiter *first, int status, const outfall_error *failure)
{
    for (waiter *next; first != NULL; first = next) {
        next = first->next; /* It is gone once it is done. */
        journal->wanted -= OF_DECISION_BYTES(first->decision->count);
        journal->outstanding--;
        first->status = status;
        if (status == OUTFALL_OK)
            keep(journal, first->decision);
        else
            of_fail_copy(first->error, failure);
        first->done = true;
    }
}

/* With all that wait. */
static void fail_for_good(of_journal *journal, const outfall_error *failure)
{
    outfall_error later;
    waiter *queue = journal->queue;
    journal->failed = true;
    journal->failure = *failure;
    fail_failed(journal, OUTFALL_ERR_IO, &later);
    journal->queue = NULL;
    journal->queue_end = &journal->queue;
    journal->queued = 0;
    settle(journal, queue, OUTFALL_ERR_IO, &later);
}

/* Writes a group, which the caller's decision need not be in. Called and left with the mutex. */
static void lead(of_journal *journal)
{
    outfall_error error;
    size_t bytes = take_group(journal);
    journal->busy = true;
    pthread_mutex_unlock(&journal->mutex);
    int status = write_group(journal, journal->taken, &error);
    pthread_mutex_lock(&journal->mutex);
    journal->busy = false;
    waiter *taken = journal->taken;
    journal->taken = NULL;
    settle(journal, taken, status, &error);
    if (status == OUTFALL_OK) {
        journal->end += bytes;
        journal->groups++;
    } else if (status == OUTFALL_ERR_UNKNOWN) {
        fail_for_good(journal, &error);
    }
    pthread_cond_broadcast(&journal->changed);
}

static int decide(of_journal *journal, of_decision *decision, bool *kept, outfall_error *error)
{
    waiter own = {.decision = decision, .error = error};
    bool known = false;
    int status = check_decision(journal, decision, &known, error);
    if (status == OUTFALL_OK && !known)
        status = make_room(journal, journal->count + journal->outstanding + 1, error);
    if (status != OUTFALL_OK || known)
        return status;
    journal->epoch = decision->epoch;
    journal->wanted += OF_DECISION_BYTES(decision->count);
    journal->queued++;
    journal->outstanding++;
    *journal->queue_end = &own;
    /* cppcheck-suppress autoVariables; it leaves the queue before this returns. */
    journal->queue_end = &own.next;
    while (!own.done) {
        if (journal->busy)
            pthread_cond_wait(&journal->changed, &journal->mutex);
        else
            lead(journal);
    }
    *kept = own.status == OUTFALL_OK;
    return own.status;
}

int of_journal_commit(of_journal *journal, uint32_t epoch, uint64_t checkpoint,
                      const of_party *branches, uint32_t count, outfall_error *error)
{
    of_party *own;
    bool kept = false;
    int status = check_fork(journal, error);
    if (status != OUTFALL_OK)
        return status;
    if (count == 0 || count > OF_DECISION_BRANCHES_MAX)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a decision on %" PRIu32 " branches: it needs 1 to %d", count,
                       OF_DECISION_BRANCHES_MAX);
    of_decision *decision = make(epoch, checkpoint, count, &own);
    if (decision == NULL)
        return of_fail_nomem(error);
    memcpy(own, branches, count * sizeof *own);
    pthread_mutex_lock(&journal->mutex);
    status = decide(journal, decision, &kept, error);
    pthread_mutex_unlock(&journal->mutex);
    if (!kept)
        of_free(decision);
    return status;
}

/* ---- Reading ---------------------------------------------------------------------- */

int of_journal_find(of_journal *journal, uint32_t epoch, uint64_t checkpoint,
                    const of_decision **out, outfall_error *error)
{
    *out = NULL;
    int status = check_fork(journal, error);
    if (status != OUTFALL_OK)
        return status;
    pthread_mutex_lock(&journal->mutex);
    const of_decision *found = decided(journal, checkpoint);
    if (found != NULL && found->epoch == epoch)
        *out = found;
    else if (outstanding(journal, checkpoint) != NULL)
        status = of_fail(error, OUTFALL_ERR_UNKNOWN,
                         "checkpoint %" PRIu64 " is being decided: ask again", checkpoint);
    else if (journal->failed)
        status = fail_failed(journal, OUTFALL_ERR_UNKNOWN, error);
    else
        status = of_fail(error, OUTFALL_ERR_NOT_FOUND,
                         "checkpoint %" PRIu64 " of epoch %" PRIu32 " %s", checkpoint, epoch,
                         checkpoint < journal->forgotten ? "is forgotten: all of it was ended"
                                                         : "was not decided: roll it back");
    pthread_mutex_unlock(&journal->mutex);
    return status;
}

const of_decision *of_journal_next(of_journal *journal, uint64_t from)
{
    if (journal->fork_generation != of_fork_generation)
        return NULL;
    pthread_mutex_lock(&journal->mutex);
    size_t at = position(journal, from);
    const of_decision *found = at < journal->count ? journal->decisions[at] : NULL;
    pthread_mutex_unlock(&journal->mutex);
    return found;
}

void of_journal_get_stats(of_journal *journal, of_journal_stats *out)
{
    memset(out, 0, sizeof *out);
    if (journal->fork_generation != of_fork_generation)
        return;
    pthread_mutex_lock(&journal->mutex);
    *out = (of_journal_stats){
        .decisions = journal->count,
        .bytes = journal->end,
        .groups = journal->groups,
        .rewrites = journal->rewrites,
        .waiting = journal->queued,
    };
    pthread_mutex_unlock(&journal->mutex);
}

/* ---- Forgetting ------------------------------------------------------------------- */

/* Writes what is left to a new file. Called and left with the mutex, by the thread that leads. */
static int rewrite(of_journal *journal, outfall_error *error)
{
    outfall_error failure;
    size_t count = journal->count;
    uint32_t epoch = journal->epoch;
    uint64_t forgotten = journal->forgotten;
    const of_decision **left = NULL;
    if (count > 0) {
        /* Meanwhile others may make room in the list itself. */
        left = of_alloc(count * sizeof *left);
        if (left == NULL)
            return of_fail_nomem(error);
        memcpy(left, journal->decisions, count * sizeof *left);
    }
    pthread_mutex_unlock(&journal->mutex);
    int status = of_logfile_replace(&journal->log, left, count, forgotten, epoch, &failure);
    pthread_mutex_lock(&journal->mutex);
    of_free(left);
    if (status == OUTFALL_OK) {
        journal->end = journal->log.end;
        journal->rewrites++;
    } else {
        of_fail_copy(error, &failure);
        if (status == OUTFALL_ERR_UNKNOWN)
            fail_for_good(journal, &failure);
    }
    return status;
}

static int forget(of_journal *journal, uint64_t checkpoint, outfall_error *error)
{
    while (journal->busy)
        pthread_cond_wait(&journal->changed, &journal->mutex);
    if (journal->failed)
        return fail_failed(journal, OUTFALL_ERR_IO, error);
    for (const waiter *one = journal->queue; one != NULL; one = one->next) {
        if (one->decision->checkpoint < checkpoint)
            return of_fail(error, OUTFALL_ERR_INVALID,
                           "decisions before checkpoint %" PRIu64 " cannot be forgotten: %" PRIu64
                           " is being decided",
                           checkpoint, one->decision->checkpoint);
    }
    size_t gone = position(journal, checkpoint);
    for (size_t i = 0; i < gone; i++) {
        journal->live -= OF_DECISION_BYTES(journal->decisions[i]->count);
        of_free(journal->decisions[i]);
    }
    journal->count -= gone;
    if (gone > 0)
        memmove(journal->decisions, journal->decisions + gone,
                journal->count * sizeof *journal->decisions);
    if (checkpoint > journal->forgotten)
        journal->forgotten = checkpoint;
    uint64_t dead = journal->end - journal->head_bytes - journal->live;
    if (dead < OF_JOURNAL_REWRITE_BYTES || dead < journal->live)
        return OUTFALL_OK;
    journal->busy = true;
    int status = rewrite(journal, error);
    journal->busy = false;
    pthread_cond_broadcast(&journal->changed);
    return status;
}

int of_journal_forget(of_journal *journal, uint64_t checkpoint, outfall_error *error)
{
    int status = check_fork(journal, error);
    if (status != OUTFALL_OK)
        return status;
    pthread_mutex_lock(&journal->mutex);
    status = forget(journal, checkpoint, error);
    pthread_mutex_unlock(&journal->mutex);
    return status;
}
