/* SPDX-License-Identifier: Apache-2.0 */
/* How long outfall_recover takes to end what a program that died has left prepared. */
#include <inttypes.h>
#include <stdlib.h>

#include "harness.h"
#include "prepared.h"
#include "scenario.h"
#include "statistics.h"

/* One run; its milliseconds. */
static int recover_once(struct prepared *prepared, struct table *table,
                        const struct bench_row *rows, int commit, double *ms, outfall_error *error)
{
    outfall_recovery done = {.struct_size = sizeof done};
    size_t named = commit ? prepared->count : 0;
    int status = session_check(error);
    if (status == OUTFALL_OK)
        status = table->kind->empty(table, error);
    if (status == OUTFALL_OK)
        status = prepared_make(prepared, rows, error);
    if (status != OUTFALL_OK)
        return status;
    int64_t start = harness_now_ns();
    status = outfall_recover(table->url, NULL, PREPARED_ID, prepared->pointers, prepared->lengths,
                             named, &done, error);
    *ms = (double)(harness_now_ns() - start) / 1e6;
    if (status == OUTFALL_OK &&
        (done.committed != named || done.rolled_back != prepared->count - named))
        status = outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                                   "%zu were prepared: %" PRIu64 " were committed, %" PRIu64
                                   " rolled back",
                                   prepared->count, done.committed, done.rolled_back);
    if (status == OUTFALL_OK)
        status = table->kind->check(table, rows, named * PREPARED_ROWS, error);
    return status;
}

static int run_series(struct session *session, struct prepared *prepared, struct table *table,
                      int commit, struct result *result, outfall_error *error)
{
    double ms[STATISTICS_SAMPLES_MAX];
    int runs = prepared->count > 100 ? session_runs(session, 5, 3) : session_runs(session, 11, 5);
    struct bench_row *rows = rows_make(prepared->count * PREPARED_ROWS);
    int status = OUTFALL_OK;
    if (rows == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    for (int i = -1; i < runs && status == OUTFALL_OK; i++) /* The first warms up. */
        status = recover_once(prepared, table, rows, commit, &ms[i < 0 ? 0 : i], error);
    free(rows);
    if (status != OUTFALL_OK)
        return status;
    snprintf(result->unit, sizeof result->unit, "ms");
    result_values(result, ms, (size_t)runs);
    result_metric(result, result->median / (double)prepared->count, "ms_per_transaction");
    return OUTFALL_OK;
}

static int recovery(struct session *session, const struct scenario *scenario, int commit,
                    struct result *result, outfall_error *error)
{
    struct table table;
    struct prepared prepared = {0};
    int status = table_open(&table, session, scenario->driver, error);
    if (status == OUTFALL_OK)
        status = prepared_open(&prepared, &table, scenario->size, error);
    if (status == OUTFALL_OK)
        status = prepared_inspect(&prepared, error);
    if (status == OUTFALL_ERR_UNSUPPORTED) { /* The user's own server. */
        result->skipped = 1;
        result_note(result, "%s", error->message);
        status = OUTFALL_OK;
    } else if (status == OUTFALL_OK) {
        status = run_series(session, &prepared, &table, commit, result, error);
    }
    prepared_close(&prepared);
    table_close(&table);
    return status;
}

int recovery_commit(struct session *session, const struct scenario *scenario, struct result *result,
                    outfall_error *error)
{
    return recovery(session, scenario, 1, result, error);
}

int recovery_rollback(struct session *session, const struct scenario *scenario,
                      struct result *result, outfall_error *error)
{
    return recovery(session, scenario, 0, result, error);
}
