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
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "txn/journal.h"

#define ID "public.events"

static char directory[] = "/tmp/outfall-journal-XXXXXX";
static char path[64], other_path[64], new_path[64];

static const of_party two[] = {{0, 1}, {UINT16_MAX, 2}};
static of_party many[OF_DECISION_BRANCHES_MAX];

static int make_directory(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/decisions", directory);
    snprintf(new_path, sizeof new_path, "%s/decisions.new", directory);
    snprintf(other_path, sizeof other_path, "%s/other", directory);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(path);
    unlink(new_path);
    unlink(other_path);
    return 0;
}

static int remove_directory(void **state)
{
    remove_files(state);
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

static void assert_refused(const char *id, int status, const char *message)
{
    of_journal *journal;
    outfall_error error;
    if (of_journal_open(path, id, &journal, &error) != status)
        fail_msg("want \"%s\", got %d", message, error.status);
    if (strstr(error.message, message) == NULL)
        fail_msg("want \"%s\", got \"%s\"", message, error.message);
    assert_null(journal);
}

static void commit(of_journal *journal, uint32_t epoch, uint64_t checkpoint)
{
    outfall_error error;
    if (of_journal_commit(journal, epoch, checkpoint, two, 2, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
}

static void assert_decided(of_journal *journal, uint32_t epoch, uint64_t checkpoint)
{
    const of_decision *found;
    outfall_error error;
    if (of_journal_find(journal, epoch, checkpoint, &found, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    assert_true(found->checkpoint == checkpoint && found->epoch == epoch);
    assert_int_equal(found->count, 2);
    assert_memory_equal(found->branches, two, sizeof two);
}

static void assert_undecided(of_journal *journal, uint32_t epoch, uint64_t checkpoint)
{
    const of_decision *found;
    assert_int_equal(of_journal_find(journal, epoch, checkpoint, &found, NULL),
                     OUTFALL_ERR_NOT_FOUND);
    assert_null(found);
}

static of_journal_stats stats_of(of_journal *journal)
{
    of_journal_stats stats;
    of_journal_get_stats(journal, &stats);
    return stats;
}

static off_t file_size(void)
{
    struct stat stat_buffer;
    assert_int_equal(stat(path, &stat_buffer), 0);
    return stat_buffer.st_size;
}

/* ---- Deciding --------------------------------------------------------------------- */

static void decisions_are_there_when_it_is_opened_again(void **state)
{
    static const struct {
        uint32_t epoch;
        uint64_t checkpoint;
    } cases[] = {{0, 0}, {1, 8}, {1, 7}, {1, 1}, {1, 12}, {3, 9}, {UINT32_MAX, UINT64_MAX}};
    enum { CASES = sizeof cases / sizeof cases[0] };
    (void)state;
    for (size_t opened = 0; opened <= CASES; opened++) {
        of_journal *journal = open_journal();
        assert_int_equal(stats_of(journal).decisions, opened);
        for (size_t i = 0; i < opened; i++)
            assert_decided(journal, cases[i].epoch, cases[i].checkpoint);
        if (opened < CASES) {
            assert_undecided(journal, cases[opened].epoch, cases[opened].checkpoint);
            commit(journal, cases[opened].epoch, cases[opened].checkpoint);
            assert_decided(journal, cases[opened].epoch, cases[opened].checkpoint);
        }
        assert_int_equal(stats_of(journal).bytes, file_size());
        of_journal_close(journal);
    }
}

static void all_decisions_are_listed_by_checkpoint(void **state)
{
    static const uint64_t checkpoints[] = {0, 1, 7, 8, UINT64_MAX};
    (void)state;
    of_journal *journal = open_journal();
    assert_null(of_journal_next(journal, 0));
    for (size_t i = 5; i-- > 0;)
        commit(journal, 1, checkpoints[i]);
    uint64_t from = 0;
    for (size_t i = 0; i < 5; i++) {
        const of_decision *found = of_journal_next(journal, from);
        assert_non_null(found);
        assert_true(found->checkpoint == checkpoints[i]);
        from = found->checkpoint + 1;
    }
    assert_true(of_journal_next(journal, 9)->checkpoint == UINT64_MAX);
    of_journal_close(journal);
}

static void a_checkpoint_is_decided_once_and_epochs_do_not_fall(void **state)
{
    static const of_party others[] = {{0, 1}, {UINT16_MAX, 3}};
    const struct {
        const char *message;
        uint32_t epoch;
        uint64_t checkpoint;
        const of_party *branches;
        uint32_t count;
        int status;
    } cases[] = {
        {"", 4, 10, two, 2, OUTFALL_OK},
        {"", 5, 11, two, 2, OUTFALL_OK},
        {"checkpoint 10 was decided in epoch 4 on 2 branches", 5, 10, two, 2, OUTFALL_ERR_INVALID},
        {"checkpoint 10 was decided in epoch 4", 4, 10, two, 1, OUTFALL_ERR_INVALID},
        {"checkpoint 10 was decided in epoch 4", 4, 10, others, 2, OUTFALL_ERR_INVALID},
        {"epoch 4 is over: the decision file has seen epoch 5", 4, 12, two, 2, OUTFALL_ERR_FENCED},
        {"a decision on 0 branches", 5, 12, two, 0, OUTFALL_ERR_INVALID},
        {"a decision on 16385 branches", 5, 12, many, 16385, OUTFALL_ERR_INVALID},
        {"checkpoint 3 is before 4, and decisions before that one are forgotten", 5, 3, two, 2,
         OUTFALL_ERR_INVALID},
    };
    (void)state;
    of_journal *journal = open_journal();
    commit(journal, 4, 10);
    commit(journal, 5, 11);
    assert_int_equal(of_journal_forget(journal, 4, NULL), OUTFALL_OK);
    off_t before = file_size();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error = {0};
        int status = of_journal_commit(journal, cases[i].epoch, cases[i].checkpoint,
                                       cases[i].branches, cases[i].count, &error);
        if (status != cases[i].status || strstr(error.message, cases[i].message) == NULL)
            fail_msg("want \"%s\", got %d \"%s\"", cases[i].message, status, error.message);
    }
    assert_int_equal(file_size(), before);
    assert_int_equal(stats_of(journal).groups, 2);
    of_journal_close(journal);
}

static void a_decision_is_of_its_epoch(void **state)
{
    (void)state;
    of_journal *journal = open_journal();
    commit(journal, 4, 10);
    assert_undecided(journal, 3, 10);
    assert_undecided(journal, 5, 10);
    assert_undecided(journal, 4, 11);
    of_journal_close(journal);
}

static void a_decision_has_up_to_16384_branches(void **state)
{
    const of_decision *found;
    (void)state;
    of_journal *journal = open_journal();
    assert_int_equal(of_journal_commit(journal, 1, 1, many, OF_DECISION_BRANCHES_MAX, NULL),
                     OUTFALL_OK);
    of_journal_close(journal);
    journal = open_journal();
    assert_int_equal(of_journal_find(journal, 1, 1, &found, NULL), OUTFALL_OK);
    assert_int_equal(found->count, OF_DECISION_BRANCHES_MAX);
    assert_memory_equal(found->branches, many, sizeof many);
    of_journal_close(journal);
}

/* ---- The file --------------------------------------------------------------------- */

static void write_file(const char *name, const void *bytes, size_t length)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    close(fd);
}

static void a_file_without_a_byte_is_a_new_one(void **state)
{
    (void)state;
    write_file(path, "", 0);
    write_file(new_path, "left by a process that died", 27);
    of_journal *journal = open_journal();
    assert_int_equal(stats_of(journal).decisions, 0);
    commit(journal, 1, 1);
    of_journal_close(journal);
    assert_int_equal(access(new_path, F_OK), -1);
    journal = open_journal();
    assert_decided(journal, 1, 1);
    of_journal_close(journal);
}

static void a_torn_tail_is_cut(void **state)
{
    (void)state;
    of_journal *journal = open_journal();
    commit(journal, 1, 1);
    off_t one = file_size();
    commit(journal, 1, 2);
    off_t both = file_size();
    of_journal_close(journal);
    for (off_t cut = both - 1; cut > one; cut--) {
        assert_int_equal(truncate(path, cut), 0);
        journal = open_journal();
        assert_int_equal(file_size(), one);
        assert_decided(journal, 1, 1);
        assert_undecided(journal, 1, 2);
        commit(journal, 1, 2);
        of_journal_close(journal);
        assert_int_equal(file_size(), both);
    }
}

static void damage_is_never_dropped(void **state)
{
    char byte;
    (void)state;
    of_journal *journal = open_journal();
    off_t first = file_size();
    commit(journal, 1, 1);
    commit(journal, 1, 2);
    of_journal_close(journal);
    off_t whole = file_size();
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, first + 20), 1);
    byte = (char)(byte ^ 1);
    assert_int_equal(pwrite(fd, &byte, 1, first + 20), 1);
    close(fd);
    assert_refused(ID, OUTFALL_ERR_INVALID, "decisions is damaged at byte 56");
    assert_int_equal(file_size(), whole);
}

static void a_file_that_is_not_ours_is_refused_and_left_alone(void **state)
{
    (void)state;
    write_file(path, "Dear diary,\n", 12);
    assert_refused(ID, OUTFALL_ERR_INVALID, "decisions is not a decision file");
    assert_int_equal(file_size(), 12);
    assert_int_equal(truncate(path, (off_t)(64 << 20) + 1), 0);
    assert_refused(ID, OUTFALL_ERR_INVALID, "has 67108865 bytes, and none has more");
    unlink(path);
    of_journal_close(open_journal());
    assert_refused("public.Events", OUTFALL_ERR_INVALID,
                   "is that of transaction id \"public.events\", not of \"public.Events\"");
    assert_refused("", OUTFALL_ERR_INVALID, "a transaction id has none");
}

static void what_cannot_be_a_decision_file_is_named(void **state)
{
    char whole[sizeof path];
    (void)state;
    memcpy(whole, path, sizeof whole);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(ID, OUTFALL_ERR_CONFIG, "cannot be opened: Is a directory");
    rmdir(path);
    assert_int_equal(symlink("other", path), 0);
    assert_refused(ID, OUTFALL_ERR_CONFIG, "is a symbolic link");
    assert_int_equal(access(other_path, F_OK), -1);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(ID, OUTFALL_ERR_CONFIG, "is not a file");
    unlink(path);
    of_journal_close(open_journal());
    assert_int_equal(link(path, other_path), 0);
    assert_refused(ID, OUTFALL_ERR_CONFIG, "has 2 names");

    static const struct {
        const char *path, *message;
    } cases[] = {
        {"/dev/full", "is not a file"},
        {"/tmp/", "is not a file's name"},
        {"", "is not a file's name"},
        {"/tmp/..", "cannot be opened: Is a directory"},
        {"/dev/null/decisions", "cannot be opened: Not a directory"},
        {"/proc/decisions", "cannot be opened: No such file"},
        {"/no/such/directory/decisions", "name a file in a directory that this process may write"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(path, sizeof path, "%s", cases[i].path);
        assert_refused(ID, OUTFALL_ERR_CONFIG, cases[i].message);
    }
    memcpy(path, whole, sizeof whole);
}

/* Root may open any: to others the system says no. */
static void another_users_file_is_refused(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        write_file(path, "", 0);
        assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
        assert_refused(ID, OUTFALL_ERR_CONFIG, "belongs to user 12345");
        return;
    }
    char own[sizeof path];
    memcpy(own, path, sizeof own);
    snprintf(path, sizeof path, "/etc/passwd");
    assert_refused(ID, OUTFALL_ERR_CONFIG, "cannot be opened: Permission denied");
    memcpy(path, own, sizeof own);
}

static void a_name_without_a_directory_is_in_the_current_one(void **state)
{
    of_journal *journal;
    char before[4096];
    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(of_journal_open("decisions", ID, &journal, NULL), OUTFALL_OK);
    assert_int_equal(chdir(before), 0); /* It stays where it was opened. */
    commit(journal, 1, 1);
    assert_int_equal(of_journal_commit(journal, 1, 2, many, 16384, NULL), OUTFALL_OK);
    for (uint64_t i = 3; i < 8; i++)
        assert_int_equal(of_journal_commit(journal, 1, i, many, 16384, NULL), OUTFALL_OK);
    assert_int_equal(of_journal_forget(journal, 8, NULL), OUTFALL_OK);
    assert_int_equal(stats_of(journal).rewrites, 1);
    of_journal_close(journal);
    journal = open_journal();
    assert_int_equal(stats_of(journal).decisions, 0);
    of_journal_close(journal);
}

/* ---- Who has it ------------------------------------------------------------------- */

static void one_process_has_it_for_life(void **state)
{
    char message[64], byte;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        commit(open_journal(), 1, 1);
        if (write(ends[1], "x", 1) == 1)
            for (;;)
                pause();
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    snprintf(message, sizeof message, "is locked by process %ld", (long)child);
    assert_refused(ID, OUTFALL_ERR_CONFIG, message);
    kill(child, SIGSTOP); /* A zombie, which may wake. */
    assert_refused(ID, OUTFALL_ERR_CONFIG, message);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    of_journal *journal = open_journal();
    assert_decided(journal, 1, 1);
    assert_refused(ID, OUTFALL_ERR_CONFIG, "is open in this process already");
    of_journal_close(journal);
    close(ends[0]);
    close(ends[1]);
}

static void after_fork_it_is_the_parents(void **state)
{
    int status;
    (void)state;
    of_journal *journal = open_journal();
    commit(journal, 1, 1);
    pid_t child = fork();
    if (child == 0) {
        const of_decision *found;
        of_journal_stats stats = stats_of(journal);
        int right = of_journal_commit(journal, 1, 2, two, 2, NULL) == OUTFALL_ERR_CLOSED &&
                    of_journal_find(journal, 1, 1, &found, NULL) == OUTFALL_ERR_CLOSED &&
                    of_journal_forget(journal, 2, NULL) == OUTFALL_ERR_CLOSED &&
                    of_journal_next(journal, 0) == NULL && stats.decisions == 0;
        of_journal_close(journal);
        _exit(right ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_refused(ID, OUTFALL_ERR_CONFIG, "is open in this process already");
    commit(journal, 1, 2);
    of_journal_close(journal);
}

/* ---- Forgetting ------------------------------------------------------------------- */

static void the_file_does_not_grow_for_ever(void **state)
{
    outfall_error error;
    off_t largest = 0;
    (void)state;
    write_file(path, "", 0);
    assert_int_equal(chmod(path, 0640), 0);
    of_journal *journal = open_journal();
    for (uint64_t i = 1; i <= 100; i++) {
        assert_int_equal(of_journal_commit(journal, 1, i, many, 8192, NULL), OUTFALL_OK);
        if (i > 2 && of_journal_forget(journal, i - 2, &error) != OUTFALL_OK)
            fail_msg("%s", error.message);
        largest = file_size() > largest ? file_size() : largest;
    }
    assert_true(stats_of(journal).rewrites > 5);
    assert_true(largest <= 512 << 10);
    assert_int_equal(stats_of(journal).decisions, 3);
    assert_refused(ID, OUTFALL_ERR_CONFIG, "is open in this process already"); /* The new file. */
    of_journal_close(journal);
    struct stat after;
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_mode & 0777, 0640);
    journal = open_journal();
    assert_int_equal(of_journal_next(journal, 98)->checkpoint, 98);
    assert_int_equal(of_journal_next(journal, 98)->count, 8192);
    /* What a rewrite forgot stays so: the epoch too. */
    assert_int_equal(of_journal_commit(journal, 1, 1, two, 2, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(of_journal_commit(journal, 0, 101, two, 2, NULL), OUTFALL_ERR_FENCED);
    commit(journal, 1, 101);
    of_journal_close(journal);
}

/* Checkpoints may be decided out of order: then their epochs are so too in the shorter file. */
static void decisions_of_any_epochs_are_left(void **state)
{
    (void)state;
    of_journal *journal = open_journal();
    commit(journal, 1, 22);
    commit(journal, 2, 21);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(of_journal_commit(journal, 3, i, many, 16384, NULL), OUTFALL_OK);
    assert_int_equal(of_journal_forget(journal, 20, NULL), OUTFALL_OK);
    assert_int_equal(stats_of(journal).rewrites, 1);
    commit(journal, 4, 20);
    of_journal_close(journal);
    journal = open_journal();
    assert_int_equal(stats_of(journal).decisions, 3);
    assert_decided(journal, 1, 22);
    assert_decided(journal, 2, 21);
    assert_decided(journal, 4, 20);
    assert_int_equal(of_journal_commit(journal, 3, 23, two, 2, NULL), OUTFALL_ERR_FENCED);
    of_journal_close(journal);
}

static void a_forgotten_decision_is_not_found(void **state)
{
    const of_decision *found;
    outfall_error error;
    (void)state;
    of_journal *journal = open_journal();
    for (uint64_t i = 1; i <= 4; i++)
        commit(journal, 1, i);
    assert_int_equal(of_journal_forget(journal, 3, NULL), OUTFALL_OK);
    assert_int_equal(of_journal_forget(journal, 2, NULL), OUTFALL_OK); /* No way back. */
    assert_int_equal(of_journal_find(journal, 1, 2, &found, &error), OUTFALL_ERR_NOT_FOUND);
    assert_non_null(strstr(error.message, "is forgotten"));
    assert_decided(journal, 1, 3);
    assert_true(of_journal_next(journal, 0)->checkpoint == 3);
    assert_int_equal(stats_of(journal).decisions, 2);
    assert_int_equal(of_journal_forget(journal, UINT64_MAX, NULL), OUTFALL_OK);
    assert_null(of_journal_next(journal, 0));
    of_journal_close(journal);
}

static void too_many_decisions_are_refused(void **state)
{
    outfall_error error;
    uint64_t checkpoint = 0;
    int status;
    (void)state;
    of_journal *journal = open_journal();
    do
        status =
            of_journal_commit(journal, 1, ++checkpoint, many, OF_DECISION_BRANCHES_MAX, &error);
    while (status == OUTFALL_OK && checkpoint < 2000);
    assert_int_equal(status, OUTFALL_ERR_FULL);
    assert_non_null(strstr(error.message, "forget those whose branches are ended"));
    assert_true(file_size() <= 64 << 20);
    assert_int_equal(of_journal_forget(journal, checkpoint, NULL), OUTFALL_OK);
    commit(journal, 1, checkpoint);
    of_journal_close(journal);
}

/* ---- Memory ----------------------------------------------------------------------- */

static void without_memory_it_fails_and_goes_on(void **state)
{
    of_journal *journal;
    outfall_error error;
    (void)state;
    commit(journal = open_journal(), 1, 1);
    of_journal_close(journal);
    for (uint64_t nth = 1;; nth++) {
        of_alloc_fail_from(nth);
        int status = of_journal_open(path, ID, &journal, &error);
        of_alloc_fail_from(0);
        if (status == OUTFALL_OK)
            break;
        assert_int_equal(status, OUTFALL_ERR_NOMEM);
        assert_true(nth < 20);
    }
    for (uint64_t i = 2; i < 20; i++) {
        for (uint64_t nth = 1;; nth++) {
            of_alloc_fail_from(nth);
            int status = of_journal_commit(journal, 1, i, many, 8192, &error);
            of_alloc_fail_from(0);
            if (status == OUTFALL_OK)
                break;
            assert_int_equal(status, OUTFALL_ERR_NOMEM);
            assert_undecided(journal, 1, i);
        }
    }
    for (uint64_t nth = 1; stats_of(journal).rewrites == 0; nth++) {
        of_alloc_fail_from(nth);
        int status = of_journal_forget(journal, 18, &error);
        of_alloc_fail_from(0);
        assert_int_equal(status, nth < 3 ? OUTFALL_ERR_NOMEM : OUTFALL_OK);
        assert_int_equal(stats_of(journal).decisions, 2);
    }
    commit(journal, 1, 20);
    of_journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(decisions_are_there_when_it_is_opened_again, remove_files),
        cmocka_unit_test_teardown(all_decisions_are_listed_by_checkpoint, remove_files),
        cmocka_unit_test_teardown(a_checkpoint_is_decided_once_and_epochs_do_not_fall,
                                  remove_files),
        cmocka_unit_test_teardown(a_decision_is_of_its_epoch, remove_files),
        cmocka_unit_test_teardown(a_decision_has_up_to_16384_branches, remove_files),
        cmocka_unit_test_teardown(a_file_without_a_byte_is_a_new_one, remove_files),
        cmocka_unit_test_teardown(a_torn_tail_is_cut, remove_files),
        cmocka_unit_test_teardown(damage_is_never_dropped, remove_files),
        cmocka_unit_test_teardown(a_file_that_is_not_ours_is_refused_and_left_alone, remove_files),
        cmocka_unit_test_teardown(what_cannot_be_a_decision_file_is_named, remove_files),
        cmocka_unit_test_teardown(another_users_file_is_refused, remove_files),
        cmocka_unit_test_teardown(a_name_without_a_directory_is_in_the_current_one, remove_files),
        cmocka_unit_test_teardown(one_process_has_it_for_life, remove_files),
        cmocka_unit_test_teardown(after_fork_it_is_the_parents, remove_files),
        cmocka_unit_test_teardown(the_file_does_not_grow_for_ever, remove_files),
        cmocka_unit_test_teardown(decisions_of_any_epochs_are_left, remove_files),
        cmocka_unit_test_teardown(a_forgotten_decision_is_not_found, remove_files),
        cmocka_unit_test_teardown(too_many_decisions_are_refused, remove_files),
        cmocka_unit_test_teardown(without_memory_it_fails_and_goes_on, remove_files),
    };
    for (size_t i = 0; i < OF_DECISION_BRANCHES_MAX; i++)
        many[i] = (of_party){(uint16_t)i, (uint16_t)(7 * i)};
    return cmocka_run_group_tests_name("journal", tests, make_directory, remove_directory);
}
