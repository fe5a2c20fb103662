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

/* Takes the rows of an answer whose head has been read. */
static bool take_rows(MYSQL_STMT *statement)
{
    return mysql_stmt_field_count(statement) == 0 || mysql_stmt_store_result(statement) == 0;
}

static void drop_rows(MYSQL_STMT *statement)
{
    if (mysql_stmt_field_count(statement) > 0)
        mysql_stmt_free_result(statement);
}

int drv_my_execute(outfall_connection *connection, MYSQL_STMT *statement, int64_t deadline_us,
                   outfall_error *error)
{
    drv_my_wait wait;
    begin(connection, &wait, deadline_us);
    bool failed = mysql_stmt_execute(statement) != 0 || !take_rows(statement);
    end(connection, &wait);
    if (failed)
        return drv_my_fail_statement(connection, statement, error);
    drop_rows(statement);
    return OUTFALL_OK;
}

static int send(outfall_connection *connection, MYSQL_STMT *statement, int64_t deadline_us,
                outfall_error *error)
{
    drv_my_wait wait;
    begin(connection, &wait, deadline_us);
    bool failed = !drv_my_client_send(connection->my, statement);
    end(connection, &wait);
    return failed ? drv_my_fail_statement(connection, statement, error) : OUTFALL_OK;
}

static int read_answer(outfall_connection *connection, MYSQL_STMT *statement, int64_t deadline_us,
                       outfall_error *error)
{
    drv_my_wait wait;
    begin(connection, &wait, deadline_us);
    bool failed = !drv_my_client_read_answer(connection->my, statement) || !take_rows(statement);
    end(connection, &wait);
    if (failed)
        return drv_my_fail_statement(connection, statement, error);
    drop_rows(statement);
    return OUTFALL_OK;
}

static int send_head(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    drv_my_wait wait;
    connection->transaction = DRV_MY_OPEN; /* What follows begins one even if this does not. */
    begin(connection, &wait, deadline_us);
    bool failed = !drv_my_client_send_text(connection->my, connection->head.data);
    end(connection, &wait);
    return failed ? drv_my_fail(connection, error) : OUTFALL_OK;
}

static int read_head(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    drv_my_wait wait;
    begin(connection, &wait, deadline_us);
    bool failed = !drv_my_client_read_text(connection->my);
    end(connection, &wait);
    connection->started = !failed;
    return failed ? drv_my_fail(connection, error) : OUTFALL_OK;
}

/* Answers come in the order of what was sent, and all of them have to be taken. */
int drv_my_execute_both(outfall_connection *connection, MYSQL_STMT *first, MYSQL_STMT *second,
                        int64_t deadline_us, int *second_status, outfall_error *second_error,
                        outfall_error *error)
{
    outfall_error detail, ignored;
    bool headed = connection->head.length > 0, sent = false;
    int status = headed ? send_head(connection, deadline_us, &detail) : OUTFALL_OK;
    drv_text_clear(&connection->head);
    if (status == OUTFALL_OK)
        status = send(connection, first, deadline_us, &detail);
    if (status == OUTFALL_OK) {
        *second_status = send(connection, second, deadline_us, second_error);
        sent = *second_status == OUTFALL_OK;
        status = headed ? read_head(connection, deadline_us, &detail) : OUTFALL_OK;
        if (status == OUTFALL_OK)
            status = read_answer(connection, first, deadline_us, &detail);
        else if (!connection->dead)
            (void)read_answer(connection, first, deadline_us, &ignored);
    } else {
        connection->dead = true; /* How much of it went out is not known. */
    }
    if (sent && !connection->dead) {
        *second_status = read_answer(connection, second, deadline_us, second_error);
    } else if (connection->dead && status != OUTFALL_OK) {
        *second_status = status;
        *second_error = detail;
    }
    if (status != OUTFALL_OK && error != NULL)
        *error = detail;
    return status;
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
