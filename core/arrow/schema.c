/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <outfall/arrow.h>

#include "arrow/table.h"
#include "base/fail.h"
#include "row/schema.h"

/* The column that holds every value of a field. */
static int add_field(outfall_schema *schema, const of_arrow_field *field, outfall_error *error)
{
    const of_arrow_type *type = &field->values;
    outfall_column column = {.name = field->name,
                             .type = type->type,
                             .flags = field->nullable ? 0 : OUTFALL_COLUMN_NOT_NULL,
                             .fraction_digits = -1};
    switch (type->kind) {
    case OF_ARROW_NULL:
        return of_fail_column(error, OUTFALL_ERR_UNSUPPORTED, field->name,
                              "column \"%.63s\" is of Arrow's type null, which says nothing of a "
                              "column: cast it to the type that it is to have",
                              field->name);
    case OF_ARROW_UINT: /* None but uint64 is made a decimal. */
        column.precision = column.type == OUTFALL_TYPE_DECIMAL ? 20 : 0;
        break;
    case OF_ARROW_DECIMAL: /* Not every database has negative scales, or more scale than digits. */
        column.precision = type->precision;
        column.scale = type->scale < 0 ? 0 : type->scale;
        if (type->scale < 0)
            column.precision = type->precision + (uint32_t)-type->scale;
        else if ((uint32_t)type->scale > type->precision)
            column.precision = (uint32_t)type->scale;
        break;
    case OF_ARROW_DATA:
        column.length_max = type->type == OUTFALL_TYPE_BYTES ? type->width : 0;
        break;
    default:
        break;
    }
    return outfall_schema_add(schema, &column, error);
}

int outfall_schema_add_arrow(outfall_schema *schema, const struct ArrowSchema *arrow,
                             const char *kind_column, outfall_error *error)
{
    bool kinds = kind_column == NULL;
    if (schema == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the schema is NULL");
    size_t before = schema->count;
    int status = of_arrow_schema_check(arrow, error);
    for (int64_t i = 0; status == OUTFALL_OK && i < arrow->n_children; i++) {
        of_arrow_field field;
        status = of_arrow_field_read(arrow->children[i], &field, error);
        if (status == OUTFALL_OK && kind_column != NULL && strcmp(field.name, kind_column) == 0)
            kinds = true;
        else if (status == OUTFALL_OK)
            status = add_field(schema, &field, error);
    }
    if (status == OUTFALL_OK && !kinds)
        status = of_arrow_no_kinds(kind_column, error);
    if (status != OUTFALL_OK)
        of_schema_cut(schema, before);
    return status;
}
