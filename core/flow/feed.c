/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/feed.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/log.h"
#include "txn/ledger.h"

static void version_free(of_feed *feed, of_version *version)
{
    if (version == NULL)
        return;
    outfall_schema_free(version->schema);
    of_pool_driver(feed->pool)->target_free(version->target);
    of_free(version);
}

/* Makes `target` the current version. Called with the mutex held, or before there are threads. */
static int add_version(of_feed *feed, outfall_target *target, outfall_error *error)
{
    uint32_t number = atomic_load_explicit(&feed->version_count, memory_order_relaxed);
    if (number == OF_VERSIONS_MAX)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "the columns of %s have changed %u times: open the sink anew",
                       target->display_name, number);
    if (number > 0 && target->column_count != feed->versions[0]->schema->count)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "the driver describes %s with %u columns where %zu were asked for",
                       target->display_name, target->column_count,
                       feed->versions[0]->schema->count);
    of_version *version = of_calloc(1, sizeof *version);
    if (version == NULL)
        return of_fail_nomem(error);
    int status = of_schema_copy(target->columns, target->column_count, &version->schema, error);
    if (status != OUTFALL_OK) {
        of_free(version);
        return status;
    }
    version->number = (uint16_t)number;
    version->target = target;
    feed->versions[number] = version;
    atomic_store_explicit(&feed->version_count, number + 1, memory_order_release);
    atomic_store_explicit(&feed->current, version, memory_order_release);
    return OUTFALL_OK;
}

static int shares_new(of_feed *feed, uint32_t count, outfall_error *error)
{
    feed->shares = of_calloc(count, sizeof *feed->shares);
    if (feed->shares == NULL)
        return of_fail_nomem(error);
    for (uint32_t i = 0; i < count; i++) {
        int status = of_batch_init(&feed->shares[i].batch, feed->chunks.count, error);
        if (status != OUTFALL_OK)
            return status;
        feed->shares[i].feed = feed;
        pthread_mutex_init(&feed->shares[i].mutex, NULL);
        feed->share_count++;
    }
    return OUTFALL_OK;
}

/* Gives back chunks whose rows were taken and never acknowledged; the lanes have let go of them. */
static void abandon_batch(of_feed *feed, of_batch *batch)
{
    for (uint32_t i = 0; i < batch->span_count; i++)
        if (batch->spans[i].chunk->left)
            of_chunks_free(&feed->chunks, batch->spans[i].chunk);
}

static void letters_free(of_letter *letter)
{
    while (letter != NULL) {
        of_letter *next = letter->next;
        of_letter_free(letter);
        letter = next;
    }
}

static void shares_free(of_feed *feed)
{
    for (uint32_t i = 0; i < feed->share_count; i++) {
        of_share *share = &feed->shares[i];
        abandon_batch(feed, &share->batch);
        for (uint32_t lane = 0; lane < share->lane_count; lane++)
            of_lane_free(share->lanes[lane]);
        of_free(share->lanes);
        of_batch_destroy(&share->batch);
        of_dedupe_free(&share->dedupe);
        of_rowcopy_free(&share->arranged);
        of_free(share->fences);
        letters_free(share->kept);
        letters_free(share->sealed);
        pthread_mutex_destroy(&share->mutex);
    }
    of_free(feed->shares);
}

static int copy_names(of_feed *feed, const of_feed_options *options, outfall_error *error)
{
    const outfall_table_name *name = &options->name;
    feed->options.name.table = of_strdup(name->table);
    feed->options.name.schema = name->schema == NULL ? NULL : of_strdup(name->schema);
    feed->options.sink_id = options->sink_id == NULL ? NULL : of_strdup(options->sink_id);
    if (feed->options.name.table == NULL ||
        (name->schema != NULL && feed->options.name.schema == NULL) ||
        (options->sink_id != NULL && feed->options.sink_id == NULL))
        return of_fail_nomem(error);
    return OUTFALL_OK;
}

int of_feed_new(const of_feed_options *options, of_pool *pool, size_t buffer_bytes,
                size_t chunk_bytes, size_t row_bytes_max, size_t deadletter_bytes,
                outfall_target *target, uint32_t share_count, of_feed **out, outfall_error *error)
{
    int status;
    *out = NULL;
    of_feed *feed = of_calloc(1, sizeof *feed);
    if (feed == NULL)
        return of_fail_nomem(error);
    status = of_chunks_init(&feed->chunks, buffer_bytes, chunk_bytes, row_bytes_max, error);
    if (status != OUTFALL_OK) {
        of_free(feed);
        return status;
    }
    feed->pool = pool;
    atomic_init(&feed->references, 1);
    atomic_init(&feed->close_by_us, INT64_MAX);
    pthread_mutex_init(&feed->mutex, NULL);
    of_eventcount_init(&feed->flushed);
    of_events_init(&feed->events, deadletter_bytes);
    feed->options = *options;
    status = copy_names(feed, options, error);
    if (status == OUTFALL_OK)
        status = shares_new(feed, share_count, error);
    if (status == OUTFALL_OK)
        status = add_version(feed, target, error);
    if (status != OUTFALL_OK) {
        feed->options.schema = NULL; /* Still the caller's. */
        feed->options.key = feed->options.update = (of_names){NULL, 0};
        feed->options.letters = NULL;
        of_feed_release(feed);
        return status;
    }
    *out = feed;
    return OUTFALL_OK;
}

void of_feed_retain(of_feed *feed)
{
    atomic_fetch_add_explicit(&feed->references, 1, memory_order_relaxed);
}

void of_feed_release(of_feed *feed)
{
    if (feed == NULL)
        return;
    /* Acquire and release: whoever frees sees what every earlier holder did. */
    if (atomic_fetch_sub_explicit(&feed->references, 1, memory_order_acq_rel) != 1)
        return;
    shares_free(feed);
    uint32_t versions = atomic_load(&feed->version_count);
    for (uint32_t i = 0; i < versions; i++)
        version_free(feed, feed->versions[i]);
    of_lettertable_free(feed->options.letters);
    outfall_schema_free(feed->options.schema);
    of_names_free(&feed->options.key);
    of_names_free(&feed->options.update);
    of_free((char *)feed->options.name.schema);
    of_free((char *)feed->options.name.table);
    of_free((char *)feed->options.sink_id);
    of_events_destroy(&feed->events);
    of_eventcount_destroy(&feed->flushed);
    pthread_mutex_destroy(&feed->mutex);
    of_chunks_destroy(&feed->chunks);
    of_free(feed);
}

void of_feed_stop(of_feed *feed, const outfall_error *error)
{
    pthread_mutex_lock(&feed->mutex);
    bool first = atomic_load_explicit(&feed->stopped, memory_order_relaxed) == 0;
    if (first) {
        feed->stop_error = *error;
        feed->stop_error.action = OUTFALL_ACTION_STOP;
        atomic_store_explicit(&feed->stopped, error->status, memory_order_release);
    }
    pthread_mutex_unlock(&feed->mutex);
    if (!first)
        return;
    /* A close is no fault. */
    of_log(error->status == OUTFALL_ERR_CLOSED ? OF_LOG_DEBUG : OF_LOG_ERROR,
           "the sink has stopped: %s", error->message);
    of_chunks_wake(&feed->chunks);
    of_eventcount_wake(&feed->flushed);
    of_eventcount_wake(&feed->events.room);
    of_feed_wake(feed);
    of_events_notify(&feed->events);
}

void of_feed_wake(of_feed *feed)
{
    for (uint32_t i = 0; i < feed->share_count; i++)
        if (feed->shares[i].wake != NULL)
            of_eventcount_wake(feed->shares[i].wake);
}

int of_feed_check(of_feed *feed, outfall_error *error)
{
    /* Acquire: stop_error is written before, and never again. */
    if (atomic_load_explicit(&feed->stopped, memory_order_acquire) == 0)
        return OUTFALL_OK;
    return of_fail_copy(error, &feed->stop_error);
}

int of_feed_describe(const of_feed_options *options, of_lease *lease, outfall_target **out,
                     outfall_error *error)
{
    const outfall_describe_options how = {
        .struct_size = sizeof how,
        .identity_override = options->identity_override,
        .lossy = options->lossy,
        .columns = outfall_schema_column(options->schema, 0),
        .column_count = outfall_schema_count(options->schema),
        .mode = options->mode,
        .other_unique = options->other_unique,
        .key = (const char *const *)options->key.names,
        .key_count = options->key.count,
        .update = (const char *const *)options->update.names,
        .update_count = options->update.count,
    };
    return of_lease_describe(lease, &options->name, &how, out, error);
}

/* The columns of the version that rows were first encoded for, by name: what to describe again. */
static int describe_same(of_feed *feed, of_lease *lease, outfall_target **out, outfall_error *error)
{
    of_feed_options options = feed->options;
    if (options.schema == NULL)
        options.schema = feed->versions[0]->schema;
    return of_feed_describe(&options, lease, out, error);
}

/* Rows of this feed are in the table that it began with: what another has is not exactly once. */
static int check_same_table(const of_feed *feed, const outfall_target *target, outfall_error *error)
{
    const outfall_target *first = feed->versions[0]->target;
    if (!feed->options.exactly_once || of_ledger_same_table(of_ledger_identity(first), target))
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_STOP,
                             "%s was dropped and made again while rows were being written: with "
                             "delivery=exactly-once the sink stops, since those that were durable "
                             "went with the table before; open a sink to see how to go on",
                             target->display_name);
}

int of_feed_redescribe(of_feed *feed, of_lease *lease, const of_version *known,
                       outfall_error *error)
{
    outfall_target *target = NULL;
    if (atomic_load_explicit(&feed->current, memory_order_acquire) != known)
        return OUTFALL_OK; /* Another flusher was first. */
    int status = describe_same(feed, lease, &target, error);
    if (status != OUTFALL_OK)
        return status;
    status = check_same_table(feed, target, error);
    pthread_mutex_lock(&feed->mutex);
    if (status == OUTFALL_OK &&
        atomic_load_explicit(&feed->current, memory_order_relaxed) == known) {
        status = add_version(feed, target, error);
        if (status == OUTFALL_OK)
            target = NULL;
    }
    pthread_mutex_unlock(&feed->mutex);
    if (target != NULL)
        of_pool_driver(feed->pool)->target_free(target);
    if (status == OUTFALL_OK)
        of_log(OF_LOG_WARNING, "the columns of a table have changed; described again");
    return status;
}

int of_share_add(of_share *share, of_lane *lane, outfall_error *error)
{
    int status = OUTFALL_OK;
    pthread_mutex_lock(&share->mutex);
    if (share->lane_count == share->lane_capacity) {
        uint32_t capacity = share->lane_capacity == 0 ? 8 : share->lane_capacity * 2;
        of_lane **lanes = of_realloc(share->lanes, capacity * sizeof(of_lane *));
        if (lanes == NULL) {
            status = of_fail_nomem(error);
        } else {
            share->lanes = lanes;
            share->lane_capacity = capacity;
        }
    }
    if (status == OUTFALL_OK)
        share->lanes[share->lane_count++] = lane;
    pthread_mutex_unlock(&share->mutex);
    return status;
}

static void retire(of_share *share, of_lane *lane)
{
    of_feed *feed = share->feed;
    of_farewell farewell = {{0}, 0, 0};
    memcpy(farewell.writer, lane->name, sizeof farewell.writer);
    farewell.position = atomic_load_explicit(&lane->acknowledged, memory_order_relaxed);
    farewell.source_offset = atomic_load_explicit(&lane->source_offset, memory_order_relaxed);
    share->retired_accepted += atomic_load(&lane->accepted);
    share->retired_bytes += atomic_load(&lane->accepted_bytes);
    share->retired_refused += atomic_load(&lane->refused);
    if (farewell.position > lane->reported)
        of_events_post_farewell(&feed->events, &farewell);
    of_lane_free(lane);
}

void of_share_retire(of_share *share)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < share->lane_count; i++) {
        of_lane *lane = share->lanes[i];
        /* `closing` first: nothing is accepted after it. */
        bool gone = atomic_load_explicit(&lane->closing, memory_order_acquire) != 0 &&
                    atomic_load_explicit(&lane->accepted, memory_order_acquire) ==
                        atomic_load_explicit(&lane->acknowledged, memory_order_acquire);
        if (gone)
            retire(share, lane);
        else
            share->lanes[kept++] = lane;
    }
    if (kept < share->lane_count)
        of_chunks_wake(&share->feed->chunks);
    share->lane_count = kept;
    if (share->lane_first >= kept)
        share->lane_first = 0;
}
