/* SPDX-License-Identifier: Apache-2.0 */
#include "columns.h"

#include <string.h>

static int refuse(outfall_error *error, const char *format, ...) OUTFALL_PRINTF(2, 3);

static int refuse(outfall_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status =
        outfall_error_vset(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP, format, arguments);
    va_end(arguments);
    return status;
}

static const outfall_column *find_given(const outfall_schema *given, const char *name)
{
    for (size_t i = 0; i < outfall_schema_count(given); i++) {
        const outfall_column *column = outfall_schema_column(given, i);
        if (strcmp(column->name, name) == 0)
            return column;
    }
    return NULL;
}

/* Each column of --schema has to be in the file; JSON lines may lack a key in all sampled rows. */
static int match_given(const of_columns *from, outfall_error *error)
{
    of_names *names = of_input_columns(from->input);

    for (size_t i = 0; i < outfall_schema_count(from->given); i++) {
        const char *name = outfall_schema_column(from->given, i)->name;
        if (of_names_find(names, name, strlen(name), i) < names->count)
            continue;
        if (from->kind_column != NULL && strcmp(name, from->kind_column) == 0)
            return refuse(error,
                          "--schema names the column \"%s\", which has the rows' kinds: it is "
                          "not part of the table",
                          name);
        if (from->format == OF_FORMAT_CSV)
            return refuse(error, "--schema names the column \"%s\", which the header has not",
                          name);
        if (of_names_add(names, name, strlen(name)) != 0)
            return refuse(error, "more than %u columns", OF_COLUMNS_MAX);
    }
    return OUTFALL_OK;
}

int of_columns_schema(const of_columns *from, outfall_schema **out, outfall_error *error)
{
    const of_names *names = of_input_columns(from->input);
    const of_infer *samples = of_input_samples(from->input);
    int status = match_given(from, error);

    if (status == OUTFALL_OK && names->count == 0 && from->create)
        status = refuse(error, "no row to take the columns from; name them with --schema");
    if (status == OUTFALL_OK && names->count > 0)
        status = outfall_schema_new(out, error);
    for (size_t i = 0; i < names->count && status == OUTFALL_OK; i++) {
        const outfall_column *given = find_given(from->given, names->names[i]);
        outfall_column column = {.name = names->names[i], .fraction_digits = -1};
        /* Without --create the table has the types. */
        column.type = from->create ? (uint32_t)of_infer_type(&samples[i]) : OUTFALL_TYPE_TEXT;
        status = outfall_schema_add(*out, given != NULL ? given : &column, error);
    }
    return status;
}
