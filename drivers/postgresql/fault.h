/* SPDX-License-Identifier: Apache-2.0 */
/* Fills an outfall_error from what libpq and the server report. */
#ifndef DRV_PG_FAULT_H
#define DRV_PG_FAULT_H

#include "postgresql/session.h"

/* From an error result; marks the session dead where it is over. */
int drv_pg_fail_result(outfall_connection *connection, const PGresult *result,
                       outfall_error *error);

/* The connection broke, or libpq could not send. */
int drv_pg_fail_lost(outfall_connection *connection, outfall_error *error);

/* The deadline passed: the session is cut, so that the server ends it too. */
int drv_pg_fail_timeout(outfall_connection *connection, outfall_error *error);

/* A plain error: the session goes on, and what was asked for was certainly not done. */
bool drv_pg_result_is_refusal(const PGresult *result);

/* True for the results that are not errors. */
bool drv_pg_result_ok(const PGresult *result);

#endif
