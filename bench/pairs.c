/* SPDX-License-Identifier: Apache-2.0 */
/* The sink against the fastest raw loop of the same client library. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "insert.h"
#include "raw.h"
#include "scenario.h"
#include "statistics.h"

#ifdef BENCH_POSTGRESQL
#include "raw_postgresql.h"
#endif
#ifdef BENCH_SQLITE
#include "raw_sqlite.h"
#endif
#ifdef BENCH_MYSQL
#include "raw_mysql.h"
#endif
#ifdef BENCH_ODBC
#include "raw_odbc.h"
#endif

#define CALIBRATION_RUNS 3

/* What a driver is compared with. A run takes about half a second. */
struct pair_kind {
    const char *driver;
    const struct raw_client *insert, *upsert; /* upsert: NULL where there is no such scenario. */
    size_t insert_rows, upsert_rows;          /* Of one run. */
};

static const struct pair_kind kinds[] = {
#ifdef BENCH_SQLITE
    {"sqlite", &raw_sqlite_insert, &raw_sqlite_upsert, 1000000, 500000},
#endif
#ifdef BENCH_POSTGRESQL
    {"postgresql", &raw_postgresql_insert, &raw_postgresql_upsert, 400000, 200000},
#endif
#ifdef BENCH_MYSQL
    {"mysql", &raw_mysql_insert, &raw_mysql_upsert, 400000, 200000},
#endif
#if defined BENCH_ODBC && defined BENCH_POSTGRESQL
    {"odbc-postgresql", &raw_odbc_insert, NULL, 200000, 0},
#endif
#if defined BENCH_ODBC && defined BENCH_MYSQL
    {"odbc-mariadb", &raw_odbc_insert, NULL, 400000, 0},
#endif
#if defined BENCH_ODBC && defined BENCH_SQLITE
    {"odbc-sqlite", &raw_odbc_insert, NULL, 400000, 0},
#endif
};

static const struct pair_kind *find_kind(const char *driver)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].driver, driver) == 0)
            return &kinds[i];
    abort(); /* A line of the scenarios' table that has no line here. */
}

/* ---- The raw side ----------------------------------------------------------------- */

struct raw_side {
    struct insert *insert;
    const struct raw_client *client;
    const struct raw_method *method;
    void *raw;
};

static void raw_close(struct raw_side *side)
{
    side->client->close(side->raw);
    side->raw = NULL;
}

static int raw_run(void *context, struct sample *sample, outfall_error *error)
{
    struct raw_side *side = context;
    struct insert *insert = side->insert;
    struct meter meter;
    int status = insert_prepare(insert, error);
    if (status == OUTFALL_OK && side->raw == NULL)
        status = side->client->open(&side->raw, insert->table.url, insert->batch_rows, error);
    if (status != OUTFALL_OK)
        return status;
    meter_start(&meter, insert->session);
    status = side->method->write(side->raw, insert->rows, insert->count, error);
    meter_stop(&meter, insert->count, sample);
    if (insert->table.kind->reopens)
        raw_close(side);
    if (status == OUTFALL_OK)
        status = insert->table.kind->check(&insert->table, insert->rows, insert->count, error);
    return status;
}

/*
 * Runs each of the client's methods a few times, one after another, and takes the fastest. What
 * each of them reached is among the figures.
 */
static int choose_method(struct raw_side *side, struct result *result, outfall_error *error)
{
    double rates[RAW_METHODS_MAX][CALIBRATION_RUNS], best = 0;
    const struct raw_client *client = side->client;
    int runs = session_runs(side->insert->session, CALIBRATION_RUNS, CALIBRATION_RUNS);
    int status = OUTFALL_OK;
    runs = runs < CALIBRATION_RUNS ? runs : CALIBRATION_RUNS;
    side->method = &client->methods[0];
    if (client->method_count == 1)
        return OUTFALL_OK;
    for (int run = -1; run < runs; run++) { /* One to warm up. */
        for (size_t i = 0; i < client->method_count && status == OUTFALL_OK; i++) {
            struct sample sample = {0};
            side->method = &client->methods[i];
            status = session_check(error);
            if (status == OUTFALL_OK)
                status = raw_run(side, &sample, error);
            rates[i][run < 0 ? 0 : run] = (double)sample.rows / sample.seconds;
        }
    }
    if (status != OUTFALL_OK)
        return status;
    for (size_t i = 0; i < client->method_count; i++) {
        double rate = statistics_median(rates[i], (size_t)runs);
        result_metric(result, rate, "calibration_%s", client->methods[i].name);
        if (rate > best) {
            best = rate;
            side->method = &client->methods[i];
        }
    }
    result_note(result, "raw is %s, the fastest of %zu", side->method->name, client->method_count);
    return OUTFALL_OK;
}

/* ---- The pair --------------------------------------------------------------------- */

/* As many as take about half a second, whole batches, at least three. */
static size_t rows_of_run(const struct session *session, const struct scenario *scenario,
                          size_t rows)
{
    size_t batch = scenario->size;
    rows /= session->quick ? 2 : 1;
    rows /= batch < 10000 ? 2 : 1; /* More transactions: slower. */
    return (rows < 3 * batch ? 3 * batch : rows) / batch * batch;
}

/* Rows of the same ids; all that is not the key differs. */
static int make_old(struct insert *insert, const struct raw_client *filler, outfall_error *error)
{
    insert->filler = filler;
    insert->old = rows_make(insert->count);
    if (insert->old == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP,
                                 "no memory for %zu rows", insert->count);
    for (size_t i = 0; i < insert->count; i++) {
        insert->old[i].timestamp_us += 1000000;
        insert->old[i].device++;
        insert->old[i].metric += 1;
        memset(insert->old[i].note, 'o', ROW_NOTE_BYTES);
    }
    return OUTFALL_OK;
}

static int run_pair(struct session *session, const struct scenario *scenario,
                    const struct raw_client *client, size_t rows, const char *mode,
                    const struct raw_client *filler, struct result *result, outfall_error *error)
{
    struct insert insert;
    struct insert_sink sink = {.insert = &insert, .write = sink_loop_array};
    struct raw_side raw = {.insert = &insert, .client = client};
    const struct side sides[2] = {{"sink", insert_sink_run, &sink}, {"raw", raw_run, &raw}};
    int status = insert_open(&insert, session, scenario->driver,
                             rows_of_run(session, scenario, rows), scenario->size, error);
    insert.mode = mode;
    if (status == OUTFALL_OK && filler != NULL)
        status = make_old(&insert, filler, error);
    if (status == OUTFALL_OK)
        status = choose_method(&raw, result, error);
    if (status == OUTFALL_OK)
        status = harness_pairs(session_runs(session, HARNESS_PAIRS, HARNESS_PAIRS_LEAST), &sides[0],
                               &sides[1], result, error);
    int finished = insert_sink_finish(&sink, result, status == OUTFALL_OK ? error : NULL);
    raw_close(&raw);
    insert_close(&insert);
    return status == OUTFALL_OK ? finished : status;
}

int pair_insert(struct session *session, const struct scenario *scenario, struct result *result,
                outfall_error *error)
{
    const struct pair_kind *kind = find_kind(scenario->driver);
    return run_pair(session, scenario, kind->insert, kind->insert_rows, NULL, NULL, result, error);
}

int pair_upsert_new(struct session *session, const struct scenario *scenario, struct result *result,
                    outfall_error *error)
{
    const struct pair_kind *kind = find_kind(scenario->driver);
    return run_pair(session, scenario, kind->upsert, kind->upsert_rows, "upsert", NULL, result,
                    error);
}

int pair_upsert_existing(struct session *session, const struct scenario *scenario,
                         struct result *result, outfall_error *error)
{
    const struct pair_kind *kind = find_kind(scenario->driver);
    return run_pair(session, scenario, kind->upsert, kind->upsert_rows, "upsert", kind->insert,
                    result, error);
}

int pair_ledger(struct session *session, const struct scenario *scenario, struct result *result,
                outfall_error *error)
{
    const struct pair_kind *kind = find_kind(scenario->driver);
    struct insert insert;
    struct insert_sink ledger = {
        .insert = &insert, .write = sink_loop_offsets, .delivery = "exactly-once"};
    struct insert_sink plain = {.insert = &insert, .write = sink_loop_array};
    const struct side sides[2] = {{"ledger", insert_sink_run, &ledger},
                                  {"at-least-once", insert_sink_run, &plain}};
    int status =
        insert_open(&insert, session, scenario->driver,
                    rows_of_run(session, scenario, kind->insert_rows), scenario->size, error);
    if (status == OUTFALL_OK)
        status = harness_pairs(session_runs(session, HARNESS_PAIRS, HARNESS_PAIRS_LEAST), &sides[0],
                               &sides[1], result, error);
    int finished = insert_sink_finish(&ledger, result, status == OUTFALL_OK ? error : NULL);
    (void)insert_sink_finish(&plain, NULL, NULL);
    insert_close(&insert);
    return status == OUTFALL_OK ? finished : status;
}
