/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a pool with pool.min keeps its connections in use for 50 to 80 % of the time, under a
 * load that steps up and down: threads that lease one, hold it for some milliseconds, return it,
 * and rest for as long.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <outfall/pool.h>

#include "harness.h"
#include "scenario.h"
#include "statistics.h"
#include "table.h"

#define THREADS_MAX 40
#define HOLD_NS 5000000
#define TIMEOUT_MS 30000
#define BAND_LOW 500 /* Permille. */
#define BAND_HIGH 800
#define SETTLED_SECONDS 3 /* So many in a row within the band: it has settled. */

/* Of each step how many threads work: each asks for half a connection. */
static const unsigned steps[] = {8, 24, 40, 16, 6};
#define STEPS (sizeof steps / sizeof steps[0])

struct load {
    outfall_pool *pool;
    atomic_uint working; /* Threads with a lower number do. */
    atomic_int ending;
};

struct user {
    pthread_t thread;
    struct load *load;
    unsigned number;
    int status;
    outfall_error error;
};

static void sleep_ns(long ns)
{
    const struct timespec time = {ns / 1000000000, ns % 1000000000};
    nanosleep(&time, NULL);
}

static void *use(void *argument)
{
    struct user *self = argument;
    struct load *load = self->load;
    while (self->status == OUTFALL_OK && load->ending == 0) {
        outfall_lease lease;
        if (self->number >= load->working) {
            sleep_ns(2 * HOLD_NS);
            continue;
        }
        self->status = outfall_pool_lease(load->pool, TIMEOUT_MS, &lease, &self->error);
        if (self->status != OUTFALL_OK)
            break;
        sleep_ns(HOLD_NS);
        self->status = outfall_pool_return(load->pool, lease, 0, &self->error);
        sleep_ns(HOLD_NS);
    }
    return NULL;
}

/* What one step came to. */
struct step {
    int settled_s;       /* After how many seconds; 0: not at all. */
    int after, in_band;  /* Seconds since then, and of those within the band. */
    double sum_permille; /* Of those since then. */
};

/* One second's figures, printed as they come. */
static int look(struct session *session, struct load *load, unsigned threads, int second,
                outfall_pool_stats *stats, outfall_error *error)
{
    *stats = (outfall_pool_stats){.struct_size = sizeof *stats};
    int status = outfall_pool_stats_get(load->pool, stats, error);
    if (status == OUTFALL_OK)
        fprintf(session->out,
                "    %2u threads, second %2d: %2" PRIu64 " connections, %3" PRIu64 " %%\n", threads,
                second, stats->active + stats->idle, stats->utilisation_permille / 10);
    fflush(session->out);
    return status;
}

static int run_step(struct session *session, struct load *load, unsigned threads, int seconds,
                    struct result *result, struct step *step, outfall_error *error)
{
    int row = 0, status = OUTFALL_OK;
    load->working = threads;
    for (int second = 1; second <= seconds && status == OUTFALL_OK; second++) {
        outfall_pool_stats stats;
        sleep_ns(1000000000);
        status = session_check(error);
        if (status == OUTFALL_OK)
            status = look(session, load, threads, second, &stats, error);
        if (status != OUTFALL_OK)
            break;
        result_series(result, (double)stats.utilisation_permille / 10,
                      (double)(stats.active + stats.idle));
        int in_band =
            stats.utilisation_permille >= BAND_LOW && stats.utilisation_permille <= BAND_HIGH;
        row = in_band ? row + 1 : 0;
        if (step->settled_s > 0) {
            step->after++;
            step->in_band += in_band;
            step->sum_permille += (double)stats.utilisation_permille;
        } else if (row == SETTLED_SECONDS) {
            step->settled_s = second - SETTLED_SECONDS + 1;
        }
    }
    return status;
}

static int run_steps(struct session *session, struct load *load, struct result *result,
                     outfall_error *error)
{
    double settled_s[STEPS];
    int seconds = session->quick ? 15 : 30, after = 0, in_band = 0, unsettled = 0;
    int status = OUTFALL_OK;
    for (size_t i = 0; i < STEPS && status == OUTFALL_OK; i++) {
        struct step step = {0};
        status = run_step(session, load, steps[i], seconds, result, &step, error);
        settled_s[i] = step.settled_s > 0 ? step.settled_s : seconds;
        unsettled += step.settled_s == 0;
        after += step.after;
        in_band += step.in_band;
        result_metric(result, settled_s[i], "settled_s_step_%zu_of_%u_threads", i + 1, steps[i]);
        if (step.after > 0)
            result_metric(result, step.sum_permille / step.after / 10, "percent_settled_step_%zu",
                          i + 1);
    }
    if (status != OUTFALL_OK)
        return status;
    snprintf(result->unit, sizeof result->unit, "s to settle");
    result_values(result, settled_s, STEPS);
    result_metric(result, after > 0 ? 100.0 * in_band / after : 0, "in_band_percent_once_settled");
    result_metric(result, unsettled, "steps_not_settled");
    if (unsettled > 0)
        result_note(result, "%d of %zu steps did not settle within %d s", unsettled, STEPS,
                    seconds);
    return OUTFALL_OK;
}

static int run_users(struct session *session, struct load *load, struct result *result,
                     outfall_error *error)
{
    static struct user users[THREADS_MAX];
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        users[i] = (struct user){.load = load, .number = i};
        if (pthread_create(&users[i].thread, NULL, use, &users[i]) != 0)
            abort(); /* No thread to be had: nothing can be measured. */
    }
    int status = run_steps(session, load, result, error);
    load->ending = 1;
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        pthread_join(users[i].thread, NULL);
        if (users[i].status != OUTFALL_OK && status == OUTFALL_OK) {
            *error = users[i].error;
            status = users[i].status;
        }
    }
    return status;
}

int utilisation_steps(struct session *session, const struct scenario *scenario,
                      struct result *result, outfall_error *error)
{
    outfall_config *config = NULL;
    struct load load = {0};
    struct table table;
    int status = table_open(&table, session, scenario->driver, error);
    if (status == OUTFALL_OK)
        status = outfall_config_new(&config, error);
    if (status == OUTFALL_OK)
        status = outfall_config_set(config, "pool.min", "2", error);
    if (status == OUTFALL_OK)
        status = outfall_config_set(config, "pool.max", "64", error);
    if (status == OUTFALL_OK)
        status = outfall_pool_open(table.url, config, &load.pool, error);
    if (status == OUTFALL_OK)
        status = run_users(session, &load, result, error);
    int closed = outfall_pool_close(load.pool, TIMEOUT_MS, status == OUTFALL_OK ? error : NULL);
    outfall_config_free(config);
    table_close(&table);
    return status == OUTFALL_OK ? closed : status;
}
