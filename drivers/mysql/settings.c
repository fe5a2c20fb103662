/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/settings.h"

#include <stdlib.h>
#include <string.h>

#include "mysql/query.h"

#define MARIADB_VERSION_MIN 100300
#define MYSQL_VERSION_MIN 50700

/* Bytes of a packet that are not rows: its header and the parameters' types. */
#define PACKET_SPARE 16384

/*
 * Strict, so that what does not fit is an error and never cut. NO_AUTO_VALUE_ON_ZERO: a 0 put into
 * an AUTO_INCREMENT column would else become the next number. No NO_BACKSLASH_ESCAPES, ANSI_QUOTES
 * or PAD_CHAR_TO_FULL_LENGTH, whatever the server's default: our SQL is written for their absence.
 * Without autocommit a transaction begins with its first statement, and where the server has rolled
 * one back, what comes after it is not kept either.
 */
#define SETTINGS_SQL                                                                               \
    "SET NAMES utf8mb4, SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_DATE,"   \
    "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION',"    \
    " SESSION time_zone = '+00:00', SESSION autocommit = 0, SESSION foreign_key_checks = 1,"       \
    " SESSION unique_checks = 1, SESSION sql_auto_is_null = 0"
#define MARIADB_SETTINGS_SQL SETTINGS_SQL ", SESSION check_constraint_checks = 1"

/*
 * READ COMMITTED takes no locks on gaps, on which writers of neighbouring keys wait and deadlock.
 * A server that logs statements refuses it.
 */
#define ISOLATION_SQL "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
#define QUESTION_SQL "SELECT @@max_allowed_packet, @@log_bin AND @@binlog_format = 'STATEMENT'"

/*
 * "10.11.6-MariaDB" is 101106. MariaDB before 11 calls itself 5.5.5-10.11.6 for the sake of old
 * replicas, which Oracle's library takes for its version.
 */
static unsigned long version_of(const char *text)
{
    static const char disguise[] = "5.5.5-";
    unsigned long version = 0;
    if (strncmp(text, disguise, sizeof disguise - 1) == 0)
        text += sizeof disguise - 1;
    for (int part = 0; part < 3; part++) {
        char *end = NULL;
        version = version * 100 + strtoul(text, &end, 10) % 100;
        text = *end == '.' ? end + 1 : end;
    }
    return version;
}

static int check_server(outfall_connection *connection, outfall_error *error)
{
    const char *version = mysql_get_server_info(connection->my);
    connection->version = version != NULL ? version_of(version) : 0;
    connection->mariadb = version != NULL && strstr(version, "MariaDB") != NULL;
    if (connection->version >=
        (unsigned long)(connection->mariadb ? MARIADB_VERSION_MIN : MYSQL_VERSION_MIN))
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                             "the server (%.60s) is too old: MariaDB 10.3 or MySQL 5.7 is needed",
                             version != NULL ? version : "of no known version");
}

static int choose_method(outfall_connection *connection, const char *method, outfall_error *error)
{
    bool has_bulk = drv_my_client_has_bulk(connection->my);
    connection->bulk = has_bulk && strcmp(method, "rows") != 0;
    if (has_bulk || strcmp(method, "bulk") != 0)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                             "mysql.method=bulk: bulk arrays need a MariaDB server and MariaDB's "
                             "client library; set mysql.method=auto");
}

static int ask_server(outfall_connection *connection, int64_t deadline_us, bool *logs_statements,
                      outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    int status = drv_my_query(connection, QUESTION_SQL, deadline_us, &answer, error);
    if (status != OUTFALL_OK)
        return status;
    MYSQL_ROW row = mysql_fetch_row(answer);
    uint64_t packet = row != NULL && row[0] != NULL ? strtoull(row[0], NULL, 10) : 0;
    *logs_statements = row != NULL && row[1] != NULL && row[1][0] == '1';
    mysql_free_result(answer);
    if (packet == 0 || packet > connection->my->net.max_packet_size)
        packet = connection->my->net.max_packet_size;
    connection->packet_max = packet > 2 * PACKET_SPARE ? packet - PACKET_SPARE : packet / 2;
    return OUTFALL_OK;
}

int drv_my_settings_apply(outfall_connection *connection, const char *method, int64_t deadline_us,
                          outfall_error *error)
{
    bool logs_statements = false;
    drv_my_client_forbid_reconnect(connection->my);
    int status = check_server(connection, error);
    if (status == OUTFALL_OK)
        status = choose_method(connection, method, error);
    if (status == OUTFALL_OK)
        status = drv_my_query(connection, connection->mariadb ? MARIADB_SETTINGS_SQL : SETTINGS_SQL,
                              deadline_us, NULL, error);
    if (status == OUTFALL_OK)
        status = ask_server(connection, deadline_us, &logs_statements, error);
    if (status == OUTFALL_OK && !logs_statements)
        status = drv_my_query(connection, ISOLATION_SQL, deadline_us, NULL, error);
    return status;
}
