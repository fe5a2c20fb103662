/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log-linear histogram of durations: 64 buckets to an octave, so that a bucket's middle is
 * within 0.8 % of every value in it. Values below 128 ns have a bucket each; from 2^42 ns
 * (73 minutes) on all fall into the last one.
 */
#ifndef OF_BASE_HISTOGRAM_H
#define OF_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#include <outfall/stats.h>

#define OF_HISTOGRAM_SUB_BITS 6
#define OF_HISTOGRAM_VALUE_BITS 42
#define OF_HISTOGRAM_BUCKETS                                                                       \
    ((OF_HISTOGRAM_VALUE_BITS - OF_HISTOGRAM_SUB_BITS + 1) << OF_HISTOGRAM_SUB_BITS)

/* 19 KB. All zeroes is an empty one. Any thread may record and read at any time. */
typedef struct of_histogram {
    _Atomic uint64_t buckets[OF_HISTOGRAM_BUCKETS];
} of_histogram;

/* Wait-free: one atomic addition. */
void of_histogram_record(of_histogram *histogram, uint64_t ns);

/* As `count` calls of of_histogram_record with the same value. */
void of_histogram_record_many(of_histogram *histogram, uint64_t ns, uint64_t count);

/* Counts recorded meanwhile may or may not be in it. All zeroes where nothing was recorded. */
void of_histogram_read(const of_histogram *histogram, outfall_latency *out);

#endif
