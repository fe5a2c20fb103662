/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/fault.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "odbc/action.h"
#include "odbc/record.h"

/* Parts of a message, so that the advice at its end has room. */
#define SUBJECT_TEXT_MAX 140
#define CONTEXT_TEXT_MAX (48 + SUBJECT_TEXT_MAX)
#define SERVER_TEXT_MAX 230
#define RECORDS_MAX 100 /* Of one call's diagnostics that are. */

/* ---- Diagnostics ------------------------------------------------------------------ */

/* The dialect whose error numbers count: before it is known, that of the driver's usual database.
 */
static const char *dialect_of(const outfall_connection *connection)
{
    if (connection->dialect != NULL)
        return connection->dialect->name;
    return connection->method != NULL && connection->method->dialect != NULL
               ? connection->method->dialect
               : "ansi";
}

/* MariaDB gives errors of class 01, too: its number tells them from warnings. */
static bool is_note(const outfall_connection *connection, const drv_odbc_record *one)
{
    return strncmp(one->sqlstate, "01", 2) == 0 && strcmp(one->sqlstate, "01004") != 0 &&
           strcmp(one->sqlstate, "01S07") != 0 &&
           !drv_odbc_action_known(dialect_of(connection), one->native);
}

/* The first record that is more than a note, else the first. False where there is none. */
static bool find_record(const outfall_connection *connection, SQLSMALLINT type, SQLHANDLE handle,
                        drv_odbc_record *out)
{
    for (int i = 1; i <= RECORDS_MAX && drv_odbc_record_read(connection, type, handle, i, out); i++)
        if (!is_note(connection, out))
            return true;
    return drv_odbc_record_read(connection, type, handle, 1, out);
}

/* One line of it, without the "[unixODBC][Driver Manager]" in front, or a semicolon at its end. */
static void one_line(const char *from, char *to, size_t capacity)
{
    while (*from == '[' && strchr(from, ']') != NULL)
        from = strchr(from, ']') + 1;
    drv_text_line(from, to, capacity);
    for (size_t length = strlen(to); length > 0 && strchr(" ;", to[length - 1]) != NULL; length--)
        to[length - 1] = '\0';
}

/* ---- Errors ----------------------------------------------------------------------- */

typedef struct context {
    char text[CONTEXT_TEXT_MAX];
} context;

/* What was being done, and on what. */
static context context_of(const outfall_connection *connection)
{
    context made;
    int length = snprintf(made.text, sizeof made.text, "odbc: %.40s", connection->doing);
    if (connection->subject != NULL && length > 0) {
        made.text[length++] = ' ';
        one_line(connection->subject, made.text + length, SUBJECT_TEXT_MAX);
    }
    return made;
}

bool drv_odbc_is_lost(const outfall_connection *connection)
{
    SQLUINTEGER dead = SQL_CD_FALSE;
    if (!connection->connected)
        return false;
    SQLRETURN code =
        SQLGetConnectAttr(connection->dbc, SQL_ATTR_CONNECTION_DEAD, &dead, sizeof dead, NULL);
    return SQL_SUCCEEDED(code) && dead == SQL_CD_TRUE;
}

bool drv_odbc_is_closed(const outfall_connection *connection)
{
    struct pollfd wanted = {.fd = connection->socket, .events = POLLRDHUP};
    if (connection->socket < 0)
        return false;
    return poll(&wanted, 1, 0) > 0 && (wanted.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

int drv_odbc_fail_lost(outfall_connection *connection, const char *why, outfall_error *error)
{
    connection->dead = true;
    if (atomic_load(&connection->severed))
        why = "it was cut at its deadline (see request.timeout.ms)";
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                             "%s: the connection broke: %s", context_of(connection).text, why);
}

int drv_odbc_fail_timeout(outfall_connection *connection, outfall_error *error)
{
    drv_odbc_sever(connection);
    connection->dead = true;
    return outfall_error_set(error, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY,
                             "%s: no answer from the database before the deadline; the connection "
                             "was cut (see request.timeout.ms)",
                             context_of(connection).text);
}

static int fail_record(outfall_connection *connection, const drv_odbc_record *found,
                       outfall_error *error)
{
    char text[SERVER_TEXT_MAX];
    drv_odbc_action action =
        drv_odbc_action_of(dialect_of(connection), found->sqlstate, found->native, found->text);
    bool lost = drv_odbc_is_lost(connection);
    one_line(found->text, text, sizeof text);
    connection->failed = connection->in_transaction;
    bool busy = connection->dialect != NULL && connection->dialect->busy_code != 0 &&
                found->native == connection->dialect->busy_code;
    if (atomic_load(&connection->severed) ||
        ((lost || busy) && drv_now_us() >= connection->deadline_us))
        return drv_now_us() >= connection->deadline_us
                   ? drv_odbc_fail_timeout(connection, error)
                   : drv_odbc_fail_lost(connection, text, error);
    if (lost || action.status == OUTFALL_ERR_IO)
        connection->dead = true;
    if (lost)
        action = (drv_odbc_action){OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, action.advice};
    outfall_error_set(error, action.status, action.action, "%s: %s (SQLSTATE %s, %d)%s%s",
                      context_of(connection).text, text, found->sqlstate, (int)found->native,
                      action.advice != NULL ? "; " : "",
                      action.advice != NULL ? action.advice : "");
    if (error != NULL) {
        memcpy(error->sqlstate, found->sqlstate, sizeof error->sqlstate);
        error->native_code = found->native;
    }
    return action.status;
}

int drv_odbc_fail(outfall_connection *connection, SQLSMALLINT type, SQLHANDLE handle,
                  outfall_error *error)
{
    drv_odbc_record found;
    if (find_record(connection, type, handle, &found))
        return fail_record(connection, &found, error);
    connection->failed = connection->in_transaction;
    return drv_odbc_fail_lost(connection, "the driver gave no reason", error);
}

int drv_odbc_fail_notes(outfall_connection *connection, SQLSMALLINT type, SQLHANDLE handle,
                        outfall_error *error)
{
    drv_odbc_record one;
    for (int i = 1; i <= RECORDS_MAX && drv_odbc_record_read(connection, type, handle, i, &one);
         i++)
        if (!is_note(connection, &one))
            return fail_record(connection, &one, error);
    return OUTFALL_OK;
}
