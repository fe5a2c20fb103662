/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and savepoints. */
#ifndef DRV_MY_TRANSACTION_H
#define DRV_MY_TRANSACTION_H

#include "mysql/session.h"

int drv_my_begin(outfall_connection *connection, const outfall_begin_options *options,
                 int64_t deadline_us, outfall_error *error);
int drv_my_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                     outfall_error *error);
int drv_my_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int drv_my_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int drv_my_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

/*
 * Notes that a statement of the transaction is about to be sent: sessions are without autocommit,
 * so it begins with that; one that ends in prepare is begun here. An error where the server has
 * rolled it back.
 */
int drv_my_transaction_open(outfall_connection *connection, int64_t deadline_us,
                            outfall_error *error);

/*
 * The same where drv_my_execute_both comes next: what begins the transaction is put into
 * connection->head where it can go along.
 */
int drv_my_transaction_lead(outfall_connection *connection, int64_t deadline_us,
                            outfall_error *error);

/* A call that this connection's state does not allow: OUTFALL_ERR_INVALID. */
int drv_my_fail_turn(const char *what, outfall_error *error);

#endif
