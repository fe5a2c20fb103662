/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outfall_checkpoint costs: the same rows with a checkpoint in the middle of each batch and
 * without; one of an empty buffer; and how long puts take while checkpoints come.
 */
#include <stdlib.h>

#include "harness.h"
#include "insert.h"
#include "scenario.h"
#include "statistics.h"

#define BATCH_ROWS 10000
#define BATCHES 10      /* A run. */
#define EMPTY 50        /* Checkpoints of an empty buffer. */
#define TICK_NS 1000000 /* Rows come in groups, one each millisecond: 50,000 a second. */
#define GROUP_ROWS 50
#define PAUSE_RUNS_MAX 8

struct checkpoints {
    struct insert insert;
    struct sink_loop loop;
    uint64_t last; /* The newest checkpoint's id. */
};

static int loop_open(struct checkpoints *it, const char *linger_ms, outfall_error *error)
{
    const struct sink_setting settings[] = {
        {"batch.rows", "10000"}, {"linger.ms", linger_ms}, {NULL, NULL}};
    int status = session_check(error);
    it->last = 0;
    if (status == OUTFALL_OK)
        status = insert_prepare(&it->insert, error);
    if (status == OUTFALL_OK)
        status = sink_loop_open(&it->loop, it->insert.table.url, settings, error);
    return status;
}

/* Closes, and looks whether the first `count` rows are there. */
static int loop_close(struct checkpoints *it, int status, size_t count, outfall_error *error)
{
    int closed = sink_loop_close(&it->loop, status == OUTFALL_OK ? error : NULL);
    if (status == OUTFALL_OK && closed == OUTFALL_OK)
        closed = it->insert.table.kind->check(&it->insert.table, it->insert.rows, count, error);
    return status == OUTFALL_OK ? closed : status;
}

static int put_rows(struct checkpoints *it, size_t first, size_t count, outfall_error *error)
{
    return sink_loop_array(it->loop.writer, it->insert.rows + first, count, error);
}

/* ---- A checkpoint in the middle of a batch ------------------------------------------ */

static int write_batches(struct checkpoints *it, int halved, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t at = 0; at < (size_t)BATCHES * BATCH_ROWS && status == OUTFALL_OK;
         at += BATCH_ROWS) {
        status = put_rows(it, at, BATCH_ROWS / 2, error);
        if (status == OUTFALL_OK && halved)
            status = outfall_checkpoint(it->loop.sink, ++it->last, error);
        if (status == OUTFALL_OK)
            status = put_rows(it, at + BATCH_ROWS / 2, BATCH_ROWS / 2, error);
        if (status == OUTFALL_OK)
            status = sink_loop_flush(&it->loop, error);
    }
    return status;
}

/* Milliseconds a batch. */
static int batches_once(struct checkpoints *it, int halved, double *ms, outfall_error *error)
{
    int status = loop_open(it, "1000", error);
    int64_t start = harness_now_ns();
    if (status == OUTFALL_OK)
        status = write_batches(it, halved, error);
    *ms = (double)(harness_now_ns() - start) / 1e6 / BATCHES;
    return loop_close(it, status, (size_t)BATCHES * BATCH_ROWS, error);
}

/* In pairs whose order alternates; what a checkpoint adds is their difference. */
static int measure_halves(struct checkpoints *it, int pairs, double *added_ms, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (int i = -1; i < pairs && status == OUTFALL_OK; i++) {
        double ms[2] = {0, 0};
        int first = i & 1;
        status = batches_once(it, first, &ms[first], error);
        if (status == OUTFALL_OK)
            status = batches_once(it, !first, &ms[!first], error);
        if (i >= 0) /* The first pair warms up. */
            added_ms[i] = ms[1] - ms[0];
    }
    return status;
}

/* ---- An empty buffer -------------------------------------------------------------- */

/* Until it is done; the first follows a batch, so that a connection is open. */
static int measure_empty(struct checkpoints *it, double *ms, outfall_error *error)
{
    double each[EMPTY];
    int status = loop_open(it, "1000", error);
    if (status == OUTFALL_OK)
        status = put_rows(it, 0, BATCH_ROWS, error);
    if (status == OUTFALL_OK)
        status = sink_loop_flush(&it->loop, error);
    for (int i = 0; i < EMPTY && status == OUTFALL_OK; i++) {
        int64_t start = harness_now_ns();
        status = outfall_checkpoint(it->loop.sink, ++it->last, error);
        if (status == OUTFALL_OK)
            status = outfall_checkpoint_wait(it->loop.sink, it->last, SINK_TIMEOUT_MS, error);
        each[i] = (double)(harness_now_ns() - start) / 1e6;
    }
    *ms = statistics_median(each, EMPTY);
    return loop_close(it, status, BATCH_ROWS, error);
}

/* ---- Pauses ------------------------------------------------------------------------- */

/* Of each run. */
struct pauses {
    double most_ms[PAUSE_RUNS_MAX], p999_ms[PAUSE_RUNS_MAX]; /* Of a put of GROUP_ROWS rows. */
    double call_ms[PAUSE_RUNS_MAX];                          /* The longest outfall_checkpoint. */
};

static void wait_until(int64_t due_ns)
{
    const struct timespec wake = {.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000};
    if (due_ns > harness_now_ns())
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
}

static double ms_since(int64_t start_ns)
{
    return (double)(harness_now_ns() - start_ns) / 1e6;
}

/* Rows by a schedule, whatever the sink does, and `per_second` checkpoints meanwhile; 0: none. */
static int offer_rows(struct checkpoints *it, size_t groups, unsigned per_second, double *put_ms,
                      double *call_ms, outfall_error *error)
{
    int64_t start = harness_now_ns(), interval = per_second == 0 ? 0 : 1000000000 / per_second;
    int status = OUTFALL_OK;
    for (size_t i = 0; i < groups && status == OUTFALL_OK; i++) {
        wait_until(start + (int64_t)i * TICK_NS);
        int64_t now = harness_now_ns();
        status = put_rows(it, i * GROUP_ROWS, GROUP_ROWS, error);
        put_ms[i] = ms_since(now);
        if (status != OUTFALL_OK || interval == 0 ||
            now - start < (int64_t)(it->last + 1) * interval)
            continue;
        now = harness_now_ns();
        status = outfall_checkpoint(it->loop.sink, ++it->last, error);
        if (ms_since(now) > *call_ms)
            *call_ms = ms_since(now);
    }
    return status;
}

static int pauses_once(struct checkpoints *it, unsigned per_second, int run, struct pauses *out,
                       outfall_error *error)
{
    size_t groups = it->insert.count / GROUP_ROWS;
    double *put_ms = calloc(groups, sizeof *put_ms);
    if (put_ms == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    int status = loop_open(it, "100", error);
    if (status == OUTFALL_OK)
        status = offer_rows(it, groups, per_second, put_ms, &out->call_ms[run], error);
    if (status == OUTFALL_OK)
        status = sink_loop_flush(&it->loop, error);
    status = loop_close(it, status, groups * GROUP_ROWS, error);
    statistics_sort(put_ms, groups);
    out->most_ms[run] = put_ms[groups - 1];
    out->p999_ms[run] = statistics_quantile(put_ms, groups, 0.999);
    free(put_ms);
    return status;
}

static int measure_pauses(struct checkpoints *it, unsigned per_second, int runs,
                          struct result *result, outfall_error *error)
{
    struct pauses with = {0}, without = {0};
    size_t count = (size_t)runs;
    int status = OUTFALL_OK;
    for (int i = 0; i < runs && status == OUTFALL_OK; i++) {
        int first = i & 1;
        status = pauses_once(it, first ? per_second : 0, i, first ? &with : &without, error);
        if (status == OUTFALL_OK)
            status = pauses_once(it, first ? 0 : per_second, i, first ? &without : &with, error);
    }
    if (status != OUTFALL_OK)
        return status;
    result_metric(result, statistics_median(with.most_ms, count), "put_longest_ms");
    result_metric(result, statistics_median(without.most_ms, count), "put_longest_without_ms");
    result_metric(result, statistics_median(with.p999_ms, count), "put_p999_ms");
    result_metric(result, statistics_median(without.p999_ms, count), "put_p999_without_ms");
    result_metric(result, statistics_median(with.call_ms, count), "checkpoint_call_longest_ms");
    return OUTFALL_OK;
}

/* ---- The scenario ------------------------------------------------------------------- */

int checkpoint_cost(struct session *session, const struct scenario *scenario, struct result *result,
                    outfall_error *error)
{
    double percent[STATISTICS_SAMPLES_MAX], added_ms[STATISTICS_SAMPLES_MAX], empty_ms = 0;
    double low, high, interval_ms = 1000.0 / scenario->size;
    int pairs = session_runs(session, HARNESS_PAIRS, HARNESS_PAIRS_LEAST);
    int runs = session_runs(session, 5, 3);
    struct checkpoints it = {0};
    /* As many rows as the longest part needs: seconds at 50,000. */
    int status = insert_open(&it.insert, session, scenario->driver,
                             (size_t)(session->quick ? 2 : 4) * 50000, BATCH_ROWS, error);
    if (status == OUTFALL_OK)
        status = measure_halves(&it, pairs, added_ms, error);
    if (status == OUTFALL_OK)
        status = measure_empty(&it, &empty_ms, error);
    if (status == OUTFALL_OK) {
        for (int i = 0; i < pairs; i++)
            percent[i] = added_ms[i] / interval_ms * 100;
        snprintf(result->unit, sizeof result->unit, "%% of time");
        result_values(result, percent, (size_t)pairs);
        statistics_interval(percent, (size_t)pairs, &low, &high);
        result_metric(result, low, "half_full_percent_low");
        result_metric(result, high, "half_full_percent_high");
        result_metric(result, statistics_median(added_ms, (size_t)pairs), "half_full_added_ms");
        result_metric(result, empty_ms / interval_ms * 100, "empty_percent");
        result_metric(result, empty_ms, "empty_ms");
        status = measure_pauses(&it, scenario->size, runs < PAUSE_RUNS_MAX ? runs : PAUSE_RUNS_MAX,
                                result, error);
    }
    insert_close(&it.insert);
    return status;
}
