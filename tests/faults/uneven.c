/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A home that has rows in each second checkpoint only, and gets the next ones while a checkpoint
 * without is being decided.
 *
 *   uneven ROUNDS HOME OTHER       two URLs; writes to a table "t" of each
 */
#include <stdio.h>
#include <stdlib.h>

#include <outfall/outfall.h>

static outfall_error error;

static void check(const char *what, int status)
{
    if (status == OUTFALL_OK)
        return;
    fprintf(stderr, "uneven: %s: %s: %s\n", what, outfall_status_name(status), error.message);
    exit(1);
}

static void put(outfall_writer *writer, int64_t n)
{
    check("put", outfall_put_int64(writer, n, &error));
    check("row", outfall_row_end(writer, (uint64_t)n, &error));
}

int main(int argc, char **argv)
{
    static const char *const options[][2] = {
        {"delivery", "two-phase"}, {"create", "if-missing"},     {"flushers", "1"},
        {"batch.rows", "1"},       {"retry.timeout.ms", "3000"}, {"request.timeout.ms", "3000"}};
    const outfall_txn_options txn_options = {.struct_size = sizeof txn_options, .id = "uneven"};
    outfall_sink *sinks[2];
    outfall_writer *writers[2];
    outfall_schema *schema;
    outfall_config *config;
    outfall_txn *txn;
    uint64_t checkpoint;
    if (argc != 4)
        return 2;
    check("config", outfall_config_new(&config, &error));
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check("config", outfall_config_set(config, options[i][0], options[i][1], &error));
    check("schema", outfall_schema_new(&schema, &error));
    check("schema", outfall_schema_parse(schema, "n int64", &error));
    for (int i = 0; i < 2; i++)
        check("open", outfall_sink_open(argv[2 + i], "t", schema, config, &sinks[i], &error));
    check("transaction", outfall_txn_open(sinks, 2, &txn_options, &txn, &error));
    for (int i = 0; i < 2; i++)
        check("writer", outfall_writer_open(sinks[i], "w", &writers[i], &error));
    for (int64_t n = 1; n <= strtoll(argv[1], NULL, 10); n++) {
        put(writers[1], n);
        check("checkpoint", outfall_txn_checkpoint(txn, &checkpoint, &error));
        put(writers[0], n);
        check("wait", outfall_txn_wait(txn, checkpoint, 30000, &error));
        check("checkpoint", outfall_txn_checkpoint(txn, &checkpoint, &error));
        check("wait", outfall_txn_wait(txn, checkpoint, 30000, &error));
    }
    check("close", outfall_txn_close(txn, 10000, &error));
    for (int i = 0; i < 2; i++)
        check("close", outfall_close(sinks[i], 10000, NULL, NULL, &error));
    outfall_schema_free(schema);
    outfall_config_free(config);
    return 0;
}
