/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/key.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "common/key.h"
#include "postgresql/catalog.h"
#include "postgresql/indexes.h"
#include "postgresql/sql.h"
#include "postgresql/type.h"

/* A key being looked for. */
typedef struct search {
    const outfall_connection *connection;
    const PGresult *answer;
    const outfall_describe_options *options;
    drv_pg_target *target;
    drv_pg_indexes indexes;
    drv_key key;
} search;

static const char *mode_of(const search *it)
{
    return drv_mode_name(it->options->mode);
}

/* Adds the column to an error, which keeps its status. */
static int of_column(outfall_error *error, int status, const char *column)
{
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    return status;
}

static void add_key_names(drv_text *to, const search *it)
{
    for (uint32_t i = 0; i < it->key.count; i++) {
        drv_text_add(to, i > 0 ? ", " : "");
        drv_identifier_quote(to, it->target->columns[it->key.columns[i]].name, '"');
    }
}

/* ---- The relation ----------------------------------------------------------------------- */

/* What ON CONFLICT cannot do at all, or would do to another table than the one that is looked at.
 */
static int check_kind(const search *it, outfall_error *error)
{
    const drv_pg_target *target = it->target;
    const char *rule = drv_pg_indexes_rule(&it->indexes);
    const char *kind = target->kind == 'v'   ? "a view"
                       : target->kind == 'f' ? "a foreign table"
                                             : NULL;
    if (kind != NULL)
        return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                 "mode=%s: %.150s is %s, which has no unique index; write to the "
                                 "table that holds the rows",
                                 mode_of(it), target->display, kind);
    if (rule[0] != '\0')
        return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                 "mode=%s: %.150s has the rule \"%.64s\", and PostgreSQL takes no "
                                 "ON CONFLICT for a table with rules; drop it, make it a trigger, "
                                 "or write in mode=insert",
                                 mode_of(it), target->display, rule);
    return OUTFALL_OK;
}

/* ---- The index -------------------------------------------------------------------------- */

/* The columns of the key that is looked for: those named, or the primary key's. None: count 0. */
static size_t wanted_columns(const search *it, const char *const **names)
{
    *names = it->options->key;
    if (it->options->key != NULL && it->options->key_count > 0)
        return it->options->key_count;
    for (uint32_t i = 0; i < it->indexes.count; i++) {
        const drv_index *index = &it->indexes.list[i];
        *names = index->columns;
        if ((index->flags & DRV_INDEX_PRIMARY) != 0)
            return index->count;
    }
    return 0;
}

static bool is_wanted(const search *it, const drv_index *index)
{
    const char *const *names;
    size_t count = wanted_columns(it, &names);
    if (index->count != count)
        return false;
    for (uint32_t i = 0; i < index->count; i++) {
        bool found = false;
        for (size_t j = 0; index->columns[i] != NULL && !found && j < count; j++)
            found = strcmp(index->columns[i], names[j]) == 0;
        if (!found)
            return false;
    }
    return true;
}

/*
 * A deferrable constraint on the key's columns stands in the way even where there is another
 * unique index on them: ON CONFLICT takes every index that matches, and fails on this one.
 */
static int check_deferrable(const search *it, outfall_error *error)
{
    drv_text columns = {0};
    for (uint32_t i = 0; i < it->indexes.count; i++) {
        const drv_index *index = &it->indexes.list[i];
        if ((index->flags & DRV_INDEX_DEFERRABLE) == 0 || !is_wanted(it, index))
            continue;
        for (uint32_t j = 0; j < index->count; j++) {
            drv_text_add(&columns, j > 0 ? ", " : "");
            drv_identifier_quote(&columns, index->columns[j], '"');
        }
        int status = columns.failed ? drv_fail_nomem(error) : OUTFALL_ERR_UNSUPPORTED;
        if (!columns.failed)
            outfall_error_set(
                error, status, OUTFALL_ACTION_STOP,
                "mode=%s: the constraint %.64s of %.100s is DEFERRABLE, and ON "
                "CONFLICT cannot go by it; make it anew: ALTER TABLE %.100s DROP "
                "CONSTRAINT %.64s, ADD %s (%.100s)",
                mode_of(it), index->name, it->target->display, it->target->display, index->name,
                index->flags & DRV_INDEX_PRIMARY ? "PRIMARY KEY" : "UNIQUE", columns.data);
        drv_text_free(&columns);
        return status;
    }
    return OUTFALL_OK;
}

/* The library takes a NULL to be equal to nothing, so an index must not think otherwise. */
static int check_nulls(const search *it, outfall_error *error)
{
    uint32_t index = (uint32_t)(it->key.index - it->indexes.list);
    if (!drv_pg_indexes_nulls_equal(&it->indexes, index))
        return OUTFALL_OK;
    for (uint32_t i = 0; i < it->key.count; i++) {
        const outfall_column *column = &it->target->columns[it->key.columns[i]];
        if ((column->flags & OUTFALL_COLUMN_NOT_NULL) != 0)
            continue;
        outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                          "mode=%s: the unique index %.64s of %.100s takes NULLs for equal, and a "
                          "key's NULL is equal to none; run ALTER TABLE %.100s ALTER COLUMN "
                          "\"%.64s\" SET NOT NULL, or make the index NULLS DISTINCT",
                          mode_of(it), it->key.index->name, it->target->display,
                          it->target->display, column->name);
        return of_column(error, OUTFALL_ERR_UNSUPPORTED, column->name);
    }
    return OUTFALL_OK;
}

/* Types whose equal values have equal bytes once the library has normalised them. */
static bool is_bytewise_type(const drv_pg_column *source, const outfall_column *column)
{
    switch (column->type) {
    case OUTFALL_TYPE_JSON:
    case OUTFALL_TYPE_OTHER:
        return false;
    default:
        return drv_pg_type_of(source->base_type) != NULL &&
               (column->flags & OUTFALL_COLUMN_PADDED) == 0;
    }
}

/*
 * Whether the library may judge equal keys, leave one row of each and sort them. Triggers, foreign
 * keys that lead back to the table and other unique indexes make the order of rows matter, and of a
 * row that updates some columns only the one before it still shows.
 */
static bool is_bytewise(const search *it)
{
    uint32_t index = (uint32_t)(it->key.index - it->indexes.list);
    if (it->key.partial || it->key.other != NULL || drv_pg_indexes_partitions(&it->indexes) ||
        drv_pg_indexes_dependent(&it->indexes))
        return false;
    for (uint32_t i = 0; i < it->key.count; i++) {
        uint32_t column = it->key.columns[i];
        if (!drv_pg_indexes_column(&it->indexes, index, i).bytewise ||
            !is_bytewise_type(&it->target->sources[column], &it->target->columns[column]))
            return false;
    }
    return true;
}

/* The index's own equality and collation, which DELETE compares keys by. */
static int take_index(search *it, outfall_error *error)
{
    drv_pg_target *target = it->target;
    uint32_t index = (uint32_t)(it->key.index - it->indexes.list);
    for (uint32_t i = 0; i < it->key.count; i++) {
        drv_pg_index_column found = drv_pg_indexes_column(&it->indexes, index, i);
        for (uint32_t j = 0; j < it->key.count; j++) {
            drv_pg_column *source = &target->sources[it->key.columns[j]];
            if (strcmp(target->columns[it->key.columns[j]].name, found.name) != 0)
                continue;
            source->equals = strdup(found.equals);
            source->collation = found.collation[0] != '\0' ? strdup(found.collation) : NULL;
            if (source->equals == NULL || (found.collation[0] != '\0' && source->collation == NULL))
                return drv_fail_nomem(error);
        }
    }
    target->key_places = malloc(target->base.column_count * sizeof *target->key_places);
    if (target->key_places == NULL)
        return drv_fail_nomem(error);
    for (uint32_t i = 0; i < target->base.column_count; i++)
        target->key_places[i] = -1;
    for (uint32_t i = 0; i < it->key.count; i++)
        target->key_places[it->key.columns[i]] = (int32_t)i;
    target->key_index = drv_pg_indexes_oid(&it->indexes, index);
    target->key = it->key.columns;
    it->key.columns = NULL; /* The target's now. */
    target->base.key = target->key;
    target->base.key_count = it->key.count;
    return OUTFALL_OK;
}

/* ---- What is updated -------------------------------------------------------------------- */

static int fail_right(const search *it, const char *right, const char *verb, int row,
                      outfall_error *error)
{
    const char *name = drv_pg_catalog_text(it->answer, row, DRV_PG_COLUMN);
    outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                      "mode=%s: no right to %s column \"%.64s\" of %.100s; as its owner run GRANT "
                      "%s (\"%.64s\") ON %.100s TO \"%.64s\"",
                      mode_of(it), verb, name, it->target->display, right, name,
                      it->target->display, PQuser(it->connection->pg));
    return of_column(error, OUTFALL_ERR_DATABASE, name);
}

/* The place of a column of the catalog among the rows' columns; -1 where they do not have it. */
static int64_t find(const search *it, int row)
{
    const char *name = drv_pg_catalog_text(it->answer, row, DRV_PG_COLUMN);
    for (uint32_t i = 0; i < it->target->base.column_count; i++)
        if (strcmp(it->target->columns[i].name, name) == 0)
            return i;
    return -1;
}

/*
 * Whether a column that the rows do not have goes back to its default when a row is replaced. What
 * identifies the row stays: a new number would part it from the rows that refer to it.
 */
static bool is_defaulted(const search *it, int row)
{
    return it->options->mode == OUTFALL_MODE_REPLACE &&
           drv_pg_catalog_text(it->answer, row, DRV_PG_GENERATED)[0] == '\0' &&
           drv_pg_catalog_text(it->answer, row, DRV_PG_IDENTITY)[0] == '\0' &&
           !drv_pg_catalog_true(it->answer, row, DRV_PG_KEY);
}

static int check_update(const search *it, int row, outfall_error *error)
{
    const char *name = drv_pg_catalog_text(it->answer, row, DRV_PG_COLUMN);
    if (drv_pg_catalog_text(it->answer, row, DRV_PG_IDENTITY)[0] == 'a') {
        outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                          "mode=%s: column \"%.64s\" of %.100s is GENERATED ALWAYS AS IDENTITY, "
                          "and PostgreSQL does not update such a column to a value; leave it out, "
                          "make it the key, or set update.columns without it",
                          mode_of(it), name, it->target->display);
        return of_column(error, OUTFALL_ERR_UNSUPPORTED, name);
    }
    if (!drv_pg_catalog_true(it->answer, row, DRV_PG_COLUMN_MAY_UPDATE))
        return fail_right(it, "UPDATE", "update", row, error);
    return OUTFALL_OK;
}

/* ON CONFLICT reads the key, and EXCLUDED counts as a read of the column. */
static bool is_read(const search *it, int64_t column)
{
    bool read = column >= 0 && it->key.updates[column];
    for (uint32_t i = 0; i < it->key.count; i++)
        read = read || it->key.columns[i] == column;
    return read;
}

/* Adds the columns to set: to the row's value, or to their default. */
static int add_sets(const search *it, drv_text *to, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (int row = 0; row < PQntuples(it->answer) && status == OUTFALL_OK; row++) {
        int64_t column = find(it, row);
        bool updated = column >= 0 && it->key.updates[column];
        if (is_read(it, column) && !drv_pg_catalog_true(it->answer, row, DRV_PG_COLUMN_MAY_SELECT))
            return fail_right(it, "SELECT", "read", row, error);
        if (!updated && (column >= 0 || !is_defaulted(it, row)))
            continue;
        status = check_update(it, row, error);
        drv_text_add(to, to->length > 0 ? ", " : "");
        drv_identifier_quote(to, drv_pg_catalog_text(it->answer, row, DRV_PG_COLUMN), '"');
        drv_text_add(to, " = ");
        if (updated) {
            drv_text_add(to, "EXCLUDED.");
            drv_identifier_quote(to, it->target->columns[column].name, '"');
        } else {
            drv_text_add(to, "DEFAULT");
        }
    }
    return status;
}

static int make_conflict(search *it, outfall_error *error)
{
    drv_pg_target *target = it->target;
    drv_text sets = {0};
    drv_text conflict = {0};
    int status = add_sets(it, &sets, error);
    target->in_order = sets.length > 0;
    target->count_mode = target->in_order ? it->options->mode : (uint32_t)OUTFALL_MODE_IGNORE;
    drv_text_add(&conflict, "ON CONFLICT (");
    add_key_names(&conflict, it);
    if (target->in_order && !sets.failed)
        drv_text_format(&conflict, ") DO UPDATE SET %s", sets.data);
    else
        drv_text_add(&conflict, ") DO NOTHING");
    bool failed = sets.failed || conflict.failed;
    target->conflict = drv_text_take(&conflict);
    if (status == OUTFALL_OK && (failed || target->conflict == NULL))
        status = drv_fail_nomem(error);
    drv_text_free(&sets);
    return status;
}

/* ---- All of it -------------------------------------------------------------------------- */

static int resolve(search *it, outfall_error *error)
{
    drv_pg_target *target = it->target;
    const drv_key_table table = {
        .table = target->name,
        .display = target->display,
        .quote = '"',
        .same = drv_name_same,
        .columns = target->columns,
        .column_count = target->base.column_count,
        .indexes = it->indexes.list,
        .index_count = it->indexes.count,
    };
    int status = check_kind(it, error);
    if (status == OUTFALL_OK)
        status = check_deferrable(it, error);
    if (status == OUTFALL_OK)
        status = drv_key_resolve(it->options, &table, &it->key, error);
    if (status == OUTFALL_OK)
        status = check_nulls(it, error);
    if (status == OUTFALL_OK && is_bytewise(it))
        target->base.flags |= OUTFALL_TARGET_BYTEWISE;
    if (status == OUTFALL_OK)
        status = make_conflict(it, error);
    if (status == OUTFALL_OK)
        status = take_index(it, error);
    return status;
}

int drv_pg_key_describe(outfall_connection *connection, const PGresult *answer,
                        const outfall_describe_options *options, drv_pg_target *target,
                        int64_t deadline_us, outfall_error *error)
{
    search it = {.connection = connection, .answer = answer, .options = options, .target = target};
    int status = drv_pg_indexes_read(connection, target->oid, deadline_us, &it.indexes, error);
    if (status == OUTFALL_OK)
        status = resolve(&it, error);
    drv_key_free(&it.key);
    drv_pg_indexes_free(&it.indexes);
    return status;
}
