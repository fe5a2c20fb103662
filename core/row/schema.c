/* SPDX-License-Identifier: Apache-2.0 */
#include "row/schema.h"

#include <string.h>

#include <outfall/encoding.h>

#include "base/alloc.h"
#include "base/fail.h"

int outfall_schema_new(outfall_schema **out, outfall_error *error)
{
    if (out == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "outfall_schema_new: out is NULL");
    *out = of_calloc(1, sizeof **out);
    return *out == NULL ? of_fail_nomem(error) : OUTFALL_OK;
}

void of_schema_cut(outfall_schema *schema, size_t count)
{
    while (schema->count > count) {
        outfall_column *last = &schema->columns[--schema->count];
        of_free((char *)last->name);
        of_free((char *)last->type_name);
    }
}

void outfall_schema_free(outfall_schema *schema)
{
    if (schema == NULL)
        return;
    of_schema_cut(schema, 0);
    of_free(schema->columns);
    of_free(schema);
}

size_t outfall_schema_count(const outfall_schema *schema)
{
    return schema == NULL ? 0 : schema->count;
}

const outfall_column *outfall_schema_column(const outfall_schema *schema, size_t index)
{
    return index < outfall_schema_count(schema) ? &schema->columns[index] : NULL;
}

/* Refuses what no database could hold and what would not fit an error's column. */
static int check_column(const outfall_schema *schema, const outfall_column *column,
                        outfall_error *error)
{
    if (column->name == NULL || column->name[0] == '\0')
        return of_fail(error, OUTFALL_ERR_INVALID, "column %zu has no name: give it one",
                       schema->count + 1);
    size_t length = strlen(column->name);
    if (!outfall_utf8_valid(column->name, length))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the name of column %zu is not UTF-8: convert it", schema->count + 1);
    if (length >= OUTFALL_COLUMN_NAME_MAX)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the name of column %zu has %zu bytes; names have at most %d: shorten it",
                       schema->count + 1, length, OUTFALL_COLUMN_NAME_MAX - 1);
    if (column->type < OUTFALL_TYPE_BOOL || column->type > OUTFALL_TYPE_OTHER)
        return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                              "column \"%s\": %u is not a column's type: use one of "
                              "enum outfall_type",
                              column->name, column->type);
    if (of_schema_find(schema, column->name) >= 0)
        return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                              "column \"%s\" is given twice: leave one out", column->name);
    if (schema->count >= OF_SCHEMA_COLUMNS_MAX)
        return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                              "column \"%s\" is one too many: a table has at most %d", column->name,
                              OF_SCHEMA_COLUMNS_MAX);
    return OUTFALL_OK;
}

static int grow(outfall_schema *schema, outfall_error *error)
{
    if (schema->count < schema->capacity)
        return OUTFALL_OK;
    size_t capacity = schema->capacity == 0 ? 16 : schema->capacity * 2;
    outfall_column *columns = of_realloc(schema->columns, capacity * sizeof *columns);
    if (columns == NULL)
        return of_fail_nomem(error);
    schema->columns = columns;
    schema->capacity = capacity;
    return OUTFALL_OK;
}

int outfall_schema_add(outfall_schema *schema, const outfall_column *column, outfall_error *error)
{
    if (schema == NULL || column == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "outfall_schema_add: %s is NULL",
                       schema == NULL ? "schema" : "column");
    int status = check_column(schema, column, error);
    if (status == OUTFALL_OK)
        status = grow(schema, error);
    if (status != OUTFALL_OK)
        return status;

    outfall_column copy = *column;
    copy.name = of_strdup(column->name);
    copy.type_name = column->type_name == NULL ? NULL : of_strdup(column->type_name);
    if (copy.name == NULL || (column->type_name != NULL && copy.type_name == NULL)) {
        of_free((char *)copy.name);
        of_free((char *)copy.type_name);
        return of_fail_nomem(error);
    }
    schema->columns[schema->count++] = copy;
    return OUTFALL_OK;
}

int of_schema_copy(const outfall_column *columns, size_t count, outfall_schema **out,
                   outfall_error *error)
{
    outfall_schema *schema = NULL;
    *out = NULL;
    int status = outfall_schema_new(&schema, error);
    for (size_t i = 0; status == OUTFALL_OK && i < count; i++)
        status = outfall_schema_add(schema, &columns[i], error);
    if (status != OUTFALL_OK)
        goto done;
    *out = schema;
    schema = NULL; /* The caller owns it now. */
done:
    outfall_schema_free(schema);
    return status;
}

int of_schema_find(const outfall_schema *schema, const char *name)
{
    for (size_t i = 0; i < outfall_schema_count(schema); i++)
        if (strcmp(schema->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* A type of the database's own is known by its name alone. */
static int same_type_name(const outfall_column *left, const outfall_column *right)
{
    if (left->type != OUTFALL_TYPE_OTHER)
        return 1;
    return strcmp(left->type_name == NULL ? "" : left->type_name,
                  right->type_name == NULL ? "" : right->type_name) == 0;
}

int of_schema_equal(const outfall_schema *left, const outfall_schema *right)
{
    if (outfall_schema_count(left) != outfall_schema_count(right))
        return 0;
    for (size_t i = 0; i < outfall_schema_count(left); i++) {
        const outfall_column *a = &left->columns[i];
        const outfall_column *b = &right->columns[i];
        if (strcmp(a->name, b->name) != 0 || a->type != b->type || !same_type_name(a, b) ||
            a->flags != b->flags || a->length_max != b->length_max ||
            a->precision != b->precision || a->scale != b->scale ||
            a->fraction_digits != b->fraction_digits || a->least != b->least || a->most != b->most)
            return 0;
    }
    return 1;
}
