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

/*
 * Asks for a target's columns for the first time and sets its fingerprint. Where this user may not
 * read them `probed` stays false, and nothing is compared.
 */
int drv_odbc_probe_describe(outfall_connection *connection, drv_odbc_target *target,
                            outfall_error *error);

/*
 * Compares; `statement` is made at first and kept by the caller. OUTFALL_ERR_CHANGED, action
 * RESTART, where it is another table now.
 */
int drv_odbc_probe_compare(outfall_connection *connection, const drv_odbc_target *target,
                           SQLHSTMT *statement, outfall_error *error);

#endif
