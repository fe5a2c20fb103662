/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/fault.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "postgresql/action.h"

/* Parts of a message, so that the advice at its end has room. */
#define DOING_TEXT_MAX 48
#define SUBJECT_TEXT_MAX 140
#define SERVER_TEXT_MAX 220
#define DETAIL_TEXT_MAX 100

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

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

/* The column where the server names it: for a constraint, or in COPY's context. */
static void take_column(const PGresult *result, outfall_error *error)
{
    const char *name = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
    if (name != NULL)
        snprintf(error->column, sizeof error->column, "%s", name);
}

int drv_pg_fail_result(outfall_connection *connection, const PGresult *result, outfall_error *error)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool fatal =
        drv_pg_severity_is_fatal(PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED));
    drv_pg_action found =
        drv_pg_action_of(sqlstate, PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION), fatal);
    if (sqlstate == NULL)
        return drv_pg_fail_lost(connection, error);
    if (fatal || found.status == OUTFALL_ERR_IO || PQstatus(connection->pg) == CONNECTION_BAD)
        connection->dead = true;

    char primary[SERVER_TEXT_MAX];
    char detail[DETAIL_TEXT_MAX];
    drv_text_line(or_empty(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)), primary,
                  sizeof primary);
    drv_text_line(or_empty(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)), detail,
                  sizeof detail);
    outfall_error_set(error, found.status, found.action, "%s: %s%s%s%s (SQLSTATE %s)%s%s",
                      context_of(connection).text, primary, detail[0] != '\0' ? " (" : "", detail,
                      detail[0] != '\0' ? ")" : "", sqlstate, found.advice != NULL ? "; " : "",
                      or_empty(found.advice));
    if (error != NULL) {
        snprintf(error->sqlstate, sizeof error->sqlstate, "%.5s", sqlstate);
        take_column(result, error);
    }
    return found.status;
}

int drv_pg_fail_lost(outfall_connection *connection, outfall_error *error)
{
    const char *why = PQerrorMessage(connection->pg);
    if (why[0] == '\0')
        why = "no reason was given";
    if (atomic_load(&connection->severed))
        why = "it was cut at its deadline";
    connection->dead = true;
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                             "%s: the connection broke: %.*s", context_of(connection).text,
                             (int)strcspn(why, "\n"), why);
}

int drv_pg_fail_timeout(outfall_connection *connection, outfall_error *error)
{
    drv_pg_sever(connection);
    connection->dead = true;
    return outfall_error_set(error, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY,
                             "%s: no answer from the server before the deadline; the connection "
                             "was cut (see request.timeout.ms)",
                             context_of(connection).text);
}

bool drv_pg_result_is_refusal(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL &&
           !drv_pg_severity_is_fatal(severity);
}

bool drv_pg_result_ok(const PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_EMPTY_QUERY:
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_COPY_IN:
    case PGRES_PIPELINE_SYNC:
        return true;
    default:
        return false;
    }
}
