/* SPDX-License-Identifier: Apache-2.0 */
#include "prepared.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink_loop.h"

#define CALL_MS 60000
/* What a server takes to notice that a connection was closed. */
#define SESSIONS_END_NS 200000000
/* Where a committable has its parts: core/txn/committable.h. */
#define AT_CHECKPOINT 10
#define AT_WRITER 46
#define AT_GID 50
#define GTRID_BYTES 46
#define EPOCH_BYTES 8
#define CHECKPOINT_HEX 16

/* ---- Committables ----------------------------------------------------------------- */

/* Castagnoli's, bit by bit. */
static uint32_t crc32c(const uint8_t *bytes, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

/* The names of number `index`, of the checkpoint at hand. */
static outfall_xid xid_of(const struct prepared *it, size_t index)
{
    outfall_xid xid;
    int same = GTRID_BYTES - CHECKPOINT_HEX;
    snprintf(xid.gtrid, sizeof xid.gtrid, "%.*s%016" PRIx64, same, (const char *)it->first + AT_GID,
             it->checkpoint);
    snprintf(xid.bqual, sizeof xid.bqual, "%04x.0000", (unsigned)index & 0xffff);
    return xid;
}

static uint32_t epoch_of(const struct prepared *it)
{
    char text[EPOCH_BYTES + 1] = {0};
    memcpy(text, it->first + AT_GID + GTRID_BYTES - CHECKPOINT_HEX - 1 - EPOCH_BYTES, EPOCH_BYTES);
    return (uint32_t)strtoul(text, NULL, 16);
}

/* The library's own with another number. outfall_recover refuses what does not fit together. */
static void make_committable(struct prepared *it, size_t index)
{
    uint8_t *out = it->committables + index * it->bytes;
    outfall_xid xid = xid_of(it, index);
    char gid[sizeof xid.gtrid + sizeof xid.bqual];
    memcpy(out, it->first, it->bytes);
    row_put_i64(out + AT_CHECKPOINT, (int64_t)it->checkpoint);
    row_put_i16(out + AT_WRITER, (int16_t)index);
    int length = snprintf(gid, sizeof gid, "%s.%s", xid.gtrid, xid.bqual);
    memcpy(out + AT_GID, gid, (size_t)length);
    row_put_i32(out + it->bytes - 4, (int32_t)crc32c(out, it->bytes - 4));
    it->pointers[index] = out;
    it->lengths[index] = it->bytes;
}

/* One checkpoint of one row by the library: prepared, its committable kept, rolled back. */
static int make_first(struct prepared *it, outfall_error *error)
{
    static const struct sink_setting settings[] = {{"delivery", "two-phase"}, {NULL, NULL}};
    const outfall_txn_options options = {
        .struct_size = sizeof options, .decision = OUTFALL_DECISION_EXTERNAL, .id = PREPARED_ID};
    outfall_txn *txn = NULL;
    struct sink_loop loop;
    uint64_t offset = 0;
    struct bench_row *row = rows_make(1);
    int status = row == NULL ? outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP,
                                                 "out of memory")
                             : OUTFALL_OK;
    loop = (struct sink_loop){0};
    if (status == OUTFALL_OK)
        status = sink_loop_sink(&loop, it->table->url, settings, error);
    /* What a run that was killed has left; the sink has made the ledger. */
    if (status == OUTFALL_OK)
        status = outfall_recover(it->table->url, NULL, PREPARED_ID, NULL, NULL, 0, NULL, error);
    if (status == OUTFALL_OK)
        status = outfall_txn_open(&loop.sink, 1, &options, &txn, error);
    if (status == OUTFALL_OK)
        status = sink_loop_writer(&loop, error);
    if (status == OUTFALL_OK)
        status = sink_loop_numbered(loop.writer, row, 1, &offset, error);
    if (status == OUTFALL_OK)
        status = outfall_prepare(txn, &it->checkpoint, CALL_MS, error);
    if (status == OUTFALL_OK)
        status = outfall_txn_committable(txn, 0, it->first, sizeof it->first, &it->bytes, error);
    if (status == OUTFALL_OK)
        status = outfall_txn_abort(txn, CALL_MS, error);
    int closed = outfall_txn_close(txn, CALL_MS, status == OUTFALL_OK ? error : NULL);
    (void)sink_loop_close(&loop, NULL); /* It has failed: that is what abort is. */
    free(row);
    return status == OUTFALL_OK ? closed : status;
}

/* ---- Connections ------------------------------------------------------------------ */

static int64_t deadline_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + (int64_t)CALL_MS * 1000;
}

static int lease(struct prepared *it, outfall_lease *out, outfall_connection **connection,
                 outfall_error *error)
{
    int status = outfall_pool_lease(it->pool, CALL_MS, out, error);
    return status == OUTFALL_OK
               ? outfall_pool_connection(it->pool, *out, &it->driver, connection, error)
               : status;
}

static int describe(struct prepared *it, outfall_error *error)
{
    const outfall_table_name name = {.table = ROW_TABLE};
    const outfall_describe_options options = {.struct_size = sizeof options};
    outfall_connection *connection;
    outfall_lease leased = 0;
    int status = lease(it, &leased, &connection, error);
    if (status == OUTFALL_OK)
        status = it->driver->ledger_create(connection, deadline_us(), error);
    if (status == OUTFALL_OK)
        status =
            it->driver->describe(connection, &name, &options, deadline_us(), &it->target, error);
    if (leased != 0)
        (void)outfall_pool_return(it->pool, leased, status != OUTFALL_OK, NULL);
    return status;
}

int prepared_open(struct prepared *it, const struct table *table, size_t count,
                  outfall_error *error)
{
    *it = (struct prepared){.table = table, .count = count};
    int status = make_first(it, error);
    if (status != OUTFALL_OK)
        return status;
    it->committables = calloc(count, it->bytes);
    it->pointers = calloc(count, sizeof *it->pointers);
    it->lengths = calloc(count, sizeof *it->lengths);
    it->fences = calloc(count, sizeof *it->fences);
    it->names = calloc(count, sizeof *it->names);
    if (it->committables == NULL || it->pointers == NULL || it->lengths == NULL ||
        it->fences == NULL || it->names == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    for (size_t i = 0; i < count; i++)
        snprintf(it->names[i], sizeof it->names[i], "#0.%u", (unsigned)i & 0xffff);
    status = outfall_pool_open(table->url, NULL, &it->pool, error);
    return status == OUTFALL_OK ? describe(it, error) : status;
}

void prepared_close(struct prepared *it)
{
    outfall_error error;
    if (it->target != NULL)
        it->driver->target_free(it->target);
    if (outfall_pool_close(it->pool, CALL_MS, &error) != OUTFALL_OK)
        fprintf(stderr, "outfall-bench: %s\n", error.message);
    free(it->committables);
    free(it->pointers);
    free(it->lengths);
    free(it->fences);
    free(it->names);
    *it = (struct prepared){0};
}

int prepared_inspect(struct prepared *it, outfall_error *error)
{
    outfall_error weak = {0}; /* A crash is not what is looked at. */
    const outfall_inspect_options options = {
        .struct_size = sizeof options, .prepared = (uint32_t)it->count, .allowed = &weak};
    outfall_connection *connection;
    outfall_lease leased = 0;
    int status = lease(it, &leased, &connection, error);
    if (status == OUTFALL_OK && it->driver->inspect != NULL)
        status = it->driver->inspect(connection, it->target, &options, deadline_us(), error);
    if (leased != 0)
        (void)outfall_pool_return(it->pool, leased, status != OUTFALL_OK, NULL);
    return status;
}

/* ---- Preparing -------------------------------------------------------------------- */

/* The branches' lines: each is changed by what is prepared, and held until that has ended. */
static int take_lines(struct prepared *it, outfall_connection *connection, outfall_error *error)
{
    const outfall_begin_options begin = {.struct_size = sizeof begin};
    int status = it->driver->begin(connection, &begin, deadline_us(), error);
    for (size_t i = 0; i < it->count && status == OUTFALL_OK; i++) {
        it->fences[i] = (outfall_fence){.struct_size = sizeof it->fences[i],
                                        .sink = PREPARED_ID,
                                        .writer = it->names[i],
                                        .owner = 1};
        status = it->driver->takeover(connection, &it->fences[i], 0, deadline_us(), error);
        it->fences[i].checkpoint++;
    }
    return status == OUTFALL_OK ? it->driver->commit(connection, deadline_us(), error) : status;
}

static int write_rows(struct prepared *it, outfall_connection *connection,
                      const struct bench_row *rows, outfall_error *error)
{
    uint8_t bytes[PREPARED_ROWS * ROW_COPY_BYTES], *end = bytes;
    outfall_row_entry entries[PREPARED_ROWS] = {0};
    outfall_write_result result = {.struct_size = sizeof result};
    for (size_t i = 0; i < PREPARED_ROWS; i++) { /* Entries lie from the end to the front. */
        outfall_row_entry *entry = &entries[PREPARED_ROWS - 1 - i];
        entry->start = (uint32_t)(end - bytes);
        end = row_encode(&rows[i], end);
        entry->bytes = (uint32_t)(end - bytes) - entry->start;
    }
    const outfall_span span = {
        .base = bytes, .entries_end = entries + PREPARED_ROWS, .count = PREPARED_ROWS};
    const outfall_batch batch = {.struct_size = sizeof batch,
                                 .span_count = 1,
                                 .spans = &span,
                                 .rows = PREPARED_ROWS,
                                 .bytes = (uint64_t)(end - bytes),
                                 .flags = OUTFALL_BATCH_DISTINCT};
    return it->driver->write(connection, it->target, &batch, deadline_us(), &result, error);
}

static int prepare(struct prepared *it, outfall_connection *connection, size_t index,
                   const struct bench_row *rows, outfall_error *error)
{
    const outfall_xid xid = xid_of(it, index);
    const outfall_begin_options begin = {.struct_size = sizeof begin, .xid = &xid};
    const outfall_ledger_line line = {.struct_size = sizeof line,
                                      .sink = PREPARED_ID,
                                      .writer = it->names[index],
                                      .checkpoint = (int64_t)it->checkpoint,
                                      .epoch = epoch_of(it),
                                      .rows = PREPARED_ROWS};
    int status = it->driver->begin(connection, &begin, deadline_us(), error);
    if (status == OUTFALL_OK)
        status = write_rows(it, connection, rows + index * PREPARED_ROWS, error);
    if (status == OUTFALL_OK)
        status = it->driver->prepare(connection, &xid, &it->fences[index], 1, &line, deadline_us(),
                                     error);
    return status;
}

int prepared_make(struct prepared *it, const struct bench_row *rows, outfall_error *error)
{
    const struct timespec sessions_end = {0, SESSIONS_END_NS};
    outfall_connection *connection;
    outfall_lease leased = 0;
    it->checkpoint++;
    int status = lease(it, &leased, &connection, error);
    if (status == OUTFALL_OK)
        status = take_lines(it, connection, error);
    for (size_t i = 0; i < it->count && status == OUTFALL_OK; i++) {
        make_committable(it, i);
        if (leased == 0)
            status = lease(it, &leased, &connection, error);
        if (status == OUTFALL_OK)
            status = prepare(it, connection, i, rows, error);
        if ((it->driver->capabilities & OUTFALL_DRIVER_PREPARED_STAYS) == 0)
            continue;
        (void)outfall_pool_return(it->pool, leased, 1, NULL); /* Nobody else could end it. */
        leased = 0;
    }
    if (leased != 0)
        (void)outfall_pool_return(it->pool, leased, status != OUTFALL_OK, NULL);
    nanosleep(&sessions_end, NULL);
    return status;
}
