/* SPDX-License-Identifier: Apache-2.0 */
/* Warm-up, repetition, alternated pairs; time and CPU of each. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdint.h>
#include <time.h>

#include <outfall/error.h>

#include "result.h"
#include "session.h"

#define HARNESS_PAIRS 15
#define HARNESS_PAIRS_LEAST 11 /* Fewer are noted in the result. */

static inline int64_t harness_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* One measured run. */
struct sample {
    uint64_t rows;
    double seconds;
    double client_cpu_s;  /* Of this process. */
    double server_cpu_s;  /* NAN where not known. */
    double foreign_cpu_s; /* Of the rest of the machine; NAN where not known. */
};

/* Between start and stop lies what is measured; the CPU is read outside of the timed part. */
struct meter {
    const struct session *session;
    int64_t start_ns;
    double client_cpu_s, server_cpu_s, machine_cpu_s;
};
void meter_start(struct meter *meter, const struct session *session);
void meter_stop(const struct meter *meter, uint64_t rows, struct sample *sample);

/* Notes it where other programs took a good part of the machine while `seconds` were measured. */
void harness_note_foreign(struct result *result, double foreign_cpu_s, double seconds);

/* One of the two ways that a pair compares. `run` prepares, measures and checks one run. */
struct side {
    const char *name;
    int (*run)(void *context, struct sample *sample, outfall_error *error);
    void *context;
};

/*
 * Runs both sides once unmeasured, then `pairs` times one after the other, the order swapped each
 * time so that neither always follows the other. Fills `result` in rows/s: the ratio is the median
 * of first ÷ second over the pairs, so that what slows the machine for longer than a pair cancels.
 */
int harness_pairs(int pairs, const struct side *first, const struct side *second,
                  struct result *result, outfall_error *error);

#endif
