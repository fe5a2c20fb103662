/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/statement.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "mysql/query.h"
#include "mysql/uniques.h"

/* ---- Slots ------------------------------------------------------------------------------ */

static void close_all(outfall_connection *connection, drv_my_statement *slot)
{
    drv_my_close(connection, slot->check);
    for (int purpose = 0; purpose < DRV_MY_PURPOSES; purpose++) {
        drv_my_close(connection, slot->bulk[purpose]);
        for (int size = 0; size < DRV_MY_ROWS_SIZES; size++)
            drv_my_close(connection, slot->rows[purpose][size]);
    }
    *slot = (drv_my_statement){0};
}

drv_my_statement *drv_my_statement_slot(outfall_connection *connection, const drv_my_target *target)
{
    drv_my_statement *oldest = &connection->statements[0];
    drv_my_statement *found = NULL;
    for (size_t i = 0; found == NULL && i < DRV_MY_STATEMENTS_MAX; i++) {
        drv_my_statement *slot = &connection->statements[i];
        if (slot->serial == target->serial)
            found = slot;
        else if (slot->used < oldest->used)
            oldest = slot;
    }
    if (found == NULL) {
        close_all(connection, oldest);
        found = oldest;
        found->serial = target->serial;
    }
    found->used = ++connection->statement_clock;
    return found;
}

void drv_my_statements_free(outfall_connection *connection)
{
    for (size_t i = 0; i < DRV_MY_STATEMENTS_MAX; i++)
        close_all(connection, &connection->statements[i]);
}

/* ---- Shapes ----------------------------------------------------------------------------- */

static drv_my_shape shape_of(const MYSQL_FIELD *field)
{
    return (drv_my_shape){field->type, field->length, field->flags, field->decimals,
                          field->charsetnr};
}

static bool is_same(const drv_my_shape *left, const drv_my_shape *right)
{
    return left->type == right->type && left->length == right->length &&
           left->flags == right->flags && left->decimals == right->decimals &&
           left->charset == right->charset;
}

static int fail_changed(const drv_my_target *target, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART,
                             "%.200s is no longer the table that was described: a column or an "
                             "index of it changed, or it was made again",
                             target->display);
}

int drv_my_statement_learn_shapes(outfall_connection *connection, drv_my_target *target,
                                  int64_t deadline_us, outfall_error *error)
{
    MYSQL_STMT *statement = NULL;
    int status = drv_my_prepare(connection, target->check, deadline_us, &statement, error);
    if (status == OUTFALL_OK)
        status = drv_my_execute(connection, statement, deadline_us, error);
    MYSQL_RES *metadata = status == OUTFALL_OK ? mysql_stmt_result_metadata(statement) : NULL;
    if (status == OUTFALL_OK && metadata == NULL)
        status = drv_fail_nomem(error);
    if (status == OUTFALL_OK) {
        target->shape_count = mysql_num_fields(metadata);
        target->shapes = calloc(target->shape_count, sizeof *target->shapes);
        if (target->shapes == NULL)
            status = drv_fail_nomem(error);
    }
    for (uint32_t i = 0; status == OUTFALL_OK && i < target->shape_count; i++)
        target->shapes[i] = shape_of(mysql_fetch_field_direct(metadata, i));
    mysql_free_result(metadata);
    drv_my_close(connection, statement);
    return status;
}

static int compare(const drv_my_target *target, MYSQL_STMT *statement, outfall_error *error)
{
    int status = OUTFALL_OK;
    MYSQL_RES *metadata = mysql_stmt_result_metadata(statement);
    if (metadata == NULL)
        return drv_fail_nomem(error);
    if (mysql_num_fields(metadata) != target->shape_count)
        status = fail_changed(target, error);
    for (uint32_t i = 0; status == OUTFALL_OK && i < target->shape_count; i++) {
        drv_my_shape shape = shape_of(mysql_fetch_field_direct(metadata, i));
        if (!is_same(&shape, &target->shapes[i]))
            status = fail_changed(target, error);
    }
    mysql_free_result(metadata);
    return status;
}

static bool is_checked(const outfall_connection *connection, const drv_my_target *target)
{
    return connection->checked == target->serial || target->shapes == NULL;
}

int drv_my_statement_check(outfall_connection *connection, const drv_my_target *target,
                           drv_my_statement *statement, int64_t deadline_us, outfall_error *error)
{
    int status = OUTFALL_OK;
    if (is_checked(connection, target))
        return OUTFALL_OK;
    if (statement->check == NULL)
        status = drv_my_prepare(connection, target->check, deadline_us, &statement->check, error);
    if (status == OUTFALL_OK)
        status = drv_my_execute(connection, statement->check, deadline_us, error);
    if (status == OUTFALL_OK)
        status = compare(target, statement->check, error);
    if (status == OUTFALL_OK)
        connection->checked = target->serial;
    return status;
}

int drv_my_statement_execute(outfall_connection *connection, const drv_my_target *target,
                             drv_my_statement *slot, MYSQL_STMT *statement, int64_t deadline_us,
                             outfall_error *error)
{
    outfall_error detail;
    int executed = OUTFALL_OK;
    if (is_checked(connection, target))
        return drv_my_execute(connection, statement, deadline_us, error);
    int status = drv_my_execute_both(connection, slot->check, statement, deadline_us, &executed,
                                     &detail, error);
    if (status == OUTFALL_OK)
        status = compare(target, slot->check, error);
    if (status != OUTFALL_OK)
        return status;
    connection->checked = target->serial;
    if (executed != OUTFALL_OK && error != NULL)
        *error = detail;
    return executed;
}

int drv_my_statement_ask(outfall_connection *connection, const drv_my_target *target,
                         int64_t deadline_us, outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    if (connection->asked == target->serial || target->question == NULL)
        return OUTFALL_OK;
    int status = drv_my_query(connection, target->question, deadline_us, &answer, error);
    if (status != OUTFALL_OK)
        return status;
    MYSQL_ROW row = mysql_fetch_row(answer);
    bool same = row != NULL && row[0] != NULL && row[0][0] == '1';
    if (target->uniques != NULL)
        same = row != NULL && mysql_num_fields(answer) > 1 && row[1] != NULL &&
               drv_my_uniques_are(row[1], target->uniques);
    if (!same)
        status = fail_changed(target, error);
    else
        connection->asked = target->serial;
    mysql_free_result(answer);
    return status;
}
