/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES_MAX 160
#define SUITES_MAX 12
#define REASONS_MAX 99

static const char *const words[] = {"not run", "FAILED", "ok", "-"};

static struct {
    const char *suites[SUITES_MAX];
    const char *cases[CASES_MAX];
    enum report_outcome outcomes[SUITES_MAX][CASES_MAX];
    const char *reasons[SUITES_MAX][CASES_MAX];
    size_t suite_count, case_count, at; /* `at`: the next case of the suite that is open. */
    FILE *matrix, *types;
} report;

static FILE *open_file(const char *suite, const char *suffix)
{
    const char *directory = getenv("OUTFALL_TEST_REPORTS");
    char path[1024];
    if (directory == NULL)
        return NULL;
    snprintf(path, sizeof path, "%s/%s.%s", directory, suite, suffix);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    return file;
}

static void close_file(FILE **file)
{
    if (*file != NULL && fclose(*file) != 0) {
        perror("OUTFALL_TEST_REPORTS");
        exit(2);
    }
    *file = NULL;
}

void report_open(const char *suite)
{
    if (report.suite_count == SUITES_MAX)
        abort();
    report.suites[report.suite_count++] = suite;
    report.at = 0;
    report.matrix = open_file(suite, "matrix");
    report.types = open_file(suite, "types");
}

void report_close(void)
{
    close_file(&report.matrix);
    close_file(&report.types);
}

void report_case(const char *name, enum report_outcome outcome, const char *reason, int64_t took_us)
{
    size_t suite = report.suite_count - 1, at = report.at++;
    if (at >= CASES_MAX)
        abort();
    report.cases[at] = name;
    report.case_count = report.at > report.case_count ? report.at : report.case_count;
    report.outcomes[suite][at] = outcome;
    report.reasons[suite][at] = reason;
    if (report.matrix != NULL)
        fprintf(report.matrix, "%s\t%s\t%" PRId64 "\t%s\n", name, words[outcome], took_us / 1000,
                reason != NULL ? reason : "");
}

void report_type(const char *what, const char *subject, const char *value)
{
    if (report.types == NULL)
        return;
    fprintf(report.types, "%s\t%s\t", what, subject);
    for (; *value != '\0'; value++) {
        if (*value == '\t' || *value == '\n' || *value == '\r')
            fprintf(report.types, "\\x%02x", (unsigned)*value);
        else
            fputc(*value, report.types);
    }
    fputc('\n', report.types);
}

/* The number of a reason, from 1; added where it is new. */
static size_t number_of(const char **reasons, size_t *count, const char *reason)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(reasons[i], reason) == 0)
            return i + 1;
    if (*count < REASONS_MAX)
        reasons[(*count)++] = reason;
    return *count;
}

void report_print(void)
{
    const char *reasons[REASONS_MAX] = {NULL};
    size_t count = 0;
    printf("\n%-60s", "");
    for (size_t s = 0; s < report.suite_count; s++)
        printf(" %-15s", report.suites[s]);
    printf("\n");
    for (size_t i = 0; i < report.case_count; i++) {
        printf("%-60s", report.cases[i]);
        for (size_t s = 0; s < report.suite_count; s++) {
            char cell[16];
            const char *reason = report.reasons[s][i];
            if (reason != NULL)
                snprintf(cell, sizeof cell, "- (%zu)", number_of(reasons, &count, reason));
            else
                snprintf(cell, sizeof cell, "%s", words[report.outcomes[s][i]]);
            printf(" %-15s", cell);
        }
        printf("\n");
    }
    for (size_t i = 0; i < count; i++)
        printf("(%zu) %s\n", i + 1, reasons[i]);
}
