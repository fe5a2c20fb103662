/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls by which a file gets to the disk, for a program to define itself, so that they come
 * here first: a chosen one fails, or kills the process before, in or after it. Included by the one
 * file of such a program.
 */
#ifndef OUTFALL_TEST_FAULTY_DISK_H
#define OUTFALL_TEST_FAULTY_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NEVER, BEFORE, HALF, AFTER };

static struct {
    int nth;          /* The call at which it happens, from 1; 0: none. */
    int kill_when;    /* With SIGKILL; NEVER: it fails. */
    int error;        /* Of the call that fails. */
    const char *only; /* Count calls of this name alone; NULL: all. */
    int seen;
    char trace[4096]; /* The names of the calls. */
    bool without_fallocate;
    off_t room; /* A disk is full beyond this many bytes of a file; 0: it is not. */
    atomic_int fdatasyncs;
    int (*at_flock)(void);
    pthread_mutex_t *hold; /* An fdatasync waits until it is free. */
} fault;

static void set_fault(int nth, int kill_when, int error, const char *only)
{
    fault.nth = nth;
    fault.kill_when = kill_when;
    fault.error = error;
    fault.only = only;
    fault.seen = 0;
    fault.trace[0] = '\0';
}

/* Whether this call is the one. */
static bool is_hit(const char *name)
{
    size_t used = strlen(fault.trace);
    snprintf(fault.trace + used, sizeof fault.trace - used, "%s%s", used > 0 ? " " : "", name);
    if (fault.only != NULL && strcmp(fault.only, name) != 0)
        return false;
    return ++fault.seen == fault.nth;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Before a call: whether it fails, with errno set. */
static bool before(const char *name, bool *dies)
{
    *dies = false;
    if (!is_hit(name))
        return false;
    if (fault.kill_when == BEFORE)
        die();
    *dies = fault.kill_when != NEVER;
    errno = fault.error;
    return fault.kill_when == NEVER;
}

static int end(long result, bool dies)
{
    if (dies)
        die();
    return (int)result;
}

int fdatasync(int fd)
{
    bool dies;
    fault.fdatasyncs++;
    if (fault.hold != NULL) {
        pthread_mutex_lock(fault.hold);
        pthread_mutex_unlock(fault.hold);
    }
    return before("fdatasync", &dies) ? -1 : end(syscall(SYS_fdatasync, fd), dies);
}

int fsync(int fd)
{
    bool dies;
    return before("fsync", &dies) ? -1 : end(syscall(SYS_fsync, fd), dies);
}

int ftruncate(int fd, off_t length)
{
    bool dies;
    return before("ftruncate", &dies) ? -1 : end(syscall(SYS_ftruncate, fd, length), dies);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    bool dies;
    if (fault.without_fallocate) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (fault.room > 0 && offset + length > fault.room) {
        is_hit("full");
        errno = ENOSPC;
        return -1;
    }
    return before("fallocate", &dies) ? -1
                                      : end(syscall(SYS_fallocate, fd, mode, offset, length), dies);
}

int renameat(int from, const char *old, int to, const char *new)
{
    bool dies;
    return before("rename", &dies) ? -1 : end(syscall(SYS_renameat2, from, old, to, new, 0), dies);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    bool dies;
    if (before("pwrite", &dies))
        return -1;
    if (dies && fault.kill_when == HALF)
        length /= 2;
    ssize_t written = syscall(SYS_pwrite64, fd, bytes, length, at);
    return end(written, dies) == written ? written : -1;
}

int flock(int fd, int operation)
{
    int (*first)(void) = fault.at_flock;
    fault.at_flock = NULL;
    if (first != NULL && first() != 0)
        return -1;
    return (int)syscall(SYS_flock, fd, operation);
}

#endif
