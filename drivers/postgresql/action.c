/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/action.h"

#include <string.h>

#include <outfall/error.h>

/* Short names, so that the table can be read as one. */
enum {
    RETRY = OUTFALL_ACTION_RETRY,
    RESTART = OUTFALL_ACTION_RESTART,
    ROW = OUTFALL_ACTION_ROW,
    RESOLVE = OUTFALL_ACTION_RESOLVE,
    STOP = OUTFALL_ACTION_STOP
};
enum {
    IO = OUTFALL_ERR_IO,
    DATABASE = OUTFALL_ERR_DATABASE,
    NOT_FOUND = OUTFALL_ERR_NOT_FOUND,
    AUTH = OUTFALL_ERR_AUTH,
    CHANGED = OUTFALL_ERR_CHANGED
};

/* https://www.postgresql.org/docs/15/errcodes-appendix.html */
const drv_pg_rule drv_pg_rules[] = {
    /* Alive, and our bytes did not parse. */
    {"08P01", NULL, "protocol violation", DATABASE, STOP, NULL},
    {"08", NULL, "connection lost or refused", IO, RETRY, NULL},
    {"09", NULL, "a trigger failed", DATABASE, ROW, NULL},
    /* A prepared plan whose table changed; row security, or a rule, that came after describe. */
    {"0A000", "RevalidateCachedQuery", "the table changed", CHANGED, RESTART, NULL},
    {"0A000", "DoCopy", "row security came", CHANGED, RESTART, NULL},
    {"0A000", "RewriteQuery", "a rule came", CHANGED, RESTART, NULL},
    {"0A000", "LockGXact", "prepared in another database", DATABASE, STOP, NULL},
    {"21000", NULL, "a key twice in one statement", DATABASE, ROW, NULL},
    {"22", NULL, "bad value: too long, out of range, malformed", DATABASE, ROW, NULL},
    {"23502", NULL, "not-null constraint", DATABASE, ROW, NULL},
    {"23503", NULL, "foreign key", DATABASE, ROW, NULL},
    {"23505", NULL, "unique constraint", DATABASE, ROW, NULL},
    {"23514", NULL, "check constraint, or no partition for the row", DATABASE, ROW, NULL},
    {"23", NULL, "another constraint", DATABASE, ROW, NULL},
    {"25006", NULL, "read-only", DATABASE, STOP,
     "connect to the primary, or see default_transaction_read_only"},
    {"25P02", NULL, "the transaction had failed", DATABASE, RETRY, NULL},
    {"25P03", NULL, "idle in transaction for too long", IO, RETRY, NULL},
    {"25", NULL, "bad transaction state", DATABASE, STOP, NULL},
    {"26000", NULL, "a pooler changed the session", IO, RETRY, NULL},
    {"42P05", NULL, "a pooler changed the session", IO, RETRY, NULL},
    {"27", NULL, "a trigger changed the row first", DATABASE, ROW, NULL},
    {"28", NULL, "user, password or pg_hba.conf", AUTH, STOP,
     "check the user, the password (URL, PGPASSWORD, .pgpass) and the server's pg_hba.conf"},
    {"3D000", NULL, "no such database", NOT_FOUND, STOP, "create the database, or correct the URL"},
    {"3F000", NULL, "no such schema", CHANGED, RESTART, NULL},
    {"40001", NULL, "serialization failure", DATABASE, RETRY, NULL},
    {"40P01", NULL, "deadlock", DATABASE, RETRY, NULL},
    {"40", NULL, "transaction rolled back", DATABASE, RETRY, NULL},
    /* Row security refuses one row under the code of a missing privilege. */
    {"42501", "ExecWithCheckOptions", "row security refuses the row", DATABASE, ROW, NULL},
    {"42501", "LockGXact", "prepared by another user", DATABASE, STOP, NULL},
    {"42501", "pg_terminate_backend", "another user's session", DATABASE, STOP,
     "GRANT pg_signal_backend to this user, or use the one whose session it is"},
    {"42501", NULL, "permission denied", DATABASE, STOP, "GRANT the right to this user"},
    {"42622", NULL, "a name too long", DATABASE, ROW, NULL}, /* As a value of type name. */
    {"42P01", NULL, "no such table", CHANGED, RESTART, NULL},
    {"42703", NULL, "no such column", CHANGED, RESTART, NULL},
    {"42704", "LockGXact", "no such prepared transaction", NOT_FOUND, RESOLVE, NULL},
    {"42704", NULL, "no such type", CHANGED, RESTART, NULL},
    {"42710", "MarkAsPreparing", "prepared before by that name", DATABASE, STOP,
     "end that one first"},
    {"42883", NULL, "no such operator or cast", CHANGED, RESTART, NULL},
    {"42804", NULL, "types that do not go together", CHANGED, RESTART, NULL},
    {"42846", NULL, "no cast", CHANGED, RESTART, NULL},
    {"42809", NULL, "another kind of relation", CHANGED, RESTART, NULL},
    {"428C9", NULL, "the column is generated now", CHANGED, RESTART, NULL},
    /* The second is COPY's code for a generated column. */
    {"42P10", NULL, "the key has no unique index any more, or a column is generated now", CHANGED,
     RESTART, NULL},
    {"44", NULL, "a view's check option", DATABASE, ROW, NULL},
    {"53100", NULL, "disk full", DATABASE, RETRY, "free space on the server's disk"},
    {"53200", "MarkAsPreparing", "as many are prepared as may be", DATABASE, RETRY,
     "end those that wait, or raise max_prepared_transactions and restart the server"},
    {"53200", NULL, "out of memory", DATABASE, RETRY, "the server is out of memory"},
    {"53300", NULL, "too many connections", IO, RETRY, "raise max_connections, or lower pool.max"},
    {"53400", NULL, "a configured limit", DATABASE, STOP, NULL},
    {"53", NULL, "another shortage", DATABASE, RETRY, NULL},
    {"54001", NULL, "the stack is too deep", DATABASE, STOP, "raise max_stack_depth"},
    {"54000", NULL, "a row too long for its page, a value for an index", DATABASE, ROW, NULL},
    {"55000", "MarkAsPreparing", "max_prepared_transactions is 0", DATABASE, STOP,
     "set max_prepared_transactions to at least twice the flushers of all programs, and restart "
     "the "
     "server"},
    {"55000", "LockGXact", "another session is just ending it", DATABASE, RETRY, NULL},
    {"55P03", NULL, "lock timeout", DATABASE, RETRY, NULL},
    {"55006", NULL, "the object is in use", DATABASE, RETRY, NULL},
    {"57014", NULL, "cancelled, or statement timeout", DATABASE, RETRY,
     "see statement_timeout where this comes again"},
    {"57P04", NULL, "the database was dropped", NOT_FOUND, STOP, "the database was dropped"},
    {"57", NULL, "shutting down, starting up, crashed", IO, RETRY, NULL},
    {"58030", NULL, "the server's disk failed", DATABASE, RETRY,
     "see the server's log: its disk failed"},
    {"72", NULL, "snapshot too old", DATABASE, RETRY, NULL},
    {"HV", NULL, "the server behind a foreign table", DATABASE, RETRY, NULL},
    {"P0", NULL, "RAISE in a trigger", DATABASE, ROW, NULL},
    {"", NULL, "any other", DATABASE, STOP, NULL},
};

const size_t drv_pg_rule_count = sizeof drv_pg_rules / sizeof drv_pg_rules[0];

static bool fits(const drv_pg_rule *candidate, const char *sqlstate, const char *source_function)
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
    const drv_pg_rule *found = drv_pg_rules;
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
