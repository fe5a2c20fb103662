/* SPDX-License-Identifier: Apache-2.0 */
#include "txn.h"

#include "config.h"
#include "error.h"
#include "handle.h"

static void leave_all(const int64_t *sinks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        of_shim_leave(sinks[i]);
}

/* Inside all sinks while they are joined. */
static int64_t open_inside(outfall_sink *const *objects, const int64_t *sinks, size_t count,
                           const outfall_txn_options *options)
{
    outfall_txn *txn;
    int64_t handle = outfall_txn_open(objects, count, options, &txn, of_shim_error());
    if (handle != OUTFALL_OK)
        return handle;
    handle = of_shim_add(OF_SHIM_TXN, txn, sinks, count);
    if (handle < 0 && outfall_txn_close(txn, 0, NULL) != OUTFALL_OK)
        handle = of_shim_error()->status; /* It has no checkpoint. */
    return handle;
}

int64_t of_shim_txn_open(const int64_t *sinks, size_t count, const char *id, int decision,
                         size_t home, const char *journal)
{
    outfall_sink *objects[OF_SHIM_TXN_SINKS_MAX];
    const outfall_txn_options options = {.struct_size = sizeof options,
                                         .decision = (uint32_t)decision,
                                         .id = id,
                                         .home = home,
                                         .journal = journal};
    size_t inside = 0;
    int64_t handle = OUTFALL_OK;
    if (count > OF_SHIM_TXN_SINKS_MAX)
        return of_shim_fail(OUTFALL_ERR_INVALID, "a transaction has at most %d sinks",
                            OF_SHIM_TXN_SINKS_MAX);
    while (inside < count && handle == OUTFALL_OK) {
        void *object;
        handle = of_shim_enter(sinks[inside], OF_SHIM_SINK, 0, &object);
        if (handle == OUTFALL_OK)
            objects[inside++] = object;
    }
    if (handle == OUTFALL_OK)
        handle = open_inside(objects, sinks, count, &options);
    leave_all(sinks, inside);
    return handle;
}

int of_shim_txn_close(int64_t txn, uint32_t timeout_ms, int *gone)
{
    void *object;
    *gone = 0;
    if (timeout_ms > OUTFALL_TIMEOUT_MS_MAX)
        return of_shim_fail(OUTFALL_ERR_INVALID, "the timeout is over %u ms",
                            OUTFALL_TIMEOUT_MS_MAX);
    int status = of_shim_shut(txn, OF_SHIM_TXN, timeout_ms, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_txn_close(object, timeout_ms, of_shim_error());
    of_shim_remove(txn);
    *gone = 1;
    return status;
}

int of_shim_txn_checkpoint(int64_t txn, uint64_t *checkpoint)
{
    void *object;
    *checkpoint = 0;
    int status = of_shim_enter(txn, OF_SHIM_TXN, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_txn_checkpoint(object, checkpoint, of_shim_error());
    of_shim_leave(txn);
    return status;
}

int of_shim_txn_wait(int64_t txn, uint64_t checkpoint, uint32_t timeout_ms)
{
    void *object;
    int status = of_shim_enter(txn, OF_SHIM_TXN, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_txn_wait(object, checkpoint, timeout_ms, of_shim_error());
    of_shim_leave(txn);
    return status;
}

int of_shim_txn_committable(int64_t txn, size_t index, void *buffer, size_t capacity,
                            size_t *length)
{
    void *object;
    *length = 0;
    int status = of_shim_enter(txn, OF_SHIM_TXN, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_txn_committable(object, index, buffer, capacity, length, of_shim_error());
    of_shim_leave(txn);
    return status;
}

/* The outer engine's decisions. */
typedef int decision_function(outfall_txn *txn, uint32_t timeout_ms, outfall_error *error);

static int decide(int64_t txn, decision_function *call, uint32_t timeout_ms)
{
    void *object;
    int status = of_shim_enter(txn, OF_SHIM_TXN, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = call(object, timeout_ms, of_shim_error());
    of_shim_leave(txn);
    return status;
}

int of_shim_txn_commit(int64_t txn, uint32_t timeout_ms)
{
    return decide(txn, outfall_txn_commit, timeout_ms);
}

int of_shim_txn_release(int64_t txn, uint32_t timeout_ms)
{
    return decide(txn, outfall_txn_release, timeout_ms);
}

int of_shim_txn_abort(int64_t txn, uint32_t timeout_ms)
{
    return decide(txn, outfall_txn_abort, timeout_ms);
}

int of_shim_txn_stats(int64_t txn, outfall_txn_stats *out)
{
    void *object;
    int status = of_shim_enter(txn, OF_SHIM_TXN, 0, &object);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_txn_stats_get(object, out, of_shim_error());
    of_shim_leave(txn);
    return status;
}

/* ---- By committable ---------------------------------------------------------------- */

int of_shim_end(const char *url, const char *options, size_t options_bytes, int commit,
                const void *committable, size_t length, int *outcome)
{
    outfall_config *config;
    *outcome = OUTFALL_OUTCOME_UNKNOWN;
    int status = of_shim_config_read(options, options_bytes, &config);
    if (status != OUTFALL_OK)
        return status;
    status = (commit ? outfall_commit : outfall_abort)(url, config, committable, length, outcome,
                                                       of_shim_error());
    outfall_config_free(config);
    return status;
}

int of_shim_recover(const char *url, const char *options, size_t options_bytes, const char *id,
                    const void *const *committables, const size_t *lengths, size_t count,
                    outfall_recovery *out)
{
    outfall_config *config;
    int status = of_shim_config_read(options, options_bytes, &config);
    if (status != OUTFALL_OK)
        return status;
    status = outfall_recover(url, config, id, committables, lengths, count, out, of_shim_error());
    outfall_config_free(config);
    return status;
}
