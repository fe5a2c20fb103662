/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/histogram.h"

#define HOUR_NS ((uint64_t)3600 * 1000000000)

static void assert_within_one_percent(uint64_t got, uint64_t want)
{
    uint64_t off = got > want ? got - want : want - got;
    if (off * 100 > want)
        fail_msg("%llu is not within 1 %% of %llu", (unsigned long long)got,
                 (unsigned long long)want);
}

static void an_empty_histogram_reads_as_zeroes(void **state)
{
    static of_histogram histogram;
    outfall_latency zeroes = {0};
    outfall_latency latency;
    (void)state;
    memset(&latency, 1, sizeof latency);
    of_histogram_read(&histogram, &latency);
    assert_memory_equal(&latency, &zeroes, sizeof zeroes);
}

static void one_value_is_every_figure_within_one_percent(void **state)
{
    static of_histogram histogram;
    (void)state;
    for (uint64_t ns = 1; ns <= HOUR_NS; ns += 1 + ns / 61) {
        outfall_latency latency;
        memset(&histogram, 0, sizeof histogram);
        of_histogram_record(&histogram, ns);
        of_histogram_read(&histogram, &latency);
        assert_int_equal(latency.count, 1);
        assert_within_one_percent(latency.min_ns, ns);
        assert_within_one_percent(latency.mean_ns, ns);
        assert_within_one_percent(latency.p50_ns, ns);
        assert_within_one_percent(latency.p999_ns, ns);
        assert_within_one_percent(latency.max_ns, ns);
        if (ns < 128)
            assert_int_equal(latency.p50_ns, ns);
    }
}

static void both_sides_of_an_octave_stay_apart(void **state)
{
    static of_histogram histogram;
    (void)state;
    for (unsigned bit = 1; bit < 42; bit++) {
        outfall_latency latency;
        uint64_t edge = (uint64_t)1 << bit;
        memset(&histogram, 0, sizeof histogram);
        of_histogram_record(&histogram, edge - 1);
        of_histogram_record(&histogram, edge);
        of_histogram_read(&histogram, &latency);
        assert_true(latency.min_ns < edge);
        assert_true(latency.max_ns >= edge);
    }
}

static void percentiles_of_known_distributions_hold(void **state)
{
    static const struct {
        const char *why;
        uint64_t count, step, p50, p90, p99, p999, max, mean;
    } cases[] = {
        {"1 to 1,000 us", 1000, 1000, 500000, 900000, 990000, 999000, 1000000, 500500},
        {"1 to 100 ns", 100, 1, 50, 90, 99, 100, 100, 51},
        {"two values", 2, 1000, 1000, 2000, 2000, 2000, 2000, 1500},
        {"one million", 1000000, 7, 3500000, 6300000, 6930000, 6993000, 7000000, 3500004},
    };
    static of_histogram histogram;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_latency latency;
        memset(&histogram, 0, sizeof histogram);
        for (uint64_t n = 1; n <= cases[i].count; n++)
            of_histogram_record(&histogram, n * cases[i].step);
        of_histogram_read(&histogram, &latency);
        assert_int_equal(latency.count, cases[i].count);
        assert_within_one_percent(latency.p50_ns, cases[i].p50);
        assert_within_one_percent(latency.p90_ns, cases[i].p90);
        assert_within_one_percent(latency.p99_ns, cases[i].p99);
        assert_within_one_percent(latency.p999_ns, cases[i].p999);
        assert_within_one_percent(latency.max_ns, cases[i].max);
        assert_within_one_percent(latency.mean_ns, cases[i].mean);
    }
}

static void extremes_are_counted_and_do_not_overflow(void **state)
{
    static of_histogram histogram;
    outfall_latency latency;
    (void)state;
    of_histogram_record(&histogram, 0);
    of_histogram_record(&histogram, UINT64_MAX);
    of_histogram_record_many(&histogram, HOUR_NS, (uint64_t)1 << 50);
    of_histogram_record_many(&histogram, HOUR_NS, 0);
    of_histogram_read(&histogram, &latency);
    assert_int_equal(latency.count, ((uint64_t)1 << 50) + 2);
    assert_int_equal(latency.min_ns, 0);
    assert_within_one_percent(latency.mean_ns, HOUR_NS);
    assert_within_one_percent(latency.p999_ns, HOUR_NS);
    assert_true(latency.max_ns > HOUR_NS);
}

#define THREADS 4
#define RECORDS_PER_THREAD 20000u
static of_histogram shared;

static void *record_many_values(void *argument)
{
    for (uint64_t i = 0; i < RECORDS_PER_THREAD; i++)
        of_histogram_record(&shared, i % 1000);
    return argument;
}

static void threads_lose_no_record(void **state)
{
    pthread_t threads[THREADS];
    outfall_latency latency;
    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_many_values, NULL), 0);
    of_histogram_read(&shared, &latency);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    of_histogram_read(&shared, &latency);
    assert_int_equal(latency.count, THREADS * RECORDS_PER_THREAD);
}

static void it_stays_small(void **state)
{
    (void)state;
    assert_true(sizeof(of_histogram) <= 24 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_histogram_reads_as_zeroes),
        cmocka_unit_test(one_value_is_every_figure_within_one_percent),
        cmocka_unit_test(both_sides_of_an_octave_stay_apart),
        cmocka_unit_test(percentiles_of_known_distributions_hold),
        cmocka_unit_test(extremes_are_counted_and_do_not_overflow),
        cmocka_unit_test(threads_lose_no_record),
        cmocka_unit_test(it_stays_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
