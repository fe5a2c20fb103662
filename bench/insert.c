/* SPDX-License-Identifier: Apache-2.0 */
#include "insert.h"

#include <stdlib.h>

#define INSERT_FILL_ROWS 10000 /* Old rows a transaction. */

int insert_open(struct insert *insert, struct session *session, const char *driver, size_t count,
                size_t batch_rows, outfall_error *error)
{
    *insert = (struct insert){.session = session, .count = count, .batch_rows = batch_rows};
    insert->rows = rows_make(count);
    if (insert->rows == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP,
                                 "no memory for %zu rows", count);
    return table_open(&insert->table, session, driver, error);
}

void insert_close(struct insert *insert)
{
    table_close(&insert->table);
    free(insert->rows);
    free(insert->old);
    insert->rows = insert->old = NULL;
}

int insert_prepare(struct insert *insert, outfall_error *error)
{
    void *raw = NULL;
    int status = insert->table.kind->empty(&insert->table, error);
    if (status != OUTFALL_OK || insert->old == NULL)
        return status;
    status = insert->filler->open(&raw, insert->table.url, INSERT_FILL_ROWS, error);
    if (status == OUTFALL_OK)
        status = insert->filler->methods[0].write(raw, insert->old, insert->count, error);
    insert->filler->close(raw);
    return status;
}

static int sink_open(struct insert_sink *sink, outfall_error *error)
{
    /* Batches of just that size: the lingering of a run's first rows would make smaller ones. */
    const struct sink_setting settings[] = {
        {"batch.rows", sink->batch_rows},
        {"linger.ms", "1000"},
        {"delivery", sink->delivery == NULL ? "at-least-once" : sink->delivery},
        {sink->insert->mode == NULL ? NULL : "mode", sink->insert->mode},
        {NULL, NULL}};
    snprintf(sink->batch_rows, sizeof sink->batch_rows, "%zu", sink->insert->batch_rows);
    return sink_loop_open(&sink->loop, sink->insert->table.url, settings, error);
}

static int sink_shut(struct insert_sink *sink, outfall_error *error)
{
    outfall_stats stats;
    if (sink->loop.sink != NULL && sink_loop_stats(&sink->loop, &stats, error) == OUTFALL_OK) {
        sink->batches += stats.batches_delivered;
        sink->rows += stats.rows_delivered;
    }
    return sink_loop_close(&sink->loop, error);
}

int insert_sink_run(void *context, struct sample *sample, outfall_error *error)
{
    struct insert_sink *sink = context;
    struct insert *insert = sink->insert;
    struct meter meter;
    int status = insert_prepare(insert, error);
    if (status == OUTFALL_OK && sink->loop.sink == NULL)
        status = sink_open(sink, error);
    if (status != OUTFALL_OK)
        return status;
    meter_start(&meter, insert->session);
    status = sink->write(sink->loop.writer, insert->rows, insert->count, error);
    if (status == OUTFALL_OK)
        status = sink_loop_flush(&sink->loop, error);
    meter_stop(&meter, insert->count, sample);
    if (status == OUTFALL_OK && insert->table.kind->reopens)
        status = sink_shut(sink, error);
    if (status == OUTFALL_OK)
        status = insert->table.kind->check(&insert->table, insert->rows, insert->count, error);
    return status;
}

int insert_sink_finish(struct insert_sink *sink, struct result *result, outfall_error *error)
{
    int status = sink_shut(sink, error);
    if (status == OUTFALL_OK && result != NULL && sink->batches > 0)
        result_metric(result, (double)sink->rows / (double)sink->batches, "rows_per_batch");
    return status;
}
