/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process is killed while it decides: at each call to the system, and at any moment. What it told
 * through a pipe has to be there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "txn/journal.h"
#include "faulty_disk.h"

#define ID "public.events"
#define FORGETTING (UINT64_C(1) << 63)

static char directory[] = "/tmp/outfall-kills-XXXXXX";
static char path[64], new_path[64];
static of_party many[OF_DECISION_BRANCHES_MAX];

static int make_directory(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/decisions", directory);
    snprintf(new_path, sizeof new_path, "%s/decisions.new", directory);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    memset(&fault, 0, sizeof fault);
    unlink(path);
    unlink(new_path);
    return 0;
}

static int remove_directory(void **state)
{
    begin(state);
    return rmdir(directory);
}

static of_journal *open_journal(void)
{
    of_journal *journal;
    outfall_error error;
    if (of_journal_open(path, ID, &journal, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    return journal;
}

static int find(of_journal *journal, uint64_t checkpoint)
{
    const of_decision *found;
    return of_journal_find(journal, 1, checkpoint, &found, NULL);
}

static void tell(int pipe_end, uint64_t number)
{
    if (write(pipe_end, &number, sizeof number) != sizeof number)
        _exit(2);
}

static void child_commit(of_journal *journal, uint64_t checkpoint, uint32_t branches, int out)
{
    if (of_journal_commit(journal, 1, checkpoint, many, branches, NULL) != OUTFALL_OK)
        _exit(3);
    tell(out, checkpoint);
}

/* All that a journal does; each decision is told once it was taken. */
static void live(int out)
{
    of_journal *journal;
    if (of_journal_open(path, ID, &journal, NULL) != OUTFALL_OK)
        _exit(1);
    for (uint64_t i = 1; i <= 9; i++)
        child_commit(journal, i, i < 3 ? 2 : 16384, out);
    tell(out, FORGETTING | 8);
    if (of_journal_forget(journal, 8, NULL) != OUTFALL_OK)
        _exit(4);
    child_commit(journal, 10, 1, out);
    of_journal_close(journal);
    if (of_journal_open(path, ID, &journal, NULL) != OUTFALL_OK)
        _exit(5);
    child_commit(journal, 11, 1, out);
    of_journal_close(journal);
    _exit(0);
}

/* What the child told before it died has to be there. Returns how many it told. */
static int check_promises(int in)
{
    static uint64_t told[1 << 16];
    uint64_t number, forgotten = 0;
    int count = 0;
    while (read(in, &number, sizeof number) == sizeof number) {
        if ((number & FORGETTING) != 0)
            forgotten = number & ~FORGETTING;
        else if (count < 1 << 16)
            told[count++] = number;
    }
    of_journal *journal = open_journal();
    for (int i = 0; i < count; i++) {
        if (told[i] >= forgotten && find(journal, told[i]) != OUTFALL_OK)
            fail_msg("checkpoint %d was promised", (int)told[i]);
    }
    assert_int_equal(access(new_path, F_OK) == 0 ? unlink(new_path) : 0, 0);
    of_journal_close(journal);
    return count;
}

static void killed_at_any_call_it_keeps_its_promises(void **state)
{
    int told = 0, kills = 0;
    for (int when = BEFORE; when <= AFTER; when++) {
        int status = -1;
        for (int nth = 1; status != 0; nth++) {
            int ends[2];
            begin(state);
            assert_int_equal(pipe(ends), 0);
            set_fault(nth, when, 0, when == HALF ? "pwrite" : NULL);
            pid_t child = fork();
            if (child == 0)
                live(ends[1]);
            set_fault(0, NEVER, 0, NULL);
            close(ends[1]);
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
            kills += status != 0;
            told += check_promises(ends[0]);
            close(ends[0]);
        }
    }
    assert_true(kills > 80); /* Each call was reached. */
    assert_true(told > 400);
}

static of_journal *shared;
static atomic_uint_fast64_t next_checkpoint;
static int promises;

static void *commit_for_ever(void *unused)
{
    (void)unused;
    for (;;) {
        uint64_t checkpoint = next_checkpoint++;
        child_commit(shared, checkpoint, 1 + (uint32_t)(checkpoint % 512), promises);
        if (checkpoint % 128 != 0 || checkpoint < 256)
            continue;
        tell(promises, FORGETTING | (checkpoint - 64));
        of_journal_forget(shared, checkpoint - 64, NULL); /* One before it may be on its way. */
    }
    return NULL;
}

static void killed_at_any_moment_it_keeps_its_promises(void **state)
{
    unsigned seed = 1;
    int told = 0;
    (void)state;
    next_checkpoint = 1;
    for (int round = 0; round < 40; round++) {
        struct timespec pause_for = {.tv_nsec = (long)(rand_r(&seed) % 30000) * 1000};
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            pthread_t thread;
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            promises = ends[1];
            shared = open_journal();
            for (int i = 0; i < 3; i++)
                pthread_create(&thread, NULL, commit_for_ever, NULL);
            commit_for_ever(NULL);
        }
        close(ends[1]);
        nanosleep(&pause_for, NULL);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        told += check_promises(ends[0]);
        close(ends[0]);
        of_journal *journal = open_journal();
        const of_decision *last = of_journal_next(journal, next_checkpoint);
        for (; last != NULL; last = of_journal_next(journal, next_checkpoint))
            next_checkpoint = last->checkpoint + 1;
        of_journal_close(journal);
    }
    assert_true(told > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(killed_at_any_call_it_keeps_its_promises, begin),
        cmocka_unit_test_setup(killed_at_any_moment_it_keeps_its_promises, begin),
    };
    return cmocka_run_group_tests_name("journal_kills", tests, make_directory, remove_directory);
}
