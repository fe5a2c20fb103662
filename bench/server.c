/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "daemon.h"
#include "procfs.h"

struct server {
    struct daemon daemon;
    char url[PATH_MAX * 3 + 64]; /* Each byte of a path may take three. */
    char postgres[PATH_MAX], initdb[PATH_MAX];
};

int server_program(const char *name, char *out, size_t capacity, outfall_error *error)
{
    char pattern[PATH_MAX];
    snprintf(pattern, sizeof pattern, "/usr/lib/postgresql/*/bin/%s", name);
    if (daemon_program(name, pattern, out, capacity))
        return OUTFALL_OK;
    return outfall_error_set(
        error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
        "PostgreSQL's %s is not in PATH; add its directory, install the server "
        "(Debian: postgresql), or name one with --url",
        name);
}

static void make_url(struct server *server)
{
    size_t used =
        (size_t)snprintf(server->url, sizeof server->url, "postgresql://bench@/postgres?host=");
    for (const char *c = server->daemon.directory; *c != '\0'; c++) {
        int plain = isalnum((unsigned char)*c) || strchr("/-_.", *c) != NULL;
        used += (size_t)snprintf(server->url + used, sizeof server->url - used,
                                 plain ? "%c" : "%%%02X", (unsigned char)*c);
    }
}

static int make_cluster(struct server *server, outfall_error *error)
{
    char *argv[] = {server->initdb, "-D", "data", "-U",         "bench", "-A",
                    "trust",        "-E", "UTF8", "--locale=C", NULL};
    return daemon_run(&server->daemon, "initdb.log", argv, error);
}

static int answers(void *context)
{
    const struct server *server = context;
    return PQping(server->url) == PQPING_OK;
}

static int launch(struct server *server, outfall_error *error)
{
    /*
     * WAL enough for the longest scenario without a checkpoint inside of a run; scenarios ask for
     * one between runs, which recycles the segments. No autovacuum: it would fall on one side.
     */
    char *argv[] = {server->postgres,
                    "-D",
                    "data",
                    "-k",
                    server->daemon.directory,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=on",
                    "-c",
                    "max_wal_size=4GB",
                    "-c",
                    "min_wal_size=1GB",
                    "-c",
                    "checkpoint_timeout=1h",
                    "-c",
                    "autovacuum=off",
                    "-c",
                    "max_prepared_transactions=1024",
                    NULL};
    return daemon_start(&server->daemon, "server.log", argv, answers, server, error);
}

int server_start(const char *directory, struct server **out, outfall_error *error)
{
    struct server *server = calloc(1, sizeof *server);
    *out = NULL;
    if (server == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    int status = server_program("initdb", server->initdb, sizeof server->initdb, error);
    if (status == OUTFALL_OK)
        status = server_program("postgres", server->postgres, sizeof server->postgres, error);
    if (status == OUTFALL_OK)
        status = daemon_directory(&server->daemon, directory, "postgresql", "postgres",
                                  ".s.PGSQL.5432", error);
    if (status == OUTFALL_OK) {
        make_url(server);
        status = make_cluster(server, error);
    }
    if (status == OUTFALL_OK)
        status = launch(server, error);
    if (status != OUTFALL_OK)
        server_stop(server);
    else
        *out = server;
    return status;
}

void server_stop(struct server *server)
{
    if (server != NULL)
        daemon_stop(&server->daemon, SIGINT, SIGQUIT); /* Fast, then immediate. */
    free(server);
}

const char *server_url(const struct server *server)
{
    return server->url;
}

const char *server_directory(const struct server *server)
{
    return server->daemon.directory;
}

double server_cpu_s(const struct server *server)
{
    return procfs_tree_cpu_s(server->daemon.pid);
}
