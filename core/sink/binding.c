/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/binding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "txn/ledger.h"

#define SINK_TEXT_BYTES 160
#define WRITER_TEXT_BYTES 132
_Static_assert(OF_BINDING_LINE_BYTES >= SINK_TEXT_BYTES + WRITER_TEXT_BYTES + 32,
               "the longest line");

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

void of_binding_line(char *out, size_t capacity, const char *sink, const char *writer)
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
    char line[OF_BINDING_LINE_BYTES];
    if (fence->checkpoint == 0 || of_ledger_same_table(fence->binding->recorded_target, target))
        return OUTFALL_OK;
    of_binding_line(line, sizeof line, fence->sink, fence->writer);
    return outfall_error_set(
        error, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_STOP,
        "the table was made again after %" PRId64 " batches of \"%s\" had gone into the "
        "one before: choose another name, or to begin anew run DELETE FROM outfall_fence "
        "%s; if it has those rows (a restored dump), UPDATE outfall_fence SET target = '' "
        "by that WHERE",
        fence->checkpoint, fence->writer, line);
}
