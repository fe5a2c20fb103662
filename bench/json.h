/* SPDX-License-Identifier: Apache-2.0 */
/* Results for programs. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <stddef.h>

#include <outfall/error.h>

#include "result.h"
#include "session.h"

/*
 * Writes the results to `path` ("-": standard output), with the machine they were measured on.
 * A file is replaced whole or not at all.
 */
int json_write(const char *path, const struct session *session, const struct result *results,
               size_t count, int complete, outfall_error *error);

#endif
