/* SPDX-License-Identifier: Apache-2.0 */
#include "row/row.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "row/convert.h"
#include "row/encode.h"
#include "row/json.h"
#include "row/schema.h"

/* What is left of a row. */
typedef struct reader {
    const uint8_t *at;
    const uint8_t *end;
} reader;

static int open_row(const outfall_schema *schema, const uint8_t *row, size_t length, reader *in,
                    outfall_error *error)
{
    if (length < 2)
        return of_fail(error, OUTFALL_ERR_INVALID, "a row has %zu bytes: it needs at least 2",
                       length);
    if (outfall_read_i16(row) < 0 || (size_t)outfall_read_i16(row) != schema->count)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a row has %d fields: it needs one for each of the %zu columns",
                       outfall_read_i16(row), schema->count);
    in->at = row + 2;
    in->end = row + length;
    return OUTFALL_OK;
}

/* Steps over a field, which is the column's; *size is -1 for NULL. */
static int next_field(reader *in, const outfall_column *column, const uint8_t **field,
                      int32_t *size, outfall_error *error)
{
    size_t left = (size_t)(in->end - in->at);
    *field = in->at;
    *size = left >= 4 ? outfall_read_i32(in->at) : -2;
    if (*size < -1 || (*size > 0 && (size_t)*size > left - 4))
        return of_fail_column(error, OUTFALL_ERR_INVALID, column->name,
                              "a row ends within column \"%s\", or its length is wrong: encode the "
                              "row anew",
                              column->name);
    *field = in->at + 4;
    in->at += 4 + (*size > 0 ? (size_t)*size : 0);
    return OUTFALL_OK;
}

static int close_row(const reader *in, outfall_error *error)
{
    if (in->at == in->end)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_INVALID,
                   "a row has %zu bytes after its last field: encode the row anew",
                   (size_t)(in->end - in->at));
}

int of_row_check(const outfall_schema *schema, const uint8_t *row, size_t length,
                 outfall_error *error)
{
    reader in = {row, row};
    int status = open_row(schema, row, length, &in, error);
    for (size_t i = 0; status == OUTFALL_OK && i < schema->count; i++) {
        const uint8_t *field;
        int32_t size;
        status = next_field(&in, &schema->columns[i], &field, &size, error);
        if (status == OUTFALL_OK)
            status = of_field_check(&schema->columns[i], field, size, error);
    }
    return status == OUTFALL_OK ? close_row(&in, error) : status;
}

/* ---- As JSON ---------------------------------------------------------------------- */

static int append(of_scratch *out, size_t *size, const char *text, size_t length,
                  outfall_error *error)
{
    int status = of_scratch_reserve(out, *size + length, *size, error);
    if (status != OUTFALL_OK)
        return status;
    memcpy(out->data + *size, text, length);
    *size += length;
    return OUTFALL_OK;
}

static int append_string(of_scratch *out, size_t *size, const char *text, size_t length,
                         outfall_error *error)
{
    int status = of_scratch_reserve(out, *size + of_json_string_max(length), *size, error);
    if (status == OUTFALL_OK)
        *size += of_json_string(text, length, out->data + *size);
    return status;
}

/* True where the field's text can stand in JSON as it is. */
static bool is_bare(const outfall_column *column, const char *text, size_t length)
{
    if (column->type == OUTFALL_TYPE_BOOL)
        return true;
    /* Of the numbers' texts only NaN and the infinities end in a letter. */
    return column->type >= OUTFALL_TYPE_INT16 && column->type <= OUTFALL_TYPE_DECIMAL &&
           length > 0 && text[length - 1] >= '0' && text[length - 1] <= '9';
}

/* "name":value */
static int append_member(const outfall_column *column, const uint8_t *field, int32_t field_length,
                         of_scratch *scratch, of_scratch *out, size_t *size, outfall_error *error)
{
    const char *text;
    size_t length;
    int status = append_string(out, size, column->name, strlen(column->name), error);
    if (status == OUTFALL_OK)
        status = append(out, size, ":", 1, error);
    if (status == OUTFALL_OK)
        status = of_field_text(column, field, field_length, scratch, &text, &length, error);
    if (status != OUTFALL_OK)
        return status;
    if (text == NULL)
        return append(out, size, "null", 4, error);
    return is_bare(column, text, length) ? append(out, size, text, length, error)
                                         : append_string(out, size, text, length, error);
}

int of_row_json(const outfall_schema *schema, const uint8_t *row, size_t length, of_scratch *out,
                size_t *out_length, outfall_error *error)
{
    of_scratch scratch = {NULL, 0};
    reader in = {row, row};
    size_t size = 0;
    *out_length = 0;
    int status = open_row(schema, row, length, &in, error);
    for (size_t i = 0; status == OUTFALL_OK && i < schema->count; i++) {
        const uint8_t *field;
        int32_t field_length;
        status = append(out, &size, i == 0 ? "{" : ",", 1, error);
        if (status == OUTFALL_OK)
            status = next_field(&in, &schema->columns[i], &field, &field_length, error);
        if (status == OUTFALL_OK)
            status = append_member(&schema->columns[i], field, field_length, &scratch, out, &size,
                                   error);
    }
    if (status == OUTFALL_OK)
        status = close_row(&in, error);
    if (status == OUTFALL_OK)
        status = schema->count == 0 ? append(out, &size, "{}", 3, error)
                                    : append(out, &size, "}", 2, error);
    if (status == OUTFALL_OK)
        *out_length = size - 1; /* Less its NUL. */
    of_scratch_free(&scratch);
    return status;
}

/* ---- For another schema ----------------------------------------------------------- */

static int convert_field(const outfall_column *from, const outfall_column *to, const uint8_t *field,
                         int32_t field_length, bool lossy, of_scratch *scratch, of_scratch *out,
                         size_t *size, outfall_error *error)
{
    outfall_value value;
    size_t bytes;
    int status = of_decode(from, field, field_length, scratch, &value, error);
    if (status == OUTFALL_OK && field_length < 0) {
        /* It was taken once, perhaps for a delete; NOT NULL is the database's to enforce now. */
        status = of_scratch_reserve(out, *size + 4, *size, error);
        if (status == OUTFALL_OK)
            *size += of_encode_null((uint8_t *)out->data + *size);
        return status;
    }
    if (status == OUTFALL_OK)
        status = of_scratch_reserve(out, *size + of_convert_bytes_max(to, &value), *size, error);
    if (status == OUTFALL_OK)
        status = of_convert(to, &value, lossy, (uint8_t *)out->data + *size, &bytes, error);
    if (status == OUTFALL_OK)
        *size += bytes;
    return status;
}

int of_row_convert(const outfall_schema *from, const outfall_schema *to, const uint8_t *row,
                   size_t length, bool lossy, of_scratch *out, size_t *out_length,
                   outfall_error *error)
{
    of_scratch scratch = {NULL, 0};
    reader in = {row, row};
    size_t size = 2;
    *out_length = 0;
    int status = open_row(from, row, length, &in, error);
    if (status == OUTFALL_OK && from->count != to->count)
        status = of_fail(error, OUTFALL_ERR_INVALID,
                         "rows of %zu columns do not go into %zu: open the sink anew", from->count,
                         to->count);
    if (status == OUTFALL_OK)
        status = of_scratch_reserve(out, length < 2 ? 2 : length, 0, error);
    if (status == OUTFALL_OK)
        of_store_i16((uint8_t *)out->data, (int16_t)to->count);
    for (size_t i = 0; status == OUTFALL_OK && i < from->count; i++) {
        const uint8_t *field;
        int32_t field_length;
        status = next_field(&in, &from->columns[i], &field, &field_length, error);
        if (status == OUTFALL_OK)
            status = convert_field(&from->columns[i], &to->columns[i], field, field_length, lossy,
                                   &scratch, out, &size, error);
    }
    if (status == OUTFALL_OK)
        status = close_row(&in, error);
    if (status == OUTFALL_OK)
        *out_length = size;
    of_scratch_free(&scratch);
    return status;
}
