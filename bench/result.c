/* SPDX-License-Identifier: Apache-2.0 */
#include "result.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scenario.h"
#include "statistics.h"

void result_metric(struct result *result, double value, const char *name, ...)
{
    va_list arguments;
    assert(result->metric_count < RESULT_METRICS_MAX);
    if (result->metric_count == RESULT_METRICS_MAX)
        return;
    struct result_metric *metric = &result->metrics[result->metric_count++];
    va_start(arguments, name);
    vsnprintf(metric->name, sizeof metric->name, name, arguments);
    va_end(arguments);
    metric->value = value;
}

void result_series(struct result *result, double utilisation_percent, double connections)
{
    assert(result->seconds < RESULT_SERIES_MAX);
    if (result->seconds == RESULT_SERIES_MAX)
        return;
    result->utilisation_percent[result->seconds] = utilisation_percent;
    result->connections[result->seconds++] = connections;
}

void result_values(struct result *result, const double *values, size_t count)
{
    result->runs = (int)count;
    result->median = statistics_median(values, count);
    result->least = statistics_least(values, count);
    result->most = statistics_most(values, count);
}

void result_note(struct result *result, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(result->note);
    if (used > 0)
        used += (size_t)snprintf(result->note + used, sizeof result->note - used, "; ");
    if (used >= sizeof result->note)
        return;
    va_start(arguments, format);
    vsnprintf(result->note + used, sizeof result->note - used, format, arguments);
    va_end(arguments);
}

char *result_number(double value, char *out, size_t capacity)
{
    char plain[64];
    size_t length, used = 0;
    if (fabs(value) < 1000) {
        snprintf(out, capacity,
                 value == floor(value) ? "%.0f"
                 : fabs(value) < 10    ? "%.3f"
                                       : "%.1f",
                 value);
        return out;
    }
    length = (size_t)snprintf(plain, sizeof plain, "%.0f", value);
    for (size_t i = 0; i < length && used + 2 < capacity; i++) {
        out[used++] = plain[i];
        if ((length - i - 1) % 3 == 0 && i + 1 < length && plain[i] != '-')
            out[used++] = ',';
    }
    out[used] = '\0';
    return out;
}

void result_print(FILE *out, const struct result *result)
{
    char name[96], median[32], least[32], most[32];
    snprintf(name, sizeof name, "%s@%s", result->scenario->name, result->scenario->driver);
    if (result->skipped) {
        fprintf(out, "%-36s skipped: %s\n", name, result->note);
        return;
    }
    fprintf(out, "%-36s %s %s (%s to %s, %d %s)", name,
            result_number(result->median, median, sizeof median), result->unit,
            result_number(result->least, least, sizeof least),
            result_number(result->most, most, sizeof most), result->runs,
            result->is_pair ? "pairs" : "runs");
    if (result->is_pair)
        fprintf(out, ", %s ÷ %s %.3f [%.3f, %.3f]", result->first, result->second, result->ratio,
                result->ratio_low, result->ratio_high);
    fputc('\n', out);
    for (size_t i = 0; i < result->metric_count; i++)
        fprintf(out, "    %-40s %s\n", result->metrics[i].name,
                result_number(result->metrics[i].value, median, sizeof median));
    if (result->note[0] != '\0')
        fprintf(out, "    note: %s\n", result->note);
}

void result_table(FILE *out, const struct result *results, size_t count)
{
    fprintf(out, "\n%-26s %-15s %14s %14s %14s %-8s %5s  %s\n", "scenario", "driver", "median",
            "min", "max", "unit", "runs", "ratio [95 % interval]");
    for (size_t i = 0; i < count; i++) {
        const struct result *result = &results[i];
        char median[32], least[32], most[32];
        if (result->skipped) {
            fprintf(out, "%-26s %-15s %14s\n", result->scenario->name, result->scenario->driver,
                    "skipped");
            continue;
        }
        fprintf(out, "%-26s %-15s %14s %14s %14s %-8s %5d  ", result->scenario->name,
                result->scenario->driver, result_number(result->median, median, sizeof median),
                result_number(result->least, least, sizeof least),
                result_number(result->most, most, sizeof most), result->unit, result->runs);
        if (result->is_pair)
            fprintf(out, "%.3f [%.3f, %.3f] %s ÷ %s", result->ratio, result->ratio_low,
                    result->ratio_high, result->first, result->second);
        fputc('\n', out);
    }
}
