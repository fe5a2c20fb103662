/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions by handle, as sink.h has sinks, and what is done by committable. */
#ifndef OUTFALL_SHIM_TXN_H
#define OUTFALL_SHIM_TXN_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/txn.h>

#define OF_SHIM_TXN_SINKS_MAX 256

/* @param journal  NULL: none. @return A handle, above 0, or a status. */
int64_t of_shim_txn_open(const int64_t *sinks, size_t count, const char *id, int decision,
                         size_t home, const char *journal);

/* As of_shim_sink_close. Its sinks can be closed once it is gone. */
int of_shim_txn_close(int64_t txn, uint32_t timeout_ms, int *gone);

int of_shim_txn_checkpoint(int64_t txn, uint64_t *checkpoint);
int of_shim_txn_wait(int64_t txn, uint64_t checkpoint, uint32_t timeout_ms);
int of_shim_txn_committable(int64_t txn, size_t index, void *buffer, size_t capacity,
                            size_t *length);
int of_shim_txn_commit(int64_t txn, uint32_t timeout_ms);
int of_shim_txn_release(int64_t txn, uint32_t timeout_ms);
int of_shim_txn_abort(int64_t txn, uint32_t timeout_ms);
int of_shim_txn_stats(int64_t txn, outfall_txn_stats *out);

/* `commit` 1: outfall_commit; 0: outfall_abort. */
int of_shim_end(const char *url, const char *options, size_t options_bytes, int commit,
                const void *committable, size_t length, int *outcome);
int of_shim_recover(const char *url, const char *options, size_t options_bytes, const char *id,
                    const void *const *committables, const size_t *lengths, size_t count,
                    outfall_recovery *out);

#endif
