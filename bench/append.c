/* SPDX-License-Identifier: Apache-2.0 */
/* What a row costs its writer, and how many go through the core alone (the null driver). */
#include <pthread.h>
#include <stdlib.h>

#include "harness.h"
#include "scenario.h"
#include "sink_loop.h"
#include "statistics.h"

#define VALUE_ROWS 1024 /* Made before the clock starts, and written over and over. */
#define BURST_ROWS 100000
#define WRITERS_MAX 16

/* Room for a burst in full, so that no row of one waits for the flusher. */
static const struct sink_setting burst_settings[] = {{"buffer.bytes", "67108864"}, {NULL, NULL}};
static const struct sink_setting no_settings[] = {{NULL, NULL}};

struct source {
    struct bench_row *rows;
    outfall_value *values;
};

static int source_make(struct source *source, outfall_error *error)
{
    source->rows = rows_make(VALUE_ROWS);
    source->values = calloc((size_t)VALUE_ROWS * ROW_COLUMNS, sizeof *source->values);
    if (source->rows == NULL || source->values == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    sink_loop_values(source->rows, VALUE_ROWS, source->values);
    return OUTFALL_OK;
}

static void source_free(struct source *source)
{
    free(source->rows);
    free(source->values);
}

typedef int (*append_function)(outfall_writer *writer, const struct source *source, size_t count,
                               outfall_error *error);

static int write_arrays(outfall_writer *writer, const struct source *source, size_t count,
                        outfall_error *error)
{
    int status = OUTFALL_OK;
    size_t at = 0;
    while (count > 0 && status == OUTFALL_OK) {
        size_t call = count < SINK_CALL_ROWS ? count : SINK_CALL_ROWS;
        const outfall_rows block = {.struct_size = sizeof block,
                                    .count = call,
                                    .values = source->values + at * ROW_COLUMNS};
        status = outfall_write(writer, &block, NULL, error);
        at = (at + SINK_CALL_ROWS) % VALUE_ROWS;
        count -= call;
    }
    return status;
}

static int write_puts(outfall_writer *writer, const struct source *source, size_t count,
                      outfall_error *error)
{
    int status = OUTFALL_OK;
    while (count > 0 && status == OUTFALL_OK) {
        size_t call = count < VALUE_ROWS ? count : VALUE_ROWS;
        status = sink_loop_puts(writer, source->rows, call, error);
        count -= call;
    }
    return status;
}

static double thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds a row, by the clock and by the writer's CPU; flushed afterwards. */
static int append_once(struct sink_loop *loop, append_function append, const struct source *source,
                       size_t rows, double *wall_ns, double *cpu_ns, outfall_error *error)
{
    int status = session_check(error);
    if (status != OUTFALL_OK)
        return status;
    double cpu = thread_cpu_ns();
    int64_t start = harness_now_ns();
    status = append(loop->writer, source, rows, error);
    *wall_ns = (double)(harness_now_ns() - start) / (double)rows;
    *cpu_ns = (thread_cpu_ns() - cpu) / (double)rows;
    return status == OUTFALL_OK ? sink_loop_flush(loop, error) : status;
}

struct append_record {
    double wall_ns[STATISTICS_SAMPLES_MAX], cpu_ns[STATISTICS_SAMPLES_MAX];
};

/* One run more than asked for: the first warms up. */
static int append_series(append_function append, const struct sink_setting *settings, size_t rows,
                         int runs, struct append_record *record, outfall_error *error)
{
    struct sink_loop loop = {0};
    struct source source = {0};
    int status = source_make(&source, error);
    if (status == OUTFALL_OK)
        status = sink_loop_open(&loop, "null:", settings, error);
    for (int i = -1; i < runs && status == OUTFALL_OK; i++) {
        double wall_ns = 0, cpu_ns = 0;
        status = append_once(&loop, append, &source, rows, &wall_ns, &cpu_ns, error);
        if (i >= 0) {
            record->wall_ns[i] = wall_ns;
            record->cpu_ns[i] = cpu_ns;
        }
    }
    int closed = sink_loop_close(&loop, status == OUTFALL_OK ? error : NULL);
    source_free(&source);
    return status == OUTFALL_OK ? closed : status;
}

/* A burst into an empty buffer is the cost of appending; steady state adds the waits. */
static int append_cost(struct session *session, append_function append, struct result *result,
                       outfall_error *error)
{
    static struct append_record burst, steady;
    int runs = session_runs(session, 51, 21), steady_runs = session_runs(session, 11, 5);
    size_t steady_rows = session->quick ? 2000000 : 10000000;
    int status = append_series(append, burst_settings, BURST_ROWS, runs, &burst, error);
    if (status == OUTFALL_OK)
        status = append_series(append, no_settings, steady_rows, steady_runs, &steady, error);
    if (status != OUTFALL_OK)
        return status;
    snprintf(result->unit, sizeof result->unit, "ns/row");
    result_values(result, burst.wall_ns, (size_t)runs);
    result_metric(result, statistics_median(burst.cpu_ns, (size_t)runs), "writer_cpu_ns_per_row");
    result_metric(result, statistics_median(steady.wall_ns, (size_t)steady_runs),
                  "steady_ns_per_row");
    result_metric(result, statistics_median(steady.cpu_ns, (size_t)steady_runs),
                  "steady_writer_cpu_ns_per_row");
    return OUTFALL_OK;
}

int append_array(struct session *session, const struct scenario *scenario, struct result *result,
                 outfall_error *error)
{
    (void)scenario;
    return append_cost(session, write_arrays, result, error);
}

int append_put(struct session *session, const struct scenario *scenario, struct result *result,
               outfall_error *error)
{
    (void)scenario;
    return append_cost(session, write_puts, result, error);
}

/* ---- Several writers ---- */

struct crew {
    pthread_barrier_t start;
    const struct source *source;
    size_t rows; /* Each. */
};

struct crew_member {
    struct crew *crew;
    outfall_writer *writer;
    pthread_t thread;
    outfall_error error;
    int status;
};

static void *crew_work(void *argument)
{
    struct crew_member *member = argument;
    pthread_barrier_wait(&member->crew->start);
    member->status =
        write_arrays(member->writer, member->crew->source, member->crew->rows, &member->error);
    return NULL;
}

/* Starts the members, waits for them at the barrier, measures until all is acknowledged. */
static int crew_run(struct session *session, struct sink_loop *loop, struct crew *crew,
                    struct crew_member *members, unsigned writers, struct sample *sample,
                    outfall_error *error)
{
    struct meter meter;
    int status = session_check(error);
    if (status != OUTFALL_OK)
        return status;
    pthread_barrier_init(&crew->start, NULL, writers + 1);
    for (unsigned i = 0; i < writers; i++) {
        if (pthread_create(&members[i].thread, NULL, crew_work, &members[i]) != 0)
            abort(); /* The others wait at the barrier: nothing to go back to. */
    }
    meter_start(&meter, session);
    pthread_barrier_wait(&crew->start);
    for (unsigned i = 0; i < writers; i++) {
        pthread_join(members[i].thread, NULL);
        if (members[i].status != OUTFALL_OK && status == OUTFALL_OK) {
            *error = members[i].error;
            status = members[i].status;
        }
    }
    if (status == OUTFALL_OK)
        status = sink_loop_flush(loop, error);
    meter_stop(&meter, (uint64_t)crew->rows * writers, sample);
    pthread_barrier_destroy(&crew->start);
    return status;
}

static int crew_series(struct session *session, unsigned writers, int runs, size_t rows,
                       struct result *result, outfall_error *error)
{
    double rates[STATISTICS_SAMPLES_MAX], cpu_s = 0, foreign_cpu_s = 0, seconds = 0, total = 0;
    struct crew_member members[WRITERS_MAX] = {{0}};
    struct source source = {0};
    struct sink_loop loop = {0};
    struct crew crew = {.source = &source, .rows = rows / writers};
    int status = source_make(&source, error);
    if (status == OUTFALL_OK)
        status = sink_loop_open(&loop, "null:", no_settings, error);
    for (unsigned i = 0; i < writers && status == OUTFALL_OK; i++) {
        members[i].crew = &crew;
        status = outfall_writer_open(loop.sink, NULL, &members[i].writer, error);
    }
    for (int i = -1; i < runs && status == OUTFALL_OK; i++) {
        struct sample sample = {0};
        status = crew_run(session, &loop, &crew, members, writers, &sample, error);
        if (i < 0 || status != OUTFALL_OK)
            continue;
        rates[i] = (double)sample.rows / sample.seconds;
        cpu_s += sample.client_cpu_s;
        foreign_cpu_s += sample.foreign_cpu_s;
        seconds += sample.seconds;
        total += (double)sample.rows;
    }
    int closed = sink_loop_close(&loop, status == OUTFALL_OK ? error : NULL);
    source_free(&source);
    if (status != OUTFALL_OK || closed != OUTFALL_OK)
        return status != OUTFALL_OK ? status : closed;
    snprintf(result->unit, sizeof result->unit, "rows/s");
    result_values(result, rates, (size_t)runs);
    result_metric(result, cpu_s / total * 1e6, "client_cpu_s_per_million");
    harness_note_foreign(result, foreign_cpu_s, seconds);
    return OUTFALL_OK;
}

int append_writers(struct session *session, const struct scenario *scenario, struct result *result,
                   outfall_error *error)
{
    return crew_series(session, scenario->size, session_runs(session, 11, 5),
                       session->quick ? 4000000 : 20000000, result, error);
}
