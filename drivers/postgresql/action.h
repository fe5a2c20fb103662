/* SPDX-License-Identifier: Apache-2.0 */
/* What a server's error asks for: a table from SQLSTATE to status and action. Pure. */
#ifndef DRV_PG_ACTION_H
#define DRV_PG_ACTION_H

#include <stdbool.h>
#include <stddef.h>

typedef struct drv_pg_action {
    int status;         /* enum outfall_status */
    int action;         /* enum outfall_action */
    const char *advice; /* What to do, for the message; NULL where the server's text says it. */
} drv_pg_action;

/* One line of the table. */
typedef struct drv_pg_rule {
    const char *prefix;          /* A SQLSTATE, or the beginning of one. */
    const char *source_function; /* NULL: any. */
    const char *meaning;
    int status;
    int action;
    const char *advice;
} drv_pg_rule;

/*
 * The first rule that fits is taken: exact codes stand before their classes. The last has an empty
 * prefix and fits all. docs/drivers/postgresql.md has the same table.
 */
extern const drv_pg_rule drv_pg_rules[];
extern const size_t drv_pg_rule_count;

/*
 * Classifies one error.
 *
 * sqlstate         Five characters; NULL or empty where the connection broke without one.
 * source_function  The server's function that raised it (PG_DIAG_SOURCE_FUNCTION), or NULL: the
 *                  only mark, whatever the server's language, between errors of one SQLSTATE.
 * fatal            Severity FATAL or PANIC: the session is over, so no row is at fault.
 */
drv_pg_action drv_pg_action_of(const char *sqlstate, const char *source_function, bool fatal);

/* Severity FATAL or PANIC, not localised (PG_DIAG_SEVERITY_NONLOCALIZED); NULL is not. */
bool drv_pg_severity_is_fatal(const char *severity);

#endif
