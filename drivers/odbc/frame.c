/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/frame.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16u
#define WIDTH_MIN 32u

int drv_odbc_frame_new(drv_odbc_frame *frame, const drv_odbc_target *target, bool key_only)
{
    memset(frame, 0, sizeof *frame);
    frame->count = key_only ? target->base.key_count : target->base.column_count;
    frame->arrays = calloc((size_t)frame->count + 1, sizeof *frame->arrays);
    if (frame->arrays == NULL)
        return 0;
    for (uint32_t i = 0; i < frame->count; i++) {
        drv_odbc_array *array = &frame->arrays[i];
        array->column = key_only ? target->key[i] : i;
        array->day = drv_day_none();
        array->fixed = target->sources[array->column].parameter.width > 0;
    }
    return 1;
}

void drv_odbc_frame_free(drv_odbc_frame *frame)
{
    free(frame->arrays);
    free(frame->memory);
    memset(frame, 0, sizeof *frame);
}

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t drv_odbc_frame_row_bytes(const drv_odbc_frame *frame, const uint32_t *widths)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < frame->count; i++)
        bytes += (size_t)widths[i] + sizeof(SQLLEN);
    return bytes;
}

/* Somewhat wider than asked for, so that the next longer value does not move all. */
static uint32_t roomy(uint32_t width)
{
    uint32_t room = WIDTH_MIN;
    while (room < width && room < UINT32_MAX / 2)
        room *= 2;
    return room < width ? width : room;
}

static void lay_out(drv_odbc_frame *frame, const drv_odbc_array *wanted, uint32_t rows)
{
    uint8_t *at = frame->memory;
    for (uint32_t i = 0; i < frame->count; i++) {
        frame->arrays[i].width = wanted[i].width;
        frame->arrays[i].values = at;
        at += aligned((size_t)wanted[i].width * rows);
        frame->arrays[i].lengths = (SQLLEN *)(void *)at;
        at += aligned(sizeof(SQLLEN) * rows);
    }
    frame->rows = rows;
    frame->generation++;
}

static size_t bytes_of(const drv_odbc_frame *frame, const drv_odbc_array *wanted, uint32_t rows)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < frame->count; i++)
        bytes += aligned((size_t)wanted[i].width * rows) + aligned(sizeof(SQLLEN) * rows);
    return bytes;
}

int drv_odbc_frame_reserve(drv_odbc_frame *frame, const uint32_t *widths, uint32_t rows)
{
    bool fits = rows <= frame->rows;
    for (uint32_t i = 0; i < frame->count; i++)
        fits = fits && widths[i] <= frame->arrays[i].width;
    if (fits)
        return 1;
    drv_odbc_array *wanted = calloc((size_t)frame->count + 1, sizeof *wanted);
    if (wanted == NULL)
        return 0;
    for (uint32_t i = 0; i < frame->count; i++) {
        wanted[i].width = frame->arrays[i].fixed ? widths[i] : roomy(widths[i]);
        if (frame->arrays[i].width > wanted[i].width)
            wanted[i].width = frame->arrays[i].width;
    }
    uint32_t room = rows > frame->rows ? rows : frame->rows;
    size_t bytes = bytes_of(frame, wanted, room);
    if (bytes > DRV_ODBC_FRAME_BYTES_MAX) { /* Just what is needed now. */
        room = rows;
        for (uint32_t i = 0; i < frame->count; i++)
            wanted[i].width = widths[i];
        bytes = bytes_of(frame, wanted, room);
    }
    bool shrinks = bytes < frame->capacity / 4 && frame->capacity > DRV_ODBC_FRAME_BYTES_MAX;
    if (bytes > frame->capacity || shrinks) {
        free(frame->memory);
        frame->memory = aligned_alloc(ALIGNMENT, aligned(bytes));
        frame->capacity = frame->memory != NULL ? aligned(bytes) : 0;
    }
    if (frame->memory != NULL)
        lay_out(frame, wanted, room);
    else
        frame->rows = 0;
    free(wanted);
    return frame->memory != NULL;
}

/* From the last on: drivers make room for as many as they have seen, and anew for each one more. */
SQLRETURN drv_odbc_frame_bind(const drv_odbc_frame *frame, const drv_odbc_target *target,
                              SQLHSTMT statement, uint32_t rows)
{
    SQLRETURN code = SQL_SUCCESS;
    for (uint32_t left = rows * frame->count; SQL_SUCCEEDED(code) && left > 0; left--) {
        uint32_t row = (left - 1) / frame->count;
        const drv_odbc_array *array = &frame->arrays[(left - 1) % frame->count];
        const drv_odbc_parameter *parameter = &target->sources[array->column].parameter;
        code = SQLBindParameter(
            statement, (SQLUSMALLINT)left, SQL_PARAM_INPUT, parameter->c_type, parameter->sql_type,
            parameter->size > 0 ? parameter->size : array->width, parameter->digits,
            array->values + (size_t)array->width * row, (SQLLEN)array->width, &array->lengths[row]);
    }
    return code;
}
