/* SPDX-License-Identifier: Apache-2.0 */
/* A MariaDB server of the program's own: private directory, unix socket only. */
#ifndef BENCH_MARIADB_H
#define BENCH_MARIADB_H

#include <outfall/error.h>

struct mariadb;

/*
 * Makes a data directory below `directory`, an existing absolute path, and starts a server with a
 * database "bench". Root is no user for it: then it runs as "mysql", or "nobody" where that is
 * missing.
 */
int mariadb_start(const char *directory, struct mariadb **out, outfall_error *error);

/* Stops it and waits; NULL is legal. Its files stay, for the caller to remove. */
void mariadb_stop(struct mariadb *mariadb);

/* As long as the server lives; its user is root and has no password. */
const char *mariadb_url(const struct mariadb *mariadb);
const char *mariadb_socket(const struct mariadb *mariadb);

/* CPU seconds so far. */
double mariadb_cpu_s(const struct mariadb *mariadb);

#endif
