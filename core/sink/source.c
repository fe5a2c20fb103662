/* SPDX-License-Identifier: Apache-2.0 */
/* What a writer's line in the ledger is bound to: the public side. */
#include <string.h>

#include "base/fail.h"
#include "base/fork.h"
#include "sink/binding.h"
#include "sink/resume.h"

static int check(const outfall_writer *writer, const char *source, outfall_error *error)
{
    if (writer == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the writer is NULL");
    if (writer->fork_generation != of_fork_generation)
        return of_fail(error, OUTFALL_ERR_CLOSED,
                       "the writer belongs to the parent process: open a sink after fork");
    if (!writer->exactly_once)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "there is no ledger to bind a source in: open the sink with "
                       "delivery=exactly-once");
    if (writer->rows_started > 0 || writer->state != OF_WRITER_IDLE)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "writer \"%s\" has rows already: bind its source before the first",
                       writer->lane->name);
    size_t length = strlen(source), plain = 0;
    while (plain < length && source[plain] >= ' ' && source[plain] <= '~')
        plain++;
    if (length == 0 || length > OUTFALL_SOURCE_BYTES_MAX || plain < length)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "what tells a source has 1 to %d characters of printable ASCII: give a hash "
                       "of it",
                       OUTFALL_SOURCE_BYTES_MAX);
    return OUTFALL_OK;
}

const char *outfall_writer_source(const outfall_writer *writer)
{
    return writer == NULL ? "" : writer->source;
}

int outfall_writer_bind(outfall_writer *writer, const char *source, int continues,
                        outfall_error *error)
{
    char line[OF_BINDING_LINE_BYTES];
    if (source == NULL)
        return OUTFALL_OK;
    int status = check(writer, source, error);
    if (status != OUTFALL_OK || strcmp(source, writer->source) == 0)
        return status;
    if (writer->resumes && writer->source[0] != '\0' && !continues) {
        of_binding_line(line, sizeof line, writer->feed->options.sink_id, writer->lane->name);
        return of_fail(
            error, OUTFALL_ERR_INVALID,
            "\"%s\" has loaded rows of another source: choose another name for this one, "
            "or to begin anew with it run DELETE FROM outfall_fence %s",
            writer->lane->name, line);
    }
    return of_writer_record(writer, source, error);
}
