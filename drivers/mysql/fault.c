/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/fault.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "mysql/action.h"

/* Parts of a message, so that the advice at its end has room. */
#define DOING_TEXT_MAX 48
#define SUBJECT_TEXT_MAX 140
#define SERVER_TEXT_MAX 230

/* What was being done, and on what. */
typedef struct context {
    char text[DOING_TEXT_MAX + SUBJECT_TEXT_MAX];
} context;

static context context_of(const outfall_connection *connection)
{
    context made;
    int length =
        snprintf(made.text, sizeof made.text, "%.*s", DOING_TEXT_MAX - 2, connection->doing);
    if (connection->subject != NULL && length > 0) {
        made.text[length++] = ' ';
        drv_text_line(connection->subject, made.text + length, SUBJECT_TEXT_MAX);
    }
    return made;
}

static int fail(outfall_connection *connection, unsigned code, const char *sqlstate,
                const char *text, outfall_error *error)
{
    if (connection->expired && !atomic_load(&connection->severed))
        return drv_my_fail_timeout(connection, error);
    drv_my_action found = drv_my_action_of(code, sqlstate);
    if (found.status == OUTFALL_ERR_IO || found.status == OUTFALL_ERR_NOMEM)
        connection->dead = true; /* After want of memory half a packet may have been sent. */
    if (drv_my_action_ends_transaction(code) && connection->transaction == DRV_MY_OPEN)
        connection->transaction = DRV_MY_LOST;
    if (atomic_load(&connection->severed) && connection->dead)
        return drv_my_fail_lost(connection, "", error);

    char line[SERVER_TEXT_MAX];
    drv_text_line(text, line, sizeof line);
    outfall_error_set(error, found.status, found.action, "%s: %s (error %u)%s%s",
                      context_of(connection).text, line, code, found.advice != NULL ? "; " : "",
                      found.advice != NULL ? found.advice : "");
    if (error != NULL) {
        error->native_code = (int32_t)code;
        snprintf(error->sqlstate, sizeof error->sqlstate, "%.5s", sqlstate);
    }
    return found.status;
}

int drv_my_fail(outfall_connection *connection, outfall_error *error)
{
    return fail(connection, mysql_errno(connection->my), mysql_sqlstate(connection->my),
                mysql_error(connection->my), error);
}

int drv_my_fail_statement(outfall_connection *connection, MYSQL_STMT *statement,
                          outfall_error *error)
{
    if (mysql_stmt_errno(statement) ==
        0) /* The library tells some errors of the connection only. */
        return drv_my_fail(connection, error);
    return fail(connection, mysql_stmt_errno(statement), mysql_stmt_sqlstate(statement),
                mysql_stmt_error(statement), error);
}

int drv_my_fail_lost(outfall_connection *connection, const char *why, outfall_error *error)
{
    if (atomic_load(&connection->severed))
        why = "it was cut at its deadline";
    connection->dead = true;
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                             "%s: the connection broke: %s", context_of(connection).text, why);
}

int drv_my_fail_timeout(outfall_connection *connection, outfall_error *error)
{
    drv_my_sever(connection);
    connection->dead = true;
    return outfall_error_set(error, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY,
                             "%s: no answer from the server before the deadline; the connection "
                             "was cut (see request.timeout.ms)",
                             context_of(connection).text);
}
