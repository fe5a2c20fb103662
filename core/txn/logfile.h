/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of decisions on disk: opened and locked for life, written in groups, replaced by a
 * shorter one. One thread at a time; each call waits for the disk as long as that takes. Regular
 * files of this user only, by no link: another name would keep the file that was replaced.
 */
#ifndef OF_TXN_LOGFILE_H
#define OF_TXN_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/error.h>

#include "base/lockfile.h"
#include "txn/decision.h"

/* Of one group; at least one decision of any size. */
#define OF_LOGFILE_GROUP_BYTES_MAX ((size_t)2 * OF_DECISION_BYTES_MAX)

/* Of a file. */
#define OF_LOGFILE_BYTES_MAX ((size_t)64 << 20)

typedef struct of_logfile {
    of_lockfile file;
    of_lockfile directory;
    char *path;
    const char *name; /* The last part of path. */
    char *id;
    uint8_t *buffer; /* OF_LOGFILE_GROUP_BYTES_MAX */
    of_decision_head head;
    uint64_t end;      /* Where the next group will lie. */
    uint64_t reserved; /* Up to there the disk has room; UINT64_MAX where it cannot be told. */
} of_logfile;

#define OF_LOGFILE_CLOSED                                                                          \
    {                                                                                              \
        .file = OF_LOCKFILE_CLOSED, .directory = OF_LOCKFILE_CLOSED                                \
    }

/*
 * Opens and locks the file, or makes it; `log` is closed before, and after a failure. What it
 * holds goes to *bytes, which the caller frees by of_free, and is to be read by a cursor and handed
 * to of_logfile_settle before anything else. The file's head is read. OUTFALL_ERR_CONFIG: not a
 * file that can be had, or another process has it. Else as of_decision_head_decode, and
 * OUTFALL_ERR_IO, OUTFALL_ERR_NOMEM.
 */
int of_logfile_open(of_logfile *log, const char *path, const char *id, uint8_t **bytes,
                    size_t *length, outfall_error *error);

/*
 * Puts what was read beyond doubt: the last group again, since whoever wrote it may have died, or
 * failed, before it was on disk; nothing behind it; and the file's name.
 */
int of_logfile_settle(of_logfile *log, const uint8_t *bytes, const of_decision_cursor *cursor,
                      outfall_error *error);

/*
 * Appends log->buffer's first `length` bytes, a group, and waits until they are on disk.
 * OUTFALL_ERR_IO: there is no room; nothing was written, and it may be tried again.
 * OUTFALL_ERR_UNKNOWN: it may be there, all of it or a part; the file must not be written again.
 */
int of_logfile_append(of_logfile *log, size_t length, outfall_error *error);

/*
 * Replaces the file by one that holds these decisions alone, with `forgotten` and `epoch` in its
 * head. OUTFALL_ERR_IO: the file is as it was. OUTFALL_ERR_UNKNOWN: as of_logfile_append.
 */
int of_logfile_replace(of_logfile *log, const of_decision *const *decisions, size_t count,
                       uint64_t forgotten, uint32_t epoch, outfall_error *error);

/* A closed one is legal; so is one of the parent process. */
void of_logfile_close(of_logfile *log);

#endif
