/* SPDX-License-Identifier: Apache-2.0 */
#include "sink.h"

#include <string.h>

#include "config.h"
#include "error.h"
#include "handle.h"

static int make_schema(const char *columns, const struct ArrowSchema *arrow, outfall_schema **out)
{
    *out = NULL;
    if (columns == NULL && arrow == NULL)
        return OUTFALL_OK;
    int status = outfall_schema_new(out, of_shim_error());
    if (status == OUTFALL_OK && arrow != NULL)
        status = outfall_schema_add_arrow(*out, arrow, NULL, of_shim_error());
    else if (status == OUTFALL_OK)
        status = outfall_schema_parse(*out, columns, of_shim_error());
    return status;
}

int64_t of_shim_sink_open(const char *url, const char *table, const char *columns,
                          const struct ArrowSchema *arrow, const char *options,
                          size_t options_bytes)
{
    outfall_config *config = NULL;
    outfall_schema *schema = NULL;
    outfall_sink *sink = NULL;
    int64_t handle = of_shim_config_read(options, options_bytes, &config);
    if (handle == OUTFALL_OK)
        handle = make_schema(columns, arrow, &schema);
    if (handle == OUTFALL_OK)
        handle = outfall_sink_open(url, table, schema, config, &sink, of_shim_error());
    if (handle == OUTFALL_OK)
        handle = of_shim_add(OF_SHIM_SINK, sink, NULL, 0);
    if (handle < 0 && sink != NULL && outfall_close(sink, 0, NULL, NULL, NULL) != OUTFALL_OK)
        handle = of_shim_error()->status; /* Nothing was written to it. */
    outfall_schema_free(schema);
    outfall_config_free(config);
    return handle;
}

int of_shim_sink_close(int64_t sink, uint32_t timeout_ms, int *gone)
{
    void *object;
    *gone = 0;
    if (timeout_ms > OUTFALL_TIMEOUT_MS_MAX)
        return of_shim_fail(OUTFALL_ERR_INVALID, "the timeout is over %u ms",
                            OUTFALL_TIMEOUT_MS_MAX);
    int status = of_shim_shut(sink, OF_SHIM_SINK, timeout_ms, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_close(object, timeout_ms, NULL, NULL, of_shim_error());
    of_shim_remove(sink);
    *gone = 1;
    return status;
}

/* Appends a string and its NUL where there is room. */
static void append(char *buffer, size_t capacity, size_t *used, const char *text)
{
    size_t bytes = strlen(text) + 1;
    if (bytes <= capacity && *used <= capacity - bytes)
        memcpy(buffer + *used, text, bytes);
    *used += bytes;
}

int of_shim_sink_columns(int64_t sink, char *buffer, size_t capacity, size_t *needed)
{
    void *object;
    *needed = 0;
    int status = of_shim_enter(sink, OF_SHIM_SINK, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    for (size_t i = 0; i < outfall_sink_column_count(object); i++) {
        const outfall_column *column = outfall_sink_column(object, i);
        append(buffer, capacity, needed, column->name);
        append(buffer, capacity, needed, outfall_type_name((int)column->type));
    }
    of_shim_leave(sink);
    return *needed <= capacity
               ? OUTFALL_OK
               : of_shim_fail(OUTFALL_ERR_INVALID, "the columns take %zu bytes", *needed);
}

int of_shim_flush(int64_t sink, uint32_t timeout_ms)
{
    void *object;
    int status = of_shim_enter(sink, OF_SHIM_SINK, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_flush(object, timeout_ms, of_shim_error());
    of_shim_leave(sink);
    return status;
}

int of_shim_checkpoint(int64_t sink, uint64_t id)
{
    void *object;
    int status = of_shim_enter(sink, OF_SHIM_SINK, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_checkpoint(object, id, of_shim_error());
    of_shim_leave(sink);
    return status;
}

int of_shim_checkpoint_wait(int64_t sink, uint64_t id, uint32_t timeout_ms)
{
    void *object;
    int status = of_shim_enter(sink, OF_SHIM_SINK, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_checkpoint_wait(object, id, timeout_ms, of_shim_error());
    of_shim_leave(sink);
    return status;
}

int of_shim_poll(int64_t sink, uint32_t timeout_ms, outfall_event *event)
{
    void *object;
    int status = of_shim_enter(sink, OF_SHIM_SINK, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_poll(object, timeout_ms, event, of_shim_error());
    of_shim_leave(sink);
    return status;
}

int of_shim_event_fd(int64_t sink, int *descriptor)
{
    void *object;
    *descriptor = -1;
    int status = of_shim_enter(sink, OF_SHIM_SINK, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    *descriptor = outfall_event_fd(object);
    of_shim_leave(sink);
    return OUTFALL_OK;
}

int of_shim_stats(int64_t sink, char *buffer, size_t capacity, size_t *needed)
{
    void *object;
    *needed = 0;
    int status = of_shim_enter(sink, OF_SHIM_SINK, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_stats_json(object, buffer, capacity, needed, of_shim_error());
    of_shim_leave(sink);
    return status;
}

int of_shim_ping(const char *url, const char *options, size_t options_bytes, char *description,
                 size_t capacity)
{
    outfall_config *config;
    int status = of_shim_config_read(options, options_bytes, &config);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_ping(url, config, description, capacity, of_shim_error());
    outfall_config_free(config);
    return status;
}
