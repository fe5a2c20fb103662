/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: who may write, and how far a writer has got. */
#include "suite.h"

#include <string.h>

#define TABLE "outfall_fence"
#define LINES "outfall_ledger"

static void make_ledger(contract_suite *suite)
{
    if ((suite->driver.capabilities & OUTFALL_DRIVER_LEDGER) == 0)
        suite_skip(suite, "the driver keeps no ledger");
    suite_drop(suite, TABLE);
    suite_drop(suite, LINES);
    expect_ok(suite,
              suite->driver.ledger_create(suite->connection, suite_deadline(), &suite->error));
}

static outfall_fence fence_of(const char *writer, int64_t owner)
{
    return (outfall_fence){.struct_size = sizeof(outfall_fence),
                           .sink = "\"public\".\"t\"",
                           .writer = writer,
                           .owner = owner};
}

/* In a transaction of its own. */
static void take_over(contract_suite *suite, outfall_fence *fence, int mine)
{
    suite_begin(suite);
    expect_ok(suite, suite->driver.takeover(suite->connection, fence, mine, suite_deadline(),
                                            &suite->error));
    suite_commit(suite);
}

static void set_fence(contract_suite *suite, outfall_fence *fence)
{
    expect_ok(suite,
              suite->driver.fence(suite->connection, fence, suite_deadline(), &suite->error));
}

static void expect_line(const outfall_fence *fence, int64_t epoch, int64_t checkpoint,
                        int64_t source_offset)
{
    assert_int_equal(fence->found, 1);
    assert_int_equal(fence->epoch, epoch);
    assert_int_equal(fence->checkpoint, checkpoint);
    assert_int_equal(fence->source_offset, source_offset);
}

static void the_ledger_is_made_once(contract_suite *suite)
{
    outfall_fence fence = fence_of("w", 1);
    make_ledger(suite);
    take_over(suite, &fence, 0);
    expect_ok(suite,
              suite->driver.ledger_create(suite->connection, suite_deadline(), &suite->error));
    take_over(suite, &fence, 0);
    expect_line(&fence, 2, 0, 0); /* What was in it is still there. */
}

static void a_takeover_reads_the_line(contract_suite *suite)
{
    outfall_fence fence = fence_of("w", 7);
    make_ledger(suite);
    take_over(suite, &fence, 0);
    expect_line(&fence, 1, 0, 0);
    fence.checkpoint = 1;
    fence.source_offset = INT64_MAX;
    suite_begin(suite);
    set_fence(suite, &fence);
    assert_int_equal(fence.found, 1);
    suite_commit(suite);
    outfall_fence other = fence_of("w", 8);
    suite_reconnect(suite);
    take_over(suite, &other, 0);
    expect_line(&other, 2, 1, INT64_MAX);
}

static void an_older_epoch_is_fenced_off(contract_suite *suite)
{
    outfall_fence old = fence_of("w", 7), new = fence_of("w", 8);
    make_ledger(suite);
    take_over(suite, &old, 0);
    take_over(suite, &new, 0);
    old.checkpoint = 1;
    suite_begin(suite);
    set_fence(suite, &old);
    assert_int_equal(old.found, 0);
    suite_rollback(suite);
    new.checkpoint = 1;
    suite_begin(suite);
    set_fence(suite, &new);
    assert_int_equal(new.found, 1);
    suite_commit(suite);
}

/* Neither one that is there, nor one behind which another is missing. */
static void a_checkpoint_follows_the_one_before(contract_suite *suite)
{
    static const struct {
        int64_t checkpoint;
        uint32_t found;
    } steps[] = {{2, 0}, {1, 1}, {1, 0}, {3, 0}, {2, 1}, {1, 0}};
    outfall_fence fence = fence_of("w", 7);
    make_ledger(suite);
    take_over(suite, &fence, 0);
    for (size_t i = 0; i < LENGTH(steps); i++) {
        fence.checkpoint = steps[i].checkpoint;
        suite_begin(suite);
        set_fence(suite, &fence);
        assert_int_equal(fence.found, steps[i].found);
        suite_commit(suite);
    }
}

static void a_fence_rolls_back_with_its_transaction(contract_suite *suite)
{
    outfall_fence fence = fence_of("w", 7);
    make_ledger(suite);
    take_over(suite, &fence, 0);
    for (int tries = 0; tries < 2; tries++) {
        fence.checkpoint = 1;
        suite_begin(suite);
        set_fence(suite, &fence);
        assert_int_equal(fence.found, 1);
        suite_rollback(suite);
    }
    take_over(suite, &fence, 0);
    expect_line(&fence, 2, 0, 0);
}

static void only_the_owner_takes_its_own(contract_suite *suite)
{
    outfall_fence mine = fence_of("w", 7), other = fence_of("w", 8);
    make_ledger(suite);
    take_over(suite, &mine, 1);
    assert_int_equal(mine.found, 0); /* There is no line yet, and none is made. */
    take_over(suite, &mine, 0);
    take_over(suite, &mine, 1);
    expect_line(&mine, 2, 0, 0);
    take_over(suite, &other, 1);
    assert_int_equal(other.found, 0);
    take_over(suite, &other, 0);
    expect_line(&other, 3, 0, 0);
    take_over(suite, &mine, 1);
    assert_int_equal(mine.found, 0);
}

static void names_are_kept_apart(contract_suite *suite)
{
    static const char *const names[] = {"w",
                                        "W",
                                        "w ",
                                        " w",
                                        "a'b",
                                        "a''b",
                                        "a\\b",
                                        "a\\'b",
                                        "a\"b",
                                        "{d 'x'}",
                                        "a?b?",
                                        "$1",
                                        "\xF0\x9F\x90\xA6",
                                        "%s",
                                        "_",
                                        ":a",
                                        "--",
                                        "x'; DROP TABLE outfall_fence; --"};
    make_ledger(suite);
    for (int64_t round = 1; round <= 2; round++)
        for (size_t i = 0; i < LENGTH(names); i++) {
            outfall_fence fence = fence_of(names[i], 7);
            take_over(suite, &fence, 0);
            expect_line(&fence, round, round - 1, (int64_t)i * (round - 1));
            fence.checkpoint = round;
            fence.source_offset = (int64_t)i;
            suite_begin(suite);
            set_fence(suite, &fence);
            assert_int_equal(fence.found, 1);
            suite_commit(suite);
        }
    assert_int_equal(suite_count(suite, TABLE), LENGTH(names));
}

static void a_takeover_of_all_lines(contract_suite *suite)
{
    outfall_fence first = fence_of("#0", 7), second = fence_of("#1", 7), all = fence_of(NULL, 8);
    outfall_fence apart = fence_of("#0", 7);
    apart.sink = "another";
    make_ledger(suite);
    take_over(suite, &all, 0); /* There is none yet. */
    assert_int_equal(suite_count(suite, TABLE), 0);
    take_over(suite, &first, 0);
    take_over(suite, &second, 0);
    take_over(suite, &apart, 0);
    take_over(suite, &all, 0);
    take_over(suite, &first, 1);
    assert_int_equal(first.found, 0);
    take_over(suite, &second, 0);
    expect_line(&second, 3, 0, 0);
    take_over(suite, &apart, 1);
    expect_line(&apart, 2, 0, 0);
}

static outfall_ledger_line line_of(const char *branch, int64_t checkpoint)
{
    return (outfall_ledger_line){.struct_size = sizeof(outfall_ledger_line),
                                 .sink = "it's \"public\".\"t\"",
                                 .writer = branch,
                                 .checkpoint = checkpoint,
                                 .epoch = 3,
                                 .rows = 1000 + checkpoint};
}

static void write_line(contract_suite *suite, const char *branch, int64_t checkpoint)
{
    const outfall_ledger_line line = line_of(branch, checkpoint);
    suite_begin(suite);
    expect_ok(suite, suite->driver.ledger_write(suite->connection, &line, suite_deadline(),
                                                &suite->error));
    suite_commit(suite);
}

static void expect_written(contract_suite *suite, const char *branch, int64_t asked, int64_t found)
{
    outfall_ledger_line line = line_of(branch, asked);
    line.epoch = line.rows = 0;
    expect_ok(suite,
              suite->driver.ledger_read(suite->connection, &line, suite_deadline(), &suite->error));
    assert_int_equal(line.found, found != 0);
    if (found == 0)
        return;
    assert_int_equal(line.checkpoint, found);
    assert_int_equal(line.epoch, 3);
    assert_int_equal(line.rows, 1000 + found);
}

static void lines_prove_a_commit(contract_suite *suite)
{
    make_ledger(suite);
    expect_written(suite, "#0", 0, 0);
    write_line(suite, "#0", 1);
    write_line(suite, "#0", 3); /* Not every checkpoint has rows in every branch. */
    write_line(suite, "#1", 4);
    expect_written(suite, "#0", 0, 3);
    expect_written(suite, "#0", 1, 1);
    expect_written(suite, "#0", 2, 0);
    expect_written(suite, "#0", 4, 0);
    const outfall_ledger_line lost = line_of("#0", 5);
    suite_begin(suite);
    expect_ok(suite, suite->driver.ledger_write(suite->connection, &lost, suite_deadline(),
                                                &suite->error));
    expect_written(suite, "#0", 5, 5);
    suite_rollback(suite);
    expect_written(suite, "#0", 5, 0);
}

static void old_lines_are_dropped(contract_suite *suite)
{
    make_ledger(suite);
    write_line(suite, "#0", 1);
    write_line(suite, "#1", 1);
    write_line(suite, "#0", 1 + OUTFALL_LEDGER_KEPT);
    expect_written(suite, "#0", 1, 1);
    write_line(suite, "#0", 2 + OUTFALL_LEDGER_KEPT);
    expect_written(suite, "#0", 1, 0);
    expect_written(suite, "#1", 1, 1);
    expect_written(suite, "#0", 0, 2 + OUTFALL_LEDGER_KEPT);
}

/* Takes the line over with a binding, and says what is in it then. */
static void bind_line(contract_suite *suite, outfall_fence *fence, const char *source,
                      const char *target, const char *source_then, const char *target_then)
{
    outfall_binding binding = {.struct_size = sizeof binding, .source = source, .target = target};
    fence->binding = &binding;
    take_over(suite, fence, 0);
    fence->binding = NULL;
    assert_string_equal(binding.recorded_source, source_then);
    assert_string_equal(binding.recorded_target, target_then);
}

static void a_line_is_bound(contract_suite *suite)
{
    char longest[OUTFALL_SOURCE_BYTES_MAX + 1];
    outfall_fence fence = fence_of("w", 7);
    memset(longest, '~', OUTFALL_SOURCE_BYTES_MAX);
    longest[OUTFALL_SOURCE_BYTES_MAX] = '\0';
    make_ledger(suite);
    bind_line(suite, &fence, NULL, NULL, "", "");
    bind_line(suite, &fence, "it's \\ %s ?", "oid:1", "it's \\ %s ?", "oid:1");
    bind_line(suite, &fence, NULL, NULL, "it's \\ %s ?", "oid:1");
    bind_line(suite, &fence, longest, "oid:2", longest, "oid:2"); /* No row is durable yet. */
    fence.checkpoint = 1;
    suite_begin(suite);
    set_fence(suite, &fence);
    suite_commit(suite);
    bind_line(suite, &fence, NULL, "oid:3", longest, "oid:2");
    bind_line(suite, &fence, "other", "oid:3", "other", "oid:2");
    database_run(suite->database, "UPDATE " TABLE " SET target = %s",
                 suite->quirks->rules->empty_is_null ? "NULL" : "''");
    bind_line(suite, &fence, NULL, "oid:3", "other", "oid:3");
    assert_int_equal(fence.checkpoint, 1);
    outfall_fence made = fence_of("v", 7); /* A line that is made by it. */
    bind_line(suite, &made, "first", "oid:4", "first", "oid:4");
}

static void a_ledger_of_another_version_is_told(contract_suite *suite)
{
    outfall_fence fence = fence_of("w", 7);
    char statements[256];
    make_ledger(suite);
    take_over(suite, &fence, 0);
    database_run(suite->database, "ALTER TABLE " TABLE " DROP COLUMN source");
    database_run(suite->database, "ALTER TABLE " TABLE " DROP COLUMN target");
    suite_reconnect(suite);
    outfall_binding binding = {.struct_size = sizeof binding, .target = "oid:1"};
    fence.binding = &binding;
    suite_begin(suite);
    assert_int_not_equal(
        suite->driver.takeover(suite->connection, &fence, 0, suite_deadline(), &suite->error),
        OUTFALL_OK);
    suite_rollback(suite);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(suite->error.message, "another version"));
    const char *advice = strstr(suite->error.message, "ALTER TABLE");
    assert_non_null(advice);
    snprintf(statements, sizeof statements, "%s", advice);
    database_run(suite->database, "%s", statements);
    suite_reconnect(suite);
    take_over(suite, &fence, 0);
    expect_line(&fence, 2, 0, 0);
    assert_string_equal(binding.recorded_target, "oid:1");
}

const contract_case ledger_cases[] = {
    {"the ledger is made once", the_ledger_is_made_once, NEEDS_TABLES},
    {"a takeover reads the ledger's line", a_takeover_reads_the_line, NEEDS_TABLES},
    {"an older epoch is fenced off", an_older_epoch_is_fenced_off, NEEDS_TABLES},
    {"a checkpoint follows the one before", a_checkpoint_follows_the_one_before, NEEDS_TABLES},
    {"a fence rolls back with its transaction", a_fence_rolls_back_with_its_transaction,
     NEEDS_TABLES},
    {"only the owner takes its own writer", only_the_owner_takes_its_own, NEEDS_TABLES},
    {"hostile names are kept apart in the ledger", names_are_kept_apart, NEEDS_TABLES},
    {"all lines of a sink are taken over", a_takeover_of_all_lines, NEEDS_TABLES},
    {"a line is bound to a source and a target", a_line_is_bound, NEEDS_TABLES},
    {"a ledger of another version is told", a_ledger_of_another_version_is_told, NEEDS_TABLES},
    {"the ledger's lines prove a commit", lines_prove_a_commit, NEEDS_TABLES},
    {"the ledger drops old lines", old_lines_are_dropped, NEEDS_TABLES},
    {NULL, NULL, 0},
};
