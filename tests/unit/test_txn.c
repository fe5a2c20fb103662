/* SPDX-License-Identifier: Apache-2.0 */
/* Two-phase transactions from the public side, as far as one file goes: it is the home. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sinks.h"

static const char *const two_phase[] = {"delivery", "two-phase", "flushers", "1", NULL};

static outfall_txn *open_txn(outfall_sink **sinks, size_t count, const char *id)
{
    const outfall_txn_options options = {.struct_size = sizeof options, .id = id};
    outfall_error error = {0};
    outfall_txn *txn = NULL;
    if (outfall_txn_open(sinks, count, &options, &txn, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    return txn;
}

static void commit(outfall_txn *txn)
{
    outfall_error error = {0};
    uint64_t checkpoint;
    assert_int_equal(outfall_txn_checkpoint(txn, &checkpoint, &error), OUTFALL_OK);
    if (outfall_txn_wait(txn, checkpoint, 10000, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
}

static void close_txn(outfall_txn *txn)
{
    assert_int_equal(outfall_txn_close(txn, 10000, NULL), OUTFALL_OK);
}

static void rows_are_committed_by_checkpoints_alone(void **state)
{
    outfall_error error = {0};
    uint64_t offset = 0;
    (void)state;
    outfall_sink *sinks[] = {open_sink("first", two_phase), open_sink("second", two_phase)};
    outfall_txn *txn = open_txn(sinks, 2, "job");
    outfall_writer *first = open_writer(sinks[0], "w"), *second = open_writer(sinks[1], "w");
    put_rows(first, 0, 25000);
    put_rows(second, 0, 10);
    commit(txn);
    assert_int_equal(query("SELECT count(*) FROM first"), 25000);
    assert_int_equal(query("SELECT count(*) FROM second"), 10);
    commit(txn);              /* Of nothing. */
    put_rows(second, 10, 10); /* In no checkpoint. */
    assert_int_equal(outfall_flush(sinks[1], 0, &error), OUTFALL_ERR_INVALID);
    close_txn(txn);
    assert_int_equal(outfall_close(sinks[0], 10000, NULL, NULL, &error), OUTFALL_OK);
    outfall_undelivered left[1];
    size_t count = 1;
    assert_int_equal(outfall_close(sinks[1], 10000, left, &count, &error), OUTFALL_ERR_ABORTED);
    assert_int_equal(count, 1);
    assert_int_equal(left[0].rows, 10);
    assert_int_equal(left[0].source_offset, 9);
    assert_int_equal(query("SELECT count(*) FROM second"), 10);

    sinks[0] = open_sink("first", two_phase);
    sinks[1] = open_sink("second", two_phase);
    txn = open_txn(sinks, 2, "job");
    second = open_writer(sinks[1], "w");
    assert_int_equal(outfall_writer_resume(second, &offset, &error), OUTFALL_OK);
    assert_int_equal(offset, 9);
    put_rows(second, 10, 10);
    commit(txn);
    close_txn(txn);
    assert_int_equal(outfall_close(sinks[0], 10000, NULL, NULL, &error), OUTFALL_OK);
    assert_int_equal(outfall_close(sinks[1], 10000, NULL, NULL, &error), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM second"), 20);
}

static void acknowledgements_come_with_the_commit(void **state)
{
    outfall_progress progress = {.struct_size = sizeof progress};
    outfall_txn_stats stats = {.struct_size = sizeof stats};
    outfall_error error = {0};
    (void)state;
    outfall_sink *sink = open_sink("acked", two_phase);
    outfall_txn *txn = open_txn(&sink, 1, "acked");
    outfall_writer *writer = open_writer(sink, "w");
    put_rows(writer, 0, 30000);
    while (stats_of(sink).batches_delivered < 2)
        continue; /* Written, and not committed. */
    assert_int_equal(outfall_writer_progress(writer, &progress, &error), OUTFALL_OK);
    assert_int_equal(progress.acknowledged, 0);
    commit(txn);
    assert_int_equal(outfall_writer_progress(writer, &progress, &error), OUTFALL_OK);
    assert_int_equal(progress.acknowledged, 30000);
    assert_int_equal(progress.source_offset, 29999);
    assert_int_equal(stats_of(sink).rows_delivered, 30000);
    assert_int_equal(outfall_txn_stats_get(txn, &stats, &error), OUTFALL_OK);
    assert_int_equal(stats.checkpoints, 1);
    assert_int_equal(stats.commit.count, 1);
    close_txn(txn);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, &error), OUTFALL_OK);
}

/* Its neighbours land, whichever batch of the checkpoint it is in. */
static void a_refused_row_is_told_once_it_is_committed(void **state)
{
    outfall_event event = {.struct_size = sizeof event};
    outfall_error error = {0};
    unsigned rejected = 0;
    (void)state;
    outfall_sink *sink = open_sink("poisoned", two_phase);
    outfall_txn *txn = open_txn(&sink, 1, "poisoned");
    outfall_writer *writer = open_writer(sink, "w");
    put_rows(writer, 0, 15000);
    commit(txn);
    for (int64_t id = 15000; id < 45000; id++) { /* Three batches, each with a key that is there. */
        int64_t key = id % 10000 == 5000 ? 1 : id;
        (void)!outfall_put_int64(writer, key, &error);
        (void)!outfall_put_text(writer, "x", 1, &error);
        assert_int_equal(outfall_row_end(writer, (uint64_t)id, &error), OUTFALL_OK);
    }
    commit(txn);
    assert_int_equal(query("SELECT count(*) FROM poisoned"), 45000 - 3);
    for (;;) {
        assert_int_equal(outfall_poll(sink, 0, &event, NULL), OUTFALL_OK);
        if (event.type == OUTFALL_EVENT_NONE)
            break;
        if (event.type == OUTFALL_EVENT_REJECTED)
            assert_int_equal(event.source_offset, 15000 + 10000 * rejected++);
    }
    assert_int_equal(rejected, 3);
    assert_int_equal(stats_of(sink).rows_rejected, 3);
    assert_int_equal(stats_of(sink).rows_delivered, 45000 - 3);
    close_txn(txn);
    assert_int_equal(outfall_close(sink, 10000, NULL, NULL, &error), OUTFALL_OK);
}

static void expect_refused(outfall_sink *const *sinks, size_t count, outfall_txn_options options,
                           int status, const char *text)
{
    outfall_error error = {0};
    outfall_txn *txn;
    options.struct_size = sizeof options;
    assert_int_equal(outfall_txn_open(sinks, count, &options, &txn, &error), status);
    assert_null(txn);
    if (strstr(error.message, text) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", text, error.message);
}

static void what_is_wrong_is_named(void **state)
{
    static const char *const many[] = {"delivery", "two-phase", "flushers", "2", NULL};
    outfall_error error = {0};
    outfall_writer *writer;
    (void)state;
    outfall_sink *plain = open_sink("plain", NULL), *good = open_sink("good", two_phase);
    outfall_sink *several = open_sink("several", many);
    outfall_sink *twice[] = {good, good};
    assert_int_equal(outfall_writer_open(good, "w", &writer, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "outfall_txn_open"));
    expect_refused(NULL, 0, (outfall_txn_options){.id = "x"}, OUTFALL_ERR_INVALID, "no sinks");
    expect_refused(&plain, 1, (outfall_txn_options){.id = "x"}, OUTFALL_ERR_INVALID,
                   "open it with delivery=two-phase");
    expect_refused(twice, 2, (outfall_txn_options){.id = "x"}, OUTFALL_ERR_INVALID, "are the same");
    expect_refused(&good, 1, (outfall_txn_options){.id = ""}, OUTFALL_ERR_INVALID, "1 to 255");
    expect_refused(&good, 1, (outfall_txn_options){.id = "x", .home = 1}, OUTFALL_ERR_INVALID,
                   "home 1");
    expect_refused(&good, 1, (outfall_txn_options){.id = "x", .decision = 9}, OUTFALL_ERR_INVALID,
                   "decision 9");
    expect_refused(&several, 1, (outfall_txn_options){.id = "x"}, OUTFALL_ERR_UNSUPPORTED,
                   "with flushers=1");
    expect_refused(&good, 1,
                   (outfall_txn_options){.id = "x", .decision = OUTFALL_DECISION_EXTERNAL},
                   OUTFALL_ERR_UNSUPPORTED, "cannot prepare transactions");
    outfall_txn *txn = open_txn(&good, 1, "x");
    expect_refused(&good, 1, (outfall_txn_options){.id = "y"}, OUTFALL_ERR_INVALID,
                   "in a transaction already");
    assert_int_equal(outfall_close(good, 1000, NULL, NULL, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_txn_commit(txn, 0, &error), OUTFALL_ERR_INVALID);
    close_txn(txn);
    assert_int_equal(outfall_close(good, 1000, NULL, NULL, &error), OUTFALL_OK);
    assert_int_equal(outfall_close(plain, 1000, NULL, NULL, &error), OUTFALL_OK);
    assert_int_equal(outfall_close(several, 1000, NULL, NULL, &error), OUTFALL_OK);
}

static void who_was_taken_over_is_fenced_off(void **state)
{
    outfall_error error = {0};
    uint64_t checkpoint;
    (void)state;
    outfall_sink *old_sink = open_sink("fenced", two_phase);
    outfall_txn *old = open_txn(&old_sink, 1, "fenced");
    outfall_writer *writer = open_writer(old_sink, "w");
    outfall_sink *new_sink = open_sink("fenced", two_phase);
    outfall_txn *new = open_txn(&new_sink, 1, "fenced");
    put_rows(writer, 0, 10);
    assert_int_equal(outfall_txn_checkpoint(old, &checkpoint, &error), OUTFALL_OK);
    assert_int_equal(outfall_txn_wait(old, checkpoint, 10000, &error), OUTFALL_ERR_FENCED);
    assert_int_equal(query("SELECT count(*) FROM fenced"), 0);
    close_txn(old);
    assert_int_equal(outfall_close(old_sink, 1000, NULL, NULL, &error), OUTFALL_ERR_FENCED);
    put_rows(open_writer(new_sink, "w"), 0, 10);
    commit(new);
    assert_int_equal(query("SELECT count(*) FROM fenced"), 10);
    close_txn(new);
    assert_int_equal(outfall_close(new_sink, 1000, NULL, NULL, &error), OUTFALL_OK);
}

/* For the thread sanitizer: the flusher looks at all its sinks, also at those that are joining. */
static void a_sink_joins_and_leaves_while_its_flusher_is_busy(void **state)
{
    static const char *const plain[] = {"flushers", "1", "batch.rows", "10", NULL};
    outfall_error error = {0};
    (void)state;
    outfall_sink *busy = open_sink("busy", plain), *joining = open_sink("joining", two_phase);
    outfall_writer *writer = open_writer(busy, "w");
    for (int64_t i = 0; i < 5; i++) {
        put_rows(writer, i * 500, 500);
        close_txn(open_txn(&joining, 1, "joining"));
        assert_int_equal(outfall_close(joining, 10000, NULL, NULL, &error), OUTFALL_OK);
        joining = open_sink("joining", two_phase);
    }
    assert_int_equal(outfall_close(joining, 10000, NULL, NULL, &error), OUTFALL_OK);
    assert_int_equal(outfall_close(busy, 10000, NULL, NULL, &error), OUTFALL_OK);
    assert_int_equal(query("SELECT count(*) FROM busy"), 2500);
}

/* What the thread that is stuck looks at stays; static, so that it is not taken for a leak. */
static void a_sink_is_left_to_a_thread_that_is_stuck(void **state)
{
    static outfall_sink *sink;
    static outfall_txn *txn;
    outfall_error error = {0};
    size_t count = 0;
    (void)state;
    sink = open_sink("stuck", two_phase);
    txn = open_txn(&sink, 1, "stuck");
    put_rows(open_writer(sink, "w"), 0, 10);
    sqlite3 *other = stall();
    assert_int_equal(outfall_txn_checkpoint(txn, NULL, &error), OUTFALL_OK);
    assert_int_equal(outfall_txn_wait(txn, 1, 50, &error), OUTFALL_ERR_TIMEOUT);
    assert_int_equal(outfall_txn_close(txn, 0, &error), OUTFALL_ERR_TIMEOUT);
    assert_int_equal(outfall_close(sink, 0, NULL, &count, &error), OUTFALL_ERR_TIMEOUT);
    assert_non_null(strstr(error.message, "the sink is left to it"));
    assert_int_equal(count, 1);
    let_go(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_committed_by_checkpoints_alone),
        cmocka_unit_test(acknowledgements_come_with_the_commit),
        cmocka_unit_test(a_refused_row_is_told_once_it_is_committed),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(who_was_taken_over_is_fenced_off),
        cmocka_unit_test(a_sink_joins_and_leaves_while_its_flusher_is_busy),
        cmocka_unit_test(a_sink_is_left_to_a_thread_that_is_stuck),
    };
    return cmocka_run_group_tests_name("txn", tests, sinks_make_directory, sinks_remove_directory);
}
