/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection keeps for a target: its statements, prepared, and how its fields are read. */
#ifndef LITE_PLAN_H
#define LITE_PLAN_H

#include "sqlite/connection.h"
#include "sqlite/target.h"

struct lite_plan {
    lite_plan *next;
    uint64_t target_id;
    int64_t schema_version; /* At which the target's columns were last found unchanged. */
    uint32_t columns;
    sqlite3_stmt *write; /* Both NULL until they are first needed. */
    sqlite3_stmt *remove;
    lite_reader *readers;
    lite_slot *slots;
};

/* The plan for a target, made where there is none; the connection's own. */
int lite_plan_for(outfall_connection *connection, const lite_target *target, lite_plan **out,
                  outfall_error *error);

/*
 * Prepares the statement that writes, or with `deletion` the one that removes, where it is not yet;
 * once the target is known to be as described.
 */
int lite_plan_prepare(outfall_connection *connection, const lite_target *target, lite_plan *plan,
                      int deletion, outfall_error *error);

void lite_plans_free(outfall_connection *connection);

#endif
