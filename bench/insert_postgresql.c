/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "insert.h"
#include "psql.h"
#include "raw_postgresql.h"
#include "scenario.h"
#include "server.h"

typedef int (*batch_loop)(struct raw_postgresql *raw, const struct bench_row *rows, size_t count,
                          outfall_error *error);

/* A raw loop as one side of a pair. */
struct raw_side {
    struct insert *insert;
    struct raw_postgresql raw;
    batch_loop loop;
};

static int raw_run(void *context, struct sample *sample, outfall_error *error)
{
    struct raw_side *side = context;
    struct insert *insert = side->insert;
    struct meter meter;
    int status = insert->table.kind->empty(&insert->table, error);
    if (status == OUTFALL_OK && side->raw.connection == NULL)
        status = raw_postgresql_open(&side->raw, insert->table.url, insert->batch_rows, error);
    if (status != OUTFALL_OK)
        return status;
    meter_start(&meter, insert->session);
    status = side->loop(&side->raw, insert->rows, insert->count, error);
    meter_stop(&meter, insert->count, sample);
    if (status == OUTFALL_OK)
        status = insert->table.kind->check(&insert->table, insert->rows, insert->count, error);
    return status;
}

/* About half a second a run: a hundred rows a transaction go slower than ten thousand. */
static size_t rows_for(const struct session *session, unsigned batch_rows)
{
    size_t rows = batch_rows == 0 || batch_rows >= 10000 ? 400000
                  : batch_rows >= 1000                   ? 150000
                                                         : 60000;
    return session->quick ? rows / 2 : rows;
}

static int pairs_of(const struct session *session)
{
    return session_runs(session, HARNESS_PAIRS, HARNESS_PAIRS_LEAST);
}

static int sink_against_copy(struct session *session, const struct scenario *scenario,
                             sink_write write, struct result *result, outfall_error *error)
{
    struct insert insert;
    struct insert_sink sink = {.insert = &insert, .write = write};
    struct raw_side raw = {.insert = &insert, .loop = raw_postgresql_copy};
    const struct side sides[2] = {{"sink", insert_sink_run, &sink}, {"raw", raw_run, &raw}};
    int status = insert_open(&insert, session, scenario->driver, rows_for(session, scenario->size),
                             scenario->size, error);
    if (status == OUTFALL_OK)
        status = harness_pairs(pairs_of(session), &sides[0], &sides[1], result, error);
    int finished = insert_sink_finish(&sink, result, status == OUTFALL_OK ? error : NULL);
    raw_postgresql_close(&raw.raw);
    insert_close(&insert);
    return status == OUTFALL_OK ? finished : status;
}

int insert_postgresql_array(struct session *session, const struct scenario *scenario,
                            struct result *result, outfall_error *error)
{
    return sink_against_copy(session, scenario, sink_loop_array, result, error);
}

int insert_postgresql_put(struct session *session, const struct scenario *scenario,
                          struct result *result, outfall_error *error)
{
    return sink_against_copy(session, scenario, sink_loop_puts, result, error);
}

/* Two raw loops against each other. */
static int raw_against_copy(struct session *session, const struct scenario *scenario,
                            const char *name, batch_loop loop, struct result *result,
                            outfall_error *error)
{
    struct insert insert;
    struct raw_side other = {.insert = &insert, .loop = loop};
    struct raw_side copy = {.insert = &insert, .loop = raw_postgresql_copy};
    const struct side sides[2] = {{name, raw_run, &other}, {"copy", raw_run, &copy}};
    int status = insert_open(&insert, session, scenario->driver, rows_for(session, scenario->size),
                             scenario->size, error);
    if (status == OUTFALL_OK)
        status = harness_pairs(pairs_of(session), &sides[0], &sides[1], result, error);
    raw_postgresql_close(&other.raw);
    raw_postgresql_close(&copy.raw);
    insert_close(&insert);
    return status;
}

int insert_postgresql_unnest(struct session *session, const struct scenario *scenario,
                             struct result *result, outfall_error *error)
{
    return raw_against_copy(session, scenario, "unnest", raw_postgresql_unnest, result, error);
}

int insert_postgresql_alone(struct session *session, const struct scenario *scenario,
                            struct result *result, outfall_error *error)
{
    return raw_against_copy(session, scenario, "alone", raw_postgresql_copy_alone, result, error);
}

/* ---- psql \copy ---- */

struct psql_side {
    struct insert *insert;
    struct psql *psql;
    char *commands; /* One \copy a file. */
};

/* Writes the rows as files in the format of COPY BINARY, and the commands that load them. */
static int psql_prepare(struct psql_side *side, const char *program, outfall_error *error)
{
    const struct insert *insert = side->insert;
    size_t batch = insert->batch_rows, files = (insert->count + batch - 1) / batch, used = 0;
    size_t capacity = files * (sizeof insert->session->scratch + 128);
    char path[sizeof insert->session->scratch + 48];
    int status = OUTFALL_OK;
    side->commands = malloc(capacity);
    if (side->commands == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    for (size_t i = 0; i < files && status == OUTFALL_OK; i++) {
        size_t first = i * batch;
        size_t rows = insert->count - first < batch ? insert->count - first : batch;
        snprintf(path, sizeof path, "%s/rows-%zu.pgcopy", insert->session->scratch, i);
        status = raw_postgresql_file(path, insert->rows + first, rows, error);
        used += (size_t)snprintf(side->commands + used, capacity - used,
                                 "\\copy " ROW_TABLE " from '%s' with (format binary)\n", path);
    }
    if (status == OUTFALL_OK)
        status = psql_open(&side->psql, program, insert->table.url, error);
    return status;
}

/* The session is open and its commands are read: only the copying is measured. */
static int psql_run(void *context, struct sample *sample, outfall_error *error)
{
    struct psql_side *side = context;
    struct insert *insert = side->insert;
    struct meter meter;
    int status = insert->table.kind->empty(&insert->table, error);
    if (status != OUTFALL_OK)
        return status;
    double cpu_s = psql_cpu_s(side->psql);
    meter_start(&meter, insert->session);
    status = psql_execute(side->psql, side->commands, error);
    meter_stop(&meter, insert->count, sample);
    cpu_s = psql_cpu_s(side->psql) - cpu_s;
    sample->foreign_cpu_s += sample->client_cpu_s - cpu_s;
    sample->client_cpu_s = cpu_s; /* Not ours, which only waits. */
    if (status == OUTFALL_OK)
        status = insert->table.kind->check(&insert->table, insert->rows, insert->count, error);
    return status;
}

int insert_postgresql_psql(struct session *session, const struct scenario *scenario,
                           struct result *result, outfall_error *error)
{
    struct insert insert;
    struct raw_side raw = {.insert = &insert, .loop = raw_postgresql_copy};
    struct psql_side psql = {.insert = &insert};
    const struct side sides[2] = {{"raw", raw_run, &raw}, {"psql", psql_run, &psql}};
    size_t rows = rows_for(session, scenario->size);
    char program[PATH_MAX];
    if (server_program("psql", program, sizeof program, error) != OUTFALL_OK) {
        result->skipped = 1;
        result_note(result, "%s", error->message);
        return OUTFALL_OK;
    }
    int status = insert_open(&insert, session, scenario->driver, rows,
                             scenario->size == 0 ? rows : scenario->size, error);
    if (status == OUTFALL_OK)
        status = psql_prepare(&psql, program, error);
    if (status == OUTFALL_OK)
        status = harness_pairs(pairs_of(session), &sides[0], &sides[1], result, error);
    psql_close(psql.psql);
    free(psql.commands);
    raw_postgresql_close(&raw.raw);
    insert_close(&insert);
    return status;
}
