/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "insert.h"
#include "raw_sqlite.h"
#include "scenario.h"

static int raw_run(void *context, struct sample *sample, outfall_error *error)
{
    struct insert *insert = context;
    struct raw_sqlite raw = {0};
    struct meter meter;
    int status = insert->table.kind->empty(&insert->table, error);
    if (status == OUTFALL_OK)
        status =
            raw_sqlite_open(&raw, insert->table.url + strlen("sqlite:"), insert->batch_rows, error);
    if (status == OUTFALL_OK) {
        meter_start(&meter, insert->session);
        status = raw_sqlite_insert(&raw, insert->rows, insert->count, error);
        meter_stop(&meter, insert->count, sample);
    }
    raw_sqlite_close(&raw);
    if (status == OUTFALL_OK)
        status = insert->table.kind->check(&insert->table, insert->rows, insert->count, error);
    return status;
}

int insert_sqlite_array(struct session *session, const struct scenario *scenario,
                        struct result *result, outfall_error *error)
{
    struct insert insert;
    struct insert_sink sink = {.insert = &insert, .write = sink_loop_array};
    const struct side sides[2] = {{"sink", insert_sink_run, &sink}, {"raw", raw_run, &insert}};
    int status = insert_open(&insert, session, scenario->driver, session->quick ? 200000 : 500000,
                             scenario->size, error);
    if (status == OUTFALL_OK)
        status = harness_pairs(session_runs(session, HARNESS_PAIRS, HARNESS_PAIRS_LEAST), &sides[0],
                               &sides[1], result, error);
    int finished = insert_sink_finish(&sink, result, status == OUTFALL_OK ? error : NULL);
    insert_close(&insert);
    return status == OUTFALL_OK ? finished : status;
}
