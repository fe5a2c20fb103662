/* SPDX-License-Identifier: Apache-2.0 */
/* The error of a thread's last call that failed: what a language makes its exception of. */
#ifndef OUTFALL_SHIM_ERROR_H
#define OUTFALL_SHIM_ERROR_H

#include <outfall/error.h>

/* The calling thread's own, never NULL; it means something only after a call that failed. */
outfall_error *of_shim_error(void);

/* Fills it; returns `status`. */
OUTFALL_PRINTF(2, 3) int of_shim_fail(int status, const char *format, ...);

#endif
