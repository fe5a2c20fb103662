/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table's unique indexes, and whether they are still those described: ON DUPLICATE KEY takes a
 * conflict with one that was added since for one with the key, and nothing would tell.
 */
#ifndef DRV_MY_UNIQUES_H
#define DRV_MY_UNIQUES_H

#include <stdbool.h>
#include <stdint.h>

#include "mysql/session.h"
#include "mysql/target.h"

/*
 * Sets a target's question and its answer, where one is needed. The check of the columns sees each
 * unique index by a flag on its first column, unless that has the flag already: so it is needed
 * where the table has an index besides the primary key, and on MySQL, whose indexes may be on
 * expressions. After the target's shapes are known.
 */
int drv_my_uniques_learn(outfall_connection *connection, drv_my_target *target, int64_t deadline_us,
                         outfall_error *error);

/* The lines of SHOW CREATE TABLE that define unique indexes, each with its end. Pure. */
void drv_my_uniques_add(drv_text *to, const char *create);

/* Whether these are just those lines. Pure. */
bool drv_my_uniques_are(const char *create, const char *uniques);

#endif
