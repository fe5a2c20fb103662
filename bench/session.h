/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the program: what was asked for, the scratch directory, the server. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include <stddef.h>
#include <stdio.h>

#include <outfall/error.h>

/* The driver of scenarios on PostgreSQL and MariaDB together. */
#define SESSION_BOTH "postgresql+mysql"

struct server;
struct mariadb;

struct session {
    int runs;          /* Asked for by --runs; 0: each scenario's own. */
    int quick;         /* Fewer rows and runs. */
    const char *url;   /* The user's PostgreSQL; NULL: one is started at the first need. */
    FILE *out;         /* For people. */
    char scratch[256]; /* A directory of this run's own. */
    struct server *server;
    struct mariadb *mariadb;
    const char *driver; /* Of the scenario at hand. */
    char database[256]; /* The PostgreSQL measured, and its settings that matter; or empty. */
    char mysql[256];    /* The same of MariaDB. */
};

/* Makes the scratch directory in $TMPDIR, or /tmp. */
int session_open(struct session *session, outfall_error *error);

/* Stops the servers and removes the scratch directory. */
void session_close(struct session *session);

/* The PostgreSQL to measure, started if need be; borrowed until the session is closed. */
int session_postgresql(struct session *session, const char **url, outfall_error *error);

/* A MariaDB to measure, started if need be: its URL or its socket; borrowed as well. */
int session_mariadb(struct session *session, const char **url, const char **socket,
                    outfall_error *error);

/*
 * CPU seconds of the server, all its processes; NAN where the scenario at hand uses none, or one
 * that the session did not start.
 */
double session_server_cpu_s(const struct session *session);

/* Whether the scenario at hand uses the user's server, which may be on this machine or not. */
int session_is_users_server(const struct session *session);

/* Runs or pairs: --runs, else the fewer on --quick. */
int session_runs(const struct session *session, int normal, int quick);

/* From here on SIGINT and SIGTERM only ask; a scenario looks between its runs. */
void session_catch_signals(void);

/* OUTFALL_OK, or OUTFALL_ERR_CLOSED once a signal has come. */
int session_check(outfall_error *error);

#endif
