/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write to durable at an offered rate. Open loop: rows come by a schedule whatever the sink does,
 * and a row's time runs from its place in the schedule, not from when a late writer got to it
 * (so nothing is lost to coordinated omission), until its acknowledgement has been polled.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "harness.h"
#include "insert.h"
#include "scenario.h"
#include "statistics.h"

#define TICK_NS 500000 /* Rows come in groups, one each half millisecond. */
#define RUNS_MAX 32

struct offer {
    struct sink_loop loop;
    const struct bench_row *rows;
    size_t count, group_rows;
    int64_t start_ns;
    double *latency_ms;  /* One a row, filled by the poller. */
    atomic_int given_up; /* 1: the writer has failed, so the poller need not wait. */
    outfall_error error; /* The poller's, as its status. */
    int status;
};

static int64_t due_ns(const struct offer *offer, size_t row)
{
    return offer->start_ns + (int64_t)(row / offer->group_rows) * TICK_NS;
}

/* Takes acknowledgements until every row has its own. */
static void *poll_acknowledgements(void *argument)
{
    struct offer *offer = argument;
    outfall_event event = {.struct_size = sizeof event};
    size_t seen = 0;
    while (seen < offer->count && offer->status == OUTFALL_OK && !offer->given_up) {
        offer->status = outfall_poll(offer->loop.sink, 200, &event, &offer->error);
        int64_t now_ns = harness_now_ns();
        if (offer->status == OUTFALL_OK && event.type == OUTFALL_EVENT_ERROR) {
            offer->error = event.error;
            offer->status = event.error.status;
        }
        if (offer->status != OUTFALL_OK || event.type != OUTFALL_EVENT_ACKNOWLEDGED)
            continue;
        for (; seen < event.position && seen < offer->count; seen++)
            offer->latency_ms[seen] = (double)(now_ns - due_ns(offer, seen)) / 1e6;
    }
    outfall_event_clear(&event);
    return NULL;
}

/* Writes each group when it is due, or at once where it is late. Returns the seconds it took. */
static int offer_rows(struct offer *offer, double *seconds, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < offer->count && status == OUTFALL_OK; i += offer->group_rows) {
        int64_t due = due_ns(offer, i);
        const struct timespec wake = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
        if (due > harness_now_ns())
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
        size_t left = offer->count - i;
        status = sink_loop_array(offer->loop.writer, offer->rows + i,
                                 left < offer->group_rows ? left : offer->group_rows, error);
    }
    *seconds = (double)(harness_now_ns() - offer->start_ns) / 1e9;
    return status;
}

static int offer_once(struct insert *insert, struct offer *offer, outfall_stats *stats,
                      double *seconds, struct sample *sample, outfall_error *error)
{
    static const struct sink_setting settings[] = {{"linger.ms", "5"}, {NULL, NULL}};
    struct meter meter;
    pthread_t poller;
    int status = session_check(error);
    if (status == OUTFALL_OK)
        status = insert->table.kind->empty(&insert->table, error);
    if (status == OUTFALL_OK)
        status = sink_loop_open(&offer->loop, insert->table.url, settings, error);
    if (status == OUTFALL_OK) {
        offer->status = OUTFALL_OK;
        offer->start_ns = harness_now_ns() + 20000000;
        meter_start(&meter, insert->session);
        if (pthread_create(&poller, NULL, poll_acknowledgements, offer) != 0)
            abort(); /* No thread to be had: nothing can be measured. */
        status = offer_rows(offer, seconds, error);
        if (status == OUTFALL_OK)
            status = sink_loop_flush(&offer->loop, error);
        offer->given_up = status != OUTFALL_OK;
        pthread_join(poller, NULL);
        meter_stop(&meter, offer->count, sample);
        if (status == OUTFALL_OK && offer->status != OUTFALL_OK) {
            *error = offer->error;
            status = offer->status;
        }
    }
    if (status == OUTFALL_OK)
        status = sink_loop_stats(&offer->loop, stats, error);
    int closed = sink_loop_close(&offer->loop, status == OUTFALL_OK ? error : NULL);
    if (status == OUTFALL_OK && closed == OUTFALL_OK)
        status = insert->table.kind->check(&insert->table, insert->rows, insert->count, error);
    return status == OUTFALL_OK ? closed : status;
}

/* Of each run the quantiles; the result's figures are medians over the runs. */
struct latency_record {
    double p50[RUNS_MAX], p90[RUNS_MAX], p99[RUNS_MAX], p999[RUNS_MAX], most[RUNS_MAX];
    double library_p50[RUNS_MAX], library_p99[RUNS_MAX], rate[RUNS_MAX];
    double batch_rows[RUNS_MAX];
    double rows, seconds, client_cpu_s, server_cpu_s, foreign_cpu_s; /* Sums. */
};

static void record_run(struct latency_record *record, int i, struct offer *offer,
                       const outfall_stats *stats, double seconds, const struct sample *sample)
{
    double *sorted = offer->latency_ms;
    statistics_sort(sorted, offer->count);
    record->p50[i] = statistics_quantile(sorted, offer->count, 0.5);
    record->p90[i] = statistics_quantile(sorted, offer->count, 0.9);
    record->p99[i] = statistics_quantile(sorted, offer->count, 0.99);
    record->p999[i] = statistics_quantile(sorted, offer->count, 0.999);
    record->most[i] = sorted[offer->count - 1];
    record->library_p50[i] = (double)stats->durable.p50_ns / 1e6;
    record->library_p99[i] = (double)stats->durable.p99_ns / 1e6;
    record->rate[i] = (double)offer->count / seconds;
    record->batch_rows[i] = stats->batches_delivered == 0
                                ? 0
                                : (double)stats->rows_delivered / (double)stats->batches_delivered;
    record->rows += (double)sample->rows;
    record->client_cpu_s += sample->client_cpu_s;
    record->server_cpu_s += sample->server_cpu_s;
    record->foreign_cpu_s += sample->foreign_cpu_s;
    record->seconds += sample->seconds;
}

static void report(const struct latency_record *record, int runs, unsigned offered,
                   struct result *result)
{
    size_t count = (size_t)runs;
    double rate = statistics_median(record->rate, count);
    snprintf(result->unit, sizeof result->unit, "ms p99");
    result_values(result, record->p99, count);
    result_metric(result, statistics_median(record->p50, count), "p50_ms");
    result_metric(result, statistics_median(record->p90, count), "p90_ms");
    result_metric(result, statistics_median(record->p99, count), "p99_ms");
    result_metric(result, statistics_median(record->p999, count), "p999_ms");
    result_metric(result, statistics_most(record->most, count), "max_ms");
    result_metric(result, statistics_median(record->library_p50, count), "library_p50_ms");
    result_metric(result, statistics_median(record->library_p99, count), "library_p99_ms");
    result_metric(result, rate, "rows_per_s_taken");
    result_metric(result, statistics_median(record->batch_rows, count), "rows_per_batch");
    result_metric(result, record->client_cpu_s / record->rows * 1e6, "client_cpu_s_per_million");
    if (!isnan(record->server_cpu_s))
        result_metric(result, record->server_cpu_s / record->rows * 1e6,
                      "server_cpu_s_per_million");
    harness_note_foreign(result, record->foreign_cpu_s, record->seconds);
    if (rate < 0.99 * offered)
        result_note(result, "the sink took only %.0f of %u rows/s offered", rate, offered);
}

int latency_durable(struct session *session, const struct scenario *scenario, struct result *result,
                    outfall_error *error)
{
    static struct latency_record record;
    unsigned per_second = scenario->size;
    int runs = session_runs(session, 7, 3);
    struct insert insert;
    struct offer offer = {.group_rows = (size_t)((double)per_second * TICK_NS / 1e9)};
    record = (struct latency_record){0};
    runs = runs < RUNS_MAX ? runs : RUNS_MAX;
    int status = insert_open(&insert, session, scenario->driver,
                             (size_t)per_second * (session->quick ? 2 : 4), 0, error);
    offer.rows = insert.rows;
    offer.count = insert.count;
    offer.latency_ms = calloc(insert.count, sizeof *offer.latency_ms);
    if (status == OUTFALL_OK && offer.latency_ms == NULL)
        status = outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    for (int i = -1; i < runs && status == OUTFALL_OK; i++) {
        outfall_stats stats;
        struct sample sample = {0};
        double seconds = 1;
        status = offer_once(&insert, &offer, &stats, &seconds, &sample, error);
        if (status == OUTFALL_OK && i >= 0)
            record_run(&record, i, &offer, &stats, seconds, &sample);
    }
    if (status == OUTFALL_OK)
        report(&record, runs, per_second, result);
    free(offer.latency_ms);
    insert_close(&insert);
    return status;
}
