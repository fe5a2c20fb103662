/* SPDX-License-Identifier: Apache-2.0 */
/* What a writer's line in the ledger is bound to: the source that it reads, the table that it
 * fills. */
#ifndef OF_SINK_BINDING_H
#define OF_SINK_BINDING_H

#include "sink/handle.h"

/*
 * Whether a writer that was taken over may go on in the feed's table: not where the ledger has rows
 * of it that went into a table of this name that is no more. OUTFALL_ERR_CHANGED.
 */
int of_binding_check_table(const of_feed *feed, const outfall_fence *fence, outfall_error *error);

#define OF_BINDING_LINE_BYTES 324

/* The condition that finds a writer's line: in SQL, where a message has the room for it. */
void of_binding_line(char *out, size_t capacity, const char *sink, const char *writer);

#endif
