/* SPDX-License-Identifier: Apache-2.0 */
#include "procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process {
    long parent, threads;
    double own_s;   /* User and system time of the process. */
    double ended_s; /* Of its children that were waited for. */
};

/* Reads the file's first line. Returns 0 where there is none. */
static int read_line(const char *pid, const char *name, char *out, size_t capacity)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/%s", pid, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    int read = fgets(out, (int)capacity, file) != NULL;
    fclose(file);
    return read;
}

/* Fields 4, 14 to 17 and 20 of proc(5), /proc/pid/stat. Returns 0 where the process is gone. */
static int read_stat(const char *pid, struct process *out)
{
    char line[1024];
    double fields[21] = {0}, ticks = (double)sysconf(_SC_CLK_TCK);
    if (!read_line(pid, "stat", line, sizeof line))
        return 0;
    char *at = strrchr(line, ')'); /* Ends field 2; a name may hold blanks. */
    if (at == NULL || strlen(at) < 4)
        return 0;
    at += 3; /* Behind field 3, a letter. */
    for (int i = 4; i <= 20; i++)
        fields[i] = strtod(at, &at);
    out->parent = (long)fields[4];
    out->threads = (long)fields[20];
    out->own_s = (fields[14] + fields[15]) / ticks;
    out->ended_s = (fields[16] + fields[17]) / ticks;
    return 1;
}

/* Nanoseconds instead of ticks, where the kernel counts them: for a process, its first thread's. */
static double finer_s(const char *pid, const struct process *process)
{
    char line[128];
    double run_ns = 0;
    if (process->threads == 1 && read_line(pid, "schedstat", line, sizeof line))
        run_ns = strtod(line, NULL);
    return run_ns > 0 ? run_ns / 1e9 : process->own_s;
}

double procfs_tree_cpu_s(pid_t parent)
{
    double sum = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        return 0;
    for (const struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        struct process process;
        if (!isdigit((unsigned char)entry->d_name[0]) || !read_stat(entry->d_name, &process))
            continue;
        if (process.parent == parent)
            sum += finer_s(entry->d_name, &process);
        else if (strtol(entry->d_name, NULL, 10) == parent)
            sum += finer_s(entry->d_name, &process) + process.ended_s;
    }
    closedir(proc);
    return sum;
}

double procfs_machine_cpu_s(void)
{
    char text[512], *at = text;
    double sum = 0;
    procfs_text("/proc/stat", "cpu", text, sizeof text);
    /* user, nice, system, idle, iowait, irq, softirq, steal */
    for (int i = 0; i < 8; i++) {
        double ticks = strtod(at, &at);
        sum += i == 3 || i == 4 ? 0 : ticks;
    }
    return sum / (double)sysconf(_SC_CLK_TCK);
}

void procfs_text(const char *file, const char *key, char *out, size_t capacity)
{
    char line[512];
    size_t length = strlen(key);
    FILE *stream = fopen(file, "re");
    out[0] = '\0';
    while (stream != NULL && out[0] == '\0' && fgets(line, sizeof line, stream) != NULL) {
        if (strncmp(line, key, length) != 0)
            continue;
        const char *value = line + length + strspn(line + length, " \t:");
        if (value == line + length)
            continue; /* A longer key. */
        snprintf(out, capacity, "%.*s", (int)strcspn(value, "\n"), value);
    }
    if (stream != NULL)
        fclose(stream);
}

double procfs_number(const char *file, const char *key)
{
    char text[128], *end;
    procfs_text(file, key, text, sizeof text);
    double value = strtod(text, &end);
    return end == text ? -1 : value;
}
