/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fork.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static of_lockfile *all;

/* The child has one thread, and nobody was changing the list when it was born. */
static void close_in_child(void)
{
    for (of_lockfile *file = all; file != NULL; file = file->next) {
        close(file->fd);
        file->fd = -1;
    }
    all = NULL;
}

__attribute__((constructor)) static void watch_forks(void)
{
    of_fork_protect(&mutex);
    pthread_atfork(NULL, NULL, close_in_child);
}

static void add(of_lockfile *file)
{
    file->next = all;
    file->link = &all;
    if (all != NULL)
        all->link = &file->next;
    all = file;
}

static void take_out(of_lockfile *file)
{
    *file->link = file->next;
    if (file->next != NULL)
        file->next->link = file->link;
}

int of_lockfile_open(of_lockfile *file, int directory, const char *name, int flags)
{
    int status = 0;
    /* Across the call, so that no child is born with a file that is not in the list. */
    pthread_mutex_lock(&mutex);
    do
        file->fd = openat(directory, name, flags | O_CLOEXEC, S_IRUSR | S_IWUSR);
    while (file->fd == -1 && errno == EINTR);
    if (file->fd == -1)
        status = errno;
    else
        add(file);
    pthread_mutex_unlock(&mutex);
    return status;
}

int of_lockfile_lock(const of_lockfile *file)
{
    int status;
    do
        status = flock(file->fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    while (status == EINTR);
    return status;
}

/* The process in a line of /proc/locks that is of a lock on this file, else 0. */
static pid_t holder_in(char *line, const char *file)
{
    enum { TYPE = 1, MODE = 3, PROCESS = 4, FILE_NAME = 5, FIELDS = 6 };
    char *fields[FIELDS], *rest = NULL;
    /* 12: FLOCK ADVISORY WRITE 4711 fd:01:131074 0 EOF; with "->" it waits for a lock. */
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
        if (fields[i] == NULL)
            return 0;
    }
    if (strcmp(fields[TYPE], "FLOCK") != 0 || strcmp(fields[MODE], "WRITE") != 0 ||
        strcmp(fields[FILE_NAME], file) != 0)
        return 0;
    return (pid_t)strtol(fields[PROCESS], NULL, 10);
}

pid_t of_lockfile_holder(const of_lockfile *file)
{
    char line[256], own[64];
    struct stat stat;
    pid_t holder = 0;
    if (fstat(file->fd, &stat) != 0)
        return 0;
    snprintf(own, sizeof own, "%02x:%02x:%llu", major(stat.st_dev), minor(stat.st_dev),
             (unsigned long long)stat.st_ino);
    FILE *locks = fopen("/proc/locks", "re");
    if (locks == NULL)
        return 0;
    while (holder <= 0 && fgets(line, sizeof line, locks) != NULL)
        holder = holder_in(line, own);
    fclose(locks);
    return holder > 0 ? holder : 0;
}

void of_lockfile_move(of_lockfile *to, of_lockfile *from)
{
    pthread_mutex_lock(&mutex);
    take_out(from);
    to->fd = from->fd;
    add(to);
    from->fd = -1;
    pthread_mutex_unlock(&mutex);
}

void of_lockfile_close(of_lockfile *file)
{
    if (file->fd == -1)
        return;
    pthread_mutex_lock(&mutex);
    take_out(file);
    close(file->fd);
    file->fd = -1;
    pthread_mutex_unlock(&mutex);
}
