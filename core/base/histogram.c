/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#include <string.h>

#define SUB_COUNT ((uint64_t)1 << OF_HISTOGRAM_SUB_BITS)

static unsigned bucket_of(uint64_t ns)
{
    if (ns < SUB_COUNT)
        return (unsigned)ns;
    unsigned octave = 63u - (unsigned)__builtin_clzll(ns);
    if (octave >= OF_HISTOGRAM_VALUE_BITS)
        return OF_HISTOGRAM_BUCKETS - 1;
    unsigned shift = octave - OF_HISTOGRAM_SUB_BITS;
    /* The value's top bit is set: it adds one SUB_COUNT, which steps over the linear buckets. */
    return (shift << OF_HISTOGRAM_SUB_BITS) + (unsigned)(ns >> shift);
}

/* The middle of a bucket. */
static uint64_t value_of(unsigned bucket)
{
    if (bucket < 2 * SUB_COUNT)
        return bucket;
    unsigned shift = (bucket >> OF_HISTOGRAM_SUB_BITS) - 1;
    uint64_t least = ((uint64_t)bucket - ((uint64_t)shift << OF_HISTOGRAM_SUB_BITS)) << shift;
    return least + (((uint64_t)1 << shift) - 1) / 2;
}

void of_histogram_record(of_histogram *histogram, uint64_t ns)
{
    of_histogram_record_many(histogram, ns, 1);
}

void of_histogram_record_many(of_histogram *histogram, uint64_t ns, uint64_t count)
{
    /* Relaxed: a count orders nothing else. */
    atomic_fetch_add_explicit(&histogram->buckets[bucket_of(ns)], count, memory_order_relaxed);
}

/* The rank, from 1, of the value that `per_mille` of all values do not exceed. */
static uint64_t rank_of(uint64_t count, unsigned per_mille)
{
    uint64_t rank = count / 1000 * per_mille + (count % 1000 * per_mille + 999) / 1000;
    return rank == 0 ? 1 : rank;
}

void of_histogram_read(const of_histogram *histogram, outfall_latency *out)
{
    uint64_t counts[OF_HISTOGRAM_BUCKETS];
    uint64_t total = 0;
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < OF_HISTOGRAM_BUCKETS; i++) {
        counts[i] = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        total += counts[i];
    }
    if (total == 0)
        return;

    const struct {
        uint64_t rank;
        uint64_t *value;
    } wanted[] = {
        {1, &out->min_ns},
        {rank_of(total, 500), &out->p50_ns},
        {rank_of(total, 900), &out->p90_ns},
        {rank_of(total, 990), &out->p99_ns},
        {rank_of(total, 999), &out->p999_ns},
        {total, &out->max_ns},
    };
    uint64_t seen = 0;
    size_t next = 0;
    /* A double: the sum of nanoseconds over a long run's rows passes 2^64. */
    double sum = 0;
    for (unsigned i = 0; i < OF_HISTOGRAM_BUCKETS; i++) {
        if (counts[i] == 0)
            continue;
        seen += counts[i];
        sum += (double)counts[i] * (double)value_of(i);
        while (next < sizeof wanted / sizeof wanted[0] && wanted[next].rank <= seen)
            *wanted[next++].value = value_of(i);
    }
    out->count = total;
    out->mean_ns = (uint64_t)(sum / (double)total + 0.5);
}
