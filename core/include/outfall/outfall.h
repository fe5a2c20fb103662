/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file outfall.h
 * Outfall: streams events into SQL databases. Includes all that a user of the library needs;
 * driver.h is for authors of drivers.
 */
#ifndef OUTFALL_H
#define OUTFALL_H

#include "arrow.h"
#include "config.h"
#include "error.h"
#include "export.h"
#include "pool.h"
#include "row.h"
#include "sink.h"
#include "stats.h"
#include "txn.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that is linked, such as "0.1.0". Any thread; static memory. */
OUTFALL_EXPORT const char *outfall_version(void);

/**
 * Receives the library's log: one line, no line end, never a password. `level` is one of
 * "debug", "info", "warning", "error". Called from the library's threads: return soon, and call
 * nothing of the library.
 */
typedef void (*outfall_log_function)(void *context, const char *level, const char *message);

/**
 * Sets the process's log function; NULL (the default) is silence. Any thread, though best set
 * before the first sink is opened. Waits for a call of the old function that is under way, and so
 * may not be called from one.
 */
OUTFALL_EXPORT void outfall_log_set(outfall_log_function function, void *context);

#ifdef __cplusplus
}
#endif
#endif
