/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/action.h"

#include <stddef.h>
#include <string.h>

#include <outfall/error.h>

/* Short names, so that the table can be read as one. */
enum {
    RETRY = OUTFALL_ACTION_RETRY,
    RESTART = OUTFALL_ACTION_RESTART,
    ROW = OUTFALL_ACTION_ROW,
    STOP = OUTFALL_ACTION_STOP
};
enum {
    IO = OUTFALL_ERR_IO,
    DATABASE = OUTFALL_ERR_DATABASE,
    NOT_FOUND = OUTFALL_ERR_NOT_FOUND,
    AUTH = OUTFALL_ERR_AUTH,
    CHANGED = OUTFALL_ERR_CHANGED
};

typedef struct rule {
    const char *prefix;          /* A SQLSTATE, or the beginning of one. */
    const char *source_function; /* NULL: any. */
    int status;
    int action;
    const char *advice;
} rule;

/*
 * The first rule that fits is taken: exact codes stand before their classes.
 * https://www.postgresql.org/docs/15/errcodes-appendix.html
 */
static const rule rules[] = {
    {"08P01", NULL, DATABASE, STOP, NULL}, /* Alive, and our bytes did not parse. */
    {"08", NULL, IO, RETRY, NULL},
    {"09", NULL, DATABASE, ROW, NULL},                          /* Triggered action exception. */
    {"0A000", "RevalidateCachedQuery", CHANGED, RESTART, NULL}, /* A plan's table changed. */
    {"0A000", "DoCopy", CHANGED, RESTART, NULL}, /* Row security came after describe. */
    {"21", NULL, DATABASE, ROW, NULL},
    {"22", NULL, DATABASE, ROW, NULL},
    {"23", NULL, DATABASE, ROW, NULL},
    {"25006", NULL, DATABASE, STOP, "connect to the primary, or see default_transaction_read_only"},
    {"25P02", NULL, DATABASE, RETRY, NULL},
    {"25P03", NULL, IO, RETRY, NULL}, /* Idle in transaction for too long. */
    {"25", NULL, DATABASE, STOP, NULL},
    {"26000", NULL, IO, RETRY, NULL}, /* A pooler changed the session under us; */
    {"42P05", NULL, IO, RETRY, NULL}, /* the same. */
    {"27", NULL, DATABASE, ROW, NULL},
    {"28", NULL, AUTH, STOP,
     "check the user, the password (URL, PGPASSWORD, .pgpass) and the server's pg_hba.conf"},
    {"3D000", NULL, NOT_FOUND, STOP, "create the database, or correct the URL"},
    {"3F000", NULL, CHANGED, RESTART, NULL},
    {"40", NULL, DATABASE, RETRY, NULL},
    /* Row security refuses one row under the code of a missing privilege. */
    {"42501", "ExecWithCheckOptions", DATABASE, ROW, NULL},
    {"42501", NULL, DATABASE, STOP, "GRANT the right to this user"},
    {"42622", NULL, DATABASE, ROW, NULL},    /* A value too long for type name. */
    {"42P01", NULL, CHANGED, RESTART, NULL}, /* Undefined table, */
    {"42703", NULL, CHANGED, RESTART, NULL}, /* column, */
    {"42704", NULL, CHANGED, RESTART, NULL}, /* type, */
    {"42883", NULL, CHANGED, RESTART, NULL}, /* or cast function. */
    {"42804", NULL, CHANGED, RESTART, NULL}, /* Types that do not go together. */
    {"42846", NULL, CHANGED, RESTART, NULL},
    {"42809", NULL, CHANGED, RESTART, NULL}, /* The name is another kind of relation now. */
    {"428C9", NULL, CHANGED, RESTART, NULL}, /* The column is generated now. */
    {"42P10", NULL, CHANGED, RESTART, NULL}, /* The same, by COPY. */
    {"44", NULL, DATABASE, ROW, NULL},       /* WITH CHECK OPTION of a view. */
    {"53100", NULL, DATABASE, RETRY, "free space on the server's disk"},
    {"53200", NULL, DATABASE, RETRY, "the server is out of memory"},
    {"53300", NULL, IO, RETRY, "raise max_connections, or lower pool.max"},
    {"53400", NULL, DATABASE, STOP, NULL},
    {"53", NULL, DATABASE, RETRY, NULL},
    {"54001", NULL, DATABASE, STOP, "raise max_stack_depth"},
    {"54000", NULL, DATABASE, ROW, NULL}, /* A row too long for its page, a value for an index. */
    {"55P03", NULL, DATABASE, RETRY, NULL},
    {"55006", NULL, DATABASE, RETRY, NULL},
    {"57014", NULL, DATABASE, RETRY, "see statement_timeout where this comes again"},
    {"57P04", NULL, NOT_FOUND, STOP, "the database was dropped"},
    {"57", NULL, IO, RETRY, NULL}, /* Shutting down, starting up, crashed. */
    {"58030", NULL, DATABASE, RETRY, "see the server's log: its disk failed"},
    {"72", NULL, DATABASE, RETRY, NULL},
    {"HV", NULL, DATABASE, RETRY, NULL}, /* The server behind a foreign table. */
    {"P0", NULL, DATABASE, ROW, NULL},   /* RAISE in a trigger. */
    {"", NULL, DATABASE, STOP, NULL},
};

static bool fits(const rule *candidate, const char *sqlstate, const char *source_function)
{
    return strncmp(sqlstate, candidate->prefix, strlen(candidate->prefix)) == 0 &&
           (candidate->source_function == NULL ||
            (source_function != NULL && strcmp(source_function, candidate->source_function) == 0));
}

drv_pg_action drv_pg_action_of(const char *sqlstate, const char *source_function, bool fatal)
{
    static const drv_pg_action lost = {IO, RETRY, NULL};
    if (sqlstate == NULL || sqlstate[0] == '\0')
        return lost;
    const rule *found = rules;
    while (!fits(found, sqlstate, source_function))
        found++; /* Ends at the last rule, whose prefix is empty. */
    if (fatal &&
        (found->action == ROW || found->action == RESTART || strcmp(found->prefix, "08P01") == 0))
        return lost;
    return (drv_pg_action){found->status, found->action, found->advice};
}

bool drv_pg_severity_is_fatal(const char *severity)
{
    return severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}
