/* SPDX-License-Identifier: Apache-2.0 */
/* Pure: medians, quantiles, and the interval of a median. */
#ifndef BENCH_STATISTICS_H
#define BENCH_STATISTICS_H

#include <stddef.h>

#define STATISTICS_SAMPLES_MAX 1000

/* Of up to STATISTICS_SAMPLES_MAX values; 0 where there are none. */
double statistics_median(const double *values, size_t count);
double statistics_least(const double *values, size_t count);
double statistics_most(const double *values, size_t count);

/*
 * The 95 % interval of the median, by the percentile bootstrap: the values are drawn again with
 * replacement 5,000 times. The draws are the same on every run.
 */
void statistics_interval(const double *values, size_t count, double *low, double *high);

/* The value below which `share` (0 to 1) of `sorted` lies, by nearest rank. */
double statistics_quantile(const double *sorted, size_t count, double share);

/* Sorts ascending. */
void statistics_sort(double *values, size_t count);

#endif
