/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/encoding.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "odbc/call.h"
#include "odbc/catalog.h"
#include "odbc/fault.h"
#include "odbc/key.h"
#include "odbc/probe.h"
#include "odbc/query.h"
#include "odbc/target.h"
#include "odbc/transaction.h"
#include "odbc/type.h"

/* A description under way. */
typedef struct description {
    const drv_odbc_dialect *dialect;
    const outfall_describe_options *options;
    drv_odbc_table table;
    uint32_t *fields; /* Of the columns taken, in the target's order. */
    size_t count;
    const char *subject;
} description;

OUTFALL_PRINTF(4, 5)
static int refuse(outfall_error *error, int status, const char *column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outfall_error_vset(error, status, OUTFALL_ACTION_STOP, format, arguments);
    va_end(arguments);
    if (error != NULL && column != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    return status;
}

/* ---- Which columns ---------------------------------------------------------------- */

static bool is_locked_identity(const description *it, const drv_odbc_field *field)
{
    return field->identity_always &&
           !(it->options->identity_override && it->dialect->statements.overriding != NULL);
}

static int take_writable(description *it, outfall_error *error)
{
    bool any_right = false;
    for (uint32_t i = 0; i < it->table.field_count; i++) {
        const drv_odbc_field *field = &it->table.fields[i];
        if (field->generated || is_locked_identity(it, field))
            continue;
        any_right = any_right || !field->locked;
        if (!field->locked)
            it->fields[it->count++] = i;
    }
    if (it->count > 0)
        return OUTFALL_OK;
    return refuse(error, any_right ? OUTFALL_ERR_UNSUPPORTED : OUTFALL_ERR_DATABASE, NULL,
                  "odbc: no column of %.200s can be written: the database fills them itself, or "
                  "this user may not insert",
                  it->subject);
}

static int check_named(const description *it, const drv_odbc_field *field, outfall_error *error)
{
    if (field->generated)
        return refuse(error, OUTFALL_ERR_UNSUPPORTED, field->name,
                      "odbc: column \"%.100s\" of %.150s is generated: the database computes it; "
                      "leave it out",
                      field->name, it->subject);
    if (is_locked_identity(it, field))
        return refuse(error, OUTFALL_ERR_UNSUPPORTED, field->name,
                      it->dialect->statements.overriding != NULL
                          ? "odbc: column \"%.100s\" of %.150s is an identity that the database "
                            "always generates; leave it out, or set identity=override to write it"
                          : "odbc: column \"%.100s\" of %.150s is an identity that the database "
                            "always generates; leave it out",
                      field->name, it->subject);
    if (field->locked)
        return refuse(error, OUTFALL_ERR_DATABASE, field->name,
                      "odbc: column \"%.100s\" of %.150s cannot be written by this user; leave it "
                      "out, or GRANT INSERT on it",
                      field->name, it->subject);
    return OUTFALL_OK;
}

static const char *field_name(const void *table, size_t index)
{
    return ((const drv_odbc_table *)table)->fields[index].name;
}

static int take_named(description *it, outfall_error *error)
{
    for (size_t i = 0; i < it->options->column_count; i++) {
        const char *name = it->options->columns[i].name;
        uint32_t field = drv_odbc_table_field(&it->table, it->dialect, name);
        if (field == DRV_ODBC_NO_FIELD) {
            const char *near =
                drv_identifier_nearest(name, it->table.field_count, field_name, &it->table);
            return refuse(error, OUTFALL_ERR_NOT_FOUND, name,
                          near != NULL
                              ? "odbc: %.150s has no column \"%.100s\"; did you mean \"%.100s\"?"
                              : "odbc: %.150s has no column \"%.100s\"; add it, or leave it out%s",
                          it->subject, name, near != NULL ? near : "");
        }
        for (size_t j = 0; j < it->count; j++)
            if (it->fields[j] == field)
                return refuse(error, OUTFALL_ERR_INVALID, name,
                              "odbc: column \"%.100s\" is named twice; name it once", name);
        int status = check_named(it, &it->table.fields[field], error);
        if (status != OUTFALL_OK)
            return status;
        it->fields[it->count++] = field;
    }
    return OUTFALL_OK;
}

/* ---- What they are ---------------------------------------------------------------- */

static uint32_t flags_of(const drv_odbc_field *field)
{
    uint32_t flags = 0;
    if (field->not_null)
        flags |= OUTFALL_COLUMN_NOT_NULL;
    if (field->default_value != NULL)
        flags |= OUTFALL_COLUMN_DEFAULT;
    if (field->primary)
        flags |= OUTFALL_COLUMN_KEY;
    if (field->identity_always)
        flags |= OUTFALL_COLUMN_IDENTITY_ALWAYS;
    if (field->identity_default)
        flags |= OUTFALL_COLUMN_IDENTITY_DEFAULT;
    return flags;
}

static const drv_odbc_type *type_of(const drv_odbc_dialect *dialect, const drv_odbc_field *field)
{
    const drv_odbc_type *type = drv_odbc_type_named(dialect, field->type_name, field->size);
    if (type == NULL && dialect == &drv_odbc_ansi)
        type = drv_odbc_type_numbered(field->sql_type);
    return type;
}

static void fill_source(const description *it, const drv_odbc_field *field, drv_odbc_target *target,
                        uint32_t index, enum drv_odbc_bind bind)
{
    const outfall_column *column = &target->columns[index];
    drv_odbc_source *source = &target->sources[index];
    bool empties = column->type == OUTFALL_TYPE_TEXT || column->type == OUTFALL_TYPE_JSON ||
                   column->type == OUTFALL_TYPE_BYTES || column->type == OUTFALL_TYPE_OTHER;
    source->bind = bind;
    source->wide = it->dialect->wide;
    source->parameter = drv_odbc_bind_parameter(bind, column, field->sql_type, it->dialect->wide);
    source->field_bytes = source->parameter.width > 0 ? outfall_type_fixed_bytes(column->type) : -1;
    source->empty_refused = it->dialect->empty_is_null && empties && !it->options->lossy;
}

/* The first `count` columns of a target are freed with it: each counts from its first member on. */
static int fill_column(const description *it, drv_odbc_target *target, uint32_t index,
                       outfall_error *error)
{
    const drv_odbc_field *field = &it->table.fields[it->fields[index]];
    const drv_odbc_type *type = type_of(it->dialect, field);
    outfall_column *column = &target->columns[index];
    enum drv_odbc_bind bind = DRV_ODBC_BIND_TEXT;
    target->base.column_count = index + 1;
    column->name = strdup(field->name);
    column->type_name = strdup(field->type_name);
    if (column->name == NULL || column->type_name == NULL)
        return drv_fail_nomem(error);
    if (!it->options->lossy && (field->rounds || (type != NULL && type->rounds)))
        return refuse(error, OUTFALL_ERR_UNSUPPORTED, field->name,
                      "odbc: column \"%.100s\" of %.150s is %.60s: the database would round, pad "
                      "or trim values in silence; make it a type that does not, leave it out, or "
                      "allow it by convert.lossy=round",
                      field->name, target->display,
                      field->type_name[0] != '\0' ? field->type_name : "of no type");
    column->flags = flags_of(field);
    column->fraction_digits = -1;
    column->type = OUTFALL_TYPE_OTHER;
    if (type != NULL) {
        bind = drv_odbc_type_read(type, field->size, field->digits, column);
    } else if (field->cast != NULL) {
        target->casts[index] = strdup(field->cast);
        if (target->casts[index] == NULL)
            return drv_fail_nomem(error);
    }
    fill_source(it, field, target, index, bind);
    return OUTFALL_OK;
}

static int make_target(const description *it, drv_odbc_target **out, outfall_error *error)
{
    drv_text display = {0}, probe = {0};
    int status = OUTFALL_OK;
    drv_odbc_target *target = drv_odbc_target_new(it->dialect, it->count);
    *out = NULL;
    if (target == NULL)
        return drv_fail_nomem(error);
    drv_odbc_sql_table(&display, it->dialect, it->table.schema, it->table.name);
    target->display = display.data;
    target->base.display_name = display.data;
    target->shape.table = display.data;
    target->name = strdup(it->table.name);
    target->schema = it->table.schema != NULL ? strdup(it->table.schema) : NULL;
    target->state = it->table.state;
    memcpy(target->identity, it->table.identity, sizeof target->identity);
    if (target->identity[0] != '\0')
        target->base.identity = target->identity;
    if (display.failed || target->name == NULL ||
        (it->table.schema != NULL && target->schema == NULL))
        status = drv_fail_nomem(error);
    for (uint32_t i = 0; status == OUTFALL_OK && i < it->count; i++) {
        status = fill_column(it, target, i, error);
        if (target->columns[i].flags & OUTFALL_COLUMN_IDENTITY_ALWAYS)
            target->shape.overriding = 1;
    }
    target->shape.column_count = target->base.column_count;
    target->shape.only = it->table.fields[0].only;
    if (status == OUTFALL_OK) {
        drv_odbc_sql_probe(&probe, &target->shape);
        target->probe = probe.data;
        if (probe.failed)
            status = drv_fail_nomem(error);
    }
    if (status == OUTFALL_OK)
        status =
            drv_odbc_key_resolve(it->dialect, &it->table, it->options, it->fields, target, error);
    if (status == OUTFALL_OK) {
        *out = target;
        target = NULL; /* The caller owns it now. */
    }
    drv_odbc_target_free(target != NULL ? &target->base : NULL);
    return status;
}

static int describe(outfall_connection *connection, const outfall_table_name *name, description *it,
                    drv_odbc_target **out, outfall_error *error)
{
    int status = drv_odbc_catalog_read(connection, name, &it->table, error);
    size_t room = it->table.field_count + it->options->column_count + 1;
    if (status == OUTFALL_OK && (it->fields = calloc(room, sizeof *it->fields)) == NULL)
        status = drv_fail_nomem(error);
    if (status == OUTFALL_OK)
        status = it->options->columns == NULL ? take_writable(it, error) : take_named(it, error);
    if (status == OUTFALL_OK)
        status = make_target(it, out, error);
    free(it->fields);
    drv_odbc_table_free(&it->table);
    return status;
}

int drv_odbc_describe(outfall_connection *connection, const outfall_table_name *name,
                      const outfall_describe_options *options, int64_t deadline_us,
                      outfall_target **out, outfall_error *error)
{
    description it = {.dialect = connection->dialect, .options = options};
    drv_odbc_target *target = NULL;
    drv_text subject = {0};
    *out = NULL;
    int status = drv_odbc_catalog_check_name(connection, name, error);
    if (status != OUTFALL_OK)
        return status;
    drv_odbc_sql_table(&subject, it.dialect, name->schema, name->table);
    it.subject = subject.data;
    status = subject.failed
                 ? drv_fail_nomem(error)
                 : drv_odbc_enter(connection, "describing", subject.data, deadline_us, error);
    if (status == OUTFALL_OK)
        status = describe(connection, name, &it, &target, error);
    if (status == OUTFALL_OK)
        status = drv_odbc_probe_describe(connection, target, error);
    status = drv_odbc_settle(connection, status, error);
    status = drv_odbc_leave(connection, status);
    if (status == OUTFALL_OK) {
        *out = &target->base;
        target = NULL; /* The caller owns it now. */
    }
    drv_odbc_target_free(target != NULL ? &target->base : NULL);
    drv_text_free(&subject);
    return status;
}

/* ---- CREATE TABLE ----------------------------------------------------------------- */

/* The table may be there already, and not every database has IF NOT EXISTS. */
static int create(outfall_connection *connection, const outfall_table_name *name, const char *sql,
                  outfall_error *error)
{
    outfall_error detail = {0}, again = {0};
    int status = drv_odbc_catalog_exists(connection, name, &detail);
    if (status == OUTFALL_ERR_NOT_FOUND) {
        status = drv_odbc_run(connection, sql, &detail);
        if (status == OUTFALL_OK)
            status = drv_odbc_settle_commit(connection, &detail);
        else if (!connection->dead) {
            (void)drv_odbc_settle(connection, status, NULL);
            if (detail.action == OUTFALL_ACTION_RESTART)
                detail.action = OUTFALL_ACTION_STOP; /* A schema is missing, say. */
            /* Or another session has made it meanwhile. */
            if (drv_odbc_catalog_exists(connection, name, &again) == OUTFALL_OK)
                status = OUTFALL_OK;
        }
    }
    if (status != OUTFALL_OK && error != NULL)
        *error = detail;
    return status;
}

int drv_odbc_create_marked(outfall_connection *connection, const outfall_table_name *name,
                           const outfall_column *columns, size_t column_count, const char *mark,
                           int64_t deadline_us, outfall_error *error)
{
    const drv_odbc_dialect *dialect = connection->dialect;
    drv_text table = {0}, sql = {0};
    int status = drv_odbc_catalog_check_name(connection, name, error);
    for (size_t i = 0; status == OUTFALL_OK && i < column_count; i++)
        status = drv_odbc_sql_check_name(dialect, connection->name_most, columns[i].name, "column",
                                         error);
    if (status == OUTFALL_OK) {
        drv_odbc_sql_table(&table, dialect, dialect->one_schema ? NULL : name->schema, name->table);
        status = table.failed ? drv_fail_nomem(error)
                              : drv_odbc_sql_create(&sql, dialect, table.data, columns,
                                                    column_count, mark, error);
    }
    if (status == OUTFALL_OK && sql.failed)
        status = drv_fail_nomem(error);
    if (status == OUTFALL_OK) {
        status = drv_odbc_enter(connection, "creating", table.data, deadline_us, error);
        if (status == OUTFALL_OK)
            status = create(connection, name, sql.data, error);
        status = drv_odbc_settle(connection, status, error);
        status = drv_odbc_leave(connection, status);
    }
    drv_text_free(&table);
    drv_text_free(&sql);
    return status;
}

int drv_odbc_create_table(outfall_connection *connection, const outfall_table_name *name,
                          const outfall_column *columns, size_t column_count, int64_t deadline_us,
                          outfall_error *error)
{
    return drv_odbc_create_marked(connection, name, columns, column_count, NULL, deadline_us,
                                  error);
}
