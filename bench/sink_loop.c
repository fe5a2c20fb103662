/* SPDX-License-Identifier: Apache-2.0 */
#include "sink_loop.h"

#include <stdio.h>
#include <time.h>

#define SCHEMA                                                                                     \
    "id int64 not null primary key, ts timestamp, device int32, metric float64, note text(64)"

static int make_config(const struct sink_setting *settings, outfall_config **out,
                       outfall_error *error)
{
    int status = outfall_config_new(out, error);
    for (; status == OUTFALL_OK && settings->key != NULL; settings++)
        status = outfall_config_set(*out, settings->key, settings->value, error);
    return status;
}

int sink_loop_sink(struct sink_loop *loop, const char *url, const struct sink_setting *settings,
                   outfall_error *error)
{
    outfall_config *config = NULL;
    outfall_schema *schema = NULL;
    *loop = (struct sink_loop){0};
    int status = make_config(settings, &config, error);
    if (status == OUTFALL_OK)
        status = outfall_schema_new(&schema, error);
    if (status == OUTFALL_OK)
        status = outfall_schema_parse(schema, SCHEMA, error);
    if (status == OUTFALL_OK)
        status = outfall_sink_open(url, ROW_TABLE, schema, config, &loop->sink, error);
    outfall_schema_free(schema);
    outfall_config_free(config);
    return status;
}

int sink_loop_writer(struct sink_loop *loop, outfall_error *error)
{
    char name[48];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, sizeof name, "bench %lld.%09ld", (long long)now.tv_sec, now.tv_nsec);
    return outfall_writer_open(loop->sink, name, &loop->writer, error);
}

int sink_loop_open(struct sink_loop *loop, const char *url, const struct sink_setting *settings,
                   outfall_error *error)
{
    int status = sink_loop_sink(loop, url, settings, error);
    return status == OUTFALL_OK ? sink_loop_writer(loop, error) : status;
}

void sink_loop_values(const struct bench_row *rows, size_t count, outfall_value *out)
{
    for (size_t i = 0; i < count; i++, out += ROW_COLUMNS) {
        const struct bench_row *row = &rows[i];
        out[0] = (outfall_value){.type = OUTFALL_TYPE_INT64, .as.integer = row->id};
        out[1] = (outfall_value){.type = OUTFALL_TYPE_TIMESTAMP, .as.integer = row->timestamp_us};
        out[2] = (outfall_value){.type = OUTFALL_TYPE_INT32, .as.integer = row->device};
        out[3] = (outfall_value){.type = OUTFALL_TYPE_FLOAT64, .as.real = row->metric};
        out[4] = (outfall_value){
            .type = OUTFALL_TYPE_TEXT, .length = ROW_NOTE_BYTES, .as.data = row->note};
    }
}

/* `offset`: of the row before the first, or NULL where rows have none. */
static int write_arrays(outfall_writer *writer, const struct bench_row *rows, size_t count,
                        uint64_t *offset, outfall_error *error)
{
    outfall_value values[SINK_CALL_ROWS * ROW_COLUMNS];
    uint64_t offsets[SINK_CALL_ROWS];
    int status = OUTFALL_OK;
    for (size_t i = 0; i < count && status == OUTFALL_OK;) {
        size_t call = count - i < SINK_CALL_ROWS ? count - i : SINK_CALL_ROWS;
        const outfall_rows block = {.struct_size = sizeof block,
                                    .count = call,
                                    .values = values,
                                    .source_offsets = offset != NULL ? offsets : NULL};
        for (size_t row = 0; offset != NULL && row < call; row++)
            offsets[row] = ++*offset;
        sink_loop_values(rows + i, call, values);
        status = outfall_write(writer, &block, NULL, error);
        i += call;
    }
    return status;
}

int sink_loop_array(outfall_writer *writer, const struct bench_row *rows, size_t count,
                    outfall_error *error)
{
    return write_arrays(writer, rows, count, NULL, error);
}

int sink_loop_numbered(outfall_writer *writer, const struct bench_row *rows, size_t count,
                       uint64_t *offset, outfall_error *error)
{
    return write_arrays(writer, rows, count, offset, error);
}

int sink_loop_offsets(outfall_writer *writer, const struct bench_row *rows, size_t count,
                      outfall_error *error)
{
    outfall_progress progress = {.struct_size = sizeof progress};
    int status = outfall_writer_progress(writer, &progress, error);
    /* All before were flushed. */
    return status == OUTFALL_OK ? write_arrays(writer, rows, count, &progress.source_offset, error)
                                : status;
}

/* A row that fails at a put fails again at its end, so one look is enough. */
int sink_loop_puts(outfall_writer *writer, const struct bench_row *rows, size_t count,
                   outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < count && status == OUTFALL_OK; i++) {
        const struct bench_row *row = &rows[i];
        int failed = outfall_put_int64(writer, row->id, error);
        failed |= outfall_put_timestamp(writer, row->timestamp_us, error);
        failed |= outfall_put_int64(writer, row->device, error);
        failed |= outfall_put_float64(writer, row->metric, error);
        failed |= outfall_put_text(writer, row->note, ROW_NOTE_BYTES, error);
        failed |= outfall_row_end(writer, (uint64_t)i, error);
        if (failed)
            status = error->status;
    }
    return status;
}

int sink_loop_flush(struct sink_loop *loop, outfall_error *error)
{
    return outfall_flush(loop->sink, SINK_TIMEOUT_MS, error);
}

int sink_loop_stats(struct sink_loop *loop, outfall_stats *stats, outfall_error *error)
{
    *stats = (outfall_stats){.struct_size = sizeof *stats};
    return outfall_stats_get(loop->sink, stats, error);
}

int sink_loop_close(struct sink_loop *loop, outfall_error *error)
{
    int status = OUTFALL_OK;
    if (loop->sink != NULL)
        status = outfall_close(loop->sink, SINK_CLOSE_MS, NULL, NULL, error);
    *loop = (struct sink_loop){0};
    return status;
}
