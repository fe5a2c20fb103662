/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "raw_mysql.h"
#include "table.h"

/* The first row of a query; NULL, with the error filled, where there is none. Free *result. */
static MYSQL_ROW first_row(MYSQL *admin, const char *sql, MYSQL_RES **result, outfall_error *error)
{
    MYSQL_ROW row = NULL;
    *result = mysql_query(admin, sql) == 0 ? mysql_store_result(admin) : NULL;
    if (*result != NULL)
        row = mysql_fetch_row(*result);
    if (row == NULL)
        (void)raw_mysql_failed(admin, "cannot ask the server", error);
    return row;
}

/* Durability and memory are what results of two servers differ by most. */
static void describe_server(MYSQL *admin, struct session *session)
{
    MYSQL_RES *result;
    outfall_error ignored;
    MYSQL_ROW row = first_row(
        admin,
        "SELECT concat(@@version, ', innodb_flush_log_at_trx_commit ', "
        "@@innodb_flush_log_at_trx_commit, ', innodb_doublewrite ', @@innodb_doublewrite, "
        "', log_bin ', @@log_bin, ', innodb_buffer_pool_size ', @@innodb_buffer_pool_size, "
        "', innodb_log_file_size ', @@innodb_log_file_size)",
        &result, &ignored);
    if (row != NULL && row[0] != NULL)
        snprintf(session->mysql, sizeof session->mysql, "%s", row[0]);
    mysql_free_result(result);
}

static int mysql_table_open(struct table *table, struct session *session, outfall_error *error)
{
    const char *url, *socket;
    MYSQL *admin = NULL;
    int status = session_mariadb(session, &url, &socket, error);
    if (status == OUTFALL_OK) {
        snprintf(table->url, sizeof table->url, "%s", url);
        status = raw_mysql_connect(url, &admin, error);
    }
    table->part = admin;
    if (status == OUTFALL_OK)
        status = raw_mysql_command(admin, "DROP TABLE IF EXISTS " ROW_TABLE, error);
    if (status == OUTFALL_OK)
        status = raw_mysql_command(admin,
                                   "CREATE TABLE " ROW_TABLE
                                   " (id BIGINT PRIMARY KEY, ts DATETIME(6), device INT, "
                                   "metric DOUBLE, note VARCHAR(64)) ENGINE=InnoDB",
                                   error);
    if (status == OUTFALL_OK)
        describe_server(admin, session);
    return status;
}

static int mysql_table_empty(struct table *table, outfall_error *error)
{
    return raw_mysql_command(table->part, "TRUNCATE TABLE " ROW_TABLE, error);
}

static int mysql_table_check(struct table *table, const struct bench_row *rows, size_t count,
                             outfall_error *error)
{
    MYSQL_RES *result;
    MYSQL_ROW row = first_row(table->part, TABLE_SUMS, &result, error);
    int status = OUTFALL_ERR_DATABASE;
    if (row != NULL) {
        const struct table_sums found = {strtoull(row[0], NULL, 10),
                                         row[1] == NULL ? 0 : strtoll(row[1], NULL, 10),
                                         row[2] == NULL ? 0 : strtoll(row[2], NULL, 10)};
        status = table_compare(&found, rows, count, error);
    }
    mysql_free_result(result);
    return status;
}

/* What the sinks have left in the ledger; where there is none it fails. */
static void forget(MYSQL *admin)
{
    outfall_error ignored;
#define FORGET(ledger)                                                                             \
    "DELETE FROM " ledger " WHERE LOCATE('" ROW_TABLE "', sink) > 0 OR LOCATE('" TABLE_TXN         \
    "', sink) = 1"
    (void)raw_mysql_command(admin, FORGET("outfall_fence"), &ignored);
    (void)raw_mysql_command(admin, FORGET("outfall_ledger"), &ignored);
#undef FORGET
}

static void mysql_table_close(struct table *table)
{
    outfall_error ignored;
    if (table->part != NULL &&
        raw_mysql_command(table->part, "DROP TABLE IF EXISTS " ROW_TABLE, &ignored) != OUTFALL_OK)
        fprintf(stderr, "outfall-bench: %s\n", ignored.message);
    if (table->part != NULL)
        forget(table->part);
    mysql_close(table->part);
    table->part = NULL;
}

const struct table_kind table_mysql = {
    "mysql", 0, mysql_table_open, mysql_table_empty, mysql_table_check, mysql_table_close};
