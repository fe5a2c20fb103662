/* SPDX-License-Identifier: Apache-2.0 */
#include "scripted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct outfall_connection {
    atomic_bool severed;
    uint32_t pending; /* Rows written and not committed. */
    uint32_t savepoint;
    uint32_t pending_letters;
    int64_t ids[SCRIPTED_ROWS_MAX];
    int64_t positions[SCRIPTED_LETTERS_MAX];
};

/* What is written and not committed is gone. */
static void forget(outfall_connection *connection)
{
    connection->pending = 0;
    connection->pending_letters = 0;
}

scripted script;

void scripted_reset(void)
{
    memset(&script, 0, sizeof script);
    script.bad_id = -1;
}

static int follow(int step, outfall_error *error)
{
    atomic_fetch_add(&script.calls[step], 1);
    if (atomic_load(&script.at[step].failures) == 0)
        return OUTFALL_OK;
    atomic_fetch_sub(&script.at[step].failures, 1);
    return outfall_error_set(error, script.at[step].status, script.at[step].action,
                             "step %d fails as it is told to", step);
}

static int script_connect(const outfall_connect_options *options, int64_t deadline_us,
                          outfall_connection **out, outfall_error *error)
{
    (void)options;
    (void)deadline_us;
    int status = follow(SCRIPTED_CONNECT, error);
    if (status != OUTFALL_OK)
        return status;
    *out = calloc(1, sizeof **out);
    atomic_fetch_add(&script.open, 1);
    return *out == NULL ? OUTFALL_ERR_NOMEM : OUTFALL_OK;
}

static void script_disconnect(outfall_connection *connection)
{
    if (connection != NULL)
        atomic_fetch_sub(&script.open, 1);
    free(connection);
}

static int script_ping(outfall_connection *connection, char *description, size_t capacity,
                       int64_t deadline_us, outfall_error *error)
{
    (void)connection;
    (void)deadline_us;
    (void)error;
    if (description != NULL)
        snprintf(description, capacity, "scripted");
    return OUTFALL_OK;
}

static int script_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    (void)deadline_us;
    (void)error;
    forget(connection);
    return OUTFALL_OK;
}

static void script_sever(outfall_connection *connection)
{
    atomic_fetch_add(&script.severed, 1);
    atomic_store(&connection->severed, true);
}

static const outfall_column columns[] = {{.name = "id", .type = OUTFALL_TYPE_INT64}};

static int script_describe(outfall_connection *connection, const outfall_table_name *name,
                           const outfall_describe_options *options, int64_t deadline_us,
                           outfall_target **out, outfall_error *error)
{
    (void)connection;
    (void)deadline_us;
    *out = NULL;
    bool letters = strcmp(name->table, SCRIPTED_LETTERS) == 0;
    int status = letters ? OUTFALL_OK : follow(SCRIPTED_DESCRIBE, error);
    if (letters && atomic_load(&script.no_letters))
        status = outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP, "no table");
    if (status != OUTFALL_OK)
        return status;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return OUTFALL_ERR_NOMEM;
    **out = (outfall_target){.struct_size = sizeof **out,
                             .column_count = 1,
                             .columns = columns,
                             .display_name = "scripted"};
    if (letters && options->columns != NULL) {
        (*out)->columns = options->columns;
        (*out)->column_count = (uint32_t)options->column_count;
        (*out)->display_name = SCRIPTED_LETTERS;
    }
    atomic_fetch_add(&script.targets, 1);
    return OUTFALL_OK;
}

static void script_target_free(outfall_target *target)
{
    if (target != NULL)
        atomic_fetch_sub(&script.targets, 1);
    free(target);
}

static int script_create_table(outfall_connection *connection, const outfall_table_name *name,
                               const outfall_column *created, size_t count, int64_t deadline_us,
                               outfall_error *error)
{
    (void)connection;
    (void)name;
    (void)created;
    (void)count;
    (void)deadline_us;
    int status = follow(SCRIPTED_CREATE_TABLE, error);
    if (status == OUTFALL_OK)
        atomic_store(&script.no_letters, false);
    return status;
}

static int script_begin(outfall_connection *connection, const outfall_begin_options *options,
                        int64_t deadline_us, outfall_error *error)
{
    (void)options;
    (void)deadline_us;
    forget(connection);
    return follow(SCRIPTED_BEGIN, error);
}

/* Waits as a client library does that knows no deadline. */
static int hang(outfall_connection *connection, outfall_error *error)
{
    const struct timespec moment = {0, 1000000};
    while (atomic_load(&script.hang) &&
           (atomic_load(&script.deaf) || !atomic_load(&connection->severed)))
        nanosleep(&moment, NULL);
    if (!atomic_load(&connection->severed))
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, "severed");
}

static int refuse(int64_t index, outfall_write_result *result, outfall_error *error)
{
    if (script.names_rows)
        result->bad_row = index;
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW, "a bad row");
}

/* The third field of each: its position. */
static int write_letters(outfall_connection *connection, const outfall_batch *batch,
                         outfall_write_result *result, outfall_error *error)
{
    int status = follow(SCRIPTED_WRITE_LETTERS, error);
    for (uint32_t i = 0; i < batch->span_count && status == OUTFALL_OK; i++) {
        for (uint32_t row = 0; row < batch->spans[i].count; row++) {
            const uint8_t *data,
                *at = batch->spans[i].base + 2 + outfall_span_entry(&batch->spans[i], row)->start;
            outfall_field_next(&at, &data);
            outfall_field_next(&at, &data);
            outfall_field_next(&at, &data);
            connection->positions[connection->pending_letters++] = outfall_read_i64(data);
        }
    }
    result->statements = 1;
    result->rows_written = batch->rows;
    return status;
}

static int script_write(outfall_connection *connection, outfall_target *target,
                        const outfall_batch *batch, int64_t deadline_us,
                        outfall_write_result *result, outfall_error *error)
{
    (void)deadline_us;
    int64_t index = 0;
    if (target->columns != columns)
        return write_letters(connection, batch, result, error);
    int status = follow(SCRIPTED_WRITE, error);
    if (status == OUTFALL_OK)
        status = hang(connection, error);
    if (status != OUTFALL_OK)
        return status;
    result->statements = 1;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        for (uint32_t row = 0; row < batch->spans[i].count; row++, index++) {
            const uint8_t *at =
                batch->spans[i].base + outfall_span_entry(&batch->spans[i], row)->start;
            int64_t id = outfall_read_i64(at + 6);
            if (id == script.bad_id && !script.bad_at_commit)
                return refuse(index, result, error);
            connection->ids[connection->pending++] = id;
        }
    }
    result->rows_written = batch->rows;
    return OUTFALL_OK;
}

static int script_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                            outfall_error *error)
{
    (void)deadline_us;
    (void)error;
    if (step == OUTFALL_SAVEPOINT_SET)
        connection->savepoint = connection->pending;
    if (step == OUTFALL_SAVEPOINT_ROLLBACK)
        connection->pending = connection->savepoint;
    return OUTFALL_OK;
}

static int script_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    (void)deadline_us;
    int status = follow(SCRIPTED_COMMIT, error);
    for (uint32_t i = 0; i < connection->pending && status == OUTFALL_OK; i++)
        if (connection->ids[i] == script.bad_id && script.bad_at_commit)
            status = outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW, "deferred");
    /* An unknown outcome is, here, a commit whose answer was lost. */
    if (status == OUTFALL_OK || status == OUTFALL_ERR_UNKNOWN) {
        for (uint32_t i = 0; i < connection->pending; i++)
            script.ids[atomic_fetch_add(&script.rows, 1)] = connection->ids[i];
        for (uint32_t i = 0; i < connection->pending_letters; i++)
            script.positions[atomic_fetch_add(&script.letters, 1)] = connection->positions[i];
    }
    forget(connection);
    return status;
}

static int script_rollback(outfall_connection *connection, int64_t deadline_us,
                           outfall_error *error)
{
    (void)deadline_us;
    (void)error;
    forget(connection);
    return OUTFALL_OK;
}

const outfall_driver scripted_driver = {
    .abi = OUTFALL_DRIVER_ABI,
    .struct_size = sizeof scripted_driver,
    .capabilities = OUTFALL_DRIVER_SAVEPOINTS,
    .name = "scripted",
    .description = "no database",
    .connect = script_connect,
    .disconnect = script_disconnect,
    .ping = script_ping,
    .reset = script_reset,
    .sever = script_sever,
    .describe = script_describe,
    .target_free = script_target_free,
    .create_table = script_create_table,
    .begin = script_begin,
    .write = script_write,
    .savepoint = script_savepoint,
    .commit = script_commit,
    .rollback = script_rollback,
};
