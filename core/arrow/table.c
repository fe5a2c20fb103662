/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/table.h"

#include <string.h>

#include "arrow/value.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "row/refuse.h"
#include "row/schema.h"

/* What is read at a time stays in the processor's first cache. */
#define BLOCK_VALUES 1280
#define BLOCK_ROWS_MAX 256

struct of_arrow_column {
    of_arrow_field field;
    size_t place; /* Of the column in a row; the table's width: it has the kinds. */
    of_arrow_view indices, values; /* Indices only of a dictionary. */
    char *text; /* OF_ARROW_TEXT_MAX for each row of a block; NULL: not needed. */
};

/* ---- Schema ----------------------------------------------------------------------- */

int of_arrow_schema_check(const struct ArrowSchema *schema, outfall_error *error)
{
    if (schema == NULL || schema->release == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       schema == NULL ? "the Arrow schema is NULL"
                                      : "the Arrow schema has been released: export it again");
    if (schema->format == NULL || strcmp(schema->format, "+s") != 0)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the Arrow schema is not a struct: export a record batch or a table, not a "
                       "column of one");
    if (schema->n_children <= 0 || schema->n_children > OF_SCHEMA_COLUMNS_MAX + 1 ||
        schema->children == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the Arrow schema has %lld columns, rows have 1 to %d",
                       (long long)schema->n_children, OF_SCHEMA_COLUMNS_MAX);
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i] == NULL)
            return of_fail(error, OUTFALL_ERR_INVALID,
                           "column %lld of the Arrow schema is missing: export it again",
                           (long long)i);
    return OUTFALL_OK;
}

int of_arrow_no_kinds(const char *kind_column, outfall_error *error)
{
    return of_fail_column(error, OUTFALL_ERR_NOT_FOUND, kind_column,
                          "the Arrow schema has no column \"%.63s\", which is to have the rows' "
                          "kinds: name the one that has",
                          kind_column);
}

/* The column of that name, or `count`. Looks at `hint` first: most schemas are in order. */
static size_t find_column(const outfall_column *columns, size_t count, size_t hint,
                          const char *name)
{
    if (hint < count && strcmp(columns[hint].name, name) == 0)
        return hint;
    for (size_t i = 0; i < count; i++)
        if (strcmp(columns[i].name, name) == 0)
            return i;
    return count;
}

static int place_column(of_arrow_table *table, size_t at, const outfall_column *columns,
                        const char *kind_column, uint8_t *seen, outfall_error *error)
{
    of_arrow_column *column = &table->columns[at];
    const char *name = column->field.name;
    bool kinds = kind_column != NULL && strcmp(name, kind_column) == 0;
    column->place =
        kinds ? table->width : find_column(columns, table->width, at - table->has_kinds, name);
    if (!kinds && column->place == table->width)
        return of_fail_column(error, OUTFALL_ERR_NOT_FOUND, name,
                              "the sink's rows have no column \"%.63s\", the Arrow schema has: "
                              "leave it out, or open the sink with it",
                              name);
    if (seen[column->place] != 0)
        return of_fail_column(error, OUTFALL_ERR_INVALID, name,
                              "the Arrow schema has two columns \"%.63s\": rename one", name);
    seen[column->place] = 1;
    table->has_kinds = table->has_kinds || kinds;
    return OUTFALL_OK;
}

static int check_all_placed(const of_arrow_table *table, const outfall_column *columns,
                            const char *kind_column, const uint8_t *seen, outfall_error *error)
{
    for (size_t i = 0; i < table->width; i++)
        if (seen[i] == 0)
            return of_fail_column(error, OUTFALL_ERR_NOT_FOUND, columns[i].name,
                                  "the Arrow schema has no column \"%.63s\", the sink's rows have: "
                                  "add it, or open the sink without it",
                                  columns[i].name);
    if (kind_column != NULL && !table->has_kinds)
        return of_arrow_no_kinds(kind_column, error);
    return OUTFALL_OK;
}

static int check_kinds(const of_arrow_field *field, outfall_error *error)
{
    if (field->values.kind == OF_ARROW_INT || field->values.kind == OF_ARROW_UINT ||
        field->values.type == OUTFALL_TYPE_TEXT)
        return OUTFALL_OK;
    return of_fail_column(error, OUTFALL_ERR_UNSUPPORTED, field->name,
                          "column \"%.63s\" is to have the rows' kinds: make it text (insert, "
                          "update, delete) or integers",
                          field->name);
}

static int match_columns(of_arrow_table *table, const struct ArrowSchema *schema,
                         const outfall_column *columns, const char *kind_column,
                         outfall_error *error)
{
    uint8_t *seen = of_calloc(table->width + 1, 1);
    int status = seen == NULL ? of_fail_nomem(error) : OUTFALL_OK;
    for (size_t i = 0; i < table->count && status == OUTFALL_OK; i++) {
        status = of_arrow_field_read(schema->children[i], &table->columns[i].field, error);
        if (status == OUTFALL_OK)
            status = place_column(table, i, columns, kind_column, seen, error);
        if (status == OUTFALL_OK && table->columns[i].place == table->width)
            status = check_kinds(&table->columns[i].field, error);
    }
    if (status == OUTFALL_OK)
        status = check_all_placed(table, columns, kind_column, seen, error);
    of_free(seen);
    return status;
}

/* ---- Open and close --------------------------------------------------------------- */

/* One allocation for each kind of memory, all of it before the first row. */
static int allocate_block(of_arrow_table *table, outfall_error *error)
{
    size_t spelled = 0, rows = BLOCK_VALUES / table->count;
    table->block_rows = rows < 1 ? 1 : rows > BLOCK_ROWS_MAX ? BLOCK_ROWS_MAX : rows;
    for (size_t i = 0; i < table->count; i++)
        spelled += of_arrow_spells(&table->columns[i].field.values);
    table->values = of_calloc(table->block_rows * (table->width + 1), sizeof *table->values);
    table->kinds = of_calloc(table->block_rows, 1);
    table->text = of_alloc(table->block_rows * spelled * OF_ARROW_TEXT_MAX + 1);
    if (table->values == NULL || table->kinds == NULL || table->text == NULL)
        return of_fail_nomem(error);
    table->kind_values = table->values + table->block_rows * table->width;
    spelled = 0;
    for (size_t i = 0; i < table->count; i++)
        if (of_arrow_spells(&table->columns[i].field.values))
            table->columns[i].text =
                table->text + spelled++ * table->block_rows * OF_ARROW_TEXT_MAX;
    return OUTFALL_OK;
}

int of_arrow_table_open(const struct ArrowSchema *schema, const outfall_column *columns,
                        size_t count, const char *kind_column, of_arrow_table *out,
                        outfall_error *error)
{
    *out = (of_arrow_table){.width = count};
    int status = of_arrow_schema_check(schema, error);
    if (status != OUTFALL_OK)
        return status;
    out->count = (size_t)schema->n_children;
    out->columns = of_calloc(out->count, sizeof *out->columns);
    if (out->columns == NULL)
        return of_fail_nomem(error);
    status = match_columns(out, schema, columns, kind_column, error);
    return status == OUTFALL_OK ? allocate_block(out, error) : status;
}

void of_arrow_table_close(of_arrow_table *table)
{
    of_free(table->columns);
    of_free(table->values);
    of_free(table->kinds);
    of_free(table->text);
    *table = (of_arrow_table){.columns = NULL};
}

/* ---- Array ------------------------------------------------------------------------ */

static int check_array(const of_arrow_table *table, const struct ArrowArray *array,
                       outfall_error *error)
{
    const char *wrong = NULL;
    if (array == NULL || array->release == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       array == NULL ? "the Arrow array is NULL"
                                     : "the Arrow array has been released: export it again");
    if (array->length < 0 || array->offset < 0 || array->length > INT64_MAX - array->offset)
        wrong = "a length or an offset that cannot be";
    else if (array->n_children < 0 || (size_t)array->n_children != table->count ||
             array->children == NULL)
        wrong = "another number of columns than its schema";
    else if (array->n_buffers != 1 || array->buffers == NULL)
        wrong = "another number of buffers than a struct";
    else if (array->dictionary != NULL)
        wrong = "a dictionary, a struct has none";
    else if (array->null_count < -1 || array->null_count > array->length ||
             (array->null_count > 0 && array->buffers[0] == NULL))
        wrong = "a count of nulls that cannot be";
    if (wrong == NULL)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_INVALID,
                   "the Arrow array has %s: it is malformed, export it again", wrong);
}

static int bind_column(of_arrow_column *column, const struct ArrowArray *array, int64_t rows_end,
                       outfall_error *error)
{
    const of_arrow_field *field = &column->field;
    const of_arrow_view *whole = field->dictionary ? &column->indices : &column->values;
    int status =
        of_arrow_view_open(array, field->dictionary ? &field->indices : &field->values, field->name,
                           field->dictionary ? &column->indices : &column->values, error);
    if (status != OUTFALL_OK)
        return status;
    if ((array->dictionary != NULL) != field->dictionary)
        return of_fail_column(error, OUTFALL_ERR_INVALID, field->name,
                              "the Arrow array of column \"%.63s\" has %s dictionary, its schema "
                              "says otherwise: export it again",
                              field->name, field->dictionary ? "no" : "a");
    if (whole->length < rows_end)
        return of_fail_column(error, OUTFALL_ERR_INVALID, field->name,
                              "the Arrow array of column \"%.63s\" has %lld values for %lld rows: "
                              "it is malformed, export it again",
                              field->name, (long long)whole->length, (long long)rows_end);
    return field->dictionary ? of_arrow_view_open(array->dictionary, &field->values, field->name,
                                                  &column->values, error)
                             : OUTFALL_OK;
}

int of_arrow_table_bind(of_arrow_table *table, const struct ArrowArray *array, outfall_error *error)
{
    int status = check_array(table, array, error);
    table->rows = 0;
    for (size_t i = 0; i < table->count && status == OUTFALL_OK; i++)
        status = bind_column(&table->columns[i], array->children[i], array->offset + array->length,
                             error);
    if (status != OUTFALL_OK)
        return status;
    table->offset = array->offset;
    table->rows = array->length;
    table->valid = array->length == 0 ? NULL : array->buffers[0];
    return OUTFALL_OK;
}

/* ---- Rows ------------------------------------------------------------------------- */

/* A struct that is null is no row: it has columns that are, but nobody said so of them. */
static size_t count_valid(const of_arrow_table *table, int64_t first, size_t count, int *status,
                          outfall_error *error)
{
    for (size_t i = 0; table->valid != NULL && i < count; i++) {
        if (of_arrow_bit(table->valid, table->offset + first + (int64_t)i))
            continue;
        *status = of_fail(error, OUTFALL_ERR_REFUSED,
                          "the Arrow struct is null as a whole, which is no row: leave it out, or "
                          "make its columns null");
        return i;
    }
    return count;
}

/* The kinds from their values; null is an insert's in no change stream that is known. */
static size_t read_kinds(const of_arrow_table *table, const of_arrow_field *field, size_t count,
                         int *status, outfall_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const outfall_value *value = &table->kind_values[i];
        const outfall_column column = {
            .name = field->name, .type = OUTFALL_TYPE_TEXT, .fraction_digits = -1};
        int kind = -1;
        if (value->type == OUTFALL_TYPE_TEXT && value->as.data != NULL)
            kind = outfall_row_kind_from_name(value->as.data, value->length);
        else if (value->type == OUTFALL_TYPE_INT64 && value->as.integer >= OUTFALL_ROW_INSERT &&
                 value->as.integer <= OUTFALL_ROW_DELETE)
            kind = (int)value->as.integer;
        if (kind < 0) {
            *status = of_refuse(error, &column, value, "is no kind of row",
                                "put insert, update or delete, or 0, 1 or 2");
            return i;
        }
        table->kinds[i] = (uint8_t)kind;
    }
    return count;
}

size_t of_arrow_table_read(of_arrow_table *table, int64_t first, int *status, outfall_error *error)
{
    outfall_error own = {.status = OUTFALL_OK};
    int64_t left = table->rows - first;
    size_t count = left < (int64_t)table->block_rows ? (size_t)left : table->block_rows;
    *status = OUTFALL_OK;
    count = count_valid(table, first, count, status, &own);
    /* A column stops where the ones before it did: what it says then is of an earlier row. */
    for (size_t i = 0; i < table->count && count > 0; i++) {
        of_arrow_column *column = &table->columns[i];
        bool kinds = column->place == table->width;
        const of_arrow_cells cells = {.values = kinds ? table->kind_values
                                                      : table->values + column->place,
                                      .stride = kinds ? 1 : table->width,
                                      .text = column->text};
        size_t wanted = count;
        count = column->field.dictionary
                    ? of_arrow_read_indices(&column->indices, &column->values,
                                            table->offset + first, count, &cells, &own)
                    : of_arrow_read(&column->values, table->offset + first, count, &cells, &own);
        if (count < wanted)
            *status = own.status;
        if (kinds)
            count = read_kinds(table, &column->field, count, status, &own);
    }
    if (*status != OUTFALL_OK)
        (void)of_fail_copy(error, &own);
    return count;
}
