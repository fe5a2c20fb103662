/* SPDX-License-Identifier: Apache-2.0 */
#include "mariadb.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "daemon.h"
#include "procfs.h"

struct mariadb {
    struct daemon daemon;
    char url[PATH_MAX * 3 + 64], socket[PATH_MAX + 16]; /* Each byte of a path may take three. */
    char mariadbd[PATH_MAX], install[PATH_MAX];
};

static int find_programs(struct mariadb *mariadb, outfall_error *error)
{
    if (daemon_program("mariadbd", "/usr/sbin/mariadbd", mariadb->mariadbd,
                       sizeof mariadb->mariadbd) &&
        daemon_program("mariadb-install-db", "/usr/bin/mariadb-install-db", mariadb->install,
                       sizeof mariadb->install))
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                             "MariaDB's mariadbd or mariadb-install-db is not in PATH; add its "
                             "directory or install the server (Debian: mariadb-server)");
}

static void make_url(struct mariadb *mariadb)
{
    snprintf(mariadb->socket, sizeof mariadb->socket, "%s/socket", mariadb->daemon.directory);
    size_t used =
        (size_t)snprintf(mariadb->url, sizeof mariadb->url, "mysql://root@localhost/bench?socket=");
    for (const char *c = mariadb->socket; *c != '\0'; c++) {
        int plain = isalnum((unsigned char)*c) || strchr("/-_.", *c) != NULL;
        used += (size_t)snprintf(mariadb->url + used, sizeof mariadb->url - used,
                                 plain ? "%c" : "%%%02X", (unsigned char)*c);
    }
}

static int install(struct mariadb *mariadb, outfall_error *error)
{
    char data[PATH_MAX + 32];
    snprintf(data, sizeof data, "--datadir=%s/data", mariadb->daemon.directory);
    char *argv[] = {mariadb->install,
                    "--no-defaults",
                    data,
                    "--skip-test-db",
                    "--auth-root-authentication-method=normal",
                    "--skip-name-resolve",
                    NULL};
    return daemon_run(&mariadb->daemon, "install.log", argv, error);
}

/* The first answer makes the database as well. */
static int answers(void *context)
{
    const struct mariadb *mariadb = context;
    MYSQL *connection = mysql_init(NULL);
    int good =
        connection != NULL &&
        mysql_real_connect(connection, NULL, "root", NULL, NULL, 0, mariadb->socket, 0) != NULL &&
        mysql_query(connection, "CREATE DATABASE IF NOT EXISTS bench") == 0;
    mysql_close(connection);
    return good;
}

static int launch(struct mariadb *mariadb, outfall_error *error)
{
    char data[PATH_MAX + 32], socket[PATH_MAX + 32], pid_file[PATH_MAX + 32];
    snprintf(data, sizeof data, "--datadir=%s/data", mariadb->daemon.directory);
    snprintf(socket, sizeof socket, "--socket=%s", mariadb->socket);
    snprintf(pid_file, sizeof pid_file, "--pid-file=%s/pid", mariadb->daemon.directory);
    /*
     * A log that is large enough for the longest run, so that no flush of it falls into one.
     * innodb_flush_log_at_trx_commit is 1 by default: a commit is durable.
     */
    char *argv[] = {mariadb->mariadbd,
                    "--no-defaults",
                    data,
                    socket,
                    pid_file,
                    "--skip-networking",
                    "--character-set-server=utf8mb4",
                    "--innodb-log-file-size=1G",
                    "--innodb-buffer-pool-size=512M",
                    "--max-allowed-packet=64M",
                    NULL};
    return daemon_start(&mariadb->daemon, "server.log", argv, answers, mariadb, error);
}

int mariadb_start(const char *directory, struct mariadb **out, outfall_error *error)
{
    struct mariadb *mariadb = calloc(1, sizeof *mariadb);
    *out = NULL;
    if (mariadb == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    int status = find_programs(mariadb, error);
    if (status == OUTFALL_OK)
        status = daemon_directory(&mariadb->daemon, directory, "mariadb", "mysql", "socket", error);
    if (status == OUTFALL_OK) {
        make_url(mariadb);
        status = install(mariadb, error);
    }
    if (status == OUTFALL_OK)
        status = launch(mariadb, error);
    if (status != OUTFALL_OK)
        mariadb_stop(mariadb);
    else
        *out = mariadb;
    return status;
}

void mariadb_stop(struct mariadb *mariadb)
{
    if (mariadb != NULL)
        daemon_stop(&mariadb->daemon, SIGTERM, SIGKILL);
    free(mariadb);
}

const char *mariadb_url(const struct mariadb *mariadb)
{
    return mariadb->url;
}

const char *mariadb_socket(const struct mariadb *mariadb)
{
    return mariadb->socket;
}

double mariadb_cpu_s(const struct mariadb *mariadb)
{
    return procfs_tree_cpu_s(mariadb->daemon.pid);
}
