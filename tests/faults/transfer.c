/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the numbers 1, 2, 3 … to several tables at once, by one two-phase transaction, for the
 * tests in Python that kill it. It goes on behind what is durable, and says so.
 *
 *   transfer ID DECISION HOME ROWS CHECKPOINTS OPTIONS URL TABLE [URL TABLE]…
 *
 *   transfer commit|abort URL HEX           ends what a committable names, and says how
 *   transfer recover URL ID [HEX]…          as an outer engine does at its start
 *
 * DECISION: home, external, hold (external, and it ends with a checkpoint prepared), release (left
 * to the test, which says on standard input that it has committed it), undo (external, and it is
 * rolled back), waver (it is to be committed, then to be rolled back), or the path of a journal.
 * HOME: the number of the sink that is the home. ROWS: a checkpoint's. OPTIONS:
 * KEY=VALUE,KEY=VALUE, may be empty. Lines of output: "resume N", then for each checkpoint
 * "prepared HEX…" with an outer engine, and "durable N": the numbers up to N are in every table.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/outfall.h>

enum { SINKS_MAX = 8, WAIT_MS = 60000 };

static outfall_error error;
static size_t sink_count;
static outfall_sink *sinks[SINKS_MAX];
static outfall_writer *writers[SINKS_MAX];
static outfall_txn *txn;

/* After a failure all that is left is to close, whatever comes of it. */
static void close_all(void)
{
    outfall_error ignored;
    int status = outfall_txn_close(txn, 5000, &ignored);
    txn = NULL;
    while (sink_count > 0 && status != OUTFALL_ERR_TIMEOUT)
        status = outfall_close(sinks[--sink_count], 5000, NULL, NULL, &ignored);
}

static void check(const char *what, int status)
{
    if (status == OUTFALL_OK)
        return;
    fprintf(stderr, "transfer: %s: %s: %s\n", what, outfall_status_name(status), error.message);
    close_all();
    exit(status == OUTFALL_ERR_FENCED ? 4 : 1);
}

static outfall_config *read_options(char *options)
{
    outfall_config *config;
    check("config", outfall_config_new(&config, &error));
    check("config", outfall_config_set(config, "delivery", "two-phase", &error));
    check("config", outfall_config_set(config, "create", "if-missing", &error));
    for (char *rest, *pair = strtok_r(options, ",", &rest); pair != NULL;
         pair = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(pair, '=');
        *value++ = '\0';
        check("config", outfall_config_set(config, pair, value, &error));
    }
    return config;
}

static int is_external(const char *decision)
{
    return strcmp(decision, "external") == 0 || strcmp(decision, "hold") == 0 ||
           strcmp(decision, "release") == 0 || strcmp(decision, "undo") == 0 ||
           strcmp(decision, "waver") == 0;
}

static void open_all(char **argv)
{
    outfall_schema *schema;
    outfall_config *config = read_options(argv[6]);
    outfall_txn_options options = {.struct_size = sizeof options, .id = argv[1]};
    check("schema", outfall_schema_new(&schema, &error));
    check("schema", outfall_schema_parse(schema, "n int64, note text", &error));
    for (char **at = argv + 7; at[0] != NULL && at[1] != NULL; at += 2)
        check("open",
              outfall_sink_open(at[0], at[1], schema, config, &sinks[sink_count++], &error));
    if (is_external(argv[2])) {
        options.decision = OUTFALL_DECISION_EXTERNAL;
    } else if (strcmp(argv[2], "home") != 0) {
        options.decision = OUTFALL_DECISION_JOURNAL;
        options.journal = argv[2];
    }
    options.home = strtoul(argv[3], NULL, 10);
    check("transaction", outfall_txn_open(sinks, sink_count, &options, &txn, &error));
    outfall_schema_free(schema);
    outfall_config_free(config);
}

/* Every sink goes on at the same number: they were committed together. */
static uint64_t resume(void)
{
    uint64_t first = 0;
    for (size_t i = 0; i < sink_count; i++) {
        uint64_t done = 0;
        check("writer", outfall_writer_open(sinks[i], "w", &writers[i], &error));
        int status = outfall_writer_resume(writers[i], &done, &error);
        if (status != OUTFALL_ERR_NOT_FOUND)
            check("resume", status);
        if (i > 0 && done != first) {
            fprintf(stderr, "transfer: sink %zu has %" PRIu64 ", the first %" PRIu64 "\n", i, done,
                    first);
            exit(3);
        }
        first = done;
    }
    printf("resume %" PRIu64 "\n", first);
    return first;
}

static void write_rows(uint64_t from, uint64_t count)
{
    for (uint64_t n = from + 1; n <= from + count; n++) {
        for (size_t i = 0; i < sink_count; i++) {
            check("put", outfall_put_int64(writers[i], (int64_t)n, &error));
            check("put", outfall_put_text(writers[i], "transferred", 11, &error));
            check("row", outfall_row_end(writers[i], n, &error));
        }
    }
}

static void print_committables(void)
{
    unsigned char bytes[OUTFALL_COMMITTABLE_MAX];
    size_t length;
    printf("prepared");
    for (size_t i = 0;; i++) {
        int status = outfall_txn_committable(txn, i, bytes, sizeof bytes, &length, &error);
        if (status == OUTFALL_ERR_NOT_FOUND)
            break;
        check("committable", status);
        printf(" ");
        for (size_t at = 0; at < length; at++)
            printf("%02x", bytes[at]);
    }
    printf("\n");
    fflush(stdout);
}

/* Says yes, which takes longer than it waits, then no, and tells what came of that. */
static void waver(void)
{
    int first = outfall_txn_commit(txn, 0, &error);
    int second = outfall_txn_abort(txn, WAIT_MS, &error);
    printf("commit %s, abort %s: %s\n", outfall_status_name(first), outfall_status_name(second),
           error.message);
    check("commit", outfall_txn_commit(txn, WAIT_MS, &error));
}

static void commit(const char *decision)
{
    uint64_t checkpoint;
    if (is_external(decision)) {
        check("prepare", outfall_prepare(txn, &checkpoint, WAIT_MS, &error));
        print_committables();
        if (strcmp(decision, "external") == 0)
            check("commit", outfall_txn_commit(txn, WAIT_MS, &error));
        if (strcmp(decision, "undo") == 0)
            check("abort", outfall_txn_abort(txn, WAIT_MS, &error));
        if (strcmp(decision, "waver") == 0)
            waver();
        if (strcmp(decision, "release") == 0) {
            check("release", outfall_txn_release(txn, WAIT_MS, &error));
            (void)getchar();
        }
        return;
    }
    check("checkpoint", outfall_txn_checkpoint(txn, &checkpoint, &error));
    check("wait", outfall_txn_wait(txn, checkpoint, WAIT_MS, &error));
}

/* ---- By committable --------------------------------------------------------------- */

static size_t read_hex(const char *hex, unsigned char *out)
{
    size_t length = strlen(hex) / 2;
    for (size_t i = 0; i < length && i < OUTFALL_COMMITTABLE_MAX; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return length;
}

static int end_one(int commits, const char *url, const char *hex)
{
    static const char *const names[] = {"unknown", "committed", "already", "rolled back"};
    unsigned char bytes[OUTFALL_COMMITTABLE_MAX];
    int outcome;
    size_t length = read_hex(hex, bytes);
    int status = commits ? outfall_commit(url, NULL, bytes, length, &outcome, &error)
                         : outfall_abort(url, NULL, bytes, length, &outcome, &error);
    printf("%s\n", names[outcome]);
    fflush(stdout);
    check("end", status);
    return 0;
}

static int recover_all(int argc, char **argv)
{
    static unsigned char bytes[SINKS_MAX][OUTFALL_COMMITTABLE_MAX];
    const void *committables[SINKS_MAX];
    size_t lengths[SINKS_MAX], count = 0;
    outfall_recovery done = {.struct_size = sizeof done};
    for (int i = 4; i < argc && count < SINKS_MAX; i++, count++) {
        committables[count] = bytes[count];
        lengths[count] = read_hex(argv[i], bytes[count]);
    }
    check("recover",
          outfall_recover(argv[2], NULL, argv[3], committables, lengths, count, &done, &error));
    printf("committed %" PRIu64 " rolled back %" PRIu64 "\n", done.committed, done.rolled_back);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && (strcmp(argv[1], "commit") == 0 || strcmp(argv[1], "abort") == 0))
        return end_one(argv[1][0] == 'c', argv[2], argv[3]);
    if (argc >= 4 && strcmp(argv[1], "recover") == 0)
        return recover_all(argc, argv);
    if (argc < 9) {
        fprintf(stderr, "usage: see the source\n");
        return 2;
    }
    uint64_t rows = strtoull(argv[4], NULL, 10), checkpoints = strtoull(argv[5], NULL, 10);
    open_all(argv);
    uint64_t done = resume();
    fflush(stdout);
    for (uint64_t i = 0; i < checkpoints; i++) {
        write_rows(done, rows);
        commit(argv[2]);
        if (strcmp(argv[2], "hold") == 0)
            break;
        done += rows;
        printf("durable %" PRIu64 "\n", done);
        fflush(stdout);
    }
    int closed = outfall_txn_close(txn, 10000, &error);
    txn = NULL;
    check("close", closed);
    while (sink_count > 0) {
        closed = outfall_close(sinks[--sink_count], 10000, NULL, NULL, &error);
        if (strcmp(argv[2], "hold") != 0) /* Else rows are left, as they should be. */
            check("close", closed);
    }
    printf("done\n");
    return 0;
}
