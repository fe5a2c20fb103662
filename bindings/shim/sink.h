/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sinks by handle. What each function does, returns and waits for is told where outfall_NAME is
 * declared; an error goes to the thread's (error.h). Where a function waits it is given at most
 * timeout_ms: a language calls it again and again with little, and looks at its interrupts between.
 */
#ifndef OUTFALL_SHIM_SINK_H
#define OUTFALL_SHIM_SINK_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/arrow.h>
#include <outfall/sink.h>
#include <outfall/stats.h>

/*
 * @param columns  As outfall_schema_parse takes them; NULL: all of the table.
 * @param arrow    A schema that gives the columns instead; borrowed. NULL: none.
 * @param options  As config.h has them.
 * @return A handle, above 0, or a status.
 */
int64_t of_shim_sink_open(const char *url, const char *table, const char *columns,
                          const struct ArrowSchema *arrow, const char *options,
                          size_t options_bytes);

/*
 * Closes the sink and its writers. Calls of other threads that are inside end first: those that
 * wait end with their time, and no new one begins. Where one is still inside after timeout_ms:
 * OUTFALL_ERR_TIMEOUT, and `*gone` is 0: the sink stays open. With `*gone` 1 it is closed, whatever
 * is returned.
 */
int of_shim_sink_close(int64_t sink, uint32_t timeout_ms, int *gone);

/*
 * The columns of its rows: "name\0type\0name\0type\0", without types' arguments.
 *
 * @param needed  Receives the bytes of all; where `capacity` is less: OUTFALL_ERR_INVALID.
 */
int of_shim_sink_columns(int64_t sink, char *buffer, size_t capacity, size_t *needed);

int of_shim_flush(int64_t sink, uint32_t timeout_ms);
int of_shim_checkpoint(int64_t sink, uint64_t id);
int of_shim_checkpoint_wait(int64_t sink, uint64_t id, uint32_t timeout_ms);
int of_shim_poll(int64_t sink, uint32_t timeout_ms, outfall_event *event);

/* `*descriptor` receives it; -1: none could be made. */
int of_shim_event_fd(int64_t sink, int *descriptor);

/* As outfall_stats_json. */
int of_shim_stats(int64_t sink, char *buffer, size_t capacity, size_t *needed);

int of_shim_ping(const char *url, const char *options, size_t options_bytes, char *description,
                 size_t capacity);

#endif
