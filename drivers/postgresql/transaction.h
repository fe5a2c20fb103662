/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and savepoints. BEGIN goes out with the first statement that needs it. */
#ifndef DRV_PG_TRANSACTION_H
#define DRV_PG_TRANSACTION_H

#include "postgresql/session.h"

/*
 * READ COMMITTED whatever the server's default is: a target's columns are compared under its lock,
 * and an older snapshot would show them as they were. Read-only stays as the server has it.
 */
#define DRV_PG_BEGIN_SQL "BEGIN ISOLATION LEVEL READ COMMITTED"

/*
 * Adds what begins the transaction on the server. One that has a name shows it to other sessions,
 * by which a session that hangs is found: in pg_stat_activity, for as long as it is open.
 */
void drv_pg_add_begin(const outfall_connection *connection, drv_text *to);

/* The second of its two statements, or an empty text where the transaction has no name. */
#define DRV_PG_SHOW_SQL_MAX 128
void drv_pg_show_sql(const outfall_connection *connection, char out[DRV_PG_SHOW_SQL_MAX]);

int drv_pg_begin(outfall_connection *connection, const outfall_begin_options *options,
                 int64_t deadline_us, outfall_error *error);
int drv_pg_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                     outfall_error *error);
int drv_pg_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int drv_pg_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int drv_pg_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

#endif
