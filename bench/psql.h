/* SPDX-License-Identifier: Apache-2.0 */
/* A psql that stays open and takes commands through a pipe. */
#ifndef BENCH_PSQL_H
#define BENCH_PSQL_H

#include <outfall/error.h>

struct psql;

/* Starts `program` on `url` and waits until it has answered once. */
int psql_open(struct psql **out, const char *program, const char *url, outfall_error *error);

/* Runs commands, each with its line end; returns once all are done. */
int psql_execute(struct psql *psql, const char *commands, outfall_error *error);

/* CPU seconds of the psql process so far. */
double psql_cpu_s(const struct psql *psql);

void psql_close(struct psql *psql); /* NULL is legal. */

#endif
