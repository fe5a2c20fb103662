/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a table is still the one that was described: a query of its columns that answers no row
 * is run in each transaction, and what the driver says of its columns is compared. Most databases
 * also hold a lock from then on that keeps the columns still.
 */
#ifndef DRV_ODBC_PROBE_H
#define DRV_ODBC_PROBE_H

#include "odbc/session.h"
#include "odbc/target.h"

/* A fingerprint of what the dialect's query `state` answers; of nothing where it has none. */
int drv_odbc_probe_state(outfall_connection *connection, const char *schema, const char *table,
                         uint64_t *state, outfall_error *error);

/*
 * Asks for a target's columns for the first time and sets its fingerprint. Where the database
 * refuses to tell them (this user may write and not read) `probed` stays false, and nothing is
 * compared; but that is an error where an index that came later would have rows of it overwritten.
 */
int drv_odbc_probe_describe(outfall_connection *connection, drv_odbc_target *target,
                            outfall_error *error);

/*
 * Compares, and so keeps the table as it is until the transaction ends, where the database locks
 * what a transaction has read (MySQL, PostgreSQL). `statement` is made at first and kept by the
 * caller. OUTFALL_ERR_CHANGED, action RESTART, where it is another table now.
 */
int drv_odbc_probe_compare(outfall_connection *connection, const drv_odbc_target *target,
                           SQLHSTMT *statement, outfall_error *error);

#endif
