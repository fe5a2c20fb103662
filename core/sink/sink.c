/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/handle.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/fork.h"
#include "row/name.h"
#include "row/schema.h"
#include "sink/flush.h"
#include "txn/ledger.h"

/* Of a close's time, what is kept for cutting connections and letting go of them. */
#define CLOSE_GRACE_MAX_US 200000
#define SINK_ID_BYTES_MAX 255

static const atomic_int_fast64_t never_us = INT64_MAX;

/* ---- Open ------------------------------------------------------------------------- */

/* What outfall_sink_open has made so far. */
typedef struct of_opening {
    outfall_config *config;
    of_url url;
    outfall_table_name name;
    outfall_schema *schema;
    of_names key;
    of_names update;
    of_endpoint *endpoint;
    outfall_target *target;
    outfall_table_name letters_name; /* All NULL: dead letters are polled. */
    of_lettertable *letters;
    of_feed *feed;
} of_opening;

static bool has_key(const outfall_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        if ((schema->columns[i].flags & OUTFALL_COLUMN_KEY) != 0)
            return true;
    return false;
}

/* The columns that `names`, an option, names have to be among those of the rows. */
static int check_names(const outfall_schema *schema, const of_names *names, const char *option,
                       outfall_error *error)
{
    for (size_t i = 0; schema != NULL && i < names->count; i++)
        if (of_schema_find(schema, names->names[i]) < 0)
            return of_fail_column(error, OUTFALL_ERR_CONFIG, names->names[i],
                                  "option %s: the rows have no column \"%s\"", option,
                                  names->names[i]);
    return OUTFALL_OK;
}

/* Adds a name to a list for a message, which may end early. */
static void list_name(char *list, size_t capacity, const char *name)
{
    size_t length = strlen(list);
    snprintf(list + length, capacity - length, "%s%s", length > 0 ? ", " : "", name);
}

/*
 * A table that is created gets the key as its primary key: the schema and the option `key` both say
 * which columns that is, so they may not differ. Their order is the schema's.
 */
static int make_primary_key(outfall_schema *schema, const of_names *key, outfall_error *error)
{
    char named[160] = "", marked[160] = "";
    bool has_own = has_key(schema), same = true;
    for (size_t i = 0; i < key->count; i++) {
        outfall_column *column = &schema->columns[of_schema_find(schema, key->names[i])];
        same = same && (column->flags & OUTFALL_COLUMN_KEY) != 0;
        column->flags |= has_own ? 0 : OUTFALL_COLUMN_KEY | OUTFALL_COLUMN_NOT_NULL;
        list_name(named, sizeof named, key->names[i]);
    }
    size_t count = 0;
    for (size_t i = 0; i < schema->count; i++) {
        if ((schema->columns[i].flags & OUTFALL_COLUMN_KEY) == 0)
            continue;
        list_name(marked, sizeof marked, schema->columns[i].name);
        count++;
    }
    if (!has_own || key->count == 0 || (same && count == key->count))
        return OUTFALL_OK;
    return of_fail(
        error, OUTFALL_ERR_CONFIG,
        "option key names %s, but the primary key in the schema is %s: leave one of them "
        "out, or let them name the same columns",
        named, marked);
}

/* What the options say of the mode and the key. */
static int read_mode(of_opening *opening, outfall_error *error)
{
    const of_options *values = &opening->config->values;
    outfall_schema *schema = opening->schema;
    int status = of_names_parse(values->key, "key", &opening->key, error);
    if (status == OUTFALL_OK)
        status = of_names_parse(values->update_columns, "update.columns", &opening->update, error);
    if (status == OUTFALL_OK)
        status = check_names(schema, &opening->key, "key", error);
    if (status == OUTFALL_OK)
        status = check_names(schema, &opening->update, "update.columns", error);
    if (status == OUTFALL_OK && opening->update.count > 0 && values->mode != OUTFALL_MODE_UPSERT)
        status = of_fail(error, OUTFALL_ERR_CONFIG,
                         "option update.columns is for mode=upsert: leave it out, or set the mode");
    bool creates = values->create == OF_CREATE_IF_MISSING;
    if (status == OUTFALL_OK && schema != NULL && (creates || !has_key(schema)))
        status = make_primary_key(schema, &opening->key, error);
    return status;
}

static int check_sink_id(const char *id, outfall_error *error)
{
    size_t length = strlen(id);
    if (length <= SINK_ID_BYTES_MAX && outfall_utf8_valid(id, length))
        return OUTFALL_OK;
    return of_fail(
        error, OUTFALL_ERR_CONFIG,
        "option sink.id, or the table's name in its place, has at most %d bytes of UTF-8: "
        "set a shorter one",
        SINK_ID_BYTES_MAX);
}

static int read_letters_name(of_opening *opening, outfall_error *error)
{
    const char *text = opening->config->values.deadletter_table;
    outfall_error why;
    if (text[0] == '\0' || of_table_name_parse(text, &opening->letters_name, &why) == OUTFALL_OK)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_CONFIG, "option deadletter.table: %.300s", why.message);
}

static int read_arguments(of_opening *opening, const char *url, const char *table,
                          const outfall_schema *schema, const outfall_config *config,
                          outfall_error *error)
{
    if (url == NULL || table == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "%s is NULL", url == NULL ? "url" : "table");
    int status = config == NULL ? outfall_config_new(&opening->config, error)
                                : of_config_copy(config, &opening->config, error);
    if (status == OUTFALL_OK)
        status = of_url_parse(url, opening->config, &opening->url, error);
    if (status == OUTFALL_OK)
        status = of_table_name_parse(table, &opening->name, error);
    if (status == OUTFALL_OK)
        status = read_letters_name(opening, error);
    if (status == OUTFALL_OK && schema != NULL && schema->count == 0)
        status = of_fail(error, OUTFALL_ERR_INVALID,
                         "the schema has no columns: add some, or pass NULL for the table's own");
    if (status == OUTFALL_OK && schema != NULL)
        status = of_schema_copy(schema->columns, schema->count, &opening->schema, error);
    if (status == OUTFALL_OK)
        status = read_mode(opening, error);
    return status;
}

/* The sink's name in the ledger; NULL while the table has not been described. */
static const char *sink_id_of(const of_opening *opening)
{
    const char *given = opening->config->values.sink_id;
    if (given[0] != '\0')
        return given;
    return opening->target != NULL ? opening->target->display_name : NULL;
}

static of_feed_options feed_options(const of_opening *opening)
{
    const of_options *values = &opening->config->values;
    return (of_feed_options){
        .batch_rows = (uint64_t)values->batch_rows,
        .batch_bytes = (uint64_t)values->batch_bytes,
        .linger_us = values->linger_ms * 1000,
        .block_us = values->buffer_block_ms * 1000,
        .request_timeout_ms = values->request_timeout_ms,
        .retry_base_ms = (uint32_t)values->retry_base_ms,
        .retry_max_ms = (uint32_t)values->retry_max_ms,
        .retry_timeout_ms = values->retry_timeout_ms,
        .rejected_max = (uint64_t)values->rejected_max,
        .deadletter_wait_ms = values->deadletter_wait_ms,
        .letters = opening->letters,
        .lossy = values->convert_lossy == OF_LOSSY_ROUND,
        .identity_override = values->identity == OF_IDENTITY_OVERRIDE,
        .other_unique = values->unique_other == OF_UNIQUE_OTHER_ALLOW,
        .exactly_once = values->delivery != OF_DELIVERY_AT_LEAST_ONCE,
        .two_phase = values->delivery == OF_DELIVERY_TWO_PHASE,
        .weak = values->durability == OF_DURABILITY_ALLOW,
        .sink_id = sink_id_of(opening),
        .mode = (uint32_t)values->mode,
        .name = opening->name,
        .schema = opening->schema,
        .key = opening->key,
        .update = opening->update,
    };
}

/* Under the ledger a table is made with a mark, where the database does not tell tables apart. */
static int create_table(of_opening *opening, of_lease *lease, outfall_error *error)
{
    char mark[OUTFALL_IDENTITY_BYTES_MAX + 1];
    if (opening->schema == NULL)
        return of_fail(
            error, OUTFALL_ERR_INVALID,
            "table %s does not exist, and there is no schema to create it from: pass one",
            opening->name.table);
    if (opening->config->values.mode != OUTFALL_MODE_INSERT && !has_key(opening->schema))
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "mode=%s needs a key: set key (--key), or mark columns primary key in the "
                       "schema",
                       of_config_text(opening->config, OF_OPTION_mode));
    if (opening->config->values.delivery == OF_DELIVERY_AT_LEAST_ONCE)
        return of_lease_create_table(lease, &opening->name, opening->schema, error);
    of_ledger_mark(mark, sizeof mark);
    return of_lease_create_marked(lease, &opening->name, opening->schema, mark, error);
}

/* Connects, and describes the table, which is created where it is missing and that is wanted. */
static int describe(of_opening *opening, outfall_error *error)
{
    of_lease lease;
    const of_feed_options options = feed_options(opening);
    const of_limits limits = {options.request_timeout_ms, &never_us};
    outfall_error missing;
    int status = of_lease_take(of_endpoint_pool(opening->endpoint), &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_feed_describe(&options, &lease, &opening->target, &missing);
    bool no_table = status == OUTFALL_ERR_NOT_FOUND && missing.column[0] == '\0';
    if (no_table && opening->config->values.create == OF_CREATE_IF_MISSING) {
        status = create_table(opening, &lease, error);
        if (status == OUTFALL_OK)
            status = of_feed_describe(&options, &lease, &opening->target, error);
    } else if (status != OUTFALL_OK) {
        of_fail_copy(error, &missing);
    }
    bool records = opening->letters_name.table != NULL;
    if (status == OUTFALL_OK && (options.exactly_once || records))
        status = check_sink_id(sink_id_of(opening), error);
    if (status == OUTFALL_OK && records)
        status = of_lettertable_open(&opening->letters_name, &lease, &opening->letters, error);
    if (status == OUTFALL_OK && options.exactly_once)
        status = of_ledger_open(&lease, opening->target, options.weak, error);
    of_lease_return(&lease);
    return status;
}

static int make_feed(of_opening *opening, outfall_error *error)
{
    of_feed_options options = feed_options(opening);
    options.owner = options.exactly_once ? of_ledger_owner() : 0;
    const of_options *values = &opening->config->values;
    uint32_t flushers = of_endpoint_flusher_count(opening->endpoint);
    int status = of_feed_new(&options, of_endpoint_pool(opening->endpoint),
                             (size_t)values->buffer_bytes, (size_t)values->buffer_chunk_bytes,
                             (size_t)values->row_bytes_max, (size_t)values->deadletter_bytes,
                             opening->target, flushers, &opening->feed, error);
    if (status != OUTFALL_OK)
        return status;
    opening->target = NULL; /* The feed owns them now. */
    opening->schema = NULL;
    opening->letters = NULL;
    opening->key = opening->update = (of_names){NULL, 0};
    return OUTFALL_OK;
}

static int make_sink(of_opening *opening, outfall_sink **out, outfall_error *error)
{
    outfall_sink *sink = of_calloc(1, sizeof *sink);
    if (sink == NULL)
        return of_fail_nomem(error);
    pthread_mutex_init(&sink->mutex, NULL);
    of_checkpoints_init(&sink->checkpoints);
    sink->fork_generation = of_fork_generation;
    sink->feed = opening->feed;
    sink->endpoint = opening->endpoint;
    /* Each writer may hold one chunk; as many again keep rows moving. */
    sink->writers_max = sink->feed->chunks.count / 2;
    for (uint32_t i = 0; i < sink->feed->share_count; i++)
        of_flusher_attach(of_endpoint_flusher(sink->endpoint, i), &sink->feed->shares[i]);
    opening->feed = NULL;
    opening->endpoint = NULL;
    *out = sink;
    return OUTFALL_OK;
}

int outfall_sink_open(const char *url, const char *table, const outfall_schema *schema,
                      const outfall_config *config, outfall_sink **out, outfall_error *error)
{
    of_opening opening = {0};
    if (out == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL");
    *out = NULL;
    int status = read_arguments(&opening, url, table, schema, config, error);
    if (status == OUTFALL_OK)
        status = of_endpoint_get(&opening.url, opening.config, &opening.endpoint, error);
    if (status == OUTFALL_OK)
        status = describe(&opening, error);
    if (status == OUTFALL_OK)
        status = make_feed(&opening, error);
    if (status == OUTFALL_OK)
        status = make_sink(&opening, out, error);
    of_feed_release(opening.feed);
    of_lettertable_free(opening.letters);
    if (opening.target != NULL)
        of_pool_driver(of_endpoint_pool(opening.endpoint))->target_free(opening.target);
    of_endpoint_put(opening.endpoint, of_deadline_us(1000));
    outfall_schema_free(opening.schema);
    of_names_free(&opening.key);
    of_names_free(&opening.update);
    of_table_name_free(&opening.name);
    of_table_name_free(&opening.letters_name);
    of_url_free(&opening.url);
    outfall_config_free(opening.config);
    return status;
}

size_t outfall_sink_column_count(const outfall_sink *sink)
{
    return sink == NULL ? 0 : sink->feed->versions[0]->schema->count;
}

const outfall_column *outfall_sink_column(const outfall_sink *sink, size_t index)
{
    return sink == NULL ? NULL : outfall_schema_column(sink->feed->versions[0]->schema, index);
}

unsigned outfall_sink_column_use(const outfall_sink *sink, size_t index)
{
    if (outfall_sink_column(sink, index) == NULL)
        return 0;
    const outfall_target *target = sink->feed->versions[0]->target;
    const of_feed_options *options = &sink->feed->options;
    for (uint32_t i = 0; i < target->key_count; i++)
        if (target->key[i] == index)
            return OUTFALL_USE_KEY;
    if (options->mode != OUTFALL_MODE_UPSERT && options->mode != OUTFALL_MODE_REPLACE)
        return 0;
    bool updated = options->update.count == 0;
    for (size_t i = 0; i < options->update.count; i++)
        updated = updated || strcmp(options->update.names[i], target->columns[index].name) == 0;
    return updated ? OUTFALL_USE_UPDATE : 0;
}

/* ---- Close ------------------------------------------------------------------------ */

/* Lists the writers with rows that are not durable. Returns how many there are. */
static size_t list_undelivered(of_feed *feed, outfall_undelivered *undelivered, size_t room)
{
    size_t count = 0;
    for (uint32_t i = 0; i < feed->share_count; i++) {
        of_share *share = &feed->shares[i];
        pthread_mutex_lock(&share->mutex);
        for (uint32_t at = 0; at < share->lane_count; at++) {
            of_lane *lane = share->lanes[at];
            uint64_t acknowledged = atomic_load_explicit(&lane->acknowledged, memory_order_acquire);
            uint64_t rows =
                atomic_load_explicit(&lane->accepted, memory_order_acquire) - acknowledged;
            if (rows == 0)
                continue;
            if (undelivered != NULL && count < room) {
                undelivered[count] = (outfall_undelivered){
                    .acknowledged = acknowledged,
                    .rows = rows,
                    .source_offset =
                        atomic_load_explicit(&lane->source_offset, memory_order_relaxed),
                };
                memcpy(undelivered[count].writer, lane->name, sizeof lane->name);
            }
            count++;
        }
        pthread_mutex_unlock(&share->mutex);
    }
    return count;
}

/* Rejected rows that nobody has polled would be lost without a word. */
static int check_letters(of_feed *feed, outfall_error *error)
{
    outfall_error why;
    uint64_t count = of_events_letters(&feed->events, &why);
    if (count == 0)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_DATABASE,
                   "%llu rows that the database rejected were not polled: after outfall_flush poll "
                   "until there is no event; the first: %.300s",
                   (unsigned long long)count, why.message);
}

/* A sink that commits by checkpoints alone: what came after the last one is rolled back by now. */
static int judge_two_phase(of_feed *feed, size_t left, outfall_error *error)
{
    outfall_error why = {0};
    int status = of_feed_check(feed, &why);
    if (status != OUTFALL_OK && status != OUTFALL_ERR_CLOSED)
        return of_fail_copy(error, &why);
    if (left == 0)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_ABORTED,
                   "rows of %zu writers came after the last checkpoint and are rolled back: write "
                   "them again, behind each writer's resume offset",
                   left);
}

/* Its memory and connections are left to the transaction's thread that has not come back. */
static int leave_stuck(of_feed *feed, outfall_undelivered *undelivered, size_t room, size_t *count,
                       outfall_error *error)
{
    size_t left = list_undelivered(feed, undelivered, room);
    if (count != NULL)
        *count = left;
    return of_fail(error, OUTFALL_ERR_TIMEOUT,
                   "a call to a database by its transaction has not ended: the sink is left to it");
}

/* What is done with rows that are on their way when the sink is closed. */
static int flush_for_close(of_feed *feed, int64_t sever_us, outfall_error *error)
{
    return feed->options.two_phase ? OUTFALL_OK : of_flush_until(feed, sever_us, error);
}

int outfall_close(outfall_sink *sink, uint32_t timeout_ms, outfall_undelivered *undelivered,
                  size_t *count, outfall_error *error)
{
    size_t room = count == NULL ? 0 : *count;
    if (count != NULL)
        *count = 0;
    if (sink == NULL)
        return OUTFALL_OK;
    int status = of_timeout_check(timeout_ms, error);
    if (status != OUTFALL_OK || sink->fork_generation != of_fork_generation)
        return status; /* After fork: the handles and all behind them are the parent's. */

    int joined = atomic_load_explicit(&sink->joined, memory_order_acquire);
    if (joined == OF_SINK_JOINED)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the sink is in a transaction: close that first (outfall_txn_close)");
    if (joined == OF_SINK_STUCK)
        return leave_stuck(sink->feed, undelivered, room, count, error);

    int64_t deadline_us = of_deadline_us(timeout_ms);
    int64_t grace_us = (int64_t)timeout_ms * 1000 / 4;
    int64_t sever_us =
        deadline_us - (grace_us < CLOSE_GRACE_MAX_US ? grace_us : CLOSE_GRACE_MAX_US);
    of_feed *feed = sink->feed;
    while (sink->writers != NULL)
        outfall_writer_close(sink->writers);
    atomic_store_explicit(&feed->close_by_us, sever_us, memory_order_relaxed);
    of_eventcount_wake(&feed->events.room);
    of_feed_wake(feed);
    status = flush_for_close(feed, sever_us, error);
    for (uint32_t i = 0; i < feed->share_count; i++)
        of_flusher_detach(of_endpoint_flusher(sink->endpoint, i), &feed->shares[i], sever_us,
                          deadline_us);
    size_t left = list_undelivered(feed, undelivered, room);
    if (count != NULL)
        *count = left;
    if (status == OUTFALL_ERR_TIMEOUT && left == 0) {
        status = OUTFALL_OK; /* The last of them made it while the flushers were let go. */
        if (error != NULL)
            *error = (outfall_error){.row = -1};
    }
    if (status == OUTFALL_OK && feed->options.two_phase)
        status = judge_two_phase(feed, left, error);
    if (status == OUTFALL_OK)
        status = check_letters(feed, error);
    of_feed_release(feed);
    of_endpoint_put(sink->endpoint, deadline_us);
    of_checkpoints_destroy(&sink->checkpoints);
    pthread_mutex_destroy(&sink->mutex);
    of_free(sink);
    return status;
}
