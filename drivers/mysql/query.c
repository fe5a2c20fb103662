/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/query.h"

#include <string.h>

#include "common/clock.h"
#include "common/fail.h"
#include "mysql/fault.h"
#include "mysql/wait.h"

int drv_my_start(outfall_connection *connection, const char *doing, const char *subject,
                 int64_t deadline_us, outfall_error *error)
{
    connection->doing = doing;
    connection->subject = subject;
    if (connection->dead || atomic_load(&connection->severed))
        return drv_my_fail_lost(connection, "it was lost before", error);
    if (deadline_us <= drv_now_us())
        return drv_my_fail_timeout(connection, error);
    return OUTFALL_OK;
}

/* Between begin and end the client library may talk to the server. */
static void begin(outfall_connection *connection, drv_my_wait *wait, int64_t deadline_us)
{
    drv_my_wait_begin(wait, deadline_us, connection->tls);
}

static void end(outfall_connection *connection, drv_my_wait *wait)
{
    connection->expired |= drv_my_wait_end(wait);
}

int drv_my_query(outfall_connection *connection, const char *sql, int64_t deadline_us,
                 MYSQL_RES **out, outfall_error *error)
{
    MYSQL *my = connection->my;
    MYSQL_RES *rows = NULL;
    drv_my_wait wait;
    if (out != NULL)
        *out = NULL;
    begin(connection, &wait, deadline_us);
    bool failed = false;
    if (connection->connecting) {
        failed = !drv_my_client_first_query(my, sql, deadline_us, &connection->expired, &rows);
    } else {
        failed = mysql_real_query(my, sql, (unsigned long)strlen(sql)) != 0;
        if (!failed)
            rows = mysql_store_result(my);
        failed = failed || (rows == NULL && mysql_errno(my) != 0);
    }
    end(connection, &wait);
    if (failed)
        return drv_my_fail(connection, error);
    if (out != NULL && rows == NULL) /* We asked for rows, and no one sends any. */
        return drv_my_fail_lost(connection, "the server answered without rows", error);
    if (out != NULL)
        *out = rows;
    else
        mysql_free_result(rows);
    return OUTFALL_OK;
}

int drv_my_prepare(outfall_connection *connection, const char *sql, int64_t deadline_us,
                   MYSQL_STMT **out, outfall_error *error)
{
    drv_my_wait wait;
    int status = OUTFALL_OK;
    *out = NULL;
    MYSQL_STMT *statement = mysql_stmt_init(connection->my);
    if (statement == NULL)
        return drv_fail_nomem(error);
    begin(connection, &wait, deadline_us);
    bool failed = mysql_stmt_prepare(statement, sql, (unsigned long)strlen(sql)) != 0;
    end(connection, &wait);
    if (failed) {
        status = drv_my_fail_statement(connection, statement, error);
        drv_my_close(connection, statement);
        return status;
    }
    *out = statement;
    return OUTFALL_OK;
}

int drv_my_execute(outfall_connection *connection, MYSQL_STMT *statement, int64_t deadline_us,
                   outfall_error *error)
{
    drv_my_wait wait;
    begin(connection, &wait, deadline_us);
    bool failed = mysql_stmt_execute(statement) != 0;
    if (!failed && mysql_stmt_field_count(statement) > 0)
        failed = mysql_stmt_store_result(statement) != 0;
    end(connection, &wait);
    if (failed)
        return drv_my_fail_statement(connection, statement, error);
    if (mysql_stmt_field_count(statement) > 0)
        mysql_stmt_free_result(statement);
    return OUTFALL_OK;
}

int drv_my_ask_alive(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    drv_my_wait wait;
    begin(connection, &wait, deadline_us);
    bool failed = mysql_ping(connection->my) != 0;
    end(connection, &wait);
    return failed ? drv_my_fail(connection, error) : OUTFALL_OK;
}

void drv_my_close(outfall_connection *connection, MYSQL_STMT *statement)
{
    drv_my_wait wait;
    if (statement == NULL)
        return;
    drv_my_wait_begin(&wait, 0, connection->tls); /* A full socket is not waited for. */
    mysql_stmt_close(statement);
    if (drv_my_wait_end(&wait))
        connection->dead = true; /* Half a packet may have gone. */
}
