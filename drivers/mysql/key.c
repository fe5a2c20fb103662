/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "common/text.h"
#include "mysql/sql.h"
#include "mysql/type.h"

/* A key to be resolved: names of columns, wherever they come from. */
typedef struct key_names {
    const char **names;
    size_t count;
} key_names;

static int refuse_text(drv_text *why, outfall_error *error)
{
    int status = why->failed || why->data == NULL
                     ? drv_fail_nomem(error)
                     : outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP, "%s",
                                         why->data);
    drv_text_free(why);
    return status;
}

static int of_column(outfall_error *error, const char *column, int status)
{
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    return status;
}

/* ---- Names ------------------------------------------------------------------------------ */

static const char *index_text(const drv_my_catalog *catalog, size_t row, unsigned field)
{
    return drv_my_text_of(&catalog->indexes, row, field);
}

/* The rows of the index that begins at `first` end before the one returned. */
static size_t index_end(const drv_my_catalog *catalog, size_t first)
{
    size_t end = first + 1;
    while (end < catalog->indexes.count && strcmp(index_text(catalog, end, DRV_MY_INDEX),
                                                  index_text(catalog, first, DRV_MY_INDEX)) == 0)
        end++;
    return end;
}

static int take_names(const drv_my_catalog *catalog, const outfall_describe_options *options,
                      const drv_my_target *target, key_names *out, outfall_error *error)
{
    bool has_primary =
        catalog->indexes.count > 0 && strcmp(index_text(catalog, 0, DRV_MY_INDEX), "PRIMARY") == 0;
    size_t count = options->key != NULL ? options->key_count
                   : has_primary        ? index_end(catalog, 0)
                                        : 0;
    if (count == 0) {
        drv_text why = {0};
        drv_text_format(&why,
                        catalog->indexes.count > 0
                            ? "%s has no primary key; name the columns of one of its unique "
                              "indexes by the option key"
                            : "%s has no key by which rows could be known again; make one with "
                              "ALTER TABLE %s ADD PRIMARY KEY (...)",
                        target->display, target->display);
        return refuse_text(&why, error);
    }
    out->names = calloc(count, sizeof *out->names);
    if (out->names == NULL)
        return drv_fail_nomem(error);
    for (size_t i = 0; i < count; i++)
        out->names[i] =
            options->key != NULL ? options->key[i] : index_text(catalog, i, DRV_MY_INDEX_COLUMN);
    out->count = count;
    return OUTFALL_OK;
}

/* The rows' column of that name, or -1. */
static int find_column(const drv_my_target *target, const char *name)
{
    for (uint32_t i = 0; i < target->base.column_count; i++)
        if (strcasecmp(target->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool drv_my_key_has(const drv_my_target *target, uint32_t column)
{
    for (uint32_t i = 0; i < target->base.key_count; i++)
        if (target->key[i] == column)
            return true;
    return false;
}

static int take_columns(const key_names *names, drv_my_target *target, outfall_error *error)
{
    target->key = calloc(names->count, sizeof *target->key);
    target->key_fields = calloc(names->count, sizeof *target->key_fields);
    target->delete_params = calloc(target->base.column_count, sizeof *target->delete_params);
    if (target->key == NULL || target->key_fields == NULL || target->delete_params == NULL)
        return drv_fail_nomem(error);
    for (uint32_t i = 0; i < target->base.column_count; i++)
        target->delete_params[i] = DRV_MY_NOT_SENT;
    for (size_t i = 0; i < names->count; i++) {
        int column = find_column(target, names->names[i]);
        if (column < 0 || drv_my_key_has(target, (uint32_t)column)) {
            int status = outfall_error_set(
                error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                column < 0 ? "the rows for %.160s have no column \"%.64s\", which is part of the "
                             "key; add it to them, or name another key"
                           : "the key of %.160s names \"%.64s\" twice",
                target->display, names->names[i]);
            return of_column(error, names->names[i], status);
        }
        target->key[i] = (uint32_t)column;
        target->key_fields[i] = target->fields[column];
        target->delete_params[column] = (uint32_t)i;
        target->base.key_count = (uint32_t)i + 1;
    }
    return OUTFALL_OK;
}

/* ---- Unique indexes --------------------------------------------------------------------- */

/* A unique index on just the key's columns, whole ones, in any order. */
static bool is_key(const drv_my_catalog *catalog, size_t first, size_t end,
                   const drv_my_target *target)
{
    if (end - first != target->base.key_count)
        return false;
    for (size_t row = first; row < end; row++) {
        int column = find_column(target, index_text(catalog, row, DRV_MY_INDEX_COLUMN));
        if (column < 0 || !drv_my_key_has(target, (uint32_t)column) ||
            catalog->indexes.rows[row][DRV_MY_INDEX_PART] != NULL)
            return false;
    }
    return true;
}

/* Whether the key has its index; `other` gets the name of one that is not the key's. */
static bool find_indexes(const drv_my_catalog *catalog, const drv_my_target *target,
                         const char **other)
{
    bool found = false;
    *other = NULL;
    for (size_t first = 0; first < catalog->indexes.count;) {
        size_t end = index_end(catalog, first);
        if (is_key(catalog, first, end, target))
            found = true;
        else if (*other == NULL)
            *other = index_text(catalog, first, DRV_MY_INDEX);
        first = end;
    }
    return found;
}

static int refuse_no_index(const drv_my_target *target, outfall_error *error)
{
    drv_text why = {0};
    drv_text_format(&why,
                    "%s has no unique index on just the key's columns; make one with ALTER "
                    "TABLE %s ADD UNIQUE (",
                    target->display, target->display);
    for (uint32_t i = 0; i < target->base.key_count; i++) {
        drv_text_add(&why, i > 0 ? ", " : "");
        drv_my_add_name(&why, target->columns[target->key[i]].name);
    }
    drv_text_add(&why, ")");
    return refuse_text(&why, error);
}

static int refuse_other(const drv_my_target *target, const char *unique, outfall_error *error)
{
    drv_text why = {0};
    drv_text_format(&why, "%s has the unique index ", target->display);
    drv_my_add_name(&why, unique);
    drv_text_add(&why, " besides the key, and the database would take a conflict with it for one "
                       "with the key: the wrong row would be changed; drop it, or set "
                       "unique.other=allow");
    return refuse_text(&why, error);
}

/* ---- Bytes ------------------------------------------------------------------------------ */

static bool column_is_bytewise(const drv_my_catalog *catalog, int row, const outfall_column *column)
{
    const char *type = drv_my_text_of(&catalog->columns, (size_t)row, DRV_MY_DATA_TYPE);
    if (column->type == OUTFALL_TYPE_OTHER || column->type == OUTFALL_TYPE_JSON ||
        (column->flags & OUTFALL_COLUMN_PADDED) != 0 || strcmp(type, "binary") == 0)
        return false;
    /* FLOAT(7,2), whose values the server rounds. */
    if ((column->type == OUTFALL_TYPE_FLOAT32 || column->type == OUTFALL_TYPE_FLOAT64) &&
        drv_my_number_of(&catalog->columns, (size_t)row, DRV_MY_SCALE) >= 0)
        return false;
    return column->type != OUTFALL_TYPE_TEXT ||
           drv_my_type_is_bytewise(
               drv_my_text_of(&catalog->columns, (size_t)row, DRV_MY_COLLATION));
}

static bool updates_all(const outfall_describe_options *options, const drv_my_target *target)
{
    return options->mode != OUTFALL_MODE_UPSERT || options->update == NULL ||
           options->update_count + target->base.key_count >= target->base.column_count;
}

int drv_my_key_resolve(const drv_my_catalog *catalog, const outfall_describe_options *options,
                       const int *rows, drv_my_target *target, outfall_error *error)
{
    key_names names = {0};
    const char *other = NULL;
    if (options->mode == OUTFALL_MODE_INSERT)
        return OUTFALL_OK;
    int status = take_names(catalog, options, target, &names, error);
    if (status == OUTFALL_OK)
        status = take_columns(&names, target, error);
    free(names.names);
    if (status != OUTFALL_OK)
        return status;
    if (!find_indexes(catalog, target, &other))
        return refuse_no_index(target, error);
    if (other != NULL && !options->other_unique)
        return refuse_other(target, other, error);
    bool bytewise = other == NULL && updates_all(options, target);
    for (uint32_t i = 0; i < target->base.key_count; i++)
        bytewise = bytewise && column_is_bytewise(catalog, rows[target->key[i]],
                                                  &target->columns[target->key[i]]);
    if (bytewise)
        target->base.flags |= OUTFALL_TARGET_BYTEWISE;
    return OUTFALL_OK;
}
