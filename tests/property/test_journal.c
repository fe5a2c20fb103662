/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random decisions, forgetting, openings, torn writes and damage, against a model that is a list. A
 * decision that was acknowledged is there until it is forgotten, as it was taken; where it may not
 * be there any more, the file is refused.
 *
 * OUTFALL_SEED repeats a run, OUTFALL_ROUNDS makes it longer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "txn/journal.h"

#define ID "orders/1"
#define CHECKPOINTS 400
#define STEPS 300

static uint64_t seed;
static char directory[] = "/tmp/outfall-journal-XXXXXX";
static char path[64];

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint64_t chance(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(2685821657736338717);
}

static uint32_t below(uint32_t end)
{
    return (uint32_t)(chance() >> 32) % end;
}

/* ---- The model -------------------------------------------------------------------- */

typedef struct entry {
    bool is_decided;
    uint32_t epoch;
    uint32_t count;
} entry;

typedef struct model {
    entry entries[CHECKPOINTS]; /* By checkpoint. */
    uint64_t forgotten;
    uint64_t forgotten_on_disk; /* At least: what a rewrite wrote. */
    uint32_t epoch;
    uint32_t epoch_before; /* The last group. */
    uint64_t last;         /* The checkpoint of the last group. */
    off_t last_at;         /* Where that group lies; 0: in front of it all is whole or damaged. */
} model;

static void make_branches(of_party *out, uint64_t checkpoint, uint32_t epoch, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        out[i] = (of_party){(uint16_t)(checkpoint * 31 + i), (uint16_t)(epoch * 7 + i)};
}

static int expected(const model *it, uint64_t checkpoint, uint32_t epoch, uint32_t count)
{
    const entry *before = &it->entries[checkpoint];
    if (before->is_decided)
        return before->epoch == epoch && before->count == count ? OUTFALL_OK : OUTFALL_ERR_INVALID;
    if (checkpoint < it->forgotten)
        return OUTFALL_ERR_INVALID;
    return epoch < it->epoch ? OUTFALL_ERR_FENCED : OUTFALL_OK;
}

static off_t file_size(void)
{
    struct stat of_file;
    assert_int_equal(stat(path, &of_file), 0);
    return of_file.st_size;
}

static void compare(of_journal *journal, const model *it)
{
    static of_party branches[OF_DECISION_BRANCHES_MAX];
    of_journal_stats stats;
    const of_decision *next = of_journal_next(journal, 0);
    for (uint64_t i = 0; i < CHECKPOINTS; i++) {
        const entry *one = &it->entries[i];
        const of_decision *found;
        int status = of_journal_find(journal, one->epoch, i, &found, NULL);
        assert_int_equal(status, one->is_decided ? OUTFALL_OK : OUTFALL_ERR_NOT_FOUND);
        if (!one->is_decided)
            continue;
        assert_ptr_equal(found, next);
        make_branches(branches, i, one->epoch, one->count);
        assert_int_equal(found->count, one->count);
        assert_memory_equal(found->branches, branches, one->count * sizeof *branches);
        next = of_journal_next(journal, i + 1);
    }
    assert_null(next);
    of_journal_get_stats(journal, &stats);
    assert_int_equal(stats.bytes, file_size());
    /* What it holds beyond the decisions is bounded. */
    uint64_t live = 0;
    for (uint64_t i = 0; i < CHECKPOINTS; i++)
        live += it->entries[i].is_decided ? OF_DECISION_BYTES(it->entries[i].count) : 0;
    assert_true(stats.bytes <= 2 * live + OF_JOURNAL_REWRITE_BYTES + 4 * OF_DECISION_BYTES_MAX);
}

/* ---- Steps ------------------------------------------------------------------------ */

static of_journal *open_journal(void)
{
    of_journal *journal;
    outfall_error error;
    if (of_journal_open(path, ID, &journal, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    return journal;
}

static void step_commit(of_journal *journal, model *it)
{
    static of_party branches[OF_DECISION_BRANCHES_MAX];
    uint64_t checkpoint = (it->forgotten + below(40)) % CHECKPOINTS;
    uint32_t epoch = it->epoch + below(3) / 2;
    uint32_t count = 1 + below(below(8) == 0 ? OF_DECISION_BRANCHES_MAX : 8);
    const entry *before = &it->entries[checkpoint];
    if (before->is_decided && below(2) == 0) {
        epoch = before->epoch;
        count = before->count;
    } else if (epoch > 0 && below(8) == 0) {
        epoch--;
    }
    off_t end = file_size();
    int want = expected(it, checkpoint, epoch, count);
    make_branches(branches, checkpoint, epoch, count);
    assert_int_equal(of_journal_commit(journal, epoch, checkpoint, branches, count, NULL), want);
    assert_int_equal(file_size() != end, want == OUTFALL_OK && !before->is_decided);
    if (file_size() == end)
        return;
    it->entries[checkpoint] = (entry){true, epoch, count};
    it->epoch_before = it->epoch;
    it->epoch = epoch;
    it->last = checkpoint;
    it->last_at = end;
}

static void step_forget(of_journal *journal, model *it)
{
    of_journal_stats before, after;
    uint64_t checkpoint = it->forgotten + below(20);
    if (checkpoint >= CHECKPOINTS - 40)
        return;
    of_journal_get_stats(journal, &before);
    assert_int_equal(of_journal_forget(journal, checkpoint, NULL), OUTFALL_OK);
    of_journal_get_stats(journal, &after);
    it->forgotten = checkpoint;
    for (uint64_t i = 0; i < checkpoint; i++)
        it->entries[i].is_decided = false;
    if (after.rewrites > before.rewrites) {
        it->last_at = 0;
        it->forgotten_on_disk = checkpoint;
    }
}

/* A group is cut off on its way to the disk: the last, which then was never acknowledged, or more
 * bytes of any kind behind it. */
static void tear(model *it)
{
    off_t size = file_size();
    if (it->last_at > 0 && below(2) == 0) {
        assert_int_equal(truncate(path, it->last_at + below((uint32_t)(size - it->last_at))), 0);
        it->entries[it->last].is_decided = false;
        it->epoch = it->epoch_before;
        it->last_at = 0;
        return;
    }
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = below(3) == 0 ? 0 : (uint8_t)chance();
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_true(write(fd, bytes, 1 + below(sizeof bytes)) > 0);
    close(fd);
}

/* A bit is flipped in front of the last group: the file is refused, and then mended. */
static void damage(const model *it)
{
    of_journal *journal;
    uint8_t byte;
    off_t end = it->last_at > 0 ? it->last_at : (off_t)of_decision_head_bytes(ID);
    off_t at = below((uint32_t)end);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    uint8_t damaged = (uint8_t)(byte ^ 1U << below(8));
    assert_int_equal(pwrite(fd, &damaged, 1, at), 1);
    int status = of_journal_open(path, ID, &journal, NULL);
    if (status != OUTFALL_ERR_INVALID && status != OUTFALL_ERR_UNSUPPORTED)
        fail_msg("damage at byte %lld of %lld was not noticed", (long long)at, (long long)end);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Forgetting is on disk once the file is rewritten: until then an opening brings decisions back. */
static of_journal *step_reopen(of_journal *journal, model *it)
{
    of_journal_close(journal);
    if (below(3) == 0)
        damage(it);
    if (below(3) == 0)
        tear(it);
    journal = open_journal();
    const of_decision *first = of_journal_next(journal, 0);
    if (first != NULL && first->checkpoint < it->forgotten) {
        assert_true(first->checkpoint >= it->forgotten_on_disk);
        assert_int_equal(of_journal_forget(journal, it->forgotten, NULL), OUTFALL_OK);
        of_journal_stats stats;
        of_journal_get_stats(journal, &stats);
        if (stats.rewrites > 0) {
            it->last_at = 0;
            it->forgotten_on_disk = it->forgotten;
        }
    }
    return journal;
}

static void run(uint64_t of_seed)
{
    static model it;
    seed = of_seed;
    memset(&it, 0, sizeof it);
    unlink(path);
    of_journal *journal = open_journal();
    for (int i = 0; i < STEPS; i++) {
        switch (below(10)) {
        case 0:
            step_forget(journal, &it);
            break;
        case 1:
            journal = step_reopen(journal, &it);
            break;
        default:
            step_commit(journal, &it);
        }
        compare(journal, &it);
    }
    of_journal_close(journal);
}

static void it_holds_what_the_model_holds(void **state)
{
    const char *given = getenv("OUTFALL_SEED"), *rounds = getenv("OUTFALL_ROUNDS");
    uint64_t first = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 16 | 1;
    long count = rounds != NULL ? strtol(rounds, NULL, 10) : given != NULL ? 1 : 10;
    (void)state;
    for (long i = 0; i < count; i++) {
        print_message("OUTFALL_SEED=%" PRIu64 "\n", first + (uint64_t)i);
        run(first + (uint64_t)i);
    }
}

static int make_directory(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/decisions", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_holds_what_the_model_holds)};
    return cmocka_run_group_tests_name("journal", tests, make_directory, remove_directory);
}
