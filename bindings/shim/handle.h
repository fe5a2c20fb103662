/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles: what a language holds in place of a pointer. A handle names a slot of one table and the
 * slot's generation, so one that is 0, was closed, was closed twice or is of another kind is an
 * error, never a crash. A call is inside its handle from enter to leave, and what the handle names
 * is not freed meanwhile. After fork the child's handles are closed.
 *
 * Every function fills the thread's error (error.h). Any thread.
 */
#ifndef OUTFALL_SHIM_HANDLE_H
#define OUTFALL_SHIM_HANDLE_H

#include <stddef.h>
#include <stdint.h>

enum of_shim_kind { OF_SHIM_NONE, OF_SHIM_SINK, OF_SHIM_WRITER, OF_SHIM_TXN };

#define OF_SHIM_HANDLES_MAX (1 << 20)

/*
 * Takes `object` into the table. A writer's `parents` is its sink: calls inside the writer are
 * inside the sink too, and the writer goes with it. A transaction's are its sinks, which stay open
 * as long as it is.
 *
 * @return The handle, above 0; OUTFALL_ERR_NOMEM, OUTFALL_ERR_FULL, OUTFALL_ERR_CLOSED (a parent).
 */
int64_t of_shim_add(int kind, void *object, const int64_t *parents, size_t parent_count);

/*
 * Begins a call. In a writer there is one call at a time.
 *
 * @param wait_ms  How long another call inside the writer is waited for.
 * @return OUTFALL_OK; OUTFALL_ERR_INVALID (no handle, or of another kind); OUTFALL_ERR_CLOSED (it
 *         has been closed, is being closed, or is the parent process's); OUTFALL_ERR_FULL (another
 *         thread is inside the writer).
 */
int of_shim_enter(int64_t handle, int kind, uint32_t wait_ms, void **object);

/* Ends a call that began. */
void of_shim_leave(int64_t handle);

/*
 * Begins the close: refuses new calls, and waits for those that are inside.
 *
 * @return OUTFALL_OK: the caller frees the object, then calls of_shim_remove. As of_shim_enter;
 *         OUTFALL_ERR_TIMEOUT (a call is still inside); OUTFALL_ERR_INVALID (a sink in a
 *         transaction): the handle stays open.
 */
int of_shim_shut(int64_t handle, int kind, uint32_t timeout_ms, void **object);

/* Ends the close: the handle is none any more, nor are those of its writers. */
void of_shim_remove(int64_t handle);

#endif
