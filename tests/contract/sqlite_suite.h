/* SPDX-License-Identifier: Apache-2.0 */
/* The suite of the tests that are SQLite's alone: a directory with one file and a connection. */
#ifndef CONTRACT_SQLITE_SUITE_H
#define CONTRACT_SQLITE_SUITE_H

#include "suite.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

extern contract_suite here;

/* A group's set up and tear down. */
int sqlite_set_up(void **state);
int sqlite_tear_down(void **state);

/* connect's status; here.error is its error. */
int sqlite_connect(const char *url, const outfall_driver_option *options, uint32_t count,
                   outfall_connection **out);

/* Writes one row of literals to a new table lite_t, in a transaction of its own. */
int sqlite_try_row(const char *columns, const char *const *literals);

#endif
