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
    uint8_t scattered;                     /* The last rows were written to about a page each. */
    sqlite3_stmt *statements[LITE_WRITES]; /* NULL until it is first needed. */
    lite_reader *readers;
    lite_slot *slots;
};

/* The plan for a target, made where there is none; the connection's own. */
int lite_plan_for(outfall_connection *connection, const lite_target *target, lite_plan **out,
                  outfall_error *error);

/* Prepares a statement where it is not yet; once the target is known to be as described. */
int lite_plan_prepare(outfall_connection *connection, const lite_target *target, lite_plan *plan,
                      enum lite_write which, outfall_error *error);

void lite_plans_free(outfall_connection *connection);

#endif
