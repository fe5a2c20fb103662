/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same tables, reached by way of ODBC: each becomes a table of the database's own kind, with
 * another URL.
 */
#include <ctype.h>
#include <string.h>

#include "table.h"
#ifdef BENCH_POSTGRESQL
#include "server.h"
#endif

/* Appends KEY=value; to an ODBC connection string: in braces only where it has to be. */
static void add_value(char *out, size_t capacity, const char *key, const char *value)
{
    size_t used = strlen(out);
    int plain = 1;
    for (const char *c = value; *c != '\0'; c++)
        plain &= isalnum((unsigned char)*c) || strchr("/-_.", *c) != NULL;
    used += (size_t)snprintf(out + used, capacity - used, "%s=%s", key, plain ? "" : "{");
    for (const char *c = value; *c != '\0' && used + 4 < capacity; c++) {
        if (*c == '}')
            out[used++] = '}';
        out[used++] = *c;
    }
    snprintf(out + used, capacity - used, "%s;", plain ? "" : "}");
}

static void start_url(struct table *table, const char *driver)
{
    snprintf(table->url, sizeof table->url, "odbc:DRIVER={%s};", driver);
}

#ifdef BENCH_POSTGRESQL
static int odbc_postgresql_open(struct table *table, struct session *session, outfall_error *error)
{
    if (session->url != NULL)
        return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                 "ODBC is measured on a server of this program's own: leave out "
                                 "--url");
    table->kind = &table_postgresql;
    int status = table->kind->open(table, session, error);
    if (status != OUTFALL_OK)
        return status;
    start_url(table, "PostgreSQL Unicode");
    add_value(table->url, sizeof table->url, "SERVER", server_directory(session->server));
    add_value(table->url, sizeof table->url, "PORT", "5432");
    add_value(table->url, sizeof table->url, "UID", "bench");
    add_value(table->url, sizeof table->url, "DATABASE", "postgres");
    return status;
}

const struct table_kind table_odbc_postgresql = {.driver = "odbc-postgresql",
                                                 .open = odbc_postgresql_open};
#endif

#ifdef BENCH_MYSQL
static int odbc_mariadb_open(struct table *table, struct session *session, outfall_error *error)
{
    const char *url, *socket;
    table->kind = &table_mysql;
    int status = table->kind->open(table, session, error);
    if (status == OUTFALL_OK)
        status = session_mariadb(session, &url, &socket, error);
    if (status != OUTFALL_OK)
        return status;
    start_url(table, "MariaDB Unicode");
    add_value(table->url, sizeof table->url, "SERVER", "localhost");
    add_value(table->url, sizeof table->url, "SOCKET", socket);
    add_value(table->url, sizeof table->url, "UID", "root");
    add_value(table->url, sizeof table->url, "DATABASE", "bench");
    return status;
}

const struct table_kind table_odbc_mariadb = {.driver = "odbc-mariadb", .open = odbc_mariadb_open};
#endif

#ifdef BENCH_SQLITE
static int odbc_sqlite_open(struct table *table, struct session *session, outfall_error *error)
{
    table->kind = &table_sqlite;
    int status = table->kind->open(table, session, error);
    start_url(table, "SQLite3");
    add_value(table->url, sizeof table->url, "DATABASE", table->file);
    add_value(table->url, sizeof table->url, "JOURNALMODE", "WAL");
    add_value(table->url, sizeof table->url, "SYNCPRAGMA", "FULL");
    add_value(table->url, sizeof table->url, "TIMEOUT", "10000");
    return status;
}

const struct table_kind table_odbc_sqlite = {.driver = "odbc-sqlite", .open = odbc_sqlite_open};
#endif
