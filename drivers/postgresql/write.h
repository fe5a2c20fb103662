/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a batch: which way it goes, and what the ways share. */
#ifndef DRV_PG_WRITE_H
#define DRV_PG_WRITE_H

#include "postgresql/session.h"
#include "postgresql/target.h"

int drv_pg_write(outfall_connection *connection, outfall_target *target, const outfall_batch *batch,
                 int64_t deadline_us, outfall_write_result *result, outfall_error *error);

typedef struct drv_pg_written {
    uint64_t rows;       /* As the server counts them. */
    uint32_t statements; /* Sent. */
} drv_pg_written;

/*
 * The ways; `error` is never NULL. All are all or nothing, check the target and leave the row count
 * to the caller.
 */
int drv_pg_write_arrays(outfall_connection *connection, const drv_pg_target *target,
                        const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                        outfall_error *error);
int drv_pg_write_rows(outfall_connection *connection, const drv_pg_target *target,
                      const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                      outfall_error *error);
int drv_pg_write_copy(outfall_connection *connection, const drv_pg_target *target,
                      const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                      outfall_error *error);

/* The answer of the target's check statement. */
bool drv_pg_is_as_described(const PGresult *result);
int drv_pg_fail_changed(const drv_pg_target *target, outfall_error *error);

#endif
