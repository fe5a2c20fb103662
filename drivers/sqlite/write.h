/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, and the write of a batch. */
#ifndef LITE_WRITE_H
#define LITE_WRITE_H

#include "sqlite/connection.h"

int lite_begin(outfall_connection *connection, const outfall_begin_options *options,
               int64_t deadline_us, outfall_error *error);
int lite_write(outfall_connection *connection, outfall_target *target, const outfall_batch *batch,
               int64_t deadline_us, outfall_write_result *result, outfall_error *error);
int lite_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                   outfall_error *error);
int lite_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int lite_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

#endif
