/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/text.h"
#include "odbc/type.h"

#define NO_COLUMN UINT32_MAX

typedef struct resolution {
    const drv_odbc_dialect *dialect;
    const drv_odbc_table *table;
    const outfall_describe_options *options;
    const uint32_t *fields;
    drv_odbc_target *target;
    size_t index; /* The first part of the key's unique index. */
} resolution;

OUTFALL_PRINTF(2, 3)
static int refuse(outfall_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outfall_error_vset(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP, format, arguments);
    va_end(arguments);
    return OUTFALL_ERR_UNSUPPORTED;
}

static int name_column(outfall_error *error, const char *column, int status)
{
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    return status;
}

/* The target's column that is a field of the table, or NO_COLUMN. */
static uint32_t column_of(const resolution *it, uint32_t field)
{
    for (uint32_t i = 0; i < it->target->base.column_count; i++)
        if (it->fields[i] == field)
            return i;
    return NO_COLUMN;
}

static bool in_key(const drv_odbc_target *target, uint32_t column)
{
    for (uint32_t i = 0; i < target->base.key_count; i++)
        if (target->key[i] == column)
            return true;
    return false;
}

/* ---- Indexes ---------------------------------------------------------------------- */

/* The part behind the last one of the index that begins at `first`. */
static size_t end_of(const drv_odbc_table *table, size_t first)
{
    size_t end = first + 1;
    while (end < table->part_count &&
           strcmp(table->parts[end].index, table->parts[first].index) == 0 &&
           table->parts[end].primary == table->parts[first].primary)
        end++;
    return end;
}

/* Whether the index that begins at `first` is on just the key's columns. */
static bool has_key(const resolution *it, size_t first)
{
    const drv_odbc_target *target = it->target;
    size_t end = end_of(it->table, first);
    if (end - first != target->base.key_count)
        return false;
    for (size_t i = first; i < end; i++) {
        const drv_odbc_part *part = &it->table->parts[i];
        if (part->field == DRV_ODBC_NO_FIELD || !in_key(target, column_of(it, part->field)))
            return false;
    }
    return true;
}

/* Whether it also holds for all rows. */
static bool is_on_key(const resolution *it, size_t first)
{
    for (size_t i = first; i < end_of(it->table, first); i++)
        if (it->table->parts[i].partial)
            return false;
    return has_key(it, first);
}

/* ---- The key ---------------------------------------------------------------------- */

static int add_key_field(resolution *it, uint32_t field, outfall_error *error)
{
    const char *name = it->table->fields[field].name;
    uint32_t column = column_of(it, field);
    if (column == NO_COLUMN) {
        refuse(error,
               "odbc: the rows for %.150s have no column \"%.100s\", which is in the key; "
               "add it to them, or name another key",
               it->target->display, name);
        return name_column(error, name, OUTFALL_ERR_UNSUPPORTED);
    }
    if (in_key(it->target, column))
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "odbc: column \"%.100s\" is in the key twice; name it once", name);
    it->target->key[it->target->base.key_count++] = column;
    return OUTFALL_OK;
}

static int take_primary(resolution *it, outfall_error *error)
{
    const drv_odbc_table *table = it->table;
    size_t first = 0;
    while (first < table->part_count && !table->parts[first].primary)
        first++;
    if (first == table->part_count)
        return refuse(error,
                      "odbc: %.150s has no primary key, by which rows would be known; make one "
                      "(ALTER TABLE %.100s ADD PRIMARY KEY (...)), or name the columns of a "
                      "unique index by the option key",
                      it->target->display, it->target->display);
    int status = OUTFALL_OK;
    for (size_t i = first; i < end_of(table, first) && status == OUTFALL_OK; i++)
        status = add_key_field(it, table->parts[i].field, error);
    return status;
}

static int take_named(resolution *it, outfall_error *error)
{
    const outfall_describe_options *options = it->options;
    int status = OUTFALL_OK;
    for (size_t i = 0; i < options->key_count && status == OUTFALL_OK; i++) {
        uint32_t field = drv_odbc_table_field(it->table, it->dialect, options->key[i]);
        if (field != DRV_ODBC_NO_FIELD) {
            status = add_key_field(it, field, error);
            continue;
        }
        outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                          "odbc: %.150s has no column \"%.100s\", which the key names; correct "
                          "the option key",
                          it->target->display, options->key[i]);
        status = name_column(error, options->key[i], OUTFALL_ERR_NOT_FOUND);
    }
    return status;
}

static int fail_no_index(const resolution *it, outfall_error *error)
{
    drv_text columns = {0}, name = {0};
    for (uint32_t i = 0; i < it->target->base.key_count; i++) {
        const char *column = it->target->columns[it->target->key[i]].name;
        drv_text_add(&columns, i > 0 ? ", " : "");
        drv_odbc_sql_quote(&columns, it->dialect, column);
        drv_text_format(&name, "%s%s", i > 0 ? "_" : "", column);
    }
    drv_text_add(&name, "_key");
    int status = columns.failed || name.failed
                     ? drv_fail_nomem(error)
                     : refuse(error,
                              "odbc: %.120s has no unique index on just (%.100s) that holds for "
                              "all rows and takes no two NULLs for equal; make one: CREATE UNIQUE "
                              "INDEX \"%.50s\" ON %.120s (%.100s)",
                              it->target->display, columns.data, name.data, it->target->display,
                              columns.data);
    drv_text_free(&columns);
    drv_text_free(&name);
    return status;
}

/* ON CONFLICT takes every index that matches, and fails on this one. */
static int fail_deferrable(const resolution *it, size_t first, outfall_error *error)
{
    const char *index = it->table->parts[first].index, *display = it->target->display;
    return refuse(error,
                  "odbc: the constraint \"%.64s\" of %.120s is DEFERRABLE, and no upsert can go by "
                  "it; make it anew: ALTER TABLE %.120s DROP CONSTRAINT \"%.64s\", and ADD it "
                  "without DEFERRABLE",
                  index, display, display, index);
}

/* Finds the key's index; *other is a part of one that is not it, or SIZE_MAX. */
static int find_index(resolution *it, size_t *other, outfall_error *error)
{
    const drv_odbc_table *table = it->table;
    it->index = SIZE_MAX;
    *other = SIZE_MAX;
    for (size_t first = 0; first < table->part_count; first = end_of(table, first)) {
        if (table->parts[first].deferrable && has_key(it, first))
            return fail_deferrable(it, first, error);
        if (!is_on_key(it, first))
            *other = first;
        else if (it->index == SIZE_MAX || table->parts[first].primary)
            it->index = first;
    }
    return it->index != SIZE_MAX ? OUTFALL_OK : fail_no_index(it, error);
}

/* Whether equal keys have equal bytes, and rows of other keys do not depend on each other. */
static bool is_bytewise(const resolution *it)
{
    const drv_odbc_table *table = it->table;
    if (table->dependent)
        return false;
    for (size_t i = it->index; i < end_of(table, it->index); i++) {
        const drv_odbc_part *part = &table->parts[i];
        const drv_odbc_field *field = &table->fields[part->field];
        const drv_odbc_type *type = drv_odbc_type_named(it->dialect, field->type_name, field->size);
        if (type == NULL && it->dialect == &drv_odbc_ansi)
            type = drv_odbc_type_numbered(field->sql_type);
        if (type == NULL || type->equality == DRV_ODBC_EQUAL_NEVER ||
            (type->equality == DRV_ODBC_EQUAL_COLLATION && !part->bytewise))
            return false;
    }
    return true;
}

/* The collations of the key's index, by which a DELETE has to compare, too. */
static int take_collations(resolution *it, outfall_error *error)
{
    const drv_odbc_table *table = it->table;
    for (size_t i = it->index; i < end_of(table, it->index); i++) {
        const drv_odbc_part *part = &table->parts[i];
        char **to = &it->target->collations[column_of(it, part->field)];
        if (part->collation != NULL && (*to = strdup(part->collation)) == NULL)
            return drv_fail_nomem(error);
    }
    return OUTFALL_OK;
}

/* ---- What is changed -------------------------------------------------------------- */

static int fail_identity(const resolution *it, const char *name, outfall_error *error)
{
    refuse(
        error,
        "odbc: column \"%.100s\" of %.150s is GENERATED ALWAYS AS IDENTITY, and no upsert updates "
        "such a column to a value; leave it out, make it the key, or set update.columns without "
        "it",
        name, it->target->display);
    return name_column(error, name, OUTFALL_ERR_UNSUPPORTED);
}

static int find_updated(const resolution *it, const char *name, uint32_t *out, outfall_error *error)
{
    uint32_t field = drv_odbc_table_field(it->table, it->dialect, name);
    *out = field != DRV_ODBC_NO_FIELD ? column_of(it, field) : NO_COLUMN;
    if (*out != NO_COLUMN && !in_key(it->target, *out))
        return OUTFALL_OK;
    outfall_error_set(
        error, *out == NO_COLUMN ? OUTFALL_ERR_NOT_FOUND : OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
        *out == NO_COLUMN ? "odbc: the rows for %.150s have no column \"%.100s\" to update; "
                            "correct update.columns"
                          : "odbc: column \"%.100s\" of %.150s is in the key, which an upsert does "
                            "not change; take it out of update.columns",
        *out == NO_COLUMN ? it->target->display : name,
        *out == NO_COLUMN ? name : it->target->display);
    return name_column(error, name,
                       *out == NO_COLUMN ? OUTFALL_ERR_NOT_FOUND : OUTFALL_ERR_INVALID);
}

/* *all: every column that is not in the key is updated. */
static int mark_updated(resolution *it, bool *all, outfall_error *error)
{
    const outfall_describe_options *options = it->options;
    drv_odbc_target *target = it->target;
    bool named = options->mode == OUTFALL_MODE_UPSERT && options->update != NULL;
    *all = true;
    for (size_t i = 0; named && i < options->update_count; i++) {
        uint32_t column;
        int status = find_updated(it, options->update[i], &column, error);
        if (status != OUTFALL_OK)
            return status;
        target->updated[column] = 1;
    }
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        bool could = !in_key(target, i);
        if (!named && options->mode != OUTFALL_MODE_IGNORE)
            target->updated[i] = could;
        if (target->updated[i] && (target->columns[i].flags & OUTFALL_COLUMN_IDENTITY_ALWAYS) != 0)
            return fail_identity(it, target->columns[i].name, error);
        *all = *all && (target->updated[i] || !could);
    }
    return OUTFALL_OK;
}

/* Whether replace sets a field, which no column of the rows is, to its default. */
static bool is_reset(const resolution *it, uint32_t index)
{
    const drv_odbc_field *field = &it->table->fields[index];
    return column_of(it, index) == NO_COLUMN && !field->generated && !field->identity_always &&
           !field->identity_default && !field->locked && !field->primary;
}

static int add_resets(resolution *it, outfall_error *error)
{
    drv_odbc_target *target = it->target;
    target->resets = calloc(it->table->field_count + 1, sizeof *target->resets);
    if (target->resets == NULL)
        return drv_fail_nomem(error);
    for (uint32_t i = 0; i < it->table->field_count; i++) {
        drv_text text = {0};
        if (!is_reset(it, i))
            continue;
        drv_odbc_sql_reset(&text, it->dialect, it->table->fields[i].name);
        if (text.failed) {
            drv_text_free(&text);
            return drv_fail_nomem(error);
        }
        target->resets[target->reset_count++] = text.data;
    }
    target->shape.resets = (const char *const *)target->resets;
    target->shape.reset_count = target->reset_count;
    return OUTFALL_OK;
}

/* An upsert that has nothing to update does what "ignore" does, and is counted so. */
static void set_kind(resolution *it)
{
    drv_odbc_target *target = it->target;
    uint32_t updates = target->reset_count;
    for (uint32_t i = 0; i < target->base.column_count; i++)
        updates += target->updated[i];
    target->mode = it->options->mode;
    target->kind = DRV_ODBC_UPSERT;
    if (it->options->mode == OUTFALL_MODE_IGNORE || updates == 0) {
        target->mode = OUTFALL_MODE_IGNORE;
        target->kind = DRV_ODBC_IGNORE;
    }
}

int drv_odbc_key_resolve(const drv_odbc_dialect *dialect, const drv_odbc_table *table,
                         const outfall_describe_options *options, const uint32_t *fields,
                         drv_odbc_target *target, outfall_error *error)
{
    resolution it = {dialect, table, options, fields, target, SIZE_MAX};
    size_t other = SIZE_MAX;
    bool all = true;
    target->kind = DRV_ODBC_INSERT;
    target->mode = options->mode;
    if (options->mode == OUTFALL_MODE_INSERT)
        return OUTFALL_OK;
    if (table->fields[fields[0]].ruled)
        return refuse(error,
                      "odbc: %.200s has a rule, and the database takes no upsert of such a table; "
                      "drop the rule, or use mode=insert",
                      target->display);
    int status = options->key != NULL ? take_named(&it, error) : take_primary(&it, error);
    target->shape.key_count = target->base.key_count;
    if (status == OUTFALL_OK)
        status = find_index(&it, &other, error);
    if (status == OUTFALL_OK)
        status = take_collations(&it, error);
    if (status == OUTFALL_OK && dialect->any_unique && other != SIZE_MAX && !options->other_unique)
        status = refuse(error,
                        "odbc: %.150s has another unique index, \"%.100s\": a conflict with it "
                        "would change or drop the row that it is of; drop that index, or allow it "
                        "by unique.other=allow",
                        target->display, table->parts[other].index);
    if (status == OUTFALL_OK)
        status = mark_updated(&it, &all, error);
    if (status == OUTFALL_OK && options->mode == OUTFALL_MODE_REPLACE)
        status = add_resets(&it, error);
    if (status == OUTFALL_OK) {
        set_kind(&it);
        if (other == SIZE_MAX && (all || options->mode == OUTFALL_MODE_IGNORE) && is_bytewise(&it))
            target->base.flags |= OUTFALL_TARGET_BYTEWISE;
    }
    return status;
}
