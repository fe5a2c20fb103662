/* SPDX-License-Identifier: Apache-2.0 */
/* A database server as a child process: not as root, in a directory of its own, gone with us. */
#ifndef BENCH_DAEMON_H
#define BENCH_DAEMON_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include <outfall/error.h>

struct daemon {
    char directory[PATH_MAX];
    pid_t pid; /* 0: not running. */
    uid_t uid; /* Of whom it runs as, where root started us. */
    gid_t gid;
};

/*
 * Makes `parent`/`name`, owned by whom the server runs as: us, or for root `user`, or nobody where
 * there is no such user. `socket` is the name of the socket in it, whose path has to fit.
 */
int daemon_directory(struct daemon *daemon, const char *parent, const char *name, const char *user,
                     const char *socket, outfall_error *error);

/* Runs a program to its end, its output in the directory's file `log`. */
int daemon_run(const struct daemon *daemon, const char *log, char *const argv[],
               outfall_error *error);

/* Starts the server and waits until `answers` says 1, for 30 s. */
int daemon_start(struct daemon *daemon, const char *log, char *const argv[],
                 int (*answers)(void *context), void *context, outfall_error *error);

/* Stops it by `signal`, and if that takes 30 s by `harder`; waits. Legal when it does not run. */
void daemon_stop(struct daemon *daemon, int signal, int harder);

/* Finds a program: in PATH, then by `pattern` (glob), the last by version; 0: not there. */
int daemon_program(const char *name, const char *pattern, char *out, size_t capacity);

#endif
