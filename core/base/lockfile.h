/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that one process has, for as long as it keeps it open.
 *
 * flock belongs to the open file, which a child of fork shares: it would keep the lock after its
 * parent died, and nobody could recover. So children close these files as they are born. (Those
 * of vfork and posix_spawn do when they execute a program.) Closing does not unlock while the
 * parent has the file; LOCK_UN would, and is never used.
 */
#ifndef OF_BASE_LOCKFILE_H
#define OF_BASE_LOCKFILE_H

#include <sys/types.h>

/* Stays where it is while it is open, but for of_lockfile_move. */
typedef struct of_lockfile {
    int fd;                   /* -1 while it is closed, and in children of fork. */
    struct of_lockfile *next; /* Of all that are open. */
    struct of_lockfile **link;
} of_lockfile;

#define OF_LOCKFILE_CLOSED                                                                         \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/*
 * Opens `name` in the directory of the descriptor `directory` (AT_FDCWD: where the process is), as
 * openat does; a file it makes belongs to its user alone. Any thread; a fork waits meanwhile.
 * Returns 0 or an errno, and then it is closed.
 */
int of_lockfile_open(of_lockfile *file, int directory, const char *name, int flags);

/* Locks it for life. Never waits. Returns 0 or an errno: EWOULDBLOCK where another has it. */
int of_lockfile_lock(const of_lockfile *file);

/*
 * The process that has the lock, which may be this one; 0 where that is not known: the system
 * does not say it of every kind of file system.
 */
pid_t of_lockfile_holder(const of_lockfile *file);

/* Moves an open file to `to`, which is closed. */
void of_lockfile_move(of_lockfile *to, of_lockfile *from);

/* A closed one is legal. */
void of_lockfile_close(of_lockfile *file);

#endif
