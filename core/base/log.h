/* SPDX-License-Identifier: Apache-2.0 */
/* The library's log: goes to the function of outfall_log_set, and nowhere without one. */
#ifndef OF_BASE_LOG_H
#define OF_BASE_LOG_H

#include <outfall/export.h>

enum of_log_level { OF_LOG_DEBUG = 0, OF_LOG_INFO = 1, OF_LOG_WARNING = 2, OF_LOG_ERROR = 3 };

/*
 * Logs one line; control characters become blanks. Any thread. Costs one load while the log is
 * silent. URLs go through of_url_redact first: no password reaches the log.
 */
OUTFALL_PRINTF(2, 3)
void of_log(int level, const char *format, ...);

#endif
