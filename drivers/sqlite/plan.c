/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/plan.h"

#include <stdlib.h>

#include "common/fail.h"

/* The least recently used goes first: a connection may serve hundreds of tables. */
#define PLANS_MAX 128

static void plan_free(lite_plan *plan)
{
    if (plan == NULL)
        return;
    for (int i = 0; i < LITE_WRITES; i++)
        sqlite3_finalize(plan->statements[i]);
    free(plan->readers);
    free(plan->slots);
    free(plan);
}

void lite_plans_free(outfall_connection *connection)
{
    while (connection->plans != NULL) {
        lite_plan *plan = connection->plans;
        connection->plans = plan->next;
        plan_free(plan);
    }
    connection->plan_count = 0;
}

static int register_rows(outfall_connection *connection, uint32_t columns, outfall_error *error)
{
    uint64_t *word = &connection->row_tables[columns / 64];
    uint64_t bit = UINT64_C(1) << (columns % 64);
    if ((*word & bit) != 0)
        return OUTFALL_OK;
    int code = lite_rows_register(connection->db, &connection->rows, columns);
    if (code != SQLITE_OK)
        return lite_fail(connection, code, "prepare the write", NULL, error);
    *word |= bit;
    return OUTFALL_OK;
}

/* NULL where memory could not be had. */
static lite_plan *plan_new(const lite_target *target)
{
    uint32_t columns = target->base.column_count;
    lite_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL)
        return NULL;
    plan->target_id = target->id;
    plan->schema_version = target->schema_version;
    plan->columns = columns;
    plan->readers = calloc(columns, sizeof *plan->readers);
    plan->slots = calloc(columns, sizeof *plan->slots);
    if (plan->readers == NULL || plan->slots == NULL) {
        plan_free(plan);
        return NULL;
    }
    for (uint32_t i = 0; i < columns; i++)
        lite_reader_init(&plan->readers[i], &plan->slots[i], target->columns[i].type,
                         target->numeric[i]);
    return plan;
}

static void drop_last(outfall_connection *connection)
{
    lite_plan **link = &connection->plans;
    while (*link != NULL && (*link)->next != NULL)
        link = &(*link)->next;
    plan_free(*link);
    *link = NULL;
    connection->plan_count--;
}

int lite_plan_for(outfall_connection *connection, const lite_target *target, lite_plan **out,
                  outfall_error *error)
{
    lite_plan **link = &connection->plans;
    while (*link != NULL && (*link)->target_id != target->id)
        link = &(*link)->next;
    lite_plan *plan = *link;
    if (plan != NULL) {
        *link = plan->next;
    } else {
        plan = plan_new(target);
        if (plan == NULL)
            return drv_fail_nomem(error);
        if (connection->plan_count == PLANS_MAX)
            drop_last(connection);
        connection->plan_count++;
    }
    plan->next = connection->plans;
    connection->plans = plan;
    *out = plan;
    return OUTFALL_OK;
}

int lite_plan_prepare(outfall_connection *connection, const lite_target *target, lite_plan *plan,
                      enum lite_write which, outfall_error *error)
{
    sqlite3_stmt **statement = &plan->statements[which];
    int status = OUTFALL_OK;
    if (*statement != NULL)
        return OUTFALL_OK;
    if (which == LITE_WRITE_ALL)
        status = register_rows(connection, plan->columns, error);
    if (status == OUTFALL_OK)
        status =
            lite_prepare(connection, target->sql[which], "prepare the write", statement, error);
    return status;
}
