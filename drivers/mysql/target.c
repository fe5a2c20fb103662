/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/target.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "mysql/sql.h"

static void add_names(drv_text *to, const drv_my_target *target)
{
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        drv_text_add(to, i > 0 ? ", " : "");
        drv_my_add_name(to, target->columns[i].name);
    }
}

static void add_key(drv_text *to, const drv_my_target *target, const char *between,
                    const char *after)
{
    for (uint32_t i = 0; i < target->base.key_count; i++) {
        drv_text_add(to, i > 0 ? between : "");
        drv_my_add_name(to, target->columns[target->key[i]].name);
        drv_text_add(to, after);
    }
}

static void add_marks(drv_text *to, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        drv_text_add(to, i > 0 ? ",?" : "?");
}

/*
 * VALUES(c) is the row's own value. MySQL would rather have an alias for the row, which MariaDB
 * does not know. A key that is set to itself changes nothing: the way to let a row be without
 * INSERT IGNORE, which would let errors be too. Never REPLACE, which deletes: rows that refer to
 * the old one with ON DELETE CASCADE go too.
 */
static void add_conflict(drv_text *to, const drv_my_target *target, const drv_my_target_plan *plan)
{
    if (target->mode == OUTFALL_MODE_INSERT)
        return;
    drv_text_add(to, " ON DUPLICATE KEY UPDATE ");
    if (!target->updates) {
        const char *key = target->columns[target->key[0]].name;
        drv_my_add_name(to, key);
        drv_text_add(to, " = ");
        drv_my_add_name(to, key);
        return;
    }
    for (size_t i = 0; i < plan->update_count; i++) {
        drv_text_add(to, i > 0 ? ", " : "");
        drv_my_add_name(to, plan->updates[i]);
        drv_text_add(to, " = VALUES(");
        drv_my_add_name(to, plan->updates[i]);
        drv_text_add(to, ")");
    }
    for (size_t i = 0; i < plan->reset_count; i++) {
        drv_text_add(to, i + plan->update_count > 0 ? ", " : "");
        drv_my_add_name(to, plan->resets[i]);
        drv_text_add(to, " = DEFAULT");
    }
}

/*
 * What a column becomes of the text in LOAD DATA's file: bytes are hex there, and a BIT would take
 * digits for bytes. NULL: it is taken as it is.
 */
static const char *load_function(const drv_my_target *target, uint32_t i)
{
    const char *type = target->columns[i].type_name;
    if (target->fields[i].kind == DRV_MY_BYTES)
        return "UNHEX(";
    return type != NULL && strncmp(type, "bit", 3) == 0 ? "(0 + " : NULL;
}

static void make_load(drv_text *to, const drv_my_target *target)
{
    bool first = true;
    drv_text_format(to,
                    " INTO TABLE %s CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY "
                    "'\\\\' LINES TERMINATED BY '\\n' (",
                    target->display);
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        drv_text_add(to, i > 0 ? ", " : "");
        if (load_function(target, i) != NULL)
            drv_text_format(to, "@outfall_%u", (unsigned)i);
        else
            drv_my_add_name(to, target->columns[i].name);
    }
    drv_text_add(to, ")");
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        const char *function = load_function(target, i);
        if (function == NULL)
            continue;
        drv_text_add(to, first ? " SET " : ", ");
        drv_my_add_name(to, target->columns[i].name);
        drv_text_format(to, " = %s@outfall_%u)", function, (unsigned)i);
        first = false;
    }
}

static void make_check(drv_text *to, const drv_my_target *target, const drv_my_target_plan *plan)
{
    drv_text_add(to, "SELECT ");
    add_names(to, target);
    for (size_t i = 0; i < plan->other_count; i++) {
        drv_text_add(to, ", ");
        drv_my_add_name(to, plan->others[i]);
    }
    drv_text_format(to, " FROM %s LIMIT 0", target->display);
}

static void make_deletes(drv_my_target *target)
{
    drv_text text = {0};
    uint32_t count = target->base.key_count;
    drv_text_format(&text, "DELETE FROM %s WHERE ", target->display);
    add_key(&text, target, " AND ", " = ?");
    target->delete_bulk = drv_text_take(&text);
    drv_text_format(&text, "DELETE FROM %s WHERE %s", target->display, count > 1 ? "(" : "");
    add_key(&text, target, ", ", "");
    drv_text_add(&text, count > 1 ? ") IN (" : " IN (");
    target->delete_head = drv_text_take(&text);
    drv_text_add(&text, count > 1 ? "(" : "");
    add_marks(&text, count);
    drv_text_add(&text, count > 1 ? ")" : "");
    target->delete_row = drv_text_take(&text);
}

int drv_my_target_finish(drv_my_target *target, const drv_my_target_plan *plan,
                         outfall_error *error)
{
    static atomic_uint_fast64_t last_serial;
    drv_text text = {0};
    bool keyed = target->base.key_count > 0;
    target->base.struct_size = sizeof target->base;
    target->base.columns = target->columns;
    target->base.display_name = target->display;
    target->base.key = target->key;
    target->serial = atomic_fetch_add(&last_serial, 1) + 1;
    drv_text_format(&text, "INSERT INTO %s (", target->display);
    add_names(&text, target);
    drv_text_add(&text, ") VALUES ");
    target->insert_head = drv_text_take(&text);
    drv_text_add(&text, "(");
    add_marks(&text, target->base.column_count);
    drv_text_add(&text, ")");
    target->insert_row = drv_text_take(&text);
    drv_text_add(&text, ""); /* An empty tail is a text too. */
    add_conflict(&text, target, plan);
    target->insert_tail = drv_text_take(&text);
    make_check(&text, target, plan);
    target->check = drv_text_take(&text);
    make_load(&text, target);
    target->load = drv_text_take(&text);
    if (keyed)
        make_deletes(target);
    if (target->insert_head == NULL || target->insert_row == NULL || target->insert_tail == NULL ||
        target->check == NULL || target->load == NULL ||
        (keyed && (target->delete_bulk == NULL || target->delete_head == NULL ||
                   target->delete_row == NULL)))
        return drv_fail_nomem(error);
    return OUTFALL_OK;
}

void drv_my_target_free(outfall_target *base)
{
    drv_my_target *target = (drv_my_target *)base;
    if (target == NULL)
        return;
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        if (target->columns != NULL) {
            free((void *)(uintptr_t)target->columns[i].name);
            free((void *)(uintptr_t)target->columns[i].type_name);
        }
        if (target->fields != NULL)
            drv_my_members_free(&target->fields[i].members);
    }
    free(target->columns);
    free(target->fields);
    free(target->key);
    free(target->delete_params);
    free(target->key_fields); /* Its members are those of fields. */
    free(target->display);
    free(target->schema);
    free(target->table);
    free(target->check);
    free(target->question);
    free(target->uniques);
    free(target->shapes);
    free(target->insert_head);
    free(target->insert_row);
    free(target->insert_tail);
    free(target->delete_head);
    free(target->delete_row);
    free(target->delete_bulk);
    free(target->load);
    free(target);
}
