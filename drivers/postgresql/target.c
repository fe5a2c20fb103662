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

/* "unnest($1::pg_catalog.int8[])", or without arrays "$1::pg_catalog.int8". */
static void add_parameter(drv_text *to, const drv_pg_column *source, uint32_t number, bool array)
{
    const drv_pg_type *type = drv_pg_type_of(source->base_type);
    drv_text_format(to,
                    array ? "pg_catalog.unnest($%" PRIu32 "::pg_catalog.%s[])"
                          : "$%" PRIu32 "::pg_catalog.%s",
                    number, type != NULL ? type->name : "text");
    if (type == NULL)
        drv_text_format(to, "::%s", source->base_name);
}

/*
 * One parameter a column. An array has the column's own element type, so its receive function is
 * the one COPY calls. A type without an encoding comes as text: its cast names no modifier, since
 * an explicit cast to bit(3) cuts where the assignment that follows refuses. The alias is for a
 * table that is itself called "excluded".
 */
static void make_insert(drv_text *to, const drv_pg_target *target, bool overriding, bool arrays)
{
    drv_text_format(to, "INSERT INTO %s%s (", target->display,
                    target->conflict != NULL ? " AS outfall_target" : "");
    add_column_names(to, target);
    drv_text_format(to, ")%s %s", overriding ? " OVERRIDING SYSTEM VALUE" : "",
                    arrays ? "SELECT " : "VALUES (");
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        drv_text_add(to, i > 0 ? ", " : "");
        add_parameter(to, &target->sources[i], i + 1, arrays);
    }
    if (!arrays)
        drv_text_add(to, ")");
    if (target->conflict != NULL)
        drv_text_format(to, " %s", target->conflict);
}

/*
 * Compares by the index's own operators and collations: by another equality it could remove other
 * rows than those that ON CONFLICT would find. ONLY: a plain table's children have keys of their
 * own, which no insert into it sees.
 */
static void make_delete(drv_text *to, const drv_pg_target *target)
{
    drv_text_format(to, "DELETE FROM %s%s AS outfall_target USING (SELECT ",
                    target->kind == 'p' ? "" : "ONLY ", target->display);
    for (uint32_t i = 0; i < target->base.key_count; i++) {
        drv_text_add(to, i > 0 ? ", " : "");
        add_parameter(to, &target->sources[target->key[i]], i + 1, true);
        drv_text_format(to, " AS k%" PRIu32, i);
    }
    drv_text_add(to, ") AS outfall_key WHERE ");
    for (uint32_t i = 0; i < target->base.key_count; i++) {
        const drv_pg_column *source = &target->sources[target->key[i]];
        drv_text_add(to, i > 0 ? " AND outfall_target." : "outfall_target.");
        drv_identifier_quote(to, target->columns[target->key[i]].name, '"');
        drv_text_format(to, " OPERATOR(%s) outfall_key.k%" PRIu32, source->equals, i);
        if (source->collation != NULL)
            drv_text_format(to, " COLLATE %s", source->collation);
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
 * The key's index is there and of use, and no rule has come. Whether another unique index has come
 * is not asked: a scan of them all costs more than the rest of the check.
 */
static void add_key_check(drv_text *to, const drv_pg_target *target)
{
    drv_text_format(
        to,
        " AND EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = %" PRIu32
        " AND i.indisvalid AND i.indimmediate)"
        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class = %" PRIu32
        " AND w.ev_type <> '1')",
        target->key_index, target->oid);
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
    if (target->key != NULL)
        add_key_check(to, target);
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
    make_insert(&text, target, overriding, true);
    target->sql[DRV_PG_WRITE] = drv_text_take(&text);
    int status = make_check(&text, target, error);
    target->sql[DRV_PG_CHECK] = drv_text_take(&text);
    make_copy(&text, target);
    target->copy_in = drv_text_take(&text);
    /* ONLY: a partition's columns cannot change while its parent is locked. */
    drv_text_format(&text, "LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE", target->display);
    target->lock = drv_text_take(&text);
    bool whole = target->sql[DRV_PG_WRITE] != NULL && target->sql[DRV_PG_CHECK] != NULL &&
                 target->copy_in != NULL && target->lock != NULL;
    if (target->key != NULL) {
        make_insert(&text, target, overriding, false);
        target->sql[DRV_PG_WRITE_ROW] = drv_text_take(&text);
        make_delete(&text, target);
        target->sql[DRV_PG_DELETE] = drv_text_take(&text);
        whole =
            whole && target->sql[DRV_PG_WRITE_ROW] != NULL && target->sql[DRV_PG_DELETE] != NULL;
    }
    return status == OUTFALL_OK && !whole ? drv_fail_nomem(error) : status;
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
        if (target->sources != NULL) {
            free(target->sources[i].base_name);
            free(target->sources[i].equals);
            free(target->sources[i].collation);
        }
    }
    free(target->columns);
    free(target->sources);
    free(target->name);
    free(target->display);
    for (int purpose = 0; purpose < DRV_PG_PURPOSES; purpose++)
        free(target->sql[purpose]);
    free(target->key);
    free(target->key_places);
    free(target->conflict);
    free(target->lock);
    free(target->copy_in);
    free(target);
}
