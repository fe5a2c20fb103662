/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The null driver: takes rows, counts them and throws them away. What it leaves is the library's
 * own cost.
 */
#include <stdlib.h>
#include <string.h>

#include <outfall/driver.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "common/key.h"
#include "common/text.h"

struct outfall_connection {
    int in_transaction;
    int savepoints; /* Set and not released. */
};

typedef struct null_target {
    outfall_target base;
    outfall_column *columns;
    uint32_t *key;
    char *display_name;
} null_target;

static int fail_misuse(outfall_error *error, const char *message)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP, "null: %s", message);
}

/* ---- Connection ------------------------------------------------------------------- */

static int null_connect(const outfall_connect_options *options, int64_t deadline_us,
                        outfall_connection **out, outfall_error *error)
{
    (void)options;
    (void)deadline_us;
    *out = calloc(1, sizeof **out);
    return *out != NULL ? OUTFALL_OK : drv_fail_nomem(error);
}

static void null_disconnect(outfall_connection *connection)
{
    free(connection);
}

static int null_ping(outfall_connection *connection, char *description, size_t capacity,
                     int64_t deadline_us, outfall_error *error)
{
    (void)connection;
    (void)deadline_us;
    (void)error;
    if (description != NULL)
        snprintf(description, capacity, "null (rows are discarded)");
    return OUTFALL_OK;
}

static int null_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    (void)deadline_us;
    (void)error;
    memset(connection, 0, sizeof *connection);
    return OUTFALL_OK;
}

static void null_sever(outfall_connection *connection)
{
    (void)connection; /* No call of this driver waits. */
}

/* ---- Target ----------------------------------------------------------------------- */

static void null_target_free(outfall_target *target)
{
    null_target *own = (null_target *)target;
    if (own == NULL)
        return;
    for (uint32_t i = 0; own->columns != NULL && i < own->base.column_count; i++)
        free((void *)(uintptr_t)own->columns[i].name);
    free(own->columns);
    free(own->key);
    free(own->display_name);
    free(own);
}

/*
 * There is no index to ask for: the key is taken to have one. Rows may be merged, so that what the
 * library does for that can be measured, unless an upsert changes some columns only.
 */
static int add_key(null_target *own, const outfall_describe_options *options, outfall_error *error)
{
    uint32_t count = own->base.column_count;
    const char **names = calloc(count, sizeof *names);
    drv_key key = {0};
    if (names == NULL)
        return drv_fail_nomem(error);
    drv_index index = {.columns = names, .flags = DRV_INDEX_PRIMARY};
    for (uint32_t i = 0; i < count; i++)
        if ((own->columns[i].flags & OUTFALL_COLUMN_KEY) != 0)
            names[index.count++] = own->columns[i].name;
    if (options->key != NULL && options->key_count > 0)
        index = (drv_index){.columns = options->key, .count = (uint32_t)options->key_count};
    const drv_key_table table = {.table = own->display_name,
                                 .display = own->display_name,
                                 .quote = '"',
                                 .same = drv_name_same,
                                 .columns = own->columns,
                                 .column_count = count,
                                 .indexes = &index,
                                 .index_count = index.count > 0};
    int status =
        index.count == 0 && options->mode != OUTFALL_MODE_INSERT
            ? outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                "mode=%s: null: has no table with a primary key; set key (--key)",
                                drv_mode_name(options->mode))
            : drv_key_resolve(options, &table, &key, error);
    if (status == OUTFALL_OK) {
        own->key = key.columns;
        own->base.key = key.columns;
        own->base.key_count = key.count;
        own->base.flags = key.count > 0 && !key.partial ? OUTFALL_TARGET_BYTEWISE : 0;
        key.columns = NULL; /* The target's now. */
    }
    drv_key_free(&key);
    free(names);
    return status;
}

static int null_describe(outfall_connection *connection, const outfall_table_name *name,
                         const outfall_describe_options *options, int64_t deadline_us,
                         outfall_target **out, outfall_error *error)
{
    (void)connection;
    (void)deadline_us;
    *out = NULL;
    size_t count = options->columns != NULL ? options->column_count : 0;
    if (count == 0 || count > UINT32_MAX)
        return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                 "null: there is no table to take the columns of \"%s\" from; "
                                 "name them in a schema",
                                 name->table);
    drv_text display = {0};
    drv_identifier_quote(&display, name->table, '"');
    null_target *own = calloc(1, sizeof *own);
    if (own == NULL || display.failed)
        goto nomem;
    own->display_name = display.data;
    display = (drv_text){0};
    own->columns = calloc(count, sizeof *own->columns);
    if (own->columns == NULL)
        goto nomem;
    own->base = (outfall_target){.struct_size = sizeof own->base,
                                 .column_count = (uint32_t)count,
                                 .columns = own->columns,
                                 .display_name = own->display_name};
    for (size_t i = 0; i < count; i++) {
        own->columns[i] = options->columns[i];
        own->columns[i].type_name = NULL;
        own->columns[i].name = strdup(options->columns[i].name);
        if (own->columns[i].name == NULL)
            goto nomem;
    }
    int status = add_key(own, options, error);
    if (status == OUTFALL_OK)
        *out = &own->base;
    else
        null_target_free(&own->base);
    return status;
nomem:
    drv_text_free(&display);
    null_target_free(own != NULL ? &own->base : NULL);
    return drv_fail_nomem(error);
}

static int null_create_table(outfall_connection *connection, const outfall_table_name *name,
                             const outfall_column *columns, size_t column_count,
                             int64_t deadline_us, outfall_error *error)
{
    (void)connection;
    (void)name;
    (void)columns;
    (void)column_count;
    (void)deadline_us;
    (void)error;
    return OUTFALL_OK;
}

/* ---- Transaction ------------------------------------------------------------------ */

static int null_begin(outfall_connection *connection, const outfall_begin_options *options,
                      int64_t deadline_us, outfall_error *error)
{
    (void)options;
    (void)deadline_us;
    if (connection->in_transaction)
        return fail_misuse(error, "a transaction is open already");
    connection->in_transaction = 1;
    return OUTFALL_OK;
}

static int null_write(outfall_connection *connection, outfall_target *target,
                      const outfall_batch *batch, int64_t deadline_us, outfall_write_result *result,
                      outfall_error *error)
{
    (void)target;
    (void)deadline_us;
    result->statements = 0;
    result->rows_written = 0;
    result->bad_row = -1;
    if (!connection->in_transaction)
        return fail_misuse(error, "a write needs a transaction; begin one first");
    result->statements = 1;
    result->rows_written = batch->rows;
    return OUTFALL_OK;
}

static int null_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                          outfall_error *error)
{
    (void)deadline_us;
    if (!connection->in_transaction)
        return fail_misuse(error, "a savepoint needs a transaction; begin one first");
    if (step == OUTFALL_SAVEPOINT_SET)
        connection->savepoints++;
    else if (connection->savepoints == 0)
        return fail_misuse(error, "no savepoint is set");
    else if (step == OUTFALL_SAVEPOINT_RELEASE)
        connection->savepoints--;
    return OUTFALL_OK;
}

static int null_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    if (!connection->in_transaction)
        return fail_misuse(error, "no transaction is open");
    return null_reset(connection, deadline_us, error);
}

static int null_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    return null_reset(connection, deadline_us, error);
}

static const outfall_driver null_driver = {
    .abi = OUTFALL_DRIVER_ABI,
    .struct_size = sizeof(outfall_driver),
    .capabilities = OUTFALL_DRIVER_DISCARDS | OUTFALL_DRIVER_SAVEPOINTS,
    .name = "null",
    .description = "discards rows; measures the library alone",
    .connect = null_connect,
    .disconnect = null_disconnect,
    .ping = null_ping,
    .reset = null_reset,
    .sever = null_sever,
    .describe = null_describe,
    .target_free = null_target_free,
    .create_table = null_create_table,
    .begin = null_begin,
    .write = null_write,
    .savepoint = null_savepoint,
    .commit = null_commit,
    .rollback = null_rollback,
};

OUTFALL_EXPORT const outfall_driver *outfall_driver_entry(void);

const outfall_driver *outfall_driver_entry(void)
{
    return &null_driver;
}
