/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "postgresql/catalog.h"
#include "postgresql/connection.h"
#include "postgresql/fault.h"
#include "postgresql/key.h"
#include "postgresql/sql.h"
#include "postgresql/target.h"
#include "postgresql/type.h"

#define CHAR_OID 18 /* "char", one byte: its text input drops the rest without a word. */

/* A description under way. */
typedef struct description {
    outfall_connection *connection;
    const outfall_describe_options *options;
    PGresult *answer; /* Of drv_pg_catalog_ask. */
    int *rows;        /* The answer's rows of the columns taken, in the target's order. */
    size_t count;
} description;

OUTFALL_PRINTF(3, 4)
static int refuse(outfall_error *error, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outfall_error_vset(error, status, OUTFALL_ACTION_STOP, format, arguments);
    va_end(arguments);
    return status;
}

/* Adds the column to an error. */
static int of_column(outfall_error *error, const char *column)
{
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    return error != NULL ? error->status : OUTFALL_ERR_INVALID;
}

/* ---- The relation ----------------------------------------------------------------------- */

static const char *kind_name(char kind)
{
    switch (kind) {
    case 'v':
        return "a view that cannot be inserted into";
    case 'm':
        return "a materialized view";
    case 'S':
        return "a sequence";
    case 'c':
        return "a composite type";
    case 'f':
        return "a foreign table that cannot be inserted into";
    default:
        return "an index";
    }
}

static int check_relation(const description *it, outfall_error *error)
{
    const char *subject = it->connection->subject;
    if (!drv_pg_catalog_true(it->answer, 0, DRV_PG_TAKES_ROWS))
        return refuse(error, OUTFALL_ERR_UNSUPPORTED, "%s is %s; name a table", subject,
                      kind_name(drv_pg_catalog_text(it->answer, 0, DRV_PG_KIND)[0]));
    if (PQgetisnull(it->answer, 0, DRV_PG_COLUMN))
        return refuse(error, OUTFALL_ERR_UNSUPPORTED, "%s has no columns", subject);
    return OUTFALL_OK;
}

/* ---- The columns ------------------------------------------------------------------------ */

static const char *column_name(const void *answer, size_t index)
{
    return drv_pg_catalog_text(answer, (int)index, DRV_PG_COLUMN);
}

static int find_column(const description *it, const char *name)
{
    for (int row = 0; row < PQntuples(it->answer); row++)
        if (strcmp(column_name(it->answer, (size_t)row), name) == 0)
            return row;
    return -1;
}

static bool is_generated(const description *it, int row)
{
    return drv_pg_catalog_text(it->answer, row, DRV_PG_GENERATED)[0] != '\0';
}

static bool is_locked_identity(const description *it, int row)
{
    return drv_pg_catalog_text(it->answer, row, DRV_PG_IDENTITY)[0] == 'a' &&
           !it->options->identity_override;
}

/* Columns that no one named: those that the database fills itself are left to it. */
static int take_writable(description *it, outfall_error *error)
{
    bool any_right = false;
    for (int row = 0; row < PQntuples(it->answer); row++) {
        if (is_generated(it, row) || is_locked_identity(it, row) ||
            !drv_pg_catalog_true(it->answer, row, DRV_PG_COLUMN_WRITABLE))
            continue;
        /* A right to some columns only is the owner's word on which are ours to write. */
        any_right = any_right || drv_pg_catalog_true(it->answer, row, DRV_PG_COLUMN_MAY_INSERT);
        if (drv_pg_catalog_true(it->answer, row, DRV_PG_COLUMN_MAY_INSERT))
            it->rows[it->count++] = row;
    }
    if (it->count > 0)
        return OUTFALL_OK;
    if (!any_right && !drv_pg_catalog_true(it->answer, 0, DRV_PG_MAY_INSERT))
        return refuse(error, OUTFALL_ERR_DATABASE,
                      "no right to insert into %s; as its owner run GRANT INSERT ON %s TO \"%s\"",
                      it->connection->subject, it->connection->subject, PQuser(it->connection->pg));
    return refuse(error, OUTFALL_ERR_UNSUPPORTED,
                  "the database fills every column of %s itself; none is left to write",
                  it->connection->subject);
}

static int check_named(const description *it, int row, outfall_error *error)
{
    const char *name = column_name(it->answer, (size_t)row);
    const char *subject = it->connection->subject;
    if (is_generated(it, row))
        refuse(error, OUTFALL_ERR_UNSUPPORTED,
               "column \"%s\" of %s is generated: the database computes it; leave it out", name,
               subject);
    else if (is_locked_identity(it, row))
        refuse(error, OUTFALL_ERR_UNSUPPORTED,
               "column \"%s\" of %s is GENERATED ALWAYS AS IDENTITY; leave it out, or set "
               "identity=override to write it",
               name, subject);
    else if (!drv_pg_catalog_true(it->answer, row, DRV_PG_COLUMN_WRITABLE))
        refuse(error, OUTFALL_ERR_UNSUPPORTED,
               "column \"%s\" of the view %s cannot be written; leave it out", name, subject);
    else if (!drv_pg_catalog_true(it->answer, row, DRV_PG_COLUMN_MAY_INSERT))
        refuse(error, OUTFALL_ERR_DATABASE,
               "no right to insert column \"%s\" of %s; as its owner run GRANT INSERT (\"%s\") "
               "ON %s TO \"%s\"",
               name, subject, name, subject, PQuser(it->connection->pg));
    else
        return OUTFALL_OK;
    return of_column(error, name);
}

static int fail_no_column(const description *it, const char *name, outfall_error *error)
{
    const char *near =
        drv_identifier_nearest(name, (size_t)PQntuples(it->answer), column_name, it->answer);
    refuse(error, OUTFALL_ERR_NOT_FOUND,
           near != NULL ? "%s has no column \"%s\"; did you mean \"%s\"?"
                        : "%s has no column \"%s\"; add it, or leave it out%s",
           it->connection->subject, name, near != NULL ? near : "");
    return of_column(error, name);
}

static int take_named(description *it, outfall_error *error)
{
    for (size_t i = 0; i < it->options->column_count; i++) {
        const char *name = it->options->columns[i].name;
        int status = drv_identifier_check(name, "column", DRV_PG_NAME_BYTES_MAX, error);
        if (status != OUTFALL_OK)
            return status;
        int row = find_column(it, name);
        if (row < 0)
            return fail_no_column(it, name, error);
        for (size_t before = 0; before < it->count; before++) {
            if (it->rows[before] == row) {
                refuse(error, OUTFALL_ERR_INVALID, "column \"%s\" is named twice", name);
                return of_column(error, name);
            }
        }
        status = check_named(it, row, error);
        if (status != OUTFALL_OK)
            return status;
        it->rows[it->count++] = row;
    }
    if (it->count == 0)
        return refuse(error, OUTFALL_ERR_INVALID, "no columns of %s are named",
                      it->connection->subject);
    return OUTFALL_OK;
}

/* ---- The target ------------------------------------------------------------------------- */

static uint32_t flags_of(const description *it, int row)
{
    uint32_t flags = 0;
    const char *identity = drv_pg_catalog_text(it->answer, row, DRV_PG_IDENTITY);
    if (drv_pg_catalog_true(it->answer, row, DRV_PG_NOT_NULL))
        flags |= OUTFALL_COLUMN_NOT_NULL;
    if (drv_pg_catalog_true(it->answer, row, DRV_PG_DEFAULT))
        flags |= OUTFALL_COLUMN_DEFAULT;
    if (drv_pg_catalog_true(it->answer, row, DRV_PG_KEY))
        flags |= OUTFALL_COLUMN_KEY;
    if (identity[0] == 'a')
        flags |= OUTFALL_COLUMN_IDENTITY_ALWAYS;
    if (identity[0] == 'd')
        flags |= OUTFALL_COLUMN_IDENTITY_DEFAULT;
    return flags;
}

static int fill_column(const description *it, int row, drv_pg_target *target, size_t index,
                       outfall_error *error)
{
    outfall_column *column = &target->columns[index];
    drv_pg_column *source = &target->sources[index];
    source->number = (int)drv_pg_catalog_number(it->answer, row, DRV_PG_NUMBER);
    source->type = (uint32_t)drv_pg_catalog_number(it->answer, row, DRV_PG_TYPE);
    source->modifier = (int32_t)drv_pg_catalog_number(it->answer, row, DRV_PG_MODIFIER);
    source->base_type = (uint32_t)drv_pg_catalog_number(it->answer, row, DRV_PG_BASE_TYPE);
    source->base_name = strdup(drv_pg_catalog_text(it->answer, row, DRV_PG_BASE_NAME));
    column->name = strdup(column_name(it->answer, (size_t)row));
    column->type_name = strdup(drv_pg_catalog_text(it->answer, row, DRV_PG_TYPE_NAME));
    if (source->base_name == NULL || column->name == NULL || column->type_name == NULL)
        return drv_fail_nomem(error);
    if (source->base_type == CHAR_OID) {
        refuse(error, OUTFALL_ERR_UNSUPPORTED,
               "column \"%s\" of %s has the internal type \"char\", which would cut values; make "
               "it char(1) or text, or leave it out",
               column->name, target->display);
        return of_column(error, column->name);
    }
    int32_t modifier = (int32_t)drv_pg_catalog_number(it->answer, row, DRV_PG_BASE_MODIFIER);
    if (!it->options->lossy && drv_pg_type_rounds(source->base_type, modifier)) {
        refuse(error, OUTFALL_ERR_UNSUPPORTED,
               "column \"%s\" of %s is %s: the server would round or trim values in silence; make "
               "it a type without that limit, leave it out, or allow it by convert.lossy=round",
               column->name, target->display, column->type_name);
        return of_column(error, column->name);
    }
    const drv_pg_type *type = drv_pg_type_of(source->base_type);
    column->flags = flags_of(it, row);
    column->fraction_digits = -1;
    column->type = type != NULL ? type->type : OUTFALL_TYPE_OTHER;
    if (type != NULL) {
        column->flags |= type->flags;
        drv_pg_type_limits(type, modifier, column);
    } else {
        target->copy = false; /* Its cast needs a SELECT. */
    }
    return OUTFALL_OK;
}

/*
 * Whether COPY does for this relation what arrays do: it ignores rules, refuses row security and
 * most views, and the lock that makes it safe needs the right to the whole table.
 */
static bool can_copy(const description *it)
{
    const char *kind = drv_pg_catalog_text(it->answer, 0, DRV_PG_KIND);
    return (kind[0] == 'r' || kind[0] == 'p') &&
           !drv_pg_catalog_true(it->answer, 0, DRV_PG_ROW_SECURITY) &&
           !drv_pg_catalog_true(it->answer, 0, DRV_PG_RULES) &&
           drv_pg_catalog_true(it->answer, 0, DRV_PG_MAY_INSERT);
}

static int make_target(const description *it, int64_t deadline_us, outfall_target **out,
                       outfall_error *error)
{
    drv_text display = {0};
    bool overriding = false;
    int status = OUTFALL_OK;
    drv_pg_target *target = calloc(1, sizeof *target);
    if (target == NULL)
        return drv_fail_nomem(error);
    const char *relation = drv_pg_catalog_text(it->answer, 0, DRV_PG_RELATION);
    drv_pg_add_relation(&display, drv_pg_catalog_text(it->answer, 0, DRV_PG_SCHEMA), relation);
    target->display = drv_text_take(&display);
    target->name = strdup(relation);
    target->oid = (uint32_t)drv_pg_catalog_number(it->answer, 0, DRV_PG_OID);
    snprintf(target->identity, sizeof target->identity, "oid:%u", target->oid);
    target->base.identity = target->identity;
    target->kind = drv_pg_catalog_text(it->answer, 0, DRV_PG_KIND)[0];
    target->copy = it->options->mode == OUTFALL_MODE_INSERT && can_copy(it);
    target->base.column_count = (uint32_t)it->count;
    target->columns = calloc(it->count + 1, sizeof *target->columns); /* Never of size 0. */
    target->sources = calloc(it->count + 1, sizeof *target->sources);
    if (target->display == NULL || target->name == NULL || target->columns == NULL ||
        target->sources == NULL)
        status = drv_fail_nomem(error);
    for (size_t i = 0; status == OUTFALL_OK && i < it->count; i++) {
        status = fill_column(it, it->rows[i], target, i, error);
        overriding = overriding || target->columns[i].flags & OUTFALL_COLUMN_IDENTITY_ALWAYS;
    }
    if (status == OUTFALL_OK && it->options->mode != OUTFALL_MODE_INSERT)
        status = drv_pg_key_describe(it->connection, it->answer, it->options, target, deadline_us,
                                     error);
    if (status == OUTFALL_OK)
        status = drv_pg_target_finish(target, overriding, error);
    if (status == OUTFALL_OK) {
        *out = &target->base;
        target = NULL; /* The caller owns it now. */
    }
    drv_pg_target_free((outfall_target *)target);
    return status;
}

static int describe_found(description *it, int64_t deadline_us, outfall_target **out,
                          outfall_error *error)
{
    int status = check_relation(it, error);
    if (status != OUTFALL_OK)
        return status;
    size_t room = (size_t)PQntuples(it->answer);
    it->rows = calloc(room, sizeof *it->rows);
    if (it->rows == NULL)
        return drv_fail_nomem(error);
    status = it->options->columns == NULL ? take_writable(it, error) : take_named(it, error);
    if (status == OUTFALL_OK)
        status = make_target(it, deadline_us, out, error);
    free(it->rows);
    return status;
}

int drv_pg_describe(outfall_connection *connection, const outfall_table_name *name,
                    const outfall_describe_options *options, int64_t deadline_us,
                    outfall_target **out, outfall_error *error)
{
    description it = {.connection = connection, .options = options};
    drv_text subject = {0};
    *out = NULL;
    int status = drv_pg_check_table_name(name, error);
    if (status != OUTFALL_OK)
        return status;
    drv_pg_add_relation(&subject, name->schema, name->table);
    if (subject.failed)
        status = drv_fail_nomem(error);
    if (status == OUTFALL_OK)
        status = drv_pg_start(connection, "describing", subject.data, error);
    if (status == OUTFALL_OK)
        status = drv_pg_catalog_ask(connection, name, deadline_us, &it.answer, error);
    if (status == OUTFALL_OK)
        status = PQntuples(it.answer) > 0
                     ? describe_found(&it, deadline_us, out, error)
                     : drv_pg_catalog_fail_missing(connection, name, deadline_us, error);
    PQclear(it.answer);
    connection->subject = NULL;
    drv_text_free(&subject);
    return status;
}
