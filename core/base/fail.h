/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a caller's outfall_error. */
#ifndef OF_BASE_FAIL_H
#define OF_BASE_FAIL_H

#include <outfall/error.h>

/* Returns `status`; `error` may be NULL. The action follows from the status: see fail.c. */
OUTFALL_PRINTF(3, 4)
int of_fail(outfall_error *error, int status, const char *format, ...);

/* As of_fail, naming the column at fault. */
OUTFALL_PRINTF(4, 5)
int of_fail_column(outfall_error *error, int status, const char *column, const char *format, ...);

int of_fail_nomem(outfall_error *error);

/* Copies `from` to `to` where `to` is not NULL; returns its status. */
int of_fail_copy(outfall_error *to, const outfall_error *from);

#endif
