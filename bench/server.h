/* SPDX-License-Identifier: Apache-2.0 */
/* A PostgreSQL server of the program's own: private directory, unix socket only, fsync on. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stddef.h>

#include <outfall/error.h>

struct server;

/*
 * Makes a cluster below `directory`, an existing absolute path, and starts it. Root is no user
 * for PostgreSQL: then the server runs as "postgres", or "nobody" where that is missing.
 */
int server_start(const char *directory, struct server **out, outfall_error *error);

/* Stops it and waits; NULL is legal. Its files stay, for the caller to remove. */
void server_stop(struct server *server);

/* "postgresql://bench@/postgres?host=…"; as long as the server lives. */
const char *server_url(const struct server *server);

/* Where its socket is. */
const char *server_directory(const struct server *server);

/* CPU seconds so far, of every process of the server, ended ones included. */
double server_cpu_s(const struct server *server);

/* Finds a program of PostgreSQL: in PATH, then in Debian's directories, newest version first. */
int server_program(const char *name, char *out, size_t capacity, outfall_error *error);

#endif
