/* SPDX-License-Identifier: Apache-2.0 */
/* What Linux tells about processes and the machine. */
#ifndef BENCH_PROCFS_H
#define BENCH_PROCFS_H

#include <stddef.h>
#include <sys/types.h>

/* CPU seconds of `parent`, its children, and those of its children that have ended. */
double procfs_tree_cpu_s(pid_t parent);

/* CPU seconds that all processors together have worked, or were held back by a hypervisor. */
double procfs_machine_cpu_s(void);

/* A line "Key: value" of a file such as /proc/self/status, in its own unit; -1: not there. */
double procfs_number(const char *file, const char *key);

/* The text of such a line, or an empty string. */
void procfs_text(const char *file, const char *key, char *out, size_t capacity);

#endif
