/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/plan.h"

#include <stdlib.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "common/text.h"

/* The least recently used goes first: a connection may serve hundreds of tables. */
#define PLANS_MAX 128

static void plan_free(lite_plan *plan)
{
    if (plan == NULL)
        return;
    sqlite3_finalize(plan->insert);
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

/*
 * INSERT OR FAIL leaves the rows before a bad one to the rollback that has to follow anyway, which
 * spares SQLite a copy of every page it changes (a third of the time where keys come in random
 * order). It would override the conflict clauses of the table and its triggers: see `conflicts`.
 */
static int prepare_insert(outfall_connection *connection, const lite_target *target,
                          sqlite3_stmt **out, outfall_error *error)
{
    char rows[LITE_ROWS_NAME_MAX];
    drv_text sql = {0};
    drv_text_add(&sql, target->conflicts ? "INSERT INTO main." : "INSERT OR FAIL INTO main.");
    drv_identifier_quote(&sql, target->table, '"');
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        drv_text_add(&sql, i == 0 ? " (" : ", ");
        drv_identifier_quote(&sql, target->base.columns[i].name, '"');
    }
    drv_text_add(&sql, ") SELECT * FROM ");
    lite_rows_name(target->base.column_count, rows);
    drv_identifier_quote(&sql, rows, '"');
    int status = sql.failed ? drv_fail_nomem(error)
                            : lite_prepare(connection, sql.data, "prepare the insert", out, error);
    drv_text_free(&sql);
    return status;
}

static int register_rows(outfall_connection *connection, uint32_t columns, outfall_error *error)
{
    uint64_t *word = &connection->row_tables[columns / 64];
    uint64_t bit = UINT64_C(1) << (columns % 64);
    if ((*word & bit) != 0)
        return OUTFALL_OK;
    int code = lite_rows_register(connection->db, &connection->rows, columns);
    if (code != SQLITE_OK)
        return lite_fail(connection, code, "prepare the insert", NULL, error);
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
                      outfall_error *error)
{
    if (plan->insert != NULL)
        return OUTFALL_OK;
    int status = register_rows(connection, plan->columns, error);
    if (status == OUTFALL_OK)
        status = prepare_insert(connection, target, &plan->insert, error);
    return status;
}
