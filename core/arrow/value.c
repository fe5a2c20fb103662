/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/value.h"

#include <math.h>

#include "arrow/value_decimal.h"
#include "arrow/value_time.h"
#include "base/fail.h"

bool of_arrow_spells(const of_arrow_type *type)
{
    return type->kind == OF_ARROW_DECIMAL || (type->kind == OF_ARROW_UINT && type->width == 8) ||
           ((type->kind == OF_ARROW_TIME || type->kind == OF_ARROW_TIMESTAMP) &&
            type->per_second > 1000000);
}

/* ---- Numbers ---------------------------------------------------------------------- */

__attribute__((always_inline)) static inline int64_t load_int(const uint8_t *buffer, int64_t index,
                                                              uint32_t width, bool sign)
{
    uint16_t two;
    switch (width) {
    case 1:
        return sign ? (int64_t)(int8_t)buffer[index] : buffer[index];
    case 2:
        memcpy(&two, buffer + index * 2, sizeof two);
        return sign ? (int64_t)(int16_t)two : two;
    case 4:
        return sign ? (int64_t)of_arrow_load32(buffer, index)
                    : (uint32_t)of_arrow_load32(buffer, index);
    default:
        return of_arrow_load64(buffer, index);
    }
}

/* Nulls have a number too, which is read and not looked at: no branch is cheaper than one. */
__attribute__((always_inline)) static inline size_t read_width(const of_arrow_view *view,
                                                               int64_t first, size_t count,
                                                               const of_arrow_cells *cells,
                                                               uint32_t width, bool sign)
{
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        value->type = OUTFALL_TYPE_INT64;
        value->as.integer = load_int(view->fixed, view->start + first + (int64_t)i, width, sign);
    }
    return count;
}

static size_t read_int(const of_arrow_view *view, int64_t first, size_t count,
                       const of_arrow_cells *cells)
{
    bool sign = view->type->kind == OF_ARROW_INT;
    switch (view->type->width) {
    case 1:
        return sign ? read_width(view, first, count, cells, 1, true)
                    : read_width(view, first, count, cells, 1, false);
    case 2:
        return sign ? read_width(view, first, count, cells, 2, true)
                    : read_width(view, first, count, cells, 2, false);
    case 4:
        return sign ? read_width(view, first, count, cells, 4, true)
                    : read_width(view, first, count, cells, 4, false);
    default:
        return read_width(view, first, count, cells, 8, true);
    }
}

/* Beyond int64 it is a decimal. */
static size_t read_uint64(const of_arrow_view *view, int64_t first, size_t count,
                          const of_arrow_cells *cells)
{
    read_width(view, first, count, cells, 8, true);
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        if (value->as.integer >= 0)
            continue;
        uint64_t number = (uint64_t)value->as.integer;
        char *text = of_arrow_cell_text(cells, i);
        value->type = OUTFALL_TYPE_DECIMAL;
        value->length = (uint32_t)of_arrow_decimal_text((const uint8_t *)&number, sizeof number,
                                                        false, 0, text);
        value->as.data = text;
    }
    return count;
}

static size_t read_decimal(const of_arrow_view *view, int64_t first, size_t count,
                           const of_arrow_cells *cells)
{
    uint32_t width = view->type->width;
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        char *text = of_arrow_cell_text(cells, i);
        value->type = OUTFALL_TYPE_DECIMAL;
        value->as.data = text;
        value->length = (uint32_t)of_arrow_decimal_text(
            view->fixed + (view->start + first + (int64_t)i) * width, width, true,
            view->type->scale, text);
    }
    return count;
}

/* IEEE 754 binary16: five bits of exponent, ten of fraction. */
static double half_of(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size;
    if (exponent == 31)
        size = fraction == 0 ? (double)INFINITY : (double)NAN;
    else if (exponent == 0)
        size = ldexp(fraction, -24);
    else
        size = ldexp(fraction + 1024, exponent - 25);
    return (bits & 0x8000) != 0 ? -size : size;
}

static size_t read_float(const of_arrow_view *view, int64_t first, size_t count,
                         const of_arrow_cells *cells)
{
    const uint8_t *at = view->fixed + (view->start + first) * view->type->width;
    float single;
    uint16_t half;
    for (size_t i = 0; i < count; i++, at += view->type->width) {
        outfall_value *value = of_arrow_cell(cells, i);
        value->type = view->type->type;
        switch (view->type->width) {
        case 2:
            memcpy(&half, at, sizeof half);
            value->as.real = half_of(half);
            break;
        case 4:
            memcpy(&single, at, sizeof single);
            value->as.real = (double)single;
            break;
        default:
            memcpy(&value->as.real, at, sizeof value->as.real);
        }
    }
    return count;
}

static size_t read_bool(const of_arrow_view *view, int64_t first, size_t count,
                        const of_arrow_cells *cells)
{
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        value->type = OUTFALL_TYPE_BOOL;
        value->as.integer = of_arrow_bit(view->fixed, view->start + first + (int64_t)i);
    }
    return count;
}

/* ---- Text and bytes --------------------------------------------------------------- */

static int refuse_data(const of_arrow_view *view, outfall_error *error, const char *what)
{
    return of_fail_column(
        error, OUTFALL_ERR_INVALID, view->name,
        "the Arrow array of column \"%.63s\" %s: it is malformed, export it again", view->name,
        what);
}

static bool set_data(const of_arrow_view *view, outfall_value *value, const uint8_t *data,
                     int64_t length, outfall_error *error)
{
    value->type = view->type->type;
    value->length = (uint32_t)length;
    value->as.data = data;
    if (length <= UINT32_MAX)
        return true;
    of_fail_column(error, OUTFALL_ERR_REFUSED, view->name,
                   "a value of %lld bytes is longer than a field can be (column \"%.63s\"): leave "
                   "it out or split it",
                   (long long)length, view->name);
    return false;
}

__attribute__((always_inline)) static inline size_t read_offsets(const of_arrow_view *view,
                                                                 int64_t first, size_t count,
                                                                 const of_arrow_cells *cells,
                                                                 bool wide, outfall_error *error)
{
    int64_t at = view->start + first;
    for (size_t i = 0; i < count; i++, at++) {
        outfall_value *value = of_arrow_cell(cells, i);
        int64_t from = wide ? of_arrow_load64(view->fixed, at) : of_arrow_load32(view->fixed, at);
        int64_t to =
            wide ? of_arrow_load64(view->fixed, at + 1) : of_arrow_load32(view->fixed, at + 1);
        /* A null's too: the next value begins where it ends. */
        if (from < 0 || to < from || to > view->data_end) {
            refuse_data(view, error, "has offsets that decrease or are negative");
            return i;
        }
        value->type = OUTFALL_TYPE_NULL;
        if (!of_arrow_is_null(view, first + (int64_t)i) &&
            !set_data(view, value, view->data == NULL ? NULL : view->data + from, to - from, error))
            return i;
    }
    return count;
}

static size_t read_fixed_bytes(const of_arrow_view *view, int64_t first, size_t count,
                               const of_arrow_cells *cells)
{
    uint32_t width = view->type->width;
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        value->type = view->type->type;
        value->length = width;
        value->as.data =
            width == 0 ? NULL : view->fixed + (view->start + first + (int64_t)i) * width;
    }
    return count;
}

/* Up to 12 bytes are in the view itself; of more it has the first four, a buffer and an offset. */
static bool read_view(const of_arrow_view *view, int64_t row, outfall_value *value,
                      outfall_error *error)
{
    const uint8_t *at = view->fixed + (view->start + row) * 16;
    int32_t length = of_arrow_load32(at, 0);
    if (length < 0) {
        refuse_data(view, error, "has a view of negative length");
        return false;
    }
    if (length <= 12)
        return set_data(view, value, at + 4, length, error);
    int32_t part = of_arrow_load32(at, 2), from = of_arrow_load32(at, 3);
    if (part < 0 || part >= view->part_count || view->parts[part] == NULL || from < 0 ||
        (int64_t)from + length > of_arrow_load64(view->part_bytes, part)) {
        refuse_data(view, error, "has a view of what is in none of its buffers");
        return false;
    }
    return set_data(view, value, (const uint8_t *)view->parts[part] + from, length, error);
}

static size_t read_views(const of_arrow_view *view, int64_t first, size_t count,
                         const of_arrow_cells *cells, outfall_error *error)
{
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        int64_t row = first + (int64_t)i;
        value->type = OUTFALL_TYPE_NULL;
        if (!of_arrow_is_null(view, row) && !read_view(view, row, value, error))
            return i;
    }
    return count;
}

/* Text and bytes of any length. */
static size_t read_data(const of_arrow_view *view, int64_t first, size_t count,
                        const of_arrow_cells *cells, outfall_error *error)
{
    switch (view->type->layout) {
    case OF_ARROW_OFFSETS32:
        return read_offsets(view, first, count, cells, false, error);
    case OF_ARROW_OFFSETS64:
        return read_offsets(view, first, count, cells, true, error);
    default:
        return read_views(view, first, count, cells, error);
    }
}

/* ---- All of them ------------------------------------------------------------------ */

/* Of the types whose every value is one of ours; what is null is seen to afterwards. */
static size_t read_any(const of_arrow_view *view, int64_t first, size_t count,
                       const of_arrow_cells *cells)
{
    switch (view->type->kind) {
    case OF_ARROW_BOOL:
        return read_bool(view, first, count, cells);
    case OF_ARROW_INT:
        return read_int(view, first, count, cells);
    case OF_ARROW_UINT:
        return view->type->width == 8 ? read_uint64(view, first, count, cells)
                                      : read_int(view, first, count, cells);
    case OF_ARROW_FLOAT:
        return read_float(view, first, count, cells);
    case OF_ARROW_DECIMAL:
        return read_decimal(view, first, count, cells);
    case OF_ARROW_DATA:
        return read_fixed_bytes(view, first, count, cells);
    default:
        for (size_t i = 0; i < count; i++)
            of_arrow_cell(cells, i)->type = OUTFALL_TYPE_NULL;
        return count;
    }
}

size_t of_arrow_read(const of_arrow_view *view, int64_t first, size_t count,
                     const of_arrow_cells *cells, outfall_error *error)
{
    switch (view->type->kind) {
    case OF_ARROW_DATA:
        if (view->type->layout != OF_ARROW_FIXED)
            return read_data(view, first, count, cells, error);
        break;
    case OF_ARROW_DATE:
        return of_arrow_read_dates(view, first, count, cells, error);
    case OF_ARROW_TIME:
        return of_arrow_read_times(view, first, count, cells);
    case OF_ARROW_TIMESTAMP:
        return of_arrow_read_timestamps(view, first, count, cells, error);
    default:
        break;
    }
    read_any(view, first, count, cells);
    if (view->valid != NULL)
        for (size_t i = 0; i < count; i++)
            if (of_arrow_is_null(view, first + (int64_t)i))
                of_arrow_cell(cells, i)->type = OUTFALL_TYPE_NULL;
    return count;
}

size_t of_arrow_read_indices(const of_arrow_view *indices, const of_arrow_view *values,
                             int64_t first, size_t count, const of_arrow_cells *cells,
                             outfall_error *error)
{
    bool sign = indices->type->kind == OF_ARROW_INT;
    for (size_t i = 0; i < count; i++) {
        int64_t row = first + (int64_t)i;
        of_arrow_cells cell = {.values = of_arrow_cell(cells, i),
                               .stride = 1,
                               .text = cells->text == NULL ? NULL : of_arrow_cell_text(cells, i)};
        cell.values->type = OUTFALL_TYPE_NULL;
        if (of_arrow_is_null(indices, row))
            continue;
        /* A uint64 beyond int64 is negative here: out of range as well. */
        int64_t index = load_int(indices->fixed, indices->start + row, indices->type->width, sign);
        if (index < 0 || index >= values->length) {
            refuse_data(indices, error, "has an index that is not in its dictionary");
            return i;
        }
        if (of_arrow_read(values, index, 1, &cell, error) == 0)
            return i;
    }
    return count;
}
