/* SPDX-License-Identifier: Apache-2.0 */
#include "common/key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "common/text.h"

const char *drv_mode_name(uint32_t mode)
{
    static const char *const names[] = {
        [OUTFALL_MODE_INSERT] = "insert",
        [OUTFALL_MODE_UPSERT] = "upsert",
        [OUTFALL_MODE_REPLACE] = "replace",
        [OUTFALL_MODE_IGNORE] = "ignore",
    };
    return mode < sizeof names / sizeof names[0] ? names[mode] : "unknown";
}

int drv_name_same(const char *left, const char *right)
{
    return strcmp(left, right) == 0;
}

int drv_name_same_nocase(const char *left, const char *right)
{
    for (; *left != '\0' || *right != '\0'; left++, right++) {
        char one = *left >= 'A' && *left <= 'Z' ? (char)(*left - 'A' + 'a') : *left;
        char other = *right >= 'A' && *right <= 'Z' ? (char)(*right - 'A' + 'a') : *right;
        if (one != other)
            return 0;
    }
    return 1;
}

/* ---- Names ------------------------------------------------------------------------ */

static int of_column(outfall_error *error, int status, const char *column)
{
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    return status;
}

static const char *column_name(const void *context, size_t index)
{
    return ((const drv_key_table *)context)->columns[index].name;
}

/* The place of `name` among the rows' columns. `option` is the one that named it. */
static int find_column(const drv_key_table *table, const char *option, const char *name,
                       uint32_t *out, outfall_error *error)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (table->same(table->columns[i].name, name)) {
            *out = i;
            return OUTFALL_OK;
        }
    }
    const char *near = drv_identifier_nearest(name, table->column_count, column_name, table);
    if (near != NULL)
        outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                          "%s: column \"%.100s\" of %.150s is not among the rows' columns; did you "
                          "mean \"%.100s\"?",
                          option, name, table->display, near);
    else
        outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                          "%s: column \"%.100s\" of %.150s is not among the rows' columns; add it "
                          "to them, or set %s to columns that are",
                          option, name, table->display,
                          strcmp(option, "update.columns") == 0 ? option : "key");
    return of_column(error, OUTFALL_ERR_NOT_FOUND, name);
}

static int fail_twice(const char *option, const char *name, outfall_error *error)
{
    outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                      "%s: column \"%.100s\" is named twice; name it once", option, name);
    return of_column(error, OUTFALL_ERR_INVALID, name);
}

static int is_in_key(const drv_key *key, uint32_t column)
{
    for (uint32_t i = 0; i < key->count; i++)
        if (key->columns[i] == column)
            return 1;
    return 0;
}

/* ---- The key ---------------------------------------------------------------------- */

static const drv_index *find_primary(const drv_key_table *table)
{
    for (uint32_t i = 0; i < table->index_count; i++)
        if ((table->indexes[i].flags & DRV_INDEX_PRIMARY) != 0)
            return &table->indexes[i];
    return NULL;
}

static int read_key(const outfall_describe_options *options, const drv_key_table *table,
                    drv_key *key, outfall_error *error)
{
    const drv_index *primary = find_primary(table);
    const char *const *names = options->key;
    size_t count = options->key_count;
    const char *option = "key";
    if (names == NULL || count == 0) {
        if (primary == NULL)
            return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                     "mode=%s: %.150s has no primary key; add one to it, or set "
                                     "key to columns that have a unique index",
                                     drv_mode_name(options->mode), table->display);
        names = primary->columns;
        count = primary->count;
        option = "primary key";
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t column = 0;
        int status = find_column(table, option, names[i], &column, error);
        if (status != OUTFALL_OK)
            return status;
        if (is_in_key(key, column))
            return fail_twice(option, names[i], error);
        key->columns[key->count++] = column; /* No more than columns: none comes twice. */
    }
    return OUTFALL_OK;
}

/* Whether the index is on the key's columns, all of them and no other, in whatever order. */
static int covers(const drv_key_table *table, const drv_key *key, const drv_index *index)
{
    if (index->count != key->count)
        return 0;
    for (uint32_t i = 0; i < index->count; i++) {
        int found = 0;
        for (uint32_t j = 0; index->columns[i] != NULL && j < key->count && !found; j++)
            found = table->same(index->columns[i], table->columns[key->columns[j]].name);
        if (!found)
            return 0;
    }
    return 1;
}

static const char *fault_of(const drv_index *index)
{
    if ((index->flags & DRV_INDEX_PARTIAL) != 0)
        return "holds some of the rows only";
    if ((index->flags & DRV_INDEX_DEFERRABLE) != 0)
        return "is deferrable";
    if ((index->flags & DRV_INDEX_PREFIX) != 0)
        return "looks at the beginning of a column only";
    if ((index->flags & DRV_INDEX_INVALID) != 0)
        return "is not valid";
    return NULL;
}

/* `unusable` is an index on these columns that will not do, or NULL. */
static int fail_no_index(const outfall_describe_options *options, const drv_key_table *table,
                         const drv_key *key, const drv_index *unusable, outfall_error *error)
{
    drv_text columns = {0}, name = {0}, quoted = {0};
    drv_text_format(&name, "%.40s_outfall_key", table->table);
    if (!name.failed)
        drv_identifier_quote(&quoted, name.data, table->quote);
    for (uint32_t i = 0; i < key->count; i++) {
        drv_text_add(&columns, i > 0 ? ", " : "");
        drv_identifier_quote(&columns, table->columns[key->columns[i]].name, table->quote);
    }
    int status = OUTFALL_ERR_UNSUPPORTED;
    if (columns.failed || quoted.failed || name.failed)
        status = drv_fail_nomem(error);
    else if (unusable != NULL)
        outfall_error_set(
            error, status, OUTFALL_ACTION_STOP,
            "mode=%s: the unique index %.64s of %.100s %s; make another: CREATE UNIQUE "
            "INDEX %s ON %.100s (%s)",
            drv_mode_name(options->mode), unusable->name != NULL ? unusable->name : "on the key",
            table->display, fault_of(unusable), quoted.data, table->display, columns.data);
    else
        outfall_error_set(error, status, OUTFALL_ACTION_STOP,
                          "mode=%s: %.100s has no unique index on just the key's columns; make "
                          "one: CREATE UNIQUE INDEX %s ON %.100s (%s)",
                          drv_mode_name(options->mode), table->display, quoted.data, table->display,
                          columns.data);
    drv_text_free(&columns);
    drv_text_free(&name);
    drv_text_free(&quoted);
    return status;
}

/* The primary key before others, so that it is the same one whatever the order of the list. */
static int find_index(const outfall_describe_options *options, const drv_key_table *table,
                      drv_key *key, outfall_error *error)
{
    const drv_index *unusable = NULL;
    for (uint32_t i = 0; i < table->index_count; i++) {
        const drv_index *index = &table->indexes[i];
        if (!covers(table, key, index))
            continue;
        if (fault_of(index) != NULL)
            unusable = index;
        else if (key->index == NULL || (index->flags & DRV_INDEX_PRIMARY) != 0)
            key->index = index;
    }
    if (key->index == NULL)
        return fail_no_index(options, table, key, unusable, error);
    for (uint32_t i = 0; i < table->index_count && key->other == NULL; i++)
        if (&table->indexes[i] != key->index)
            key->other = &table->indexes[i];
    return OUTFALL_OK;
}

/* ---- The updated columns ---------------------------------------------------------- */

static int read_named_updates(const outfall_describe_options *options, const drv_key_table *table,
                              drv_key *key, outfall_error *error)
{
    for (size_t i = 0; i < options->update_count; i++) {
        const char *name = options->update[i];
        uint32_t column = 0;
        int status = find_column(table, "update.columns", name, &column, error);
        if (status != OUTFALL_OK)
            return status;
        if (key->updates[column])
            return fail_twice("update.columns", name, error);
        if (is_in_key(key, column)) {
            outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                              "update.columns: column \"%.100s\" is in the key, which finds the "
                              "row and stays as it is; leave it out",
                              name);
            return of_column(error, OUTFALL_ERR_INVALID, name);
        }
        key->updates[column] = 1;
        key->update_count++;
    }
    key->partial = key->update_count < table->column_count - key->count;
    return OUTFALL_OK;
}

static int read_updates(const outfall_describe_options *options, const drv_key_table *table,
                        drv_key *key, outfall_error *error)
{
    if (options->mode != OUTFALL_MODE_UPSERT && options->mode != OUTFALL_MODE_REPLACE)
        return OUTFALL_OK;
    if (options->mode == OUTFALL_MODE_UPSERT && options->update != NULL &&
        options->update_count > 0)
        return read_named_updates(options, table, key, error);
    for (uint32_t i = 0; i < table->column_count; i++) {
        key->updates[i] = (uint8_t)!is_in_key(key, i);
        key->update_count += key->updates[i];
    }
    return OUTFALL_OK;
}

int drv_key_resolve(const outfall_describe_options *options, const drv_key_table *table,
                    drv_key *out, outfall_error *error)
{
    memset(out, 0, sizeof *out);
    /* One more than needed: never of size 0. */
    out->columns = calloc((size_t)table->column_count + 1, sizeof *out->columns);
    out->updates = calloc((size_t)table->column_count + 1, sizeof *out->updates);
    if (out->columns == NULL || out->updates == NULL)
        return drv_fail_nomem(error);
    if (options->mode == OUTFALL_MODE_INSERT)
        return OUTFALL_OK;
    int status = read_key(options, table, out, error);
    if (status == OUTFALL_OK)
        status = find_index(options, table, out, error);
    if (status == OUTFALL_OK)
        status = read_updates(options, table, out, error);
    return status;
}

void drv_key_free(drv_key *key)
{
    free(key->columns);
    free(key->updates);
    memset(key, 0, sizeof *key);
}
