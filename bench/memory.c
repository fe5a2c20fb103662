/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocations.h"
#include "harness.h"
#include "insert.h"
#include "procfs.h"
#include "scenario.h"
#include "statistics.h"

#define MIB_PER_KIB (1.0 / 1024)
#define CHILD_BLOCK 4096 /* Rows that the child holds: its own memory must not count for much. */
#define STATUS "/proc/self/status"

static const struct sink_setting defaults[] = {{NULL, NULL}};

static double resident_mib(void)
{
    return procfs_number(STATUS, "VmRSS") * MIB_PER_KIB;
}

int memory_child(const char *url, const char *rows_text)
{
    struct bench_row *rows = rows_make(CHILD_BLOCK);
    size_t count = strtoull(rows_text, NULL, 10);
    struct sink_loop loop = {0};
    outfall_error error = {0};
    double base, rest, loaded, peak;
    int status = rows == NULL ? OUTFALL_ERR_NOMEM : OUTFALL_OK;
    base = resident_mib();
    if (status == OUTFALL_OK)
        status = sink_loop_open(&loop, url, defaults, &error);
    rest = resident_mib();
    for (size_t done = 0; done < count && status == OUTFALL_OK; done += CHILD_BLOCK) {
        for (size_t i = 0; i < CHILD_BLOCK; i++)
            rows[i].id = (int64_t)(done + i);
        status = sink_loop_array(loop.writer, rows, CHILD_BLOCK, &error);
    }
    if (status == OUTFALL_OK)
        status = sink_loop_flush(&loop, &error);
    loaded = resident_mib();
    /* The kernel's counters are summed lazily: the peak may read a little below the last figure. */
    peak = fmax(procfs_number(STATUS, "VmHWM") * MIB_PER_KIB, fmax(rest, loaded));
    int closed = sink_loop_close(&loop, status == OUTFALL_OK ? &error : NULL);
    status = status == OUTFALL_OK ? closed : status;
    if (status == OUTFALL_OK)
        printf("%f %f %f %f\n", base, rest, loaded, peak);
    else
        printf("failed %s\n", error.message);
    free(rows);
    return status == OUTFALL_OK ? 0 : 2;
}

/* What the child printed, as one line. The URL goes by the environment: it may hold a password. */
static int run_child(const char *url, size_t count, char *line, size_t capacity,
                     outfall_error *error)
{
    int ends[2] = {-1, -1};
    char rows[24];
    size_t used = 0;
    snprintf(rows, sizeof rows, "%zu", count);
    if (pipe(ends) != 0)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "cannot start a process: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        setenv(MEMORY_URL, url, 1);
        if (dup2(ends[1], STDOUT_FILENO) >= 0)
            execl("/proc/self/exe", "outfall-bench", MEMORY_CHILD, rows, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t got = 1; got > 0 && used + 1 < capacity; used += got > 0 ? (size_t)got : 0)
        got = read(ends[0], line + used, capacity - 1 - used);
    line[used] = '\0';
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return OUTFALL_OK;
}

/* Reads as many numbers as there are places; 0: fewer are in the line. */
static int read_numbers(const char *line, double *const places[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *end;
        *places[i] = strtod(line, &end);
        if (end == line)
            return 0;
        line = end;
    }
    return 1;
}

int memory_resident(struct session *session, const struct scenario *scenario, struct result *result,
                    outfall_error *error)
{
    double base[STATISTICS_SAMPLES_MAX], rest[STATISTICS_SAMPLES_MAX],
        loaded[STATISTICS_SAMPLES_MAX], peak[STATISTICS_SAMPLES_MAX];
    int runs = session_runs(session, 5, 3);
    struct table table;
    char line[1024];
    int status = table_open(&table, session, scenario->driver, error);
    for (int i = 0; i < runs && status == OUTFALL_OK; i++) {
        status = session_check(error);
        if (status == OUTFALL_OK)
            status = table.kind->empty(&table, error);
        if (status == OUTFALL_OK)
            status =
                run_child(table.url, session->quick ? 500000 : 2000000, line, sizeof line, error);
        if (status == OUTFALL_OK &&
            !read_numbers(line, (double *[]){&base[i], &rest[i], &loaded[i], &peak[i]}, 4))
            status = outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                                       "the measured process %.*s", (int)strcspn(line, "\n"), line);
    }
    table_close(&table);
    if (status != OUTFALL_OK)
        return status;
    snprintf(result->unit, sizeof result->unit, "MiB");
    result_values(result, peak, (size_t)runs);
    result_metric(result, statistics_median(base, (size_t)runs), "before_open_mib");
    result_metric(result, statistics_median(rest, (size_t)runs), "at_rest_mib");
    result_metric(result, statistics_median(loaded, (size_t)runs), "after_load_mib");
    result_metric(result, statistics_median(peak, (size_t)runs), "peak_mib");
    return OUTFALL_OK;
}

/* ---- Allocations ---- */

/* Writes and flushes; rows[0].id + i must be new to the table. */
static int write_all(struct sink_loop *loop, const struct bench_row *rows, size_t count,
                     outfall_error *error)
{
    int status = sink_loop_array(loop->writer, rows, count, error);
    return status == OUTFALL_OK ? sink_loop_flush(loop, error) : status;
}

static void report_allocations(const outfall_stats *before, const outfall_stats *after,
                               int64_t process, struct result *result)
{
    double rows = (double)(after->rows_delivered - before->rows_delivered);
    double batches = (double)(after->batches_delivered - before->batches_delivered);
    double library = (double)(after->allocations - before->allocations);
    double per_row = library / rows;
    snprintf(result->unit, sizeof result->unit, "per row");
    result_values(result, &per_row, 1);
    result_metric(result, rows, "rows");
    result_metric(result, batches, "batches");
    result_metric(result, library, "library_allocations");
    result_metric(result, library / batches, "library_allocations_per_batch");
    if (process < 0) {
        result_note(result, "this build cannot count the process's allocations");
        return;
    }
    result_metric(result, (double)process, "process_allocations");
    result_metric(result, (double)process / rows, "process_allocations_per_row");
    result_metric(result, (double)process / batches, "process_allocations_per_batch");
}

int memory_allocations(struct session *session, const struct scenario *scenario,
                       struct result *result, outfall_error *error)
{
    size_t warm_up = session->quick ? 100000 : 200000, count = warm_up * 5;
    struct sink_loop loop = {0};
    struct insert insert;
    outfall_stats before, after;
    int64_t process = 0;
    int status = insert_open(&insert, session, scenario->driver, warm_up + count, 0, error);
    if (status == OUTFALL_OK)
        status = insert.table.kind->empty(&insert.table, error);
    if (status == OUTFALL_OK)
        status = sink_loop_open(&loop, insert.table.url, defaults, error);
    if (status == OUTFALL_OK)
        status = write_all(&loop, insert.rows, warm_up, error);
    if (status == OUTFALL_OK)
        status = sink_loop_stats(&loop, &before, error);
    if (status == OUTFALL_OK) {
        process = allocations_so_far();
        allocations_count(1);
        status = write_all(&loop, insert.rows + warm_up, count, error);
        allocations_count(0);
        process = process < 0 ? -1 : allocations_so_far() - process;
    }
    if (status == OUTFALL_OK)
        status = sink_loop_stats(&loop, &after, error);
    int closed = sink_loop_close(&loop, status == OUTFALL_OK ? error : NULL);
    insert_close(&insert);
    if (status == OUTFALL_OK && closed == OUTFALL_OK)
        report_allocations(&before, &after, process, result);
    return status == OUTFALL_OK ? closed : status;
}
