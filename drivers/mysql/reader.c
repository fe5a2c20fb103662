/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/reader.h"

#include <stdio.h>
#include <string.h>

/*
 * What a value may take in a packet beyond its bytes in the row, where it has four for its length:
 * a NULL's mark, a long length, a UUID spelled out; and a decimal's digits.
 */
#define FIELD_SPARE 24
#define DECIMAL_SPARE DRV_MY_TEXT_MAX

void drv_my_reader_start(drv_my_reader *reader, const drv_my_target *target,
                         const outfall_batch *batch)
{
    *reader = (drv_my_reader){.target = target, .batch = batch};
}

uint32_t drv_my_reader_width(const drv_my_reader *reader)
{
    return reader->batch->deletion ? reader->target->base.key_count
                                   : reader->target->base.column_count;
}

void drv_my_reader_init(const drv_my_reader *reader, drv_my_slot *slots, MYSQL_BIND *binds)
{
    const drv_my_target *target = reader->target;
    uint32_t width = drv_my_reader_width(reader);
    const drv_my_field *fields = reader->batch->deletion ? target->key_fields : target->fields;
    for (uint32_t i = 0; i < width; i++)
        drv_my_bind_init(&fields[i], &slots[i], &binds[i]);
}

static bool refuse(drv_my_reader *reader, enum drv_my_refusal refusal, uint32_t column)
{
    reader->refusal = refusal;
    reader->column = column;
    return false;
}

/* Moves to a span with rows in it. */
static void next_span(drv_my_reader *reader)
{
    while (reader->span_rows == 0 && reader->span < reader->batch->span_count) {
        const outfall_span *span = &reader->batch->spans[reader->span++];
        size_t length = 0;
        if (span->count == 0)
            continue;
        reader->at = outfall_span_bytes(span, &length);
        reader->end = reader->at + length;
        reader->span_rows = span->count;
    }
}

bool drv_my_reader_next(drv_my_reader *reader, drv_my_slot *slots, MYSQL_BIND *binds)
{
    const drv_my_target *target = reader->target;
    const uint32_t *params = reader->batch->deletion ? target->delete_params : NULL;
    uint32_t count = target->base.column_count;
    if (reader->span_rows == 0)
        next_span(reader);
    const uint8_t *at = reader->at;
    const uint8_t *end = reader->end;
    reader->row++;
    if (reader->span_rows == 0 || end - at < 2 || (uint16_t)outfall_read_i16(at) != count)
        return refuse(reader, DRV_MY_MALFORMED, 0);
    at += 2;
    for (uint32_t i = 0; i < count; i++) {
        int32_t length = end - at >= 4 ? outfall_read_i32(at) : INT32_MAX;
        at += end - at >= 4 ? 4 : 0;
        if (length > end - at)
            return refuse(reader, DRV_MY_MALFORMED, i);
        uint32_t param = params != NULL ? params[i] : i;
        if (param != DRV_MY_NOT_SENT) {
            enum drv_my_refusal refusal =
                drv_my_bind_put(&target->fields[i], &slots[param], &binds[param], at, length);
            if (refusal != DRV_MY_TAKEN)
                return refuse(reader, refusal, i);
        }
        at += length > 0 ? length : 0;
    }
    reader->at = at;
    reader->span_rows--;
    return true;
}

/* ---- Packets ---------------------------------------------------------------------------- */

static uint64_t spare_of(const drv_my_target *target)
{
    uint64_t spare = 0;
    for (uint32_t i = 0; i < target->base.column_count; i++)
        spare += target->fields[i].kind == DRV_MY_DECIMAL ? DECIMAL_SPARE : FIELD_SPARE;
    return spare;
}

uint32_t drv_my_reader_fit(const drv_my_reader *reader, uint32_t most, uint64_t bytes)
{
    const outfall_batch *batch = reader->batch;
    uint64_t spare = spare_of(reader->target);
    uint64_t rows = batch->rows - reader->row;
    uint64_t taken = 0;
    uint32_t fit = 0;
    if (most > rows)
        most = (uint32_t)rows;
    if (most == rows && batch->bytes + rows * spare <= bytes)
        return most; /* As it nearly always is: no entry need be looked at. */
    uint32_t index = reader->span > 0 ? reader->span - 1 : 0;
    uint32_t row = reader->span > 0 ? batch->spans[index].count - reader->span_rows : 0;
    while (fit < most && index < batch->span_count) {
        const outfall_span *span = &batch->spans[index];
        if (row == span->count) {
            index++;
            row = 0;
            continue;
        }
        taken += outfall_span_entry(span, row++)->bytes + spare;
        if (taken > bytes)
            break;
        fit++;
    }
    return fit;
}

/* ---- Refusals --------------------------------------------------------------------------- */

int drv_my_reader_fail(const drv_my_reader *reader, outfall_error *error)
{
    const drv_my_target *target = reader->target;
    const outfall_column *column = &target->columns[reader->column];
    int status = OUTFALL_ERR_REFUSED, action = OUTFALL_ACTION_ROW;
    const char *why = "";
    switch (reader->refusal) {
    case DRV_MY_NO_MEMBER:
        why = "the value is none of its members, letter by letter; the server would take it for "
              "one that is like it, or by its number";
        break;
    case DRV_MY_WOULD_PAD:
        why = "the value is shorter, and the server would fill it up with zero bytes; declare the "
              "column as VARBINARY";
        break;
    default:
        status = OUTFALL_ERR_INVALID;
        action = OUTFALL_ACTION_STOP;
        why = "the row's bytes are not an encoding of the table's columns";
        break;
    }
    outfall_error_set(error, status, action, "column \"%s\" (%.60s) of %.160s: %s", column->name,
                      column->type_name, target->display, why);
    if (error != NULL) {
        error->row = (int64_t)reader->row - 1;
        if (action == OUTFALL_ACTION_ROW) /* Data exception; the server has not seen the row. */
            snprintf(error->sqlstate, sizeof error->sqlstate, "22000");
        snprintf(error->column, sizeof error->column, "%s", column->name);
    }
    return status;
}
