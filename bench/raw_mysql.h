/* SPDX-License-Identifier: Apache-2.0 */
/* What a careful author writes against MariaDB's client library without Outfall: the yardstick. */
#ifndef BENCH_RAW_MYSQL_H
#define BENCH_RAW_MYSQL_H

#include <mysql.h>
#include <outfall/error.h>

#include "raw.h"

/*
 * Row-wise bulk arrays, prepared statements of many rows and, for inserts, LOAD DATA LOCAL; each
 * batch a transaction.
 */
extern const struct raw_client raw_mysql_insert, raw_mysql_upsert;

/* Connects to a URL as mariadb_url makes it: the socket is all that is looked at. */
int raw_mysql_connect(const char *url, MYSQL **out, outfall_error *error);

/* Runs a statement and drops its result. */
int raw_mysql_command(MYSQL *connection, const char *sql, outfall_error *error);

int raw_mysql_failed(MYSQL *connection, const char *what, outfall_error *error);

#endif
