/* SPDX-License-Identifier: Apache-2.0 */
#include "statistics.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 5000

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

void statistics_sort(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
}

/* Sorts `values` in place. */
static double median_of(double *values, size_t count)
{
    if (count == 0)
        return 0;
    statistics_sort(values, count);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double statistics_median(const double *values, size_t count)
{
    double copy[STATISTICS_SAMPLES_MAX];
    assert(count <= STATISTICS_SAMPLES_MAX);
    memcpy(copy, values, count * sizeof *values);
    return median_of(copy, count);
}

double statistics_least(const double *values, size_t count)
{
    double least = count == 0 ? 0 : values[0];
    for (size_t i = 1; i < count; i++)
        least = fmin(least, values[i]);
    return least;
}

double statistics_most(const double *values, size_t count)
{
    double most = count == 0 ? 0 : values[0];
    for (size_t i = 1; i < count; i++)
        most = fmax(most, values[i]);
    return most;
}

double statistics_quantile(const double *sorted, size_t count, double share)
{
    if (count == 0)
        return 0;
    size_t rank = (size_t)ceil(share * (double)count);
    return sorted[rank == 0 ? 0 : rank > count ? count - 1 : rank - 1];
}

void statistics_interval(const double *values, size_t count, double *low, double *high)
{
    static double medians[DRAWS];
    double drawn[STATISTICS_SAMPLES_MAX];
    uint64_t state = 88172645463325252u;
    assert(count <= STATISTICS_SAMPLES_MAX);
    *low = *high = count == 0 ? 0 : values[0];
    if (count < 2)
        return;
    for (size_t i = 0; i < DRAWS; i++) {
        for (size_t k = 0; k < count; k++) {
            state ^= state << 13; /* xorshift64 */
            state ^= state >> 7;
            state ^= state << 17;
            drawn[k] = values[(state >> 32) * count >> 32];
        }
        medians[i] = median_of(drawn, count);
    }
    statistics_sort(medians, DRAWS);
    *low = statistics_quantile(medians, DRAWS, 0.025);
    *high = statistics_quantile(medians, DRAWS, 0.975);
}
