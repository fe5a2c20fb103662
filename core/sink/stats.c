/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "sink/handle.h"

static uint64_t read_counter(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_share(of_share *share, outfall_stats *stats)
{
    const of_share_counters *counters = &share->counters;
    stats->rows_delivered += read_counter(&counters->rows_delivered);
    stats->rows_rejected += read_counter(&counters->rows_rejected);
    stats->bytes_delivered += read_counter(&counters->bytes_delivered);
    stats->batches_delivered += read_counter(&counters->batches);
    stats->retries += read_counter(&counters->retries);
    stats->restarts += read_counter(&counters->restarts);
    stats->writes += read_counter(&counters->writes);
    stats->severed += read_counter(&counters->severed);
    for (int reason = 0; reason < OUTFALL_FLUSH_REASONS; reason++)
        stats->flushes[reason] += read_counter(&counters->flushes[reason]);
    pthread_mutex_lock(&share->mutex);
    for (uint32_t i = 0; i < share->lane_count; i++) {
        const of_lane *lane = share->lanes[i];
        uint64_t acknowledged = read_counter(&lane->acknowledged);
        uint64_t accepted = read_counter(&lane->accepted);
        stats->rows_accepted += accepted;
        stats->bytes_accepted += read_counter(&lane->accepted_bytes);
        stats->rows_refused += read_counter(&lane->refused);
        /* The reader may have been faster than the writer's count. */
        stats->rows_queued += accepted > acknowledged ? accepted - acknowledged : 0;
        stats->writers += atomic_load_explicit(&lane->closing, memory_order_relaxed) == 0;
    }
    stats->rows_accepted += share->retired_accepted;
    stats->bytes_accepted += share->retired_bytes;
    stats->rows_refused += share->retired_refused;
    pthread_mutex_unlock(&share->mutex);
}

static void collect(of_feed *feed, outfall_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    for (uint32_t i = 0; i < feed->share_count; i++)
        add_share(&feed->shares[i], stats);
    uint64_t connects = of_pool_connects(feed->pool);
    stats->reconnects = connects > 1 ? connects - 1 : 0;
    stats->connections = of_pool_connections(feed->pool);
    stats->waits_full = read_counter(&feed->chunks.waits);
    stats->buffer_bytes = of_chunks_bytes_used(&feed->chunks);
    stats->buffer_bytes_max = feed->chunks.block_bytes;
    stats->allocations = of_alloc_count();
    of_histogram_read(&feed->append, &stats->append);
    of_histogram_read(&feed->batch, &stats->batch);
    of_histogram_read(&feed->flush, &stats->flush);
    of_histogram_read(&feed->durable, &stats->durable);
}

int outfall_stats_get(outfall_sink *sink, outfall_stats *out, outfall_error *error)
{
    outfall_stats stats;
    int status = of_sink_check(sink, error);
    if (status != OUTFALL_OK)
        return status;
    if (out == NULL || out->struct_size < sizeof(uint64_t))
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL or its struct_size is not set");
    collect(sink->feed, &stats);
    stats.struct_size = out->struct_size;
    memcpy(out, &stats, out->struct_size < sizeof stats ? out->struct_size : sizeof stats);
    return OUTFALL_OK;
}

/* ---- JSON ------------------------------------------------------------------------- */

/* A text that is counted past the end of its buffer, as snprintf does. */
typedef struct of_text {
    char *at;
    size_t capacity;
    size_t length;
} of_text;

OUTFALL_PRINTF(2, 3)
static void add(of_text *text, const char *format, ...)
{
    va_list arguments;
    size_t room = text->length < text->capacity ? text->capacity - text->length : 0;
    va_start(arguments, format);
    int length = vsnprintf(room > 0 ? text->at + text->length : NULL, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->length += (size_t)length;
}

static void add_latency(of_text *text, const char *name, const outfall_latency *latency)
{
    add(text,
        ",\"%s_ns\":{\"count\":%" PRIu64 ",\"min\":%" PRIu64 ",\"mean\":%" PRIu64
        ",\"p50\":%" PRIu64 ",\"p90\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"p999\":%" PRIu64
        ",\"max\":%" PRIu64 "}",
        name, latency->count, latency->min_ns, latency->mean_ns, latency->p50_ns, latency->p90_ns,
        latency->p99_ns, latency->p999_ns, latency->max_ns);
}

static void add_counters(of_text *text, const outfall_stats *stats)
{
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"rows_accepted", stats->rows_accepted},
        {"rows_refused", stats->rows_refused},
        {"rows_delivered", stats->rows_delivered},
        {"rows_rejected", stats->rows_rejected},
        {"rows_queued", stats->rows_queued},
        {"bytes_accepted", stats->bytes_accepted},
        {"bytes_delivered", stats->bytes_delivered},
        {"batches_delivered", stats->batches_delivered},
        {"retries", stats->retries},
        {"restarts", stats->restarts},
        {"reconnects", stats->reconnects},
        {"writes", stats->writes},
        {"severed", stats->severed},
        {"waits_full", stats->waits_full},
        {"buffer_bytes", stats->buffer_bytes},
        {"buffer_bytes_max", stats->buffer_bytes_max},
        {"writers", stats->writers},
        {"connections", stats->connections},
        {"allocations", stats->allocations},
    };
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
        add(text, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", counters[i].name, counters[i].value);
}

static void add_named(of_text *text, const char *group, const char *const *names, size_t count,
                      const uint64_t *values)
{
    add(text, ",\"%s\":{", group);
    for (size_t i = 0; i < count; i++)
        add(text, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", names[i], values[i]);
    add(text, "}");
}

static void add_flushes(of_text *text, const outfall_stats *stats)
{
    static const char *const names[] = {"rows",   "bytes",  "linger",    "request",
                                        "memory", "schema", "checkpoint"};
    add_named(text, "flushes", names, sizeof names / sizeof names[0], stats->flushes);
}

static void add_pool_counters(of_text *text, const outfall_pool_stats *pool)
{
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"active", pool->active},
        {"idle", pool->idle},
        {"opening", pool->opening},
        {"waiting", pool->waiting},
        {"connections_min", pool->connections_min},
        {"connections_max", pool->connections_max},
        {"target", pool->target},
        {"utilisation_permille", pool->utilisation_permille},
        {"busy_us", pool->busy_us},
        {"leases", pool->leases},
        {"waits", pool->waits},
        {"timeouts", pool->timeouts},
        {"created", pool->created},
        {"warmed", pool->warmed},
        {"checks", pool->checks},
        {"connect_failures", pool->connect_failures},
        {"quarantined", pool->quarantined},
        {"quarantine_ms", pool->quarantine_ms},
        {"leaks", pool->leaks},
    };
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
        add(text, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", counters[i].name, counters[i].value);
}

/* The connections, shared by the sinks on the URL. */
static void add_pool(of_text *text, of_pool *pool)
{
    static const char *const reasons[] = {"broken", "check",   "idle", "old",
                                          "shrunk", "dropped", "end",  "gone"};
    static const char *const decisions[] = {"in_band",  "busy",   "waiting", "quiet",
                                            "settling", "coarse", "at_min",  "at_max"};
    outfall_pool_stats stats = {.struct_size = sizeof stats};
    of_pool_read(pool, &stats);
    add(text, ",\"pool\":{");
    add_pool_counters(text, &stats);
    add(text, ",\"sizing\":\"%s\"", decisions[stats.sizing % OUTFALL_POOL_SIZINGS]);
    add_named(text, "closed", reasons, sizeof reasons / sizeof reasons[0], stats.closed);
    add_named(text, "sizings", decisions, sizeof decisions / sizeof decisions[0], stats.sizings);
    add_latency(text, "wait", &stats.wait);
    add(text, "}");
}

int outfall_stats_json(outfall_sink *sink, char *buffer, size_t capacity, size_t *length,
                       outfall_error *error)
{
    outfall_stats stats;
    of_text text = {buffer, buffer == NULL ? 0 : capacity, 0};
    int status = of_sink_check(sink, error);
    if (status != OUTFALL_OK)
        return status;
    collect(sink->feed, &stats);
    add(&text, "{");
    add_counters(&text, &stats);
    add_flushes(&text, &stats);
    add_latency(&text, "append", &stats.append);
    add_latency(&text, "batch", &stats.batch);
    add_latency(&text, "flush", &stats.flush);
    add_latency(&text, "durable", &stats.durable);
    add_pool(&text, sink->feed->pool);
    add(&text, "}");
    if (length != NULL)
        *length = text.length;
    if (text.length >= text.capacity)
        return of_fail(error, OUTFALL_ERR_INVALID, "the text takes %zu bytes with its NUL",
                       text.length + 1);
    return OUTFALL_OK;
}
