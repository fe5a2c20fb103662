/* SPDX-License-Identifier: Apache-2.0 */
/* What an error of a database behind ODBC means for a load. Pure. */
#ifndef DRV_ODBC_ACTION_H
#define DRV_ODBC_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

typedef struct drv_odbc_action {
    int status;         /* enum outfall_status */
    int action;         /* enum outfall_action */
    const char *advice; /* What to do, for the message; NULL where the database's text says it. */
} drv_odbc_action;

/*
 * Classifies one error.
 *
 * dialect   The dialect's name: its own error numbers count first.
 * sqlstate  Five characters; NULL or empty where the connection broke without one.
 * native    The database's number; 0 where there is none.
 * message   Its text: for errors of connecting that some drivers give no code. May be NULL.
 */
drv_odbc_action drv_odbc_action_of(const char *dialect, const char *sqlstate, int32_t native,
                                   const char *message);

/* True where the dialect's own table has that number: it is then no mere note. */
bool drv_odbc_action_known(const char *dialect, int32_t native);

/*
 * The column of `columns` that a message names: `column "n"`, "Column 'n'", `"S"."T"."N"`,
 * "constraint failed: t.n". NULL where it names none of them.
 */
const char *drv_odbc_action_column(const char *message, const outfall_column *columns,
                                   uint32_t count);

#endif
