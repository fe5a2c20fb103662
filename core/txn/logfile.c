/* SPDX-License-Identifier: Apache-2.0 */
#include "txn/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/log.h"

/* Room is asked for in steps, so that a full disk is noticed before anything is written. */
#define RESERVE_BYTES ((uint64_t)64 << 10)

/* The file may be replaced between its opening and its locking; not many times. */
#define OPEN_ATTEMPTS 16

#define NEW_SUFFIX ".new"

/* ---- Errors ----------------------------------------------------------------------- */

static const char *name_of_errno(int number, char text[128])
{
    return strerror_r(number, text, 128);
}

static int fail_errno(const of_logfile *log, int status, const char *what, const char *advice,
                      int number, outfall_error *error)
{
    char text[128];
    of_fail(error, status, "decision file %.200s cannot be %s: %s; %s", log->path, what,
            name_of_errno(number, text), advice);
    if (error != NULL)
        error->native_code = number;
    return status;
}

/* Puts the file's name before what an error says of its bytes. */
static int fail_bytes(const of_logfile *log, const outfall_error *inner, outfall_error *error)
{
    return of_fail(error, inner->status, "decision file %.150s %s", log->path, inner->message);
}

static int fail_unknown(const of_logfile *log, const char *what, int number, outfall_error *error)
{
    return fail_errno(log, OUTFALL_ERR_UNKNOWN, what,
                      "nothing more is decided until it is opened again, which tells what was "
                      "decided: mend the disk, then restart",
                      number, error);
}

/* ---- System calls ----------------------------------------------------------------- */

/* Returns 0 or an errno. */
static int write_all(int fd, const uint8_t *bytes, size_t length, uint64_t at)
{
    while (length > 0) {
        ssize_t written = pwrite(fd, bytes, length, (off_t)at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written == 0 ? EIO : errno;
        bytes += written;
        length -= (size_t)written;
        at += (uint64_t)written;
    }
    return 0;
}

/* Returns 0 or an errno; EIO where the file ends before. */
static int read_all(int fd, uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        ssize_t got = pread(fd, bytes + at, length - at, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? EIO : errno;
        at += (size_t)got;
    }
    return 0;
}

/* Room for the file up to `end`. Returns 0 or an errno. */
static int reserve(int fd, uint64_t end, uint64_t *reserved)
{
    if (end <= *reserved)
        return 0;
    uint64_t wanted = (end + RESERVE_BYTES - 1) / RESERVE_BYTES * RESERVE_BYTES;
    int status;
    for (;;) {
        status = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)wanted) == 0 ? 0 : errno;
        if ((status == ENOSPC || status == EDQUOT) && wanted > end)
            wanted = end; /* What is left may still do. */
        else if (status != EINTR)
            break;
    }
    if (status == ENOSPC || status == EDQUOT)
        return status;
    *reserved = status == 0 ? wanted : UINT64_MAX; /* Not every file system can. */
    return 0;
}

/* ---- Opening ---------------------------------------------------------------------- */

static int fail_open(const of_logfile *log, int number, outfall_error *error)
{
    return fail_errno(log, OUTFALL_ERR_CONFIG, "opened",
                      "name a file in a directory that this process may write", number, error);
}

static int fail_lock(const of_logfile *log, int number, outfall_error *error)
{
    if (number != EWOULDBLOCK)
        return fail_errno(log, OUTFALL_ERR_CONFIG, "locked",
                          "put it on a local file system, where flock works", number, error);
    pid_t holder = of_lockfile_holder(&log->file);
    if (holder == getpid())
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "decision file %.200s is open in this process already: give each "
                       "transaction id a file of its own",
                       log->path);
    char who[64] = "another process";
    if (holder != 0)
        snprintf(who, sizeof who, "process %ld", (long)holder);
    return of_fail(error, OUTFALL_ERR_CONFIG,
                   "decision file %.200s is locked by %s: stop that one, or name another file",
                   log->path, who);
}

/* What the file is, once it is locked; it may not be the one that has the name any more. */
static int check_file(const of_logfile *log, bool *replaced, off_t *size, outfall_error *error)
{
    struct stat own, named;
    *replaced = false;
    if (fstat(log->file.fd, &own) != 0)
        return fail_open(log, errno, error);
    if (fstatat(log->directory.fd, log->name, &named, AT_SYMLINK_NOFOLLOW) != 0) {
        *replaced = errno == ENOENT;
        return *replaced ? OUTFALL_OK : fail_open(log, errno, error);
    }
    *replaced = own.st_dev != named.st_dev || own.st_ino != named.st_ino;
    *size = own.st_size;
    if (*replaced)
        return OUTFALL_OK;
    if (own.st_nlink != 1)
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "decision file %.200s has %lu names: remove the other ones", log->path,
                       (unsigned long)own.st_nlink);
    if (own.st_size > (off_t)OF_LOGFILE_BYTES_MAX)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "decision file %.200s has %lld bytes, and none has more than %zu: name a "
                       "decision file",
                       log->path, (long long)own.st_size, OF_LOGFILE_BYTES_MAX);
    return OUTFALL_OK;
}

/* Before it is locked: a lock on another's file, or on a device, is in others' way. */
static int check_kind(const of_logfile *log, outfall_error *error)
{
    struct stat stat;
    if (fstat(log->file.fd, &stat) != 0)
        return fail_open(log, errno, error);
    if (!S_ISREG(stat.st_mode))
        return of_fail(error, OUTFALL_ERR_CONFIG, "decision file %.200s is not a file: name a file",
                       log->path);
    if (stat.st_uid != geteuid())
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "decision file %.200s belongs to user %u, and this process is of user %u: "
                       "run it as that one, or name another file",
                       log->path, (unsigned)stat.st_uid, (unsigned)geteuid());
    return OUTFALL_OK;
}

static int open_and_lock(of_logfile *log, off_t *size, outfall_error *error)
{
    for (int i = 0; i < OPEN_ATTEMPTS; i++) {
        bool replaced = false;
        /* O_NONBLOCK and O_NOCTTY: it may turn out to be a pipe or a terminal. */
        int number = of_lockfile_open(&log->file, log->directory.fd, log->name,
                                      O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (number == ELOOP)
            return of_fail(error, OUTFALL_ERR_CONFIG,
                           "decision file %.200s is a symbolic link: name the file itself",
                           log->path);
        if (number != 0)
            return fail_open(log, number, error);
        int status = check_kind(log, error);
        if (status != OUTFALL_OK)
            return status;
        number = of_lockfile_lock(&log->file);
        if (number != 0)
            return fail_lock(log, number, error);
        status = check_file(log, &replaced, size, error);
        if (status != OUTFALL_OK || !replaced)
            return status;
        of_lockfile_close(&log->file);
    }
    return of_fail(error, OUTFALL_ERR_IO,
                   "decision file %.200s was replaced while it was opened, %d times: try again",
                   log->path, OPEN_ATTEMPTS);
}

static int open_directory(of_logfile *log, const char *path, outfall_error *error)
{
    log->path = of_strdup(path);
    if (log->path == NULL)
        return of_fail_nomem(error);
    char *slash = strrchr(log->path, '/');
    log->name = slash == NULL ? log->path : slash + 1;
    if (*log->name == '\0')
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "decision file \"%.200s\" is not a file's name: name a file", path);
    /* Of "/name" the slash, of "name" the directory where the process is. */
    size_t length = slash == NULL || slash == log->path ? 1 : (size_t)(slash - log->path);
    char *directory = of_strndup(slash == NULL ? "." : log->path, length);
    if (directory == NULL)
        return of_fail_nomem(error);
    int number = of_lockfile_open(&log->directory, AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
    of_free(directory);
    return number == 0 ? OUTFALL_OK : fail_open(log, number, error);
}

static int read_file(of_logfile *log, size_t size, uint8_t **bytes, outfall_error *error)
{
    outfall_error inner;
    *bytes = of_alloc(size);
    if (*bytes == NULL)
        return of_fail_nomem(error);
    int number = read_all(log->file.fd, *bytes, size);
    if (number != 0)
        return fail_errno(log, OUTFALL_ERR_IO, "read", "mend the disk, or restore the file", number,
                          error);
    if (of_decision_head_decode(*bytes, size, log->id, &log->head, &inner) != OUTFALL_OK)
        return fail_bytes(log, &inner, error);
    return OUTFALL_OK;
}

int of_logfile_open(of_logfile *log, const char *path, const char *id, uint8_t **bytes,
                    size_t *length, outfall_error *error)
{
    off_t size = 0;
    *bytes = NULL;
    *length = 0;
    int status = of_decision_check_id(id, error);
    if (status != OUTFALL_OK)
        return status;
    log->id = of_strdup(id);
    log->buffer = of_alloc(OF_LOGFILE_GROUP_BYTES_MAX);
    if (log->id == NULL || log->buffer == NULL)
        status = of_fail_nomem(error);
    if (status == OUTFALL_OK)
        status = open_directory(log, path, error);
    if (status == OUTFALL_OK)
        status = open_and_lock(log, &size, error);
    /* One without a byte is new, or was made by a process that got no further. */
    if (status == OUTFALL_OK && size == 0) {
        status = of_logfile_replace(log, NULL, 0, 0, 0, error);
        size = (off_t)log->end;
    }
    if (status == OUTFALL_OK)
        status = read_file(log, (size_t)size, bytes, error);
    if (status == OUTFALL_OK) {
        *length = (size_t)size;
        return OUTFALL_OK;
    }
    of_free(*bytes);
    *bytes = NULL;
    of_logfile_close(log);
    return status;
}

int of_logfile_settle(of_logfile *log, const uint8_t *bytes, const of_decision_cursor *cursor,
                      outfall_error *error)
{
    int fd = log->file.fd;
    if (cursor->at < cursor->length) {
        of_log(OF_LOG_WARNING,
               "decision file %s: %zu bytes at its end were cut off on their way to the disk, and "
               "are removed",
               log->path, cursor->length - cursor->at);
        if (ftruncate(fd, (off_t)cursor->at) != 0)
            return fail_errno(log, OUTFALL_ERR_IO, "truncated", "mend the disk", errno, error);
    }
    int number = write_all(fd, bytes + cursor->group, cursor->at - cursor->group, cursor->group);
    if (number == 0 && fdatasync(fd) != 0)
        number = errno;
    /* Its name may be one that the last process gave it, and died. */
    if (number == 0 && fsync(log->directory.fd) != 0)
        number = errno;
    log->end = cursor->at;
    log->reserved = 0;
    if (number == 0)
        return OUTFALL_OK;
    return fail_errno(log, OUTFALL_ERR_IO, "brought to the disk", "mend the disk", number, error);
}

/* ---- Writing ---------------------------------------------------------------------- */

int of_logfile_append(of_logfile *log, size_t length, outfall_error *error)
{
    int number = reserve(log->file.fd, log->end + length, &log->reserved);
    if (number != 0)
        return fail_errno(log, OUTFALL_ERR_IO, "written",
                          "nothing was decided: make room on its file system", number, error);
    number = write_all(log->file.fd, log->buffer, length, log->end);
    if (number != 0)
        return fail_unknown(log, "written", number, error);
    if (fdatasync(log->file.fd) != 0)
        return fail_unknown(log, "brought to the disk", errno, error);
    log->end += length;
    return OUTFALL_OK;
}

/* Writes all of a new file. Returns 0 or an errno. */
static int write_new(of_logfile *log, int fd, const of_decision_head *head,
                     const of_decision *const *decisions, size_t count)
{
    uint64_t at = head->bytes; /* Where the buffer's first byte goes. */
    size_t used = 0;
    int number = 0;
    for (size_t i = 0; i < count && number == 0; i++) {
        if (used + OF_DECISION_BYTES(decisions[i]->count) > OF_LOGFILE_GROUP_BYTES_MAX) {
            number = write_all(fd, log->buffer, used, at);
            at += used;
            used = 0;
        }
        /* Each a group of its own, since all of them are on disk when the file gets its name. */
        used += of_decision_encode(head, decisions[i], at + used, at + used, log->buffer + used);
    }
    return number == 0 ? write_all(fd, log->buffer, used, at) : number;
}

/*
 * Makes the new file, locked and all of it on disk, and gives it the name. Returns 0 or an errno;
 * not *synced where it was the disk that failed.
 */
static int make_new(of_logfile *log, const char *name, of_lockfile *file, of_decision_head *head,
                    const of_decision *const *decisions, size_t count, bool *synced)
{
    uint8_t bytes[OF_DECISION_HEAD_BYTES_MAX];
    uint64_t reserved = 0;
    struct stat old;
    *synced = true;
    if (getrandom(&head->number, sizeof head->number, 0) != (ssize_t)sizeof head->number)
        return errno;
    of_decision_head_encode(head, log->id, bytes);
    /* Left by a process that died; nobody else has it, since only who has the lock makes one. */
    if (unlinkat(log->directory.fd, name, 0) != 0 && errno != ENOENT)
        return errno;
    int number =
        of_lockfile_open(file, log->directory.fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
    /* Before it has the name: whoever finds it there finds it locked. */
    if (number == 0)
        number = of_lockfile_lock(file);
    if (number == 0 && (fstat(log->file.fd, &old) != 0 || fchmod(file->fd, old.st_mode) != 0))
        number = errno;
    if (number == 0)
        number = reserve(file->fd, head->sound, &reserved);
    if (number == 0)
        number = write_all(file->fd, bytes, head->bytes, 0);
    if (number == 0)
        number = write_new(log, file->fd, head, decisions, count);
    if (number == 0 && fsync(file->fd) != 0) {
        number = errno;
        *synced = false;
    }
    if (number == 0 && renameat(log->directory.fd, name, log->directory.fd, log->name) != 0)
        number = errno;
    if (number != 0 && file->fd != -1)
        unlinkat(log->directory.fd, name, 0);
    return number;
}

int of_logfile_replace(of_logfile *log, const of_decision *const *decisions, size_t count,
                       uint64_t forgotten, uint32_t epoch, outfall_error *error)
{
    of_lockfile file = OF_LOCKFILE_CLOSED;
    bool synced;
    of_decision_head head = {.forgotten = forgotten, .epoch = epoch};
    head.sound = of_decision_head_bytes(log->id);
    for (size_t i = 0; i < count; i++)
        head.sound += OF_DECISION_BYTES(decisions[i]->count);
    char *name = of_alloc(strlen(log->name) + sizeof NEW_SUFFIX);
    if (name == NULL)
        return of_fail_nomem(error);
    snprintf(name, strlen(log->name) + sizeof NEW_SUFFIX, "%s" NEW_SUFFIX, log->name);
    int number = make_new(log, name, &file, &head, decisions, count, &synced);
    of_free(name);
    if (number != 0) {
        of_lockfile_close(&file);
        if (!synced)
            return fail_unknown(log, "brought to the disk", number, error);
        return fail_errno(log, OUTFALL_ERR_IO, "made anew",
                          "let this process write its directory, and make room there", number,
                          error);
    }
    of_lockfile_close(&log->file);
    of_lockfile_move(&log->file, &file);
    log->head = head;
    log->end = head.sound;
    log->reserved = 0;
    if (fsync(log->directory.fd) != 0)
        return fail_unknown(log, "brought to the disk", errno, error);
    return OUTFALL_OK;
}

void of_logfile_close(of_logfile *log)
{
    of_lockfile_close(&log->file);
    of_lockfile_close(&log->directory);
    of_free(log->path);
    of_free(log->id);
    of_free(log->buffer);
    *log = (of_logfile)OF_LOGFILE_CLOSED;
}
