/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/crash kills: writes rows that are known beforehand, by the public API, and reports
 * what it was promised to whoever outlives it.
 *
 *   victim FD WRITERS ROWS [KEY=VALUE…] [@SINK.WRITER=OFFSET…] -- URL TABLE [URL TABLE…]
 *
 * Each writer, in a thread of its own, writes rows up to number ROWS into every sink: (writer, seq,
 * sum, label). A row's number, seq, is its source offset. With delivery=exactly-once and two-phase
 * a writer goes on where the ledger says, else behind OFFSET. With two-phase all sinks are joined,
 * the first is the home, and one checkpoint follows the other. Lines go to descriptor FD, each by
 * one write:
 *
 *   R SINK WRITER OFFSET    resumed behind that row; 0: at the start
 *   O                       all writers are open
 *   A SINK WRITER OFFSET    acknowledged up to that row
 *   X SINK WRITER OFFSET    that row was refused
 *   E STATUS MESSAGE        it ends by that error
 *   D                       all is written and acknowledged
 *
 * Exit status: 0 done, 2 an error, 3 fenced off.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <outfall/outfall.h>

enum { SINKS_MAX = 4, WRITERS_MAX = 8, SLICE_MS = 20, TXN_SLICE_MS = 3, CLOSE_MS = 10000 };
enum { DONE = 0, FAILED = 2, FENCED = 3 };
/* A writer puts so many rows, then rests: a table that grows without bound is slow to check. */
enum { PACE_ROWS = 5, PACE_US = 2000 };

static int report_fd;
static int sink_count;
static int writer_count;
static uint64_t rows;
static outfall_sink *sinks[SINKS_MAX];
static outfall_txn *txn;    /* With delivery=two-phase. */
static uint64_t checkpoint; /* The one under way; 0: none. */
static outfall_writer *writers[SINKS_MAX][WRITERS_MAX];
static uint64_t behind[SINKS_MAX][WRITERS_MAX];
static atomic_int running;
static atomic_int code;

static void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void report(const char *format, ...)
{
    char line[700];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line - 1)
        length = sizeof line - 2;
    line[length++] = '\n';
    while (write(report_fd, line, (size_t)length) < 0)
        if (errno != EINTR)
            _exit(FAILED);
}

static void fail(const outfall_error *error)
{
    int none = DONE;
    int mine = error->status == OUTFALL_ERR_FENCED ? FENCED : FAILED;
    if (atomic_compare_exchange_strong(&code, &none, mine))
        report("E %s %s", outfall_status_name(error->status), error->message);
}

/* ---- Writing ---------------------------------------------------------------------- */

static int put_row(outfall_writer *writer, int number, uint64_t seq, outfall_error *error)
{
    char label[48];
    int length = snprintf(label, sizeof label, "%d-%" PRIu64, number, seq);
    /* As tests/crash/database.py has it. */
    uint64_t sum = (seq * UINT64_C(2654435761) + (uint64_t)number * 40503) % 1000000007;
    int status = outfall_put_int64(writer, number, error);
    if (status == OUTFALL_OK)
        status = outfall_put_int64(writer, (int64_t)seq, error);
    if (status == OUTFALL_OK)
        status = outfall_put_int64(writer, (int64_t)sum, error);
    if (status == OUTFALL_OK)
        status = outfall_put_text(writer, label, (size_t)length, error);
    if (status == OUTFALL_OK)
        return outfall_row_end(writer, seq, error);
    outfall_row_cancel(writer);
    return status;
}

static void *write_rows(void *context)
{
    int number = (int)(intptr_t)context;
    const struct timespec pace = {.tv_nsec = PACE_US * 1000};
    outfall_error error;
    uint64_t first = UINT64_MAX;
    int status = OUTFALL_OK;
    for (int s = 0; s < sink_count; s++)
        first = behind[s][number] < first ? behind[s][number] : first;
    for (uint64_t seq = first + 1; seq <= rows && status == OUTFALL_OK; seq++) {
        for (int s = 0; s < sink_count && status == OUTFALL_OK; s++) {
            if (seq <= behind[s][number])
                continue; /* This sink was ahead of another one. */
            do {
                status = put_row(writers[s][number], number, seq, &error);
            } while (status == OUTFALL_ERR_FULL && atomic_load(&code) == DONE);
        }
        if (seq % PACE_ROWS == 0)
            nanosleep(&pace, NULL);
    }
    if (status != OUTFALL_OK)
        fail(&error);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* ---- Events ----------------------------------------------------------------------- */

/* Reports what one sink has to tell. */
static void drain(int s, outfall_event *event)
{
    outfall_error error;
    for (;;) {
        int status = outfall_poll(sinks[s], 0, event, &error);
        if (status != OUTFALL_OK) {
            fail(&error);
            return;
        }
        if (event->type == OUTFALL_EVENT_NONE)
            return;
        if (event->type == OUTFALL_EVENT_ACKNOWLEDGED)
            report("A %d %s %" PRIu64, s, event->writer, event->source_offset);
        else if (event->type == OUTFALL_EVENT_REJECTED)
            report("X %d %s %" PRIu64, s, event->writer, event->source_offset);
        else
            fail(&event->error);
    }
}

/* Waits for events, then reports them all. */
static void report_events(outfall_event *event)
{
    struct pollfd fds[SINKS_MAX];
    for (int s = 0; s < sink_count; s++)
        fds[s] = (struct pollfd){.fd = outfall_event_fd(sinks[s]), .events = POLLIN};
    poll(fds, (nfds_t)sink_count, txn != NULL ? TXN_SLICE_MS : SLICE_MS);
    for (int s = 0; s < sink_count; s++)
        drain(s, event);
}

/* Begins a checkpoint, or asks after the one under way. */
static void go_on(void)
{
    outfall_error error;
    int status;
    if (checkpoint == 0) {
        status = outfall_txn_checkpoint(txn, &checkpoint, &error);
    } else {
        status = outfall_txn_wait(txn, checkpoint, 0, &error);
        if (status == OUTFALL_OK)
            checkpoint = 0;
    }
    if (status != OUTFALL_OK && status != OUTFALL_ERR_TIMEOUT)
        fail(&error);
}

/* Until two more have ended: the second has all that was written. */
static void end_all(outfall_event *event)
{
    for (int more = 2; more > 0 && atomic_load(&code) == DONE;) {
        go_on();
        more -= checkpoint == 0;
        report_events(event);
    }
}

static void flush_all(outfall_event *event)
{
    outfall_error error;
    for (int s = 0; s < sink_count; s++) {
        int status = OUTFALL_ERR_TIMEOUT;
        while (status == OUTFALL_ERR_TIMEOUT && atomic_load(&code) == DONE) {
            status = outfall_flush(sinks[s], SLICE_MS, &error);
            drain(s, event);
        }
        if (status != OUTFALL_OK && status != OUTFALL_ERR_TIMEOUT)
            fail(&error);
    }
}

static void run(void)
{
    pthread_t threads[WRITERS_MAX] = {0};
    outfall_event event = {.struct_size = sizeof event};
    atomic_store(&running, writer_count);
    for (int w = 0; w < writer_count; w++)
        if (pthread_create(&threads[w], NULL, write_rows, (void *)(intptr_t)w) != 0)
            abort();
    while (atomic_load(&running) > 0) {
        report_events(&event);
        if (txn != NULL && atomic_load(&code) == DONE)
            go_on();
    }
    for (int w = 0; w < writer_count; w++)
        pthread_join(threads[w], NULL);
    if (txn != NULL)
        end_all(&event);
    else if (atomic_load(&code) == DONE)
        flush_all(&event);
    outfall_event_clear(&event);
}

/* ---- Start and end ---------------------------------------------------------------- */

static int open_writer(int s, int w, bool ledger, outfall_error *error)
{
    char name[16];
    snprintf(name, sizeof name, "%d", w);
    int status = outfall_writer_open(sinks[s], name, &writers[s][w], error);
    if (status != OUTFALL_OK)
        return status;
    if (ledger) {
        status = outfall_writer_resume(writers[s][w], &behind[s][w], error);
        if (status != OUTFALL_OK && status != OUTFALL_ERR_NOT_FOUND)
            return status;
    }
    report("R %d %d %" PRIu64, s, w, behind[s][w]);
    return OUTFALL_OK;
}

static int join(outfall_error *error)
{
    const outfall_txn_options options = {
        .struct_size = sizeof options, .decision = OUTFALL_DECISION_HOME, .id = "victim"};
    return outfall_txn_open(sinks, (size_t)sink_count, &options, &txn, error);
}

static int open_all(const outfall_config *config, const char *delivery, char **targets,
                    outfall_error *error)
{
    int status = OUTFALL_OK;
    for (int s = 0; s < sink_count && status == OUTFALL_OK; s++)
        status =
            outfall_sink_open(targets[2 * s], targets[2 * s + 1], NULL, config, &sinks[s], error);
    if (status == OUTFALL_OK && strcmp(delivery, "two-phase") == 0)
        status = join(error);
    for (int s = 0; s < sink_count && status == OUTFALL_OK; s++)
        for (int w = 0; w < writer_count && status == OUTFALL_OK; w++)
            status = open_writer(s, w, *delivery != '\0', error);
    return status;
}

/* KEY=VALUE is an option, and @SINK.WRITER=OFFSET where a writer goes on. */
static int configure(outfall_config *config, char *pair, const char **delivery,
                     outfall_error *error)
{
    int s, w;
    char *equals = strchr(pair, '=');
    if (equals == NULL)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, 0, "%s has no =", pair);
    if (sscanf(pair, "@%d.%d=", &s, &w) == 2) {
        if (s < 0 || s >= SINKS_MAX || w < 0 || w >= WRITERS_MAX)
            return outfall_error_set(error, OUTFALL_ERR_INVALID, 0, "%s: no such writer", pair);
        behind[s][w] = strtoull(equals + 1, NULL, 10);
        return OUTFALL_OK;
    }
    *equals = '\0';
    if (strcmp(pair, "delivery") == 0)
        *delivery = equals + 1;
    return outfall_config_set(config, pair, equals + 1, error);
}

static void close_all(void)
{
    outfall_error error;
    int ended = outfall_txn_close(txn, CLOSE_MS, &error);
    if (ended != OUTFALL_OK && atomic_load(&code) == DONE)
        fail(&error);
    for (int s = 0; s < sink_count; s++) {
        bool clean = atomic_load(&code) == DONE;
        int status = outfall_close(sinks[s], CLOSE_MS, NULL, NULL, &error);
        if (clean && status != OUTFALL_OK)
            fail(&error);
    }
}

int main(int argc, char **argv)
{
    outfall_config *config = NULL;
    outfall_error error;
    const char *delivery = ""; /* Where a ledger says how far writers have got. */
    int at = 4;

    if (argc < 7) {
        fprintf(stderr, "usage: victim FD WRITERS ROWS [KEY=VALUE...] -- URL TABLE...\n");
        return 1;
    }
    report_fd = (int)strtol(argv[1], NULL, 10);
    writer_count = (int)strtol(argv[2], NULL, 10);
    rows = strtoull(argv[3], NULL, 10);
    if (writer_count < 1 || writer_count > WRITERS_MAX)
        return 1;
    int status = outfall_config_new(&config, &error);
    for (; at < argc && strcmp(argv[at], "--") != 0; at++)
        if (status == OUTFALL_OK)
            status = configure(config, argv[at], &delivery, &error);
    sink_count = (argc - at - 1) / 2;
    if (sink_count < 1 || sink_count > SINKS_MAX)
        return 1;
    if (status == OUTFALL_OK)
        status = open_all(config, delivery, argv + at + 1, &error);
    outfall_config_free(config);
    if (status == OUTFALL_OK) {
        report("O");
        run();
    } else {
        fail(&error);
    }
    close_all();
    if (atomic_load(&code) == DONE)
        report("D");
    return atomic_load(&code);
}
