/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/value_time.h"

#include <outfall/encoding.h>

#include "base/fail.h"

#define SECOND_NS 1000000000
#define DAY_MS (OUTFALL_DAY_US / 1000)

static const char *unit_name(int64_t per_second)
{
    return per_second == 1           ? "seconds"
           : per_second == 1000      ? "milliseconds"
           : per_second == SECOND_NS ? "nanoseconds"
                                     : "microseconds";
}

static int refuse_number(const of_arrow_view *view, int64_t number, outfall_error *error)
{
    return of_fail_column(error, OUTFALL_ERR_REFUSED, view->name,
                          "value %lld is out of range (column \"%.63s\", %s since 1970): correct "
                          "it, or put NULL",
                          (long long)number, view->name, unit_name(view->type->per_second));
}

static int64_t load(const of_arrow_view *view, int64_t row)
{
    return view->type->width == 4 ? of_arrow_load32(view->fixed, view->start + row)
                                  : of_arrow_load64(view->fixed, view->start + row);
}

static int64_t floor_of(int64_t number, int64_t unit)
{
    return number / unit - (number % unit < 0);
}

/*
 * Microseconds, rounded down from nanoseconds. False: more than an int64 counts, or a number that
 * stands for an infinity there, of which Arrow has none.
 */
static bool to_us(int64_t number, int64_t per_second, int64_t *us)
{
    if (per_second == SECOND_NS)
        *us = floor_of(number, 1000);
    else if (__builtin_mul_overflow(number, 1000000 / per_second, us))
        return false;
    return *us != OUTFALL_TIME_INFINITY && *us != OUTFALL_TIME_MINUS_INFINITY;
}

/* Behind whole seconds, nine digits: a NUL too. */
static size_t add_nanoseconds(int64_t nanoseconds, char *at)
{
    *at = '.';
    for (int i = 9; i > 0; i--) {
        at[i] = (char)('0' + nanoseconds % 10);
        nanoseconds /= 10;
    }
    at[10] = '\0';
    return 10;
}

static void set_text(outfall_value *value, const char *text, size_t length)
{
    value->type = OUTFALL_TYPE_TEXT;
    value->length = (uint32_t)length;
    value->as.data = text;
}

/* Milliseconds that are no whole day are a timestamp, which a column of dates refuses or rounds. */
size_t of_arrow_read_dates(const of_arrow_view *view, int64_t first, size_t count,
                           const of_arrow_cells *cells, outfall_error *error)
{
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        int64_t row = first + (int64_t)i;
        value->type = OUTFALL_TYPE_NULL;
        if (of_arrow_is_null(view, row))
            continue;
        int64_t number = load(view, row);
        value->type = OUTFALL_TYPE_DATE;
        value->as.integer = number;
        if (view->type->per_second == 0)
            continue;
        value->as.integer = number / DAY_MS;
        if (number % DAY_MS == 0)
            continue;
        value->type = OUTFALL_TYPE_TIMESTAMP;
        if (!to_us(number, view->type->per_second, &value->as.integer)) {
            refuse_number(view, number, error);
            return i;
        }
    }
    return count;
}

/* What is no time of day stays a number that a column of times refuses. */
size_t of_arrow_read_times(const of_arrow_view *view, int64_t first, size_t count,
                           const of_arrow_cells *cells)
{
    int64_t per_second = view->type->per_second;
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        int64_t row = first + (int64_t)i;
        value->type = OUTFALL_TYPE_NULL;
        if (of_arrow_is_null(view, row))
            continue;
        int64_t number = load(view, row);
        value->type = OUTFALL_TYPE_TIME;
        (void)to_us(number, per_second, &value->as.integer); /* int32 × 10^6 always fits. */
        if (per_second != SECOND_NS || number % 1000 == 0 || number < 0)
            continue;
        if (number > OUTFALL_DAY_US * 1000) {
            value->as.integer++; /* Rounded down it might be 24:00:00. */
        } else {
            char *text = of_arrow_cell_text(cells, i);
            size_t length = outfall_time_text(number / SECOND_NS * 1000000, text);
            set_text(value, text, length + add_nanoseconds(number % SECOND_NS, text + length));
        }
    }
    return count;
}

static void spell_timestamp(const of_arrow_view *view, int64_t number, outfall_value *value,
                            char *text)
{
    int64_t second = floor_of(number, SECOND_NS);
    size_t length = outfall_timestamp_text(second * 1000000 - OUTFALL_EPOCH_US, 0, text);
    int64_t rest = number % SECOND_NS; /* number - second × 10^9 may overflow on the way. */
    length += add_nanoseconds(rest < 0 ? rest + SECOND_NS : rest, text + length);
    if (view->type->type == OUTFALL_TYPE_TIMESTAMPTZ)
        length += outfall_text_end("+00:00", text + length);
    set_text(value, text, length);
}

size_t of_arrow_read_timestamps(const of_arrow_view *view, int64_t first, size_t count,
                                const of_arrow_cells *cells, outfall_error *error)
{
    int64_t per_second = view->type->per_second;
    for (size_t i = 0; i < count; i++) {
        outfall_value *value = of_arrow_cell(cells, i);
        int64_t row = first + (int64_t)i;
        value->type = OUTFALL_TYPE_NULL;
        if (of_arrow_is_null(view, row))
            continue;
        int64_t number = of_arrow_load64(view->fixed, view->start + row);
        value->type = view->type->type;
        if (!to_us(number, per_second, &value->as.integer)) {
            refuse_number(view, number, error);
            return i;
        }
        if (per_second == SECOND_NS && number % 1000 != 0)
            spell_timestamp(view, number, value, of_arrow_cell_text(cells, i));
    }
    return count;
}
