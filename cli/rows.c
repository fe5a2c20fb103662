/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* A block is handed on once it holds this much text, so that it stays in the processor's cache. */
enum { BLOCK_TEXT_BYTES = 256 * 1024 };

int of_rows_init(of_rows *rows, size_t columns, size_t capacity, size_t row_text_max,
                 outfall_error *error)
{
    memset(rows, 0, sizeof *rows);
    rows->columns = columns;
    rows->capacity = capacity;
    rows->text_capacity = row_text_max + BLOCK_TEXT_BYTES;
    rows->kind_field = OF_ROWS_NO_KIND;
    rows->values = calloc(columns * capacity + 1, sizeof rows->values[0]);
    rows->offsets = calloc(capacity, sizeof rows->offsets[0]);
    rows->text = malloc(rows->text_capacity);
    if (rows->values != NULL && rows->offsets != NULL && rows->text != NULL)
        return OUTFALL_OK;
    of_rows_free(rows);
    return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
}

void of_rows_free(of_rows *rows)
{
    free(rows->values);
    free(rows->offsets);
    free(rows->kinds);
    free(rows->text);
    memset(rows, 0, sizeof *rows);
}

int of_rows_add_kinds(of_rows *rows, outfall_error *error)
{
    rows->kinds = calloc(rows->capacity, sizeof rows->kinds[0]);
    if (rows->kinds == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    return OUTFALL_OK;
}

size_t of_rows_width(const of_rows *rows)
{
    return rows->columns + (rows->kind_field != OF_ROWS_NO_KIND);
}

bool of_rows_full(const of_rows *rows)
{
    return rows->count == rows->capacity || rows->text_bytes >= BLOCK_TEXT_BYTES;
}

/* Of the row being built, how many values are there. */
static size_t value_count(const of_rows *rows)
{
    size_t values = rows->fields - (rows->fields > rows->kind_field);
    return values < rows->columns ? values : rows->columns;
}

/* The slot for the next value, or NULL where the row has all its columns. */
static outfall_value *next_slot(of_rows *rows)
{
    size_t value = rows->fields++;
    value -= value > rows->kind_field;
    return value < rows->columns ? &rows->values[rows->count * rows->columns + value] : NULL;
}

/* True where the next field is the kind: it is read, and keeps nothing. */
static bool take_kind(of_rows *rows, int type, const char *text, size_t length)
{
    if (rows->fields != rows->kind_field)
        return false;
    const outfall_value value = {
        .type = (uint32_t)type, .length = (uint32_t)length, .as.data = text};
    rows->fields++;
    of_kind_read(&rows->kind, &value);
    return true;
}

static const char *keep_text(of_rows *rows, const char *text, size_t length)
{
    char *at = rows->text + rows->text_bytes;
    if (length > 0)
        memcpy(at, text, length);
    rows->text_bytes += length;
    return at;
}

void of_rows_put_text(of_rows *rows, int type, const char *text, size_t length)
{
    if (take_kind(rows, type, text, length))
        return;
    outfall_value *slot = next_slot(rows);
    if (slot == NULL)
        return;
    slot->type = (uint32_t)type;
    slot->length = (uint32_t)length;
    slot->as.data = keep_text(rows, text, length);
}

void of_rows_put_null(of_rows *rows)
{
    if (take_kind(rows, OUTFALL_TYPE_NULL, NULL, 0))
        return;
    outfall_value *slot = next_slot(rows);
    if (slot != NULL)
        memset(slot, 0, sizeof *slot);
}

static bool holds_text(const outfall_value *value)
{
    return value->type == OUTFALL_TYPE_TEXT || value->type == OUTFALL_TYPE_JSON ||
           value->type == OUTFALL_TYPE_DECIMAL;
}

/* A record of several lines may be half read when its block is handed on: it moves to the front. */
void of_rows_clear(of_rows *rows)
{
    size_t values = value_count(rows);
    size_t moved = rows->text_start;

    if (values > 0 && rows->count > 0)
        memmove(rows->values, &rows->values[rows->count * rows->columns],
                values * sizeof rows->values[0]);
    memmove(rows->text, rows->text + moved, rows->text_bytes - moved);
    for (size_t i = 0; i < values; i++) {
        if (holds_text(&rows->values[i]))
            rows->values[i].as.data = (const char *)rows->values[i].as.data - moved;
    }
    rows->count = 0;
    rows->text_bytes -= moved;
    rows->text_start = 0;
}

void of_rows_set(of_rows *rows, size_t column, const outfall_value *value)
{
    outfall_value *slot = &rows->values[rows->count * rows->columns + column];
    *slot = *value;
    if (holds_text(value))
        slot->as.data = keep_text(rows, value->as.data, value->length);
}

void of_rows_end(of_rows *rows, uint64_t offset)
{
    if (rows->kinds != NULL)
        rows->kinds[rows->count] = (uint8_t)rows->kind.kind;
    rows->offsets[rows->count++] = offset;
    rows->fields = 0;
    rows->text_start = rows->text_bytes;
}

void of_rows_drop(of_rows *rows)
{
    rows->fields = 0;
    rows->text_bytes = rows->text_start;
}
