/* SPDX-License-Identifier: Apache-2.0 */
/* What a load says at its end. */
#ifndef OF_CLI_REPORT_H
#define OF_CLI_REPORT_H

#include "delivery.h"

/* Says where a load that did not come to its end has stopped. */
void of_report_place(const of_input *input, const of_delivered *delivered);

typedef struct of_report {
    const char *table;
    const char *source_id; /* Or NULL. */
    bool changes;          /* Of a stream of inserts, updates and deletes. */
    bool complete;         /* Nothing failed, and no signal came. */
    int64_t started_us;
    uint64_t rejected;
} of_report;

/* Prints the summary, the last line on standard output. */
void of_report_summary(const of_report *report, const of_delivered *delivered);

#endif
