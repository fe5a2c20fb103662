/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/target.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "postgresql/fault.h"
#include "postgresql/sql.h"
#include "postgresql/type.h"

static void add_column_names(drv_text *to, const drv_pg_target *target)
{
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        drv_text_add(to, i > 0 ? ", " : "");
        drv_identifier_quote(to, target->columns[i].name, '"');
    }
}

/*
 * One SELECT list entry a column. An array has the column's own element type, so its receive
 * function is the one COPY calls. A type without an encoding comes as text: its cast names no
 * modifier, since an explicit cast to bit(3) cuts where the assignment that follows refuses.
 */
static void make_insert(drv_text *to, const drv_pg_target *target, bool overriding)
{
    drv_text_format(to, "INSERT INTO %s (", target->display);
    add_column_names(to, target);
    drv_text_add(to, overriding ? ") OVERRIDING SYSTEM VALUE SELECT " : ") SELECT ");
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        const drv_pg_type *type = drv_pg_type_of(target->sources[i].base_type);
        drv_text_format(to, "%spg_catalog.unnest($%" PRIu32 "::pg_catalog.%s[])", i > 0 ? ", " : "",
                        i + 1, type != NULL ? type->name : "text");
        if (type == NULL)
            drv_text_format(to, "::%s", target->sources[i].base_name);
    }
}

static const char *identity_of(const outfall_column *column)
{
    if (column->flags & OUTFALL_COLUMN_IDENTITY_ALWAYS)
        return "a";
    return column->flags & OUTFALL_COLUMN_IDENTITY_DEFAULT ? "d" : "";
}

enum aspect { ASPECT_NAME, ASPECT_TYPE, ASPECT_MODIFIER, ASPECT_IDENTITY };

/* "a.attname = (ARRAY[…]::name[])[a.attnum]": one element a number, '' where we do not write. */
static void add_aspect(drv_text *to, const drv_pg_target *target, const int *by_number, int last,
                       enum aspect aspect)
{
    static const char *const columns[] = {"attname", "atttypid", "atttypmod", "attidentity"};
    static const char *const types[] = {"name", "oid", "int4", "\"char\""};
    drv_text_format(to, " AND a.%s = (ARRAY[", columns[aspect]);
    for (int number = 1; number <= last; number++) {
        int i = by_number[number];
        drv_text_add(to, number > 1 ? ", " : "");
        if (i < 0)
            drv_text_add(to, aspect == ASPECT_NAME || aspect == ASPECT_IDENTITY ? "''" : "0");
        else if (aspect == ASPECT_NAME)
            drv_pg_add_literal(to, target->columns[i].name);
        else if (aspect == ASPECT_TYPE)
            drv_text_format(to, "%" PRIu32, target->sources[i].type);
        else if (aspect == ASPECT_MODIFIER)
            drv_text_format(to, "%" PRId32, target->sources[i].modifier);
        else
            drv_text_format(to, "'%s'", identity_of(&target->columns[i]));
    }
    drv_text_format(to, "]::pg_catalog.%s[])[a.attnum]", types[aspect]);
}

/*
 * True while the name leads to the same relation and the written columns have their numbers, types
 * and modifiers; for COPY also while no rule has come. Prepared and run in every transaction: one
 * index scan over the relation's columns, a third of the time of a join with VALUES.
 */
static int make_check(drv_text *to, const drv_pg_target *target, outfall_error *error)
{
    int last = 0;
    for (uint32_t i = 0; i < target->base.column_count; i++)
        if (target->sources[i].number > last)
            last = target->sources[i].number;
    int *by_number = malloc(((size_t)last + 1) * sizeof *by_number);
    if (by_number == NULL)
        return drv_fail_nomem(error);
    for (int number = 0; number <= last; number++)
        by_number[number] = -1;
    for (uint32_t i = 0; i < target->base.column_count; i++)
        by_number[target->sources[i].number] = (int)i;
    drv_text_format(to,
                    "SELECT pg_catalog.count(*) = %" PRIu32 " FROM pg_catalog.pg_attribute a WHERE "
                    "a.attrelid = %" PRIu32 " AND a.attnum > 0 AND a.attgenerated = ''",
                    target->base.column_count, target->oid);
    for (int aspect = ASPECT_NAME; aspect <= ASPECT_IDENTITY; aspect++)
        add_aspect(to, target, by_number, last, (enum aspect)aspect);
    drv_text_format(to, " AND %" PRIu32 " = pg_catalog.to_regclass(", target->oid);
    drv_pg_add_literal(to, target->display);
    drv_text_add(to, ")");
    if (target->copy)
        drv_text_format(
            to, " AND (SELECT NOT relhasrules FROM pg_catalog.pg_class WHERE oid = %" PRIu32 ")",
            target->oid);
    free(by_number);
    return OUTFALL_OK;
}

static void make_copy(drv_text *to, const drv_pg_target *target)
{
    drv_text_format(to, "COPY %s (", target->display);
    add_column_names(to, target);
    drv_text_add(to, ") FROM STDIN (FORMAT binary)");
}

int drv_pg_target_finish(drv_pg_target *target, bool overriding, outfall_error *error)
{
    static atomic_uint_fast64_t last_serial;
    drv_text text = {0};
    target->base.struct_size = sizeof target->base;
    target->base.columns = target->columns;
    target->base.display_name = target->display;
    target->serial = atomic_fetch_add(&last_serial, 1) + 1;
    make_insert(&text, target, overriding);
    target->insert = drv_pg_take_text(&text);
    int status = make_check(&text, target, error);
    target->check = drv_pg_take_text(&text);
    make_copy(&text, target);
    target->copy_in = drv_pg_take_text(&text);
    /* ONLY: a partition's columns cannot change while its parent is locked. */
    drv_text_format(&text, "LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE", target->display);
    target->lock = drv_pg_take_text(&text);
    if (status == OUTFALL_OK && (target->insert == NULL || target->check == NULL ||
                                 target->copy_in == NULL || target->lock == NULL))
        status = drv_fail_nomem(error);
    return status;
}

void drv_pg_target_free(outfall_target *base)
{
    drv_pg_target *target = (drv_pg_target *)base;
    if (target == NULL)
        return;
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        if (target->columns != NULL) {
            free((void *)(uintptr_t)target->columns[i].name);
            free((void *)(uintptr_t)target->columns[i].type_name);
        }
        if (target->sources != NULL)
            free(target->sources[i].base_name);
    }
    free(target->columns);
    free(target->sources);
    free(target->name);
    free(target->display);
    free(target->insert);
    free(target->check);
    free(target->lock);
    free(target->copy_in);
    free(target);
}
