/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of decisions when the disk fails at each of the calls that the journal makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "txn/journal.h"
#include "faulty_disk.h"

#define ID "public.events"

static char directory[] = "/tmp/outfall-faults-XXXXXX";
static char path[64], new_path[64];
static const of_party two[] = {{0, 1}, {0, 2}};
static of_party many[OF_DECISION_BRANCHES_MAX];

/* ---- Helpers ---------------------------------------------------------------------- */

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

static int commit(of_journal *journal, uint64_t checkpoint, outfall_error *error)
{
    return of_journal_commit(journal, 1, checkpoint, two, 2, error);
}

static int find(of_journal *journal, uint64_t checkpoint)
{
    const of_decision *found;
    return of_journal_find(journal, 1, checkpoint, &found, NULL);
}

static void assert_failed_for_good(of_journal *journal, const char *message)
{
    outfall_error error;
    fault.trace[0] = '\0';
    for (uint64_t i = 100; i < 103; i++) {
        assert_int_equal(commit(journal, i, &error), OUTFALL_ERR_IO);
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
        assert_non_null(strstr(error.message, "it failed before: decision file"));
        if (strstr(error.message, message) == NULL)
            fail_msg("want \"%s\", got \"%s\"", message, error.message);
        assert_int_equal(find(journal, i), OUTFALL_ERR_UNKNOWN);
    }
    assert_int_equal(of_journal_forget(journal, 1, NULL), OUTFALL_ERR_IO);
    assert_string_equal(fault.trace, ""); /* It is not even tried. */
}

/* ---- The order of calls ----------------------------------------------------------- */

static void nothing_is_promised_before_it_is_on_disk(void **state)
{
    (void)state;
    set_fault(0, NEVER, 0, NULL);
    of_journal *journal = open_journal();
    /* The new file, its name, its directory; then what is done each time that it is opened. */
    assert_string_equal(fault.trace, "fallocate pwrite fsync rename fsync fdatasync fsync");
    set_fault(0, NEVER, 0, NULL);
    assert_int_equal(commit(journal, 1, NULL), OUTFALL_OK);
    assert_string_equal(fault.trace, "fallocate pwrite fdatasync");
    set_fault(0, NEVER, 0, NULL);
    assert_int_equal(commit(journal, 2, NULL), OUTFALL_OK);
    assert_string_equal(fault.trace, "pwrite fdatasync");
    set_fault(0, NEVER, 0, NULL);
    assert_int_equal(commit(journal, 2, NULL), OUTFALL_OK);
    assert_string_equal(fault.trace, "");
    of_journal_close(journal);

    /* Opened again: whoever wrote the last group may not have come to its fdatasync. */
    set_fault(0, NEVER, 0, NULL);
    journal = open_journal();
    assert_string_equal(fault.trace, "pwrite fdatasync fsync");
    of_journal_close(journal);
    assert_int_equal(truncate(path, 60), 0);
    set_fault(0, NEVER, 0, NULL);
    journal = open_journal();
    assert_string_equal(fault.trace, "ftruncate fdatasync fsync");
    of_journal_close(journal);
}

/* ---- Failing calls ---------------------------------------------------------------- */

static void a_write_or_sync_that_fails_is_never_tried_again(void **state)
{
    static const struct {
        const char *call, *message;
        int error;
    } cases[] = {
        {"fdatasync", "cannot be brought to the disk: Input/output error", EIO},
        {"fdatasync", "cannot be brought to the disk: No space left", ENOSPC},
        {"fdatasync", "cannot be brought to the disk: Interrupted", EINTR},
        {"pwrite", "cannot be written: Input/output error", EIO},
        {"pwrite", "cannot be written: No space left", ENOSPC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error;
        begin(state);
        of_journal *journal = open_journal();
        assert_int_equal(commit(journal, 1, NULL), OUTFALL_OK);
        set_fault(1, NEVER, cases[i].error, cases[i].call);
        assert_int_equal(commit(journal, 2, &error), OUTFALL_ERR_UNKNOWN);
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
        assert_int_equal(error.native_code, cases[i].error);
        assert_non_null(strstr(error.message, cases[i].message));
        assert_int_equal(find(journal, 1), OUTFALL_OK);
        assert_int_equal(find(journal, 2), OUTFALL_ERR_UNKNOWN);
        assert_failed_for_good(journal, cases[i].message);
        assert_int_equal(commit(journal, 1, NULL), OUTFALL_OK); /* Which is on disk. */
        of_journal_close(journal);
        set_fault(0, NEVER, 0, NULL);
        journal = open_journal(); /* Now it is known. */
        assert_int_equal(find(journal, 1), OUTFALL_OK);
        assert_int_equal(find(journal, 2),
                         cases[i].call[0] == 'f' ? OUTFALL_OK : OUTFALL_ERR_NOT_FOUND);
        assert_int_equal(commit(journal, 3, NULL), OUTFALL_OK);
        of_journal_close(journal);
    }
}

static void a_full_disk_is_noticed_before_anything_is_written(void **state)
{
    outfall_error error;
    (void)state;
    of_journal *journal = open_journal();
    set_fault(0, NEVER, 0, NULL);
    fault.room = 56 + 43; /* The head, and a byte too few. */
    assert_int_equal(commit(journal, 1, &error), OUTFALL_ERR_IO);
    assert_int_equal(error.action, OUTFALL_ACTION_RETRY);
    assert_non_null(strstr(error.message, "nothing was decided: make room"));
    assert_string_equal(fault.trace, "full full");
    assert_int_equal(find(journal, 1), OUTFALL_ERR_NOT_FOUND);
    fault.room++; /* By itself, once there is room: what is left is used up. */
    assert_int_equal(commit(journal, 1, &error), OUTFALL_OK);
    assert_int_equal(commit(journal, 2, &error), OUTFALL_ERR_IO);
    fault.room = 0;
    assert_int_equal(commit(journal, 2, &error), OUTFALL_OK);
    of_journal_close(journal);
}

/* The kernel's own limit, on a file system where room cannot be had ahead. */
static void a_file_that_cannot_grow_fails_for_good(void **state)
{
    outfall_error error;
    struct rlimit limit, before_limit;
    (void)state;
    fault.without_fallocate = true;
    of_journal *journal = open_journal();
    assert_int_equal(commit(journal, 1, NULL), OUTFALL_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before_limit), 0);
    limit = before_limit;
    limit.rlim_cur = 56 + 44 + 20; /* The head, a decision, and not all of another. */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int status = commit(journal, 2, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before_limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, OUTFALL_ERR_UNKNOWN);
    assert_int_equal(error.native_code, EFBIG);
    assert_failed_for_good(journal, "File too large");
    of_journal_close(journal);
    journal = open_journal();
    assert_int_equal(find(journal, 1), OUTFALL_OK);
    assert_int_equal(find(journal, 2), OUTFALL_ERR_NOT_FOUND);
    of_journal_close(journal);
}

/* Eight decisions that are to be forgotten, and one that is not. */
static of_journal *open_grown(void)
{
    of_journal *journal = open_journal();
    for (uint64_t i = 1; i <= 9; i++)
        assert_int_equal(of_journal_commit(journal, 1, i, many, 8192, NULL), OUTFALL_OK);
    return journal;
}

static void a_rewrite_that_fails_leaves_the_file_as_it_was(void **state)
{
    static const struct {
        const char *call;
        int nth, error, status;
    } cases[] = {
        {"fallocate", 0, ENOSPC, OUTFALL_ERR_IO}, {"pwrite", 1, ENOSPC, OUTFALL_ERR_IO},
        {"pwrite", 2, EIO, OUTFALL_ERR_IO},       {"rename", 1, EACCES, OUTFALL_ERR_IO},
        {"fsync", 1, EIO, OUTFALL_ERR_UNKNOWN},   {"fsync", 2, EIO, OUTFALL_ERR_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error;
        begin(state);
        of_journal *journal = open_grown();
        set_fault(cases[i].nth, NEVER, cases[i].error, cases[i].call);
        fault.room = cases[i].nth == 0 ? 56 : 0;
        assert_int_equal(of_journal_forget(journal, 9, &error), cases[i].status);
        assert_int_equal(error.native_code, cases[i].error);
        assert_int_equal(access(new_path, F_OK), -1);
        fault.room = 0;
        if (cases[i].status == OUTFALL_ERR_IO) {
            assert_int_equal(commit(journal, 10, NULL), OUTFALL_OK);
            assert_int_equal(of_journal_forget(journal, 9, NULL), OUTFALL_OK);
            of_journal_stats stats;
            of_journal_get_stats(journal, &stats);
            assert_int_equal(stats.rewrites, 1);
        } else {
            assert_failed_for_good(journal, "cannot be brought to the disk");
        }
        of_journal_close(journal);
        set_fault(0, NEVER, 0, NULL);
        journal = open_journal();
        assert_int_equal(find(journal, 9), OUTFALL_OK);
        of_journal_close(journal);
    }
}

static void opening_fails_with_the_disk(void **state)
{
    static const struct {
        const char *call;
        int error;
    } cases[] = {{"pwrite", EIO}, {"fdatasync", EIO}, {"fsync", EIO}, {"ftruncate", EIO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error;
        begin(state);
        of_journal *journal = open_journal();
        assert_int_equal(commit(journal, 1, NULL), OUTFALL_OK);
        assert_int_equal(commit(journal, 2, NULL), OUTFALL_OK);
        of_journal_close(journal);
        assert_int_equal(truncate(path, 56 + 2 * 44 - 1), 0);
        set_fault(1, NEVER, cases[i].error, cases[i].call);
        assert_int_equal(of_journal_open(path, ID, &journal, &error), OUTFALL_ERR_IO);
        assert_null(journal);
        assert_non_null(strstr(error.message, "mend the disk"));
        set_fault(0, NEVER, 0, NULL);
        journal = open_journal();
        assert_int_equal(find(journal, 1), OUTFALL_OK);
        of_journal_close(journal);
    }
}

/* ---- The file is replaced while it is opened ----------------------------------------- */

static int replace_file(void)
{
    return rename(new_path, path);
}

static void the_file_that_is_locked_is_the_one_that_has_the_name(void **state)
{
    char kept[64];
    (void)state;
    snprintf(kept, sizeof kept, "%s/kept", directory);
    of_journal *journal = open_journal();
    assert_int_equal(commit(journal, 1, NULL), OUTFALL_OK);
    of_journal_close(journal);
    assert_int_equal(rename(path, kept), 0);
    of_journal_close(open_journal());
    assert_int_equal(rename(kept, new_path), 0);
    fault.at_flock = replace_file; /* Between the opening and the locking. */
    journal = open_journal();
    assert_int_equal(find(journal, 1), OUTFALL_OK);
    assert_int_equal(commit(journal, 2, NULL), OUTFALL_OK);
    of_journal_close(journal);
    journal = open_journal();
    assert_int_equal(find(journal, 2), OUTFALL_OK);
    of_journal_close(journal);
}

/* ---- Threads ---------------------------------------------------------------------- */

enum { THREADS = 8 };

static of_journal *shared;
static atomic_int failures, unknowns, forgotten;

static void *commit_one(void *number)
{
    outfall_error error;
    int status = commit(shared, (uint64_t)(uintptr_t)number, &error);
    failures += status != OUTFALL_OK;
    unknowns += status == OUTFALL_ERR_UNKNOWN;
    return NULL;
}

static void *forget_all(void *unused)
{
    (void)unused;
    int status = of_journal_forget(shared, THREADS + 1, NULL);
    forgotten += status == OUTFALL_OK;
    failures += status != OUTFALL_OK && status != OUTFALL_ERR_INVALID;
    return NULL;
}

static void wait_for(uint32_t waiting)
{
    of_journal_stats stats;
    do {
        sched_yield();
        of_journal_get_stats(shared, &stats);
    } while (stats.waiting != waiting);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

/* One thread's group is held up in its fdatasync, the others wait behind it. */
static void start_all(pthread_t threads[THREADS])
{
    failures = unknowns = 0;
    shared = open_journal();
    fault.fdatasyncs = 0;
    fault.hold = &gate;
    pthread_mutex_lock(&gate);
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, commit_one, (void *)(i + 1)), 0);
        while (fault.fdatasyncs == 0)
            sched_yield();
    }
    wait_for(THREADS - 1);
}

static void finish_all(const pthread_t threads[THREADS])
{
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    fault.hold = NULL;
}

static void those_that_wait_together_go_to_the_disk_together(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    start_all(threads);
    assert_int_equal(find(shared, 1), OUTFALL_ERR_UNKNOWN); /* In the group on its way. */
    assert_int_equal(find(shared, 2), OUTFALL_ERR_UNKNOWN); /* In the queue. */
    assert_int_equal(commit(shared, 1, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(commit(shared, 2, NULL), OUTFALL_ERR_INVALID);
    finish_all(threads);
    assert_int_equal(failures, 0);
    assert_int_equal(fault.fdatasyncs, 2);
    of_journal_close(shared);
    shared = open_journal();
    for (uint64_t i = 1; i <= THREADS; i++)
        assert_int_equal(find(shared, i), OUTFALL_OK);
    of_journal_close(shared);
}

static void those_that_wait_behind_a_failure_are_not_decided(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    set_fault(2, NEVER, EIO, "fdatasync"); /* The first is that of the opening. */
    start_all(threads);
    finish_all(threads);
    assert_int_equal(failures, THREADS);
    assert_int_equal(unknowns, 1);
    assert_int_equal(fault.fdatasyncs, 1);
    assert_failed_for_good(shared, "Input/output error");
    of_journal_close(shared);
    shared = open_journal();
    for (uint64_t i = 2; i <= THREADS; i++)
        assert_int_equal(find(shared, i), OUTFALL_ERR_NOT_FOUND);
    of_journal_close(shared);
}

/* Who forgets may come in between two groups: then some are still to be decided. */
static void what_is_being_decided_is_not_forgotten(void **state)
{
    enum { ROUNDS = 50, FORGETTERS = 4 };
    pthread_t threads[THREADS], forgetters[FORGETTERS];
    for (int round = 0; round < ROUNDS; round++) {
        of_journal_stats stats;
        begin(state);
        forgotten = 0;
        start_all(threads);
        for (int i = 0; i < FORGETTERS; i++)
            assert_int_equal(pthread_create(&forgetters[i], NULL, forget_all, NULL), 0);
        sched_yield(); /* They wait for the group that is on its way. */
        finish_all(threads);
        for (int i = 0; i < FORGETTERS; i++)
            pthread_join(forgetters[i], NULL);
        assert_int_equal(failures, 0);
        of_journal_get_stats(shared, &stats);
        assert_int_equal(stats.decisions, forgotten > 0 ? 0 : THREADS);
        of_journal_close(shared);
        of_journal_close(open_journal());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_promised_before_it_is_on_disk, begin),
        cmocka_unit_test_setup(a_write_or_sync_that_fails_is_never_tried_again, begin),
        cmocka_unit_test_setup(a_full_disk_is_noticed_before_anything_is_written, begin),
        cmocka_unit_test_setup(a_file_that_cannot_grow_fails_for_good, begin),
        cmocka_unit_test_setup(a_rewrite_that_fails_leaves_the_file_as_it_was, begin),
        cmocka_unit_test_setup(opening_fails_with_the_disk, begin),
        cmocka_unit_test_setup(the_file_that_is_locked_is_the_one_that_has_the_name, begin),
        cmocka_unit_test_setup(those_that_wait_together_go_to_the_disk_together, begin),
        cmocka_unit_test_setup(those_that_wait_behind_a_failure_are_not_decided, begin),
        cmocka_unit_test_setup(what_is_being_decided_is_not_forgotten, begin),
    };
    return cmocka_run_group_tests_name("journal_faults", tests, make_directory, remove_directory);
}
