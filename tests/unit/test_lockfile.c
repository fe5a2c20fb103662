/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lockfile.h"

static char directory[] = "/tmp/outfall-lockfile-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static void open_file(of_lockfile *file)
{
    assert_int_equal(of_lockfile_open(file, AT_FDCWD, path, O_RDWR | O_CREAT), 0);
}

static void await(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
}

/* A byte through a pipe. */
static void tell(const int ends[2])
{
    assert_int_equal(write(ends[1], "x", 1), 1);
}

static void hear(const int ends[2])
{
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 1);
}

static void one_at_a_time_has_the_lock_and_is_named(void **state)
{
    of_lockfile one, other;
    (void)state;
    open_file(&one);
    open_file(&other);
    assert_int_equal(of_lockfile_holder(&one), 0);
    assert_int_equal(of_lockfile_lock(&one), 0);
    assert_int_equal(of_lockfile_lock(&other), EWOULDBLOCK);
    assert_int_equal(of_lockfile_holder(&other), getpid());
    of_lockfile_close(&one);
    assert_int_equal(of_lockfile_lock(&other), 0);
    of_lockfile_close(&other);
    of_lockfile_close(&other);
}

static void another_process_is_named(void **state)
{
    of_lockfile file;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        open_file(&file);
        if (of_lockfile_lock(&file) != 0)
            _exit(1);
        tell(ends);
        for (;;)
            pause();
    }
    hear(ends);
    open_file(&file);
    assert_int_equal(of_lockfile_lock(&file), EWOULDBLOCK);
    assert_int_equal(of_lockfile_holder(&file), child);
    kill(child, SIGKILL);
    await(child);
    assert_int_equal(of_lockfile_lock(&file), 0);
    of_lockfile_close(&file);
    close(ends[0]);
    close(ends[1]);
}

/* The process that has it dies; a child of that one lives on. */
static void a_child_of_fork_does_not_keep_it(void **state)
{
    of_lockfile files[3];
    int born[2], end[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(born), 0);
    assert_int_equal(pipe(end), 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < 3; i++)
            open_file(&files[i]);
        of_lockfile_close(&files[1]); /* The list is one of those that are open. */
        if (of_lockfile_lock(&files[0]) != 0)
            _exit(1);
        if (fork() == 0) {
            tell(born);
            close(end[1]);
            if (files[0].fd != -1 || files[2].fd != -1)
                _exit(1);
            of_lockfile_close(&files[0]); /* Legal there too. */
            if (read(end[0], &byte, 1) == 0)
                tell(born);
            _exit(0);
        }
        for (;;)
            pause();
    }
    hear(born);
    open_file(&files[0]);
    assert_int_equal(of_lockfile_lock(&files[0]), EWOULDBLOCK);
    kill(child, SIGKILL);
    await(child);
    assert_int_equal(of_lockfile_lock(&files[0]), 0);
    of_lockfile_close(&files[0]);
    close(end[1]);
    hear(born); /* It had been there all the time. */
    close(end[0]);
    close(born[0]);
    close(born[1]);
}

static void a_moved_file_stays_locked_and_closes_in_children(void **state)
{
    of_lockfile from, to = OF_LOCKFILE_CLOSED, other;
    int status;
    (void)state;
    open_file(&from);
    open_file(&other);
    assert_int_equal(of_lockfile_lock(&from), 0);
    of_lockfile_move(&to, &from);
    assert_int_equal(from.fd, -1);
    assert_int_equal(of_lockfile_lock(&other), EWOULDBLOCK);
    pid_t child = fork();
    if (child == 0)
        _exit(to.fd == -1 && other.fd == -1 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(of_lockfile_lock(&other), EWOULDBLOCK);
    of_lockfile_close(&to);
    assert_int_equal(of_lockfile_lock(&other), 0);
    of_lockfile_close(&other);
}

static void an_error_leaves_it_closed(void **state)
{
    of_lockfile file;
    (void)state;
    assert_int_equal(of_lockfile_open(&file, AT_FDCWD, directory, O_RDWR), EISDIR);
    assert_int_equal(file.fd, -1);
    of_lockfile_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time_has_the_lock_and_is_named),
        cmocka_unit_test(another_process_is_named),
        cmocka_unit_test(a_child_of_fork_does_not_keep_it),
        cmocka_unit_test(a_moved_file_stays_locked_and_closes_in_children),
        cmocka_unit_test(an_error_leaves_it_closed),
    };
    return cmocka_run_group_tests_name("lockfile", tests, make_directory, remove_directory);
}
