/* SPDX-License-Identifier: Apache-2.0 */
/* What a lease of a pool costs: warm and alone, and with many threads at once. */
#include <pthread.h>
#include <stdlib.h>

#include <outfall/pool.h>

#include "harness.h"
#include "scenario.h"
#include "statistics.h"
#include "table.h"

#define LEASES 200000 /* A run. */
#define TIMED 50000   /* Of a run's, for the two calls apart. */
#define THREADS_MAX 100
#define THREAD_LEASES 500
#define CONNECTIONS 8
#define HOLD_NS 50000 /* Asleep, as for a round trip. */
#define TIMEOUT_MS 60000

static int lease_once(outfall_pool *pool, outfall_error *error)
{
    outfall_lease lease;
    int status = outfall_pool_lease(pool, TIMEOUT_MS, &lease, error);
    return status == OUTFALL_OK ? outfall_pool_return(pool, lease, 0, error) : status;
}

/* ---- One thread ---- */

/* Medians of the two calls, without what reading the clock takes. */
static int time_apart(outfall_pool *pool, struct result *result, outfall_error *error)
{
    static double lease_ns[TIMED], return_ns[TIMED], clock_ns[TIMED];
    for (int i = 0; i < TIMED; i++) {
        outfall_lease lease;
        int64_t start = harness_now_ns();
        int64_t again = harness_now_ns();
        int status = outfall_pool_lease(pool, TIMEOUT_MS, &lease, error);
        int64_t leased = harness_now_ns();
        if (status == OUTFALL_OK)
            status = outfall_pool_return(pool, lease, 0, error);
        if (status != OUTFALL_OK)
            return status;
        return_ns[i] = (double)(harness_now_ns() - leased);
        lease_ns[i] = (double)(leased - again);
        clock_ns[i] = (double)(again - start);
    }
    statistics_sort(lease_ns, TIMED);
    statistics_sort(return_ns, TIMED);
    statistics_sort(clock_ns, TIMED);
    double clock = statistics_quantile(clock_ns, TIMED, 0.5);
    result_metric(result, statistics_quantile(lease_ns, TIMED, 0.5) - clock, "lease_p50_ns");
    result_metric(result, statistics_quantile(lease_ns, TIMED, 0.99) - clock, "lease_p99_ns");
    result_metric(result, statistics_quantile(return_ns, TIMED, 0.5) - clock, "return_p50_ns");
    result_metric(result, clock, "clock_p50_ns");
    return OUTFALL_OK;
}

int lease_warm(struct session *session, const struct scenario *scenario, struct result *result,
               outfall_error *error)
{
    double pair_ns[STATISTICS_SAMPLES_MAX];
    outfall_pool *pool;
    int runs = session_runs(session, 51, 21);
    (void)scenario;
    int status = outfall_pool_open("null:", NULL, &pool, error);
    if (status != OUTFALL_OK)
        return status;
    for (int run = -1; run < runs && status == OUTFALL_OK; run++) {
        status = session_check(error);
        int64_t start = harness_now_ns();
        for (int i = 0; i < LEASES && status == OUTFALL_OK; i++)
            status = lease_once(pool, error);
        if (run >= 0) /* The first warms up. */
            pair_ns[run] = (double)(harness_now_ns() - start) / LEASES;
    }
    if (status == OUTFALL_OK)
        status = time_apart(pool, result, error);
    int closed = outfall_pool_close(pool, TIMEOUT_MS, status == OUTFALL_OK ? error : NULL);
    if (status != OUTFALL_OK)
        return status;
    snprintf(result->unit, sizeof result->unit, "ns/lease");
    result_values(result, pair_ns, (size_t)runs);
    return closed;
}

/* A lease that finds none idle: the one before was given back as broken, which closes it. */
int lease_cold(struct session *session, const struct scenario *scenario, struct result *result,
               outfall_error *error)
{
    double cold_us[STATISTICS_SAMPLES_MAX];
    int runs = session_runs(session, 500, 100);
    struct table table;
    outfall_pool *pool = NULL;
    int status = table_open(&table, session, scenario->driver, error);
    if (status == OUTFALL_OK)
        status = outfall_pool_open(table.url, NULL, &pool, error);
    for (int run = -1; run < runs && status == OUTFALL_OK; run++) { /* The first warms up. */
        outfall_lease lease;
        status = session_check(error);
        int64_t start = harness_now_ns();
        if (status == OUTFALL_OK)
            status = outfall_pool_lease(pool, TIMEOUT_MS, &lease, error);
        cold_us[run < 0 ? 0 : run] = (double)(harness_now_ns() - start) / 1e3;
        if (status == OUTFALL_OK)
            status = outfall_pool_return(pool, lease, 1, error);
    }
    int closed = outfall_pool_close(pool, TIMEOUT_MS, status == OUTFALL_OK ? error : NULL);
    table_close(&table);
    if (status != OUTFALL_OK)
        return status;
    snprintf(result->unit, sizeof result->unit, "us");
    result_values(result, cold_us, (size_t)runs);
    statistics_sort(cold_us, (size_t)runs);
    result_metric(result, statistics_quantile(cold_us, (size_t)runs, 0.5), "p50_us");
    result_metric(result, statistics_quantile(cold_us, (size_t)runs, 0.99), "p99_us");
    return closed;
}

/* ---- Many ---- */

struct lessee {
    pthread_t thread;
    pthread_barrier_t *start;
    outfall_pool *pool;
    double *lease_ns, *hold_ns;
    outfall_error error;
    int status;
};

static void *lease_often(void *argument)
{
    const struct timespec hold = {0, HOLD_NS};
    struct lessee *self = argument;
    pthread_barrier_wait(self->start);
    for (int i = 0; i < THREAD_LEASES && self->status == OUTFALL_OK; i++) {
        outfall_lease lease;
        int64_t start = harness_now_ns();
        self->status = outfall_pool_lease(self->pool, TIMEOUT_MS, &lease, &self->error);
        int64_t leased = harness_now_ns();
        nanosleep(&hold, NULL);
        self->lease_ns[i] = (double)(leased - start);
        self->hold_ns[i] = (double)(harness_now_ns() - leased);
        if (self->status == OUTFALL_OK)
            self->status = outfall_pool_return(self->pool, lease, 0, &self->error);
    }
    return NULL;
}

static int threads_once(outfall_pool *pool, unsigned threads, double *lease_ns, double *hold_ns,
                        outfall_error *error)
{
    struct lessee lessees[THREADS_MAX];
    pthread_barrier_t start;
    int status = OUTFALL_OK;
    pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        size_t first = (size_t)i * THREAD_LEASES;
        lessees[i] = (struct lessee){.start = &start,
                                     .pool = pool,
                                     .lease_ns = lease_ns + first,
                                     .hold_ns = hold_ns + first};
        if (pthread_create(&lessees[i].thread, NULL, lease_often, &lessees[i]) != 0)
            abort(); /* The others wait at the barrier: nothing to go back to. */
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(lessees[i].thread, NULL);
        if (lessees[i].status != OUTFALL_OK && status == OUTFALL_OK) {
            *error = lessees[i].error;
            status = lessees[i].status;
        }
    }
    pthread_barrier_destroy(&start);
    return status;
}

int lease_threads(struct session *session, const struct scenario *scenario, struct result *result,
                  outfall_error *error)
{
    static const struct {
        double share;
        const char *name;
    } quantiles[] = {{0.5, "p50_ns"}, {0.9, "p90_ns"}, {0.99, "p99_ns"}, {0.999, "p999_ns"}};
    double found[4][STATISTICS_SAMPLES_MAX], fair_ns[STATISTICS_SAMPLES_MAX];
    outfall_pool *pool;
    int runs = session_runs(session, 21, 5);
    size_t count = (size_t)scenario->size * THREAD_LEASES;
    double *lease_ns = calloc(2 * count, sizeof *lease_ns);
    if (lease_ns == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    double *hold_ns = lease_ns + count;
    int status =
        outfall_pool_open("null:?outfall.pool.max=8" /* CONNECTIONS */, NULL, &pool, error);
    if (status != OUTFALL_OK) {
        free(lease_ns);
        return status;
    }
    for (int run = -1; run < runs && status == OUTFALL_OK; run++) {
        status = session_check(error);
        if (status == OUTFALL_OK)
            status = threads_once(pool, scenario->size, lease_ns, hold_ns, error);
        statistics_sort(lease_ns, count);
        for (int i = 0; i < 4 && run >= 0; i++)
            found[i][run] = statistics_quantile(lease_ns, count, quantiles[i].share);
        if (run < 0)
            continue; /* The first warms up. */
        double hold = 0;
        for (size_t i = 0; i < count; i++)
            hold += hold_ns[i] / (double)count;
        fair_ns[run] = hold * (scenario->size - CONNECTIONS) / CONNECTIONS;
    }
    int closed = outfall_pool_close(pool, TIMEOUT_MS, status == OUTFALL_OK ? error : NULL);
    free(lease_ns);
    if (status != OUTFALL_OK)
        return status;
    snprintf(result->unit, sizeof result->unit, "ns");
    result_values(result, found[2], (size_t)runs);
    for (int i = 0; i < 4; i++)
        result_metric(result, statistics_median(found[i], (size_t)runs), "%s", quantiles[i].name);
    result_metric(result, statistics_median(fair_ns, (size_t)runs), "fair_share_ns");
    return closed;
}
