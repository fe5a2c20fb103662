/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "procfs.h"
#include "statistics.h"

#define FOREIGN_SHARE_MAX 0.05

static double own_cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void meter_start(struct meter *meter, const struct session *session)
{
    meter->session = session;
    meter->machine_cpu_s = procfs_machine_cpu_s();
    meter->server_cpu_s = session_server_cpu_s(session);
    meter->client_cpu_s = own_cpu_s();
    meter->start_ns = harness_now_ns();
}

void meter_stop(const struct meter *meter, uint64_t rows, struct sample *sample)
{
    int64_t stop_ns = harness_now_ns();
    sample->client_cpu_s = own_cpu_s() - meter->client_cpu_s;
    sample->server_cpu_s = session_server_cpu_s(meter->session) - meter->server_cpu_s;
    sample->seconds = (double)(stop_ns - meter->start_ns) / 1e9;
    sample->rows = rows;
    sample->foreign_cpu_s = procfs_machine_cpu_s() - meter->machine_cpu_s - sample->client_cpu_s;
    if (!isnan(sample->server_cpu_s))
        sample->foreign_cpu_s -= sample->server_cpu_s;
    else if (session_is_users_server(meter->session))
        sample->foreign_cpu_s = NAN; /* Its work would count as foreign. */
}

void harness_note_foreign(struct result *result, double foreign_cpu_s, double seconds)
{
    double share = foreign_cpu_s / (seconds * (double)sysconf(_SC_NPROCESSORS_ONLN));
    if (isnan(share))
        return;
    result_metric(result, share > 0 ? share : 0, "foreign_cpu_share");
    if (share > FOREIGN_SHARE_MAX)
        result_note(result, "other programs took %.0f %% of the machine: repeat when it is quiet",
                    share * 100);
}

/* The runs of one side, kept for its medians. */
struct side_record {
    double rates[STATISTICS_SAMPLES_MAX];
    double rows, seconds, client_cpu_s, server_cpu_s, foreign_cpu_s; /* Sums. */
};

static int run_side(const struct side *side, struct side_record *record, int index,
                    outfall_error *error)
{
    struct sample sample = {0};
    int status = session_check(error);
    if (status == OUTFALL_OK)
        status = side->run(side->context, &sample, error);
    if (status != OUTFALL_OK || index < 0)
        return status;
    record->rates[index] = (double)sample.rows / sample.seconds;
    record->rows += (double)sample.rows;
    record->client_cpu_s += sample.client_cpu_s;
    record->server_cpu_s += sample.server_cpu_s;
    record->foreign_cpu_s += sample.foreign_cpu_s;
    record->seconds += sample.seconds;
    return OUTFALL_OK;
}

/* CPU is a mean over all runs: the kernel's ticks are too coarse for one. */
static void report_side(struct result *result, const struct side *side, int is_first, int pairs,
                        const struct side_record *record)
{
    size_t count = (size_t)pairs;
    double client = record->client_cpu_s / record->rows * 1e6;
    double server = record->server_cpu_s / record->rows * 1e6;
    result_metric(result, statistics_median(record->rates, count), "%s_median", side->name);
    result_metric(result, statistics_least(record->rates, count), "%s_min", side->name);
    result_metric(result, statistics_most(record->rates, count), "%s_max", side->name);
    if (is_first) {
        result_metric(result, client, "client_cpu_s_per_million");
        if (!isnan(server))
            result_metric(result, server, "server_cpu_s_per_million");
    } else {
        result_metric(result, client, "%s_client_cpu_s_per_million", side->name);
        if (!isnan(server))
            result_metric(result, server, "%s_server_cpu_s_per_million", side->name);
    }
}

int harness_pairs(int pairs, const struct side *first, const struct side *second,
                  struct result *result, outfall_error *error)
{
    static struct side_record records[2];
    double ratios[STATISTICS_SAMPLES_MAX];
    records[0] = records[1] = (struct side_record){0};
    for (int i = -1; i < pairs; i++) {
        int swapped = i & 1; /* The warm-up counts as -1. */
        int status = run_side(swapped ? second : first, &records[swapped], i, error);
        if (status == OUTFALL_OK)
            status = run_side(swapped ? first : second, &records[!swapped], i, error);
        if (status != OUTFALL_OK)
            return status;
        if (i >= 0)
            ratios[i] = records[0].rates[i] / records[1].rates[i];
    }
    result_values(result, records[0].rates, (size_t)pairs);
    result->is_pair = 1;
    snprintf(result->unit, sizeof result->unit, "rows/s");
    snprintf(result->first, sizeof result->first, "%s", first->name);
    snprintf(result->second, sizeof result->second, "%s", second->name);
    result->ratio = statistics_median(ratios, (size_t)pairs);
    statistics_interval(ratios, (size_t)pairs, &result->ratio_low, &result->ratio_high);
    report_side(result, first, 1, pairs, &records[0]);
    report_side(result, second, 0, pairs, &records[1]);
    harness_note_foreign(result, records[0].foreign_cpu_s + records[1].foreign_cpu_s,
                         records[0].seconds + records[1].seconds);
    if (pairs < HARNESS_PAIRS_LEAST)
        result_note(result, "fewer than %d pairs: not to be quoted", HARNESS_PAIRS_LEAST);
    return OUTFALL_OK;
}
