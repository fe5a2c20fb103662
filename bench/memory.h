/* SPDX-License-Identifier: Apache-2.0 */
/* The fresh process of memory/resident: this program, started once more. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#define MEMORY_CHILD "--internal-resident" /* ROWS */
#define MEMORY_URL "OUTFALL_BENCH_URL"

/* Opens a sink on the URL, writes that many rows, prints what resident memory was; exit code. */
int memory_child(const char *url, const char *rows);

#endif
