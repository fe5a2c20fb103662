/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before every file that clang-tidy reads, and by nothing else. The analyzer does not look
 * into variadic functions, so it would take it that one which fills an error may return OUTFALL_OK,
 * and report what could happen then. This tells it what they return: the status they are given.
 */
#if __has_include(<outfall/error.h>)
#include <outfall/error.h>

#define outfall_error_set(error, status, ...)                                                      \
    (outfall_error_set((error), (status), __VA_ARGS__), (status))
#endif

#if __has_include("base/fail.h")
#include "base/fail.h"

#define of_fail(error, status, ...) (of_fail((error), (status), __VA_ARGS__), (status))
#define of_fail_column(error, status, ...)                                                         \
    (of_fail_column((error), (status), __VA_ARGS__), (status))
#define of_fail_nomem(error) (of_fail_nomem(error), OUTFALL_ERR_NOMEM)
#endif
