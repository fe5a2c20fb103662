/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

#include "say.h"
#include "stop.h"

void of_report_place(const of_input *input, const of_delivered *delivered)
{
    const char *why = of_stop_signal() != 0 ? "interrupted" : "stopped";
    char file[512];
    uint64_t line;

    if (of_input_last(input) == 0) {
        of_say("%s before the first row", why);
        return;
    }
    of_input_place(input, of_input_last(input), file, sizeof file, &line);
    if (delivered->undelivered > 0)
        of_say("%s after the row at line %" PRIu64 " of %s; %" PRIu64
               " of the rows up to it are not known to be in the table",
               why, line, file, delivered->undelivered);
    else
        of_say("%s after the row at line %" PRIu64 " of %s; all rows up to it are loaded or "
               "rejected",
               why, line, file);
}

void of_report_summary(const of_report *report, const of_delivered *delivered)
{
    double seconds = (double)(of_now_us() - report->started_us) / 1e6;
    double rate = seconds > 0 ? (double)delivered->rows / seconds : 0;
    bool changes = report->changes;

    bool nothing = delivered->rows + delivered->undelivered + report->rejected == 0;

    if (delivered->skipped > 0 && nothing && report->complete)
        printf("source \"%s\" was loaded before: %" PRIu64 " rows, nothing to do\n",
               report->source_id, delivered->skipped);
    else if (delivered->skipped > 0)
        printf("%" PRIu64 " rows of source \"%s\" were loaded or rejected before\n",
               delivered->skipped, report->source_id);
    printf("%s %" PRIu64 " %s %s in %.2f s (%.0f %s/s), rejected %" PRIu64 "\n",
           changes ? "applied" : "loaded", delivered->rows, changes ? "changes to" : "rows into",
           report->table, seconds, rate, changes ? "changes" : "rows", report->rejected);
}
