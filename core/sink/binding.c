/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/binding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/fork.h"
#include "sink/resume.h"
#include "txn/ledger.h"

#define SINK_TEXT_BYTES 160
#define WRITER_TEXT_BYTES 132
#define LINE_BYTES (SINK_TEXT_BYTES + WRITER_TEXT_BYTES + 32)

/* Spells '…' with its quotes doubled; not a backslash, which is another thing in each database. */
static bool spell(char *to, size_t capacity, const char *text)
{
    size_t at = 0;
    if (strchr(text, '\\') != NULL || 2 * strlen(text) + 3 > capacity)
        return false;
    to[at++] = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            to[at++] = '\'';
        to[at++] = *text;
    }
    to[at++] = '\'';
    to[at] = '\0';
    return true;
}

/* The condition that finds a writer's line: in SQL, where a message has the room for it. */
static void name_line(char *out, size_t capacity, const char *sink, const char *writer)
{
    char sink_text[SINK_TEXT_BYTES], writer_text[WRITER_TEXT_BYTES];
    if (spell(sink_text, sizeof sink_text, sink) && spell(writer_text, sizeof writer_text, writer))
        snprintf(out, capacity, "WHERE sink = %s AND writer = %s", sink_text, writer_text);
    else
        snprintf(out, capacity, "for the line of this sink and writer");
}

int of_binding_check_table(const of_feed *feed, const outfall_fence *fence, outfall_error *error)
{
    const outfall_target *target = feed->versions[0]->target;
    char line[LINE_BYTES];
    if (fence->checkpoint == 0 || of_ledger_same_table(fence->binding->recorded_target, target))
        return OUTFALL_OK;
    name_line(line, sizeof line, fence->sink, fence->writer);
    return outfall_error_set(
        error, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_STOP,
        "the table was made again after %" PRId64 " batches of \"%s\" had gone into the "
        "one before: choose another name, or to begin anew run DELETE FROM outfall_fence "
        "%s; if it has those rows (a restored dump), UPDATE outfall_fence SET target = '' "
        "by that WHERE",
        fence->checkpoint, fence->writer, line);
}

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
    char line[LINE_BYTES];
    if (source == NULL)
        return OUTFALL_OK;
    int status = check(writer, source, error);
    if (status != OUTFALL_OK || strcmp(source, writer->source) == 0)
        return status;
    if (writer->resumes && writer->source[0] != '\0' && !continues) {
        name_line(line, sizeof line, writer->feed->options.sink_id, writer->lane->name);
        return of_fail(
            error, OUTFALL_ERR_INVALID,
            "\"%s\" has loaded rows of another source: choose another name for this one, "
            "or to begin anew with it run DELETE FROM outfall_fence %s",
            writer->lane->name, line);
    }
    return of_writer_record(writer, source, error);
}
