/* SPDX-License-Identifier: Apache-2.0 */
/* What an error asks for: a table from error number to status and action. Pure. */
#ifndef DRV_MY_ACTION_H
#define DRV_MY_ACTION_H

#include <stdbool.h>
#include <stddef.h>

typedef struct drv_my_action {
    int status;         /* enum outfall_status */
    int action;         /* enum outfall_action */
    const char *advice; /* What to do, for the message; NULL where the server's text says it. */
} drv_my_action;

/* One error, by its number. */
typedef struct drv_my_rule {
    unsigned code;
    const char *meaning; /* For the document. */
    int status;
    int action;
    const char *advice;
} drv_my_rule;

/* The others, by the beginning of their SQLSTATE: the first that fits. The last is empty. */
typedef struct drv_my_class_rule {
    const char *prefix;
    const char *meaning;
    int status;
    int action;
} drv_my_class_rule;

extern const drv_my_rule drv_my_rules[];
extern const size_t drv_my_rule_count;
extern const drv_my_class_rule drv_my_class_rules[];
extern const size_t drv_my_class_rule_count;

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
