/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/plan.h"

#include <stdlib.h>

#include "common/fail.h"
#include "odbc/fault.h"
#include "odbc/query.h"

/* The least recently used goes first: a session may serve hundreds of tables. */
#define PLANS_MAX 32

static void writer_free(drv_odbc_writer *writer)
{
    for (size_t i = 0; i < DRV_ODBC_STATEMENTS_MAX; i++)
        drv_odbc_statement_free(writer->statements[i].handle);
    drv_odbc_frame_free(&writer->frame);
    free(writer->widths);
    free(writer->places);
}

static void plan_free(drv_odbc_plan *plan)
{
    if (plan == NULL)
        return;
    drv_odbc_statement_free(plan->probe);
    writer_free(&plan->write);
    writer_free(&plan->erase);
    free(plan);
}

void drv_odbc_plans_free(outfall_connection *connection)
{
    while (connection->plans != NULL) {
        drv_odbc_plan *plan = connection->plans;
        connection->plans = plan->next;
        plan_free(plan);
    }
    connection->plan_count = 0;
}

static int writer_make(drv_odbc_writer *writer, const drv_odbc_target *target,
                       enum drv_odbc_kind kind, outfall_error *error)
{
    uint32_t columns = target->base.column_count;
    writer->kind = kind;
    writer->widths = calloc((size_t)columns + 1, sizeof *writer->widths);
    writer->places = calloc((size_t)columns + 1, sizeof *writer->places);
    if (writer->widths == NULL || writer->places == NULL ||
        !drv_odbc_frame_new(&writer->frame, target, kind == DRV_ODBC_ERASE))
        return drv_fail_nomem(error);
    for (uint32_t i = 0; i < columns; i++)
        writer->places[i] = -1;
    for (uint32_t i = 0; i < writer->frame.count; i++) {
        uint32_t column = writer->frame.arrays[i].column;
        writer->places[column] = (int32_t)i;
        writer->binary = writer->binary || target->sources[column].parameter.c_type == SQL_C_BINARY;
    }
    return OUTFALL_OK;
}

static void drop_last(outfall_connection *connection)
{
    drv_odbc_plan **link = &connection->plans;
    while (*link != NULL && (*link)->next != NULL)
        link = &(*link)->next;
    plan_free(*link);
    *link = NULL;
    connection->plan_count--;
}

int drv_odbc_plan_for(outfall_connection *connection, const drv_odbc_target *target,
                      drv_odbc_plan **out, outfall_error *error)
{
    drv_odbc_plan **link = &connection->plans;
    while (*link != NULL && (*link)->serial != target->serial)
        link = &(*link)->next;
    drv_odbc_plan *plan = *link;
    if (plan != NULL) {
        *link = plan->next;
    } else {
        plan = calloc(1, sizeof *plan);
        if (plan == NULL)
            return drv_fail_nomem(error);
        plan->serial = target->serial;
        plan->probe = SQL_NULL_HSTMT;
        int status = writer_make(&plan->write, target, target->kind, error);
        if (status != OUTFALL_OK) {
            plan_free(plan);
            return status;
        }
        if (connection->plan_count == PLANS_MAX)
            drop_last(connection);
        connection->plan_count++;
    }
    plan->next = connection->plans;
    connection->plans = plan;
    *out = plan;
    return OUTFALL_OK;
}

int drv_odbc_plan_writer(drv_odbc_plan *plan, const drv_odbc_target *target, bool deletion,
                         drv_odbc_writer **out, outfall_error *error)
{
    *out = deletion ? &plan->erase : &plan->write;
    if ((*out)->frame.arrays != NULL)
        return OUTFALL_OK;
    int status = writer_make(*out, target, DRV_ODBC_ERASE, error);
    if (status != OUTFALL_OK) {
        writer_free(*out);
        *out = NULL;
        plan->erase = (drv_odbc_writer){0};
    }
    return status;
}

/* ---- Statements ------------------------------------------------------------------- */

static int prepare(outfall_connection *connection, const drv_odbc_writer *writer,
                   const drv_odbc_target *target, uint32_t rows, SQLHSTMT *out,
                   outfall_error *error)
{
    drv_text sql = {0};
    int status = drv_odbc_statement_new(connection, out, error);
    drv_odbc_sql_write(&sql, &target->shape, writer->kind, rows == DRV_ODBC_ARRAY ? 1 : rows);
    if (status == OUTFALL_OK)
        status = sql.failed ? drv_fail_nomem(error)
                            : drv_odbc_api_prepare(connection, *out, sql.data, error);
    drv_text_free(&sql);
    if (status != OUTFALL_OK) {
        drv_odbc_statement_free(*out);
        *out = SQL_NULL_HSTMT;
    }
    return status;
}

static int bind(outfall_connection *connection, const drv_odbc_writer *writer,
                const drv_odbc_target *target, drv_odbc_statement *statement, outfall_error *error)
{
    bool stale = connection->method->stale_bytes && writer->binary;
    if (statement->generation == writer->frame.generation && !stale)
        return OUTFALL_OK;
    uint32_t rows = statement->rows == DRV_ODBC_ARRAY ? 1 : statement->rows;
    if (!SQL_SUCCEEDED(drv_odbc_frame_bind(&writer->frame, target, statement->handle, rows)))
        return drv_odbc_fail(connection, SQL_HANDLE_STMT, statement->handle, error);
    statement->generation = writer->frame.generation;
    return OUTFALL_OK;
}

int drv_odbc_plan_statement(outfall_connection *connection, drv_odbc_writer *writer,
                            const drv_odbc_target *target, uint32_t rows, SQLHSTMT *out,
                            outfall_error *error)
{
    drv_odbc_statement *found = NULL;
    drv_odbc_statement *oldest = writer->statements;
    int status = OUTFALL_OK;
    for (size_t i = 0; i < DRV_ODBC_STATEMENTS_MAX; i++) {
        drv_odbc_statement *slot = &writer->statements[i];
        if (slot->rows == rows)
            found = slot;
        else if (slot->used < oldest->used)
            oldest = slot;
    }
    if (found == NULL) {
        found = oldest;
        drv_odbc_statement_free(found->handle);
        *found = (drv_odbc_statement){.handle = SQL_NULL_HSTMT};
        status = prepare(connection, writer, target, rows, &found->handle, error);
        found->rows = status == OUTFALL_OK ? rows : 0;
    }
    if (status == OUTFALL_OK)
        status = bind(connection, writer, target, found, error);
    found->used = ++writer->clock;
    *out = found->handle;
    return status;
}

void drv_odbc_plan_drop(drv_odbc_writer *writer, SQLHSTMT statement)
{
    for (size_t i = 0; i < DRV_ODBC_STATEMENTS_MAX; i++) {
        drv_odbc_statement *slot = &writer->statements[i];
        if (slot->rows == 0 || slot->handle != statement)
            continue;
        drv_odbc_statement_free(slot->handle);
        *slot = (drv_odbc_statement){.handle = SQL_NULL_HSTMT};
    }
}
