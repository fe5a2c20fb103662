/* SPDX-License-Identifier: Apache-2.0 */
/* What is prepared in a session, by target; and the check that a target is as described. */
#ifndef DRV_MY_STATEMENT_H
#define DRV_MY_STATEMENT_H

#include "mysql/session.h"
#include "mysql/target.h"

/* The target's slot. Where all are taken, the one unused longest is closed. */
drv_my_statement *drv_my_statement_slot(outfall_connection *connection,
                                        const drv_my_target *target);

/* Forgets all of them; before the connection is closed, so that nothing is sent. */
void drv_my_statements_free(outfall_connection *connection);

/* Asks for the metadata that a target is later checked by. Fills shapes. */
int drv_my_statement_learn_shapes(outfall_connection *connection, drv_my_target *target,
                                  int64_t deadline_us, outfall_error *error);

/*
 * Once a transaction: takes the table's metadata lock, which holds it still to the end, and
 * compares its columns with those described. OUTFALL_ERR_CHANGED, action RESTART.
 */
int drv_my_statement_check(outfall_connection *connection, const drv_my_target *target,
                           drv_my_statement *statement, int64_t deadline_us, outfall_error *error);

/*
 * As drv_my_statement_check, and executes `statement` after it; in one trip where that can be. What
 * the check says goes first: rows that went to another table are undone with the transaction,
 * unless that table was made with an engine that has none.
 */
int drv_my_statement_execute(outfall_connection *connection, const drv_my_target *target,
                             drv_my_statement *slot, MYSQL_STMT *statement, int64_t deadline_us,
                             outfall_error *error);

/*
 * The target's question, where it has one: what that check cannot see, or all of it where there is
 * no right to select. Once a transaction, after a write, whose lock holds the table still.
 */
int drv_my_statement_ask(outfall_connection *connection, const drv_my_target *target,
                         int64_t deadline_us, outfall_error *error);

#endif
