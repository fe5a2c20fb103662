/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints by two-phase commit against plain commits of as many rows. As a program that wants
 * speed would, the writer puts the rows of the next checkpoint while the last one is prepared and
 * committed.
 */
#include <string.h>

#include <outfall/txn.h>

#include "insert.h"
#include "scenario.h"

#define DATABASES_MAX 2
#define RUN_ROWS 400000 /* Of batches of 10,000; a half of that of smaller ones. */

/* What the sides write to: the same rows to each. */
struct target {
    struct insert databases[DATABASES_MAX];
    size_t count;
    char batch_rows[24];
};

struct writers {
    struct target *target;
    const char *delivery;
    uint32_t decision; /* Of two-phase. */
    outfall_txn *txn;
    struct sink_loop loops[DATABASES_MAX];
    uint64_t offsets[DATABASES_MAX]; /* Of the last row. */
    uint64_t batches, rows;          /* Delivered. */
};

/* ---- The databases ---------------------------------------------------------------- */

static int target_open(struct target *target, struct session *session,
                       const struct scenario *scenario, outfall_error *error)
{
    static const char *const both[DATABASES_MAX] = {"postgresql", "mysql"};
    size_t batch = scenario->size, rows = RUN_ROWS / (session->quick ? 2 : 1);
    int status = OUTFALL_OK;
    rows = (batch < 10000 ? rows / 2 : rows) / batch * batch;
    memset(target, 0, sizeof *target);
    snprintf(target->batch_rows, sizeof target->batch_rows, "%zu", batch);
    size_t count = strcmp(scenario->driver, SESSION_BOTH) == 0 ? DATABASES_MAX : 1;
    while (target->count < count && status == OUTFALL_OK) {
        const char *driver = count > 1 ? both[target->count] : scenario->driver;
        status =
            insert_open(&target->databases[target->count++], session, driver, rows, batch, error);
    }
    return status;
}

static void target_close(struct target *target)
{
    for (size_t i = 0; i < target->count; i++)
        insert_close(&target->databases[i]);
}

static int target_empty(struct target *target, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < target->count && status == OUTFALL_OK; i++)
        status = insert_prepare(&target->databases[i], error);
    return status;
}

static int target_check(struct target *target, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < target->count && status == OUTFALL_OK; i++) {
        struct insert *insert = &target->databases[i];
        status = insert->table.kind->check(&insert->table, insert->rows, insert->count, error);
    }
    return status;
}

/* ---- The writers ------------------------------------------------------------------ */

static int txn_open(struct writers *it, outfall_error *error)
{
    outfall_sink *sinks[DATABASES_MAX];
    const outfall_txn_options options = {
        .struct_size = sizeof options, .decision = it->decision, .id = TABLE_TXN};
    for (size_t i = 0; i < it->target->count; i++)
        sinks[i] = it->loops[i].sink;
    return outfall_txn_open(sinks, it->target->count, &options, &it->txn, error);
}

static int writers_open(struct writers *it, outfall_error *error)
{
    /* Batches of just that size: lingering would make smaller ones. */
    const struct sink_setting settings[] = {{"batch.rows", it->target->batch_rows},
                                            {"linger.ms", "1000"},
                                            {"flushers", "1"},
                                            {"delivery", it->delivery},
                                            {NULL, NULL}};
    int two_phase = strcmp(it->delivery, "two-phase") == 0;
    int status = OUTFALL_OK;
    for (size_t i = 0; i < it->target->count && status == OUTFALL_OK; i++)
        status = sink_loop_sink(&it->loops[i], it->target->databases[i].table.url, settings, error);
    if (status == OUTFALL_OK && two_phase)
        status = txn_open(it, error);
    for (size_t i = 0; i < it->target->count && status == OUTFALL_OK; i++)
        status = sink_loop_writer(&it->loops[i], error);
    return status;
}

static int writers_close(struct writers *it, outfall_error *error)
{
    int status = outfall_txn_close(it->txn, SINK_CLOSE_MS, error);
    it->txn = NULL;
    for (size_t i = 0; i < it->target->count; i++) {
        outfall_stats stats;
        if (it->loops[i].sink != NULL &&
            sink_loop_stats(&it->loops[i], &stats, NULL) == OUTFALL_OK) {
            it->batches += stats.batches_delivered;
            it->rows += stats.rows_delivered;
        }
        int closed = sink_loop_close(&it->loops[i], status == OUTFALL_OK ? error : NULL);
        status = status == OUTFALL_OK ? closed : status;
    }
    return status;
}

static int put_rows(struct writers *it, size_t at, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < it->target->count && status == OUTFALL_OK; i++) {
        const struct insert *insert = &it->target->databases[i];
        status = it->txn == NULL ? sink_loop_array(it->loops[i].writer, insert->rows + at,
                                                   insert->batch_rows, error)
                                 : sink_loop_numbered(it->loops[i].writer, insert->rows + at,
                                                      insert->batch_rows, &it->offsets[i], error);
    }
    return status;
}

/* Waits for the checkpoint that is under way; an outer engine would keep its committables first. */
static int end_checkpoint(struct writers *it, uint64_t checkpoint, outfall_error *error)
{
    int status = outfall_txn_wait(it->txn, checkpoint, SINK_TIMEOUT_MS, error);
    if (status == OUTFALL_OK && it->decision == OUTFALL_DECISION_EXTERNAL)
        status = outfall_txn_commit(it->txn, SINK_TIMEOUT_MS, error);
    return status;
}

static int write_checkpoints(struct writers *it, outfall_error *error)
{
    const struct insert *first = &it->target->databases[0];
    uint64_t checkpoint = 0;
    int status = OUTFALL_OK;
    for (size_t at = 0; at < first->count && status == OUTFALL_OK; at += first->batch_rows) {
        status = put_rows(it, at, error);
        if (status == OUTFALL_OK && at > 0)
            status = end_checkpoint(it, checkpoint, error);
        if (status == OUTFALL_OK)
            status = outfall_txn_checkpoint(it->txn, &checkpoint, error);
    }
    return status == OUTFALL_OK ? end_checkpoint(it, checkpoint, error) : status;
}

static int write_plain(struct writers *it, outfall_error *error)
{
    const struct insert *first = &it->target->databases[0];
    int status = OUTFALL_OK;
    for (size_t at = 0; at < first->count && status == OUTFALL_OK; at += first->batch_rows)
        status = put_rows(it, at, error);
    for (size_t i = 0; i < it->target->count && status == OUTFALL_OK; i++)
        status = sink_loop_flush(&it->loops[i], error);
    return status;
}

static int run_side(void *context, struct sample *sample, outfall_error *error)
{
    struct writers *it = context;
    struct insert *first = &it->target->databases[0];
    struct meter meter;
    int status = target_empty(it->target, error);
    if (status == OUTFALL_OK && it->loops[0].sink == NULL)
        status = writers_open(it, error);
    if (status != OUTFALL_OK)
        return status;
    meter_start(&meter, first->session);
    status = it->txn != NULL ? write_checkpoints(it, error) : write_plain(it, error);
    meter_stop(&meter, first->count, sample);
    return status == OUTFALL_OK ? target_check(it->target, error) : status;
}

/* ---- The figures ------------------------------------------------------------------ */

static void report_phase(struct result *result, const char *name, const outfall_latency *latency)
{
    if (latency->count == 0)
        return;
    result_metric(result, (double)latency->p50_ns / 1e6, "%s_p50_ms", name);
    result_metric(result, (double)latency->p99_ns / 1e6, "%s_p99_ms", name);
}

static int report(struct writers *it, struct result *result, outfall_error *error)
{
    outfall_txn_stats stats = {.struct_size = sizeof stats};
    int status = outfall_txn_stats_get(it->txn, &stats, error);
    if (status != OUTFALL_OK)
        return status;
    report_phase(result, "begin", &stats.begin);
    report_phase(result, "prepare", &stats.prepare);
    report_phase(result, "seal", &stats.seal);
    report_phase(result, "decide", &stats.decide);
    report_phase(result, "commit", &stats.commit);
    result_metric(result, (double)stats.branches / (double)stats.checkpoints,
                  "prepared_per_checkpoint");
    return OUTFALL_OK;
}

static int run_pair(struct session *session, const struct scenario *scenario, uint32_t decision,
                    struct result *result, outfall_error *error)
{
    static struct target target;
    struct writers two_phase = {.target = &target, .delivery = "two-phase", .decision = decision};
    struct writers plain = {.target = &target, .delivery = "at-least-once"};
    const struct side sides[2] = {{"two-phase", run_side, &two_phase}, {"plain", run_side, &plain}};
    int status = target_open(&target, session, scenario, error);
    if (status == OUTFALL_OK)
        status = harness_pairs(session_runs(session, HARNESS_PAIRS, HARNESS_PAIRS_LEAST), &sides[0],
                               &sides[1], result, error);
    if (status == OUTFALL_OK)
        status = report(&two_phase, result, error);
    int closed = writers_close(&two_phase, status == OUTFALL_OK ? error : NULL);
    (void)writers_close(&plain, NULL);
    target_close(&target);
    if (two_phase.batches > 0)
        result_metric(result, (double)two_phase.rows / (double)two_phase.batches, "rows_per_batch");
    return status == OUTFALL_OK ? closed : status;
}

int two_phase_external(struct session *session, const struct scenario *scenario,
                       struct result *result, outfall_error *error)
{
    return run_pair(session, scenario, OUTFALL_DECISION_EXTERNAL, result, error);
}

int two_phase_home(struct session *session, const struct scenario *scenario, struct result *result,
                   outfall_error *error)
{
    return run_pair(session, scenario, OUTFALL_DECISION_HOME, result, error);
}
