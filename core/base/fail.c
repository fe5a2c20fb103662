/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"

/* What the library's own errors ask for; a driver's errors come with their action. */
static int action_of(int status)
{
    switch (status) {
    case OUTFALL_ERR_NOMEM:
    case OUTFALL_ERR_FULL:
    case OUTFALL_ERR_TIMEOUT:
    case OUTFALL_ERR_IO:
        return OUTFALL_ACTION_RETRY;
    case OUTFALL_ERR_REFUSED:
        return OUTFALL_ACTION_ROW;
    case OUTFALL_ERR_CHANGED:
        return OUTFALL_ACTION_RESTART;
    default:
        return OUTFALL_ACTION_STOP;
    }
}

int of_fail(outfall_error *error, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outfall_error_vset(error, status, action_of(status), format, arguments);
    va_end(arguments);
    return status;
}

int of_fail_column(outfall_error *error, int status, const char *column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outfall_error_vset(error, status, action_of(status), format, arguments);
    va_end(arguments);
    if (error != NULL && column != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    return status;
}

int of_fail_nomem(outfall_error *error)
{
    return of_fail(error, OUTFALL_ERR_NOMEM, "out of memory");
}

int of_fail_copy(outfall_error *to, const outfall_error *from)
{
    if (to != NULL)
        *to = *from;
    return from->status;
}

const char *outfall_status_name(int status)
{
    static const char *const names[] = {
        "ok",         "invalid",       "out of memory",  "full",      "timeout",
        "connection", "refused",       "database",       "not found", "unsupported",
        "closed",     "configuration", "authentication", "changed",   "unknown outcome",
        "fenced off", "rolled back",
    };
    if (status > 0 || status < -(int)(sizeof names / sizeof names[0]) + 1)
        return "?";
    return names[-status];
}

const char *outfall_action_name(int action)
{
    static const char *const names[] = {"none", "retry", "restart", "row", "resolve", "stop"};
    if (action < 0 || action >= (int)(sizeof names / sizeof names[0]))
        return "?";
    return names[action];
}
