/* SPDX-License-Identifier: Apache-2.0 */
/* Rows from an Arrow array against the same rows from an array of values. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "scenario.h"
#include "sink_loop.h"

#define ARRAY_ROWS 65536 /* Of a record batch, as many programs make them. */

/* The buffers of the five columns, and the structs that tell of them. */
struct columns {
    int64_t ids[ARRAY_ROWS], timestamps[ARRAY_ROWS];
    int32_t devices[ARRAY_ROWS], note_ends[ARRAY_ROWS + 1];
    double metrics[ARRAY_ROWS];
    char notes[ARRAY_ROWS * ROW_NOTE_BYTES];
    struct ArrowSchema fields[ROW_COLUMNS], *field_list[ROW_COLUMNS], schema;
    struct ArrowArray children[ROW_COLUMNS], *child_list[ROW_COLUMNS], array;
    const void *buffers[ROW_COLUMNS][3];
    const void *no_nulls[1];
};

static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static void add_column(struct columns *columns, size_t at, const char *name, const char *format,
                       const void *values, const void *data)
{
    columns->buffers[at][1] = values;
    columns->buffers[at][2] = data;
    columns->fields[at] = (struct ArrowSchema){
        .name = name, .format = format, .flags = ARROW_FLAG_NULLABLE, .release = release_schema};
    columns->children[at] = (struct ArrowArray){.length = ARRAY_ROWS,
                                                .n_buffers = data != NULL ? 3 : 2,
                                                .buffers = columns->buffers[at],
                                                .release = release_array};
    columns->field_list[at] = &columns->fields[at];
    columns->child_list[at] = &columns->children[at];
}

static struct columns *columns_make(const struct bench_row *rows)
{
    struct columns *columns = calloc(1, sizeof *columns);
    if (columns == NULL)
        return NULL;
    for (size_t i = 0; i < ARRAY_ROWS; i++) {
        columns->ids[i] = rows[i].id;
        columns->timestamps[i] = rows[i].timestamp_us;
        columns->devices[i] = rows[i].device;
        columns->metrics[i] = rows[i].metric;
        columns->note_ends[i + 1] = (int32_t)(i + 1) * ROW_NOTE_BYTES;
        memcpy(columns->notes + i * ROW_NOTE_BYTES, rows[i].note, ROW_NOTE_BYTES);
    }
    add_column(columns, 0, "id", "l", columns->ids, NULL);
    add_column(columns, 1, "ts", "tsu:", columns->timestamps, NULL);
    add_column(columns, 2, "device", "i", columns->devices, NULL);
    add_column(columns, 3, "metric", "g", columns->metrics, NULL);
    add_column(columns, 4, "note", "u", columns->note_ends, columns->notes);
    columns->schema = (struct ArrowSchema){.format = "+s",
                                           .n_children = ROW_COLUMNS,
                                           .children = columns->field_list,
                                           .release = release_schema};
    columns->array = (struct ArrowArray){.length = ARRAY_ROWS,
                                         .n_buffers = 1,
                                         .n_children = ROW_COLUMNS,
                                         .buffers = columns->no_nulls,
                                         .children = columns->child_list,
                                         .release = release_array};
    return columns;
}

struct arrow_run {
    const struct session *session;
    struct sink_loop loop;
    struct columns *columns;
    outfall_value *values;
    size_t arrays; /* Of ARRAY_ROWS, in a run. */
};

static int write_arrow(struct arrow_run *run, outfall_error *error)
{
    return outfall_write_arrow(run->loop.writer, &run->columns->schema, &run->columns->array, NULL,
                               NULL, error);
}

static int write_values(struct arrow_run *run, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (size_t i = 0; i < ARRAY_ROWS && status == OUTFALL_OK; i += SINK_CALL_ROWS) {
        const outfall_rows block = {.struct_size = sizeof block,
                                    .count = SINK_CALL_ROWS,
                                    .values = run->values + i * ROW_COLUMNS};
        status = outfall_write(run->loop.writer, &block, NULL, error);
    }
    return status;
}

/* From the first row to the last acknowledged one. */
static int measure(struct arrow_run *run, int (*write)(struct arrow_run *, outfall_error *),
                   struct sample *sample, outfall_error *error)
{
    struct meter meter;
    int status = session_check(error);
    if (status != OUTFALL_OK)
        return status;
    meter_start(&meter, run->session);
    for (size_t i = 0; i < run->arrays && status == OUTFALL_OK; i++)
        status = write(run, error);
    if (status == OUTFALL_OK)
        status = sink_loop_flush(&run->loop, error);
    meter_stop(&meter, (uint64_t)run->arrays * ARRAY_ROWS, sample);
    return status;
}

static int run_arrow(void *context, struct sample *sample, outfall_error *error)
{
    return measure(context, write_arrow, sample, error);
}

static int run_values(void *context, struct sample *sample, outfall_error *error)
{
    return measure(context, write_values, sample, error);
}

int arrow_array(struct session *session, const struct scenario *scenario, struct result *result,
                outfall_error *error)
{
    static const struct sink_setting no_settings[] = {{NULL, NULL}};
    struct arrow_run run = {.session = session, .arrays = session->quick ? 50 : 150};
    const struct side arrow = {"arrow", run_arrow, &run}, values = {"values", run_values, &run};
    struct bench_row *rows = rows_make(ARRAY_ROWS);
    int status = OUTFALL_OK;
    (void)scenario;
    run.values = calloc((size_t)ARRAY_ROWS * ROW_COLUMNS, sizeof *run.values);
    run.columns = rows == NULL ? NULL : columns_make(rows);
    if (run.values == NULL || run.columns == NULL)
        status = outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    if (status == OUTFALL_OK) {
        sink_loop_values(rows, ARRAY_ROWS, run.values);
        status = sink_loop_open(&run.loop, "null:", no_settings, error);
    }
    if (status == OUTFALL_OK)
        status = harness_pairs(session_runs(session, HARNESS_PAIRS, HARNESS_PAIRS_LEAST), &arrow,
                               &values, result, error);
    int closed = sink_loop_close(&run.loop, status == OUTFALL_OK ? error : NULL);
    free(run.values);
    free(run.columns);
    free(rows);
    return status != OUTFALL_OK ? status : closed;
}
