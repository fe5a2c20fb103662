/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint without rows for its home, whose rows of the next one are there before it is
 * decided:
 *
 *   overtake HOME OTHER
 *
 * Both URLs get a table t (n int64, note text). Row 1 goes to the other database alone; once its
 * checkpoint is under way, row 2 goes to the home. Exit status: 0 once both checkpoints have ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/outfall.h>

enum { HOME, OTHER, SINKS, WAIT_MS = 10000 };

static outfall_error error;

static void check(const char *what, int status)
{
    if (status == OUTFALL_OK)
        return;
    fprintf(stderr, "overtake: %s: %s: %s\n", what, outfall_status_name(status), error.message);
    exit(1);
}

static void set(outfall_config *config, const char *name, const char *value)
{
    check(name, outfall_config_set(config, name, value, &error));
}

static void put_row(outfall_writer *writer, int64_t n)
{
    check("n", outfall_put_int64(writer, n, &error));
    check("note", outfall_put_text(writer, "x", 1, &error));
    check("row", outfall_row_end(writer, (uint64_t)n, &error));
}

int main(int argc, char **argv)
{
    const outfall_txn_options options = {
        .struct_size = sizeof options, .id = argv[1], .home = HOME};
    outfall_sink *sinks[SINKS];
    outfall_writer *writers[SINKS];
    outfall_config *config;
    outfall_schema *schema;
    outfall_txn *txn;
    uint64_t first, second;
    if (argc != 2 + SINKS)
        return 2;
    check("config", outfall_config_new(&config, &error));
    set(config, "delivery", "two-phase");
    set(config, "create", "if-missing");
    set(config, "flushers", "1");
    set(config, "linger.ms", "0");
    check("schema", outfall_schema_new(&schema, &error));
    check("schema", outfall_schema_parse(schema, "n int64, note text", &error));
    for (int i = 0; i < SINKS; i++)
        check("open", outfall_sink_open(argv[1 + i], "t", schema, config, &sinks[i], &error));
    outfall_schema_free(schema);
    outfall_config_free(config);
    check("transaction", outfall_txn_open(sinks, SINKS, &options, &txn, &error));
    for (int i = 0; i < SINKS; i++)
        check("writer", outfall_writer_open(sinks[i], "w", &writers[i], &error));

    put_row(writers[OTHER], 1);
    if (strcmp(argv[3], "both") == 0)
        put_row(writers[HOME], 1);
    check("first checkpoint", outfall_txn_checkpoint(txn, &first, &error));
    put_row(writers[HOME], 2);
    check("end of the first", outfall_txn_wait(txn, first, WAIT_MS, &error));
    check("second checkpoint", outfall_txn_checkpoint(txn, &second, &error));
    check("end of the second", outfall_txn_wait(txn, second, WAIT_MS, &error));

    check("transaction's close", outfall_txn_close(txn, WAIT_MS, &error));
    for (int i = 0; i < SINKS; i++)
        check("close", outfall_close(sinks[i], WAIT_MS, NULL, NULL, &error));
    return 0;
}
