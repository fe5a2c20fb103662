/* SPDX-License-Identifier: Apache-2.0 */
/* What a scenario found. */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stddef.h>
#include <stdio.h>

#define RESULT_METRICS_MAX 48
#define RESULT_SERIES_MAX 256

struct scenario;

struct result_metric {
    char name[64];
    double value;
};

struct result {
    const struct scenario *scenario;
    char unit[24];
    double median, least, most;
    int runs;    /* Repetitions, or pairs. */
    int is_pair; /* 1: the four below are set, and the three above are the first side's. */
    char first[16], second[16];          /* The sides' names; the ratio is first ÷ second. */
    double ratio, ratio_low, ratio_high; /* Median of the pairs' ratios, 95 % interval. */
    struct result_metric metrics[RESULT_METRICS_MAX];
    size_t metric_count;
    /* Of a pool, second by second: how far it was used, and how many connections it had. */
    double utilisation_percent[RESULT_SERIES_MAX], connections[RESULT_SERIES_MAX];
    size_t seconds;
    char note[256]; /* What a reader has to know, or empty. */
    int skipped;    /* 1: nothing was measured; the note says why. */
};

/* Adds a figure under a name of its own; one too many is left out with an assert. */
__attribute__((format(printf, 3, 4))) void result_metric(struct result *result, double value,
                                                         const char *name, ...);

/* Adds a second to the series; one too many is left out with an assert. */
void result_series(struct result *result, double utilisation_percent, double connections);

/* Sets runs, median, least and most. */
void result_values(struct result *result, const double *values, size_t count);

__attribute__((format(printf, 2, 3))) void result_note(struct result *result, const char *format,
                                                       ...);

/* Prints a line, and one for each further figure. */
void result_print(FILE *out, const struct result *result);

/* Prints all of them as a table. */
void result_table(FILE *out, const struct result *results, size_t count);

/* Writes a figure for people, such as "612,345", into `out` and returns it. */
char *result_number(double value, char *out, size_t capacity);

#endif
