/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what becomes of a row depends on other rows of the same batch. */
#ifndef DRV_MY_DEPENDENCE_H
#define DRV_MY_DEPENDENCE_H

#include "mysql/catalog.h"
#include "mysql/target.h"

/*
 * Sets `dependent` of a target with a key, and takes OUTFALL_TARGET_BYTEWISE from one whose rows
 * depend on each other: by triggers, or by foreign keys that lead back to the table. An account
 * without the right TRIGGER sees no triggers; there may be some then.
 */
int drv_my_dependence_learn(outfall_connection *connection, const drv_my_catalog *catalog,
                            drv_my_target *target, int64_t deadline_us, outfall_error *error);

#endif
