/* SPDX-License-Identifier: Apache-2.0 */
/* What an error asks for: a table from error number to status and action. Pure. */
#ifndef DRV_MY_ACTION_H
#define DRV_MY_ACTION_H

#include <stdbool.h>

typedef struct drv_my_action {
    int status;         /* enum outfall_status */
    int action;         /* enum outfall_action */
    const char *advice; /* What to do, for the message; NULL where the server's text says it. */
} drv_my_action;

/*
 * Classifies one error of the server or of the client library. A number that the table does not
 * have is classified by its SQLSTATE (five characters, may be NULL).
 */
drv_my_action drv_my_action_of(unsigned code, const char *sqlstate);

/* The whole transaction is gone with it, savepoints too. */
bool drv_my_action_ends_transaction(unsigned code);

/* As the answer to COMMIT it proves nothing: the session was ended, perhaps after the fact. */
bool drv_my_action_is_unknown_commit(unsigned code);

#endif
