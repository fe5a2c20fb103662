/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 8192 /* Decimal digits of a literal, before padding to fours. */

static void die(const char *why, const char *literal)
{
    fprintf(stderr, "tests/support/rows: %s: %.80s\n", why, literal != NULL ? literal : "NULL");
    abort();
}

static void *grow(void *memory, size_t bytes)
{
    memory = realloc(memory, bytes > 0 ? bytes : 1);
    if (memory == NULL)
        die("out of memory", "");
    return memory;
}

/* ---- Bytes ------------------------------------------------------------------------ */

static void add(test_rows *rows, const void *data, size_t length)
{
    if (rows->length + length > rows->capacity) {
        rows->capacity = (rows->length + length) * 2 + 4096;
        rows->bytes = grow(rows->bytes, rows->capacity);
    }
    if (length > 0)
        memcpy(rows->bytes + rows->length, data, length);
    rows->length += length;
}

static void add_integer(test_rows *rows, int64_t number, int bytes)
{
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        uint8_t byte = (uint8_t)((uint64_t)number >> shift);
        add(rows, &byte, 1);
    }
}

static void add_field(test_rows *rows, const void *data, size_t length)
{
    add_integer(rows, (int64_t)length, 4);
    add(rows, data, length);
}

static void add_fixed(test_rows *rows, int64_t number, int bytes)
{
    add_integer(rows, bytes, 4);
    add_integer(rows, number, bytes);
}

/* ---- Literals --------------------------------------------------------------------- */

static void add_float(test_rows *rows, const char *literal, int bytes)
{
    char *end;
    double number = strtod(literal, &end);
    float single = (float)number;
    int64_t bits = 0;
    int32_t short_bits = 0;
    if (*end != '\0')
        die("not a float", literal);
    memcpy(&bits, &number, sizeof bits);
    memcpy(&short_bits, &single, sizeof short_bits);
    add_fixed(rows, bytes == 8 ? bits : short_bits, bytes);
}

static void add_decimal_special(test_rows *rows, int sign)
{
    add_integer(rows, 8, 4);
    add_integer(rows, 0, 2);
    add_integer(rows, 0, 2);
    add_integer(rows, sign, 2);
    add_integer(rows, 0, 2);
}

static void add_decimal(test_rows *rows, const char *literal)
{
    static char digits[DIGITS_MAX + 8];
    size_t count = 0, whole, first = 0, last;
    int negative = literal[0] == '-';
    if (strcmp(literal, "NaN") == 0) {
        add_decimal_special(rows, OUTFALL_DECIMAL_NAN);
        return;
    }
    const char *at = literal + negative;
    size_t whole_digits = strspn(at, "0123456789");
    const char *fraction = at[whole_digits] == '.' ? at + whole_digits + 1 : at + whole_digits;
    size_t scale = strlen(fraction);
    if (whole_digits + scale == 0 || whole_digits + scale > DIGITS_MAX - 8 ||
        strspn(fraction, "0123456789") != scale)
        die("not a decimal", literal);
    for (; (whole_digits + count) % 4 != 0; count++)
        digits[count] = '0'; /* Fours are counted from the point. */
    memcpy(digits + count, at, whole_digits);
    count += whole_digits;
    whole = count / 4;
    memcpy(digits + count, fraction, scale);
    count += scale;
    while (count % 4 != 0)
        digits[count++] = '0';
    last = count / 4;
    while (first < last && memcmp(digits + first * 4, "0000", 4) == 0)
        first++;
    while (last > first && memcmp(digits + last * 4 - 4, "0000", 4) == 0)
        last--;
    add_integer(rows, (int64_t)(8 + 2 * (last - first)), 4);
    add_integer(rows, (int64_t)(last - first), 2);
    add_integer(rows, first < last ? (int64_t)whole - 1 - (int64_t)first : 0, 2);
    add_integer(rows,
                negative && first < last ? OUTFALL_DECIMAL_NEGATIVE : OUTFALL_DECIMAL_POSITIVE, 2);
    add_integer(rows, (int64_t)scale, 2);
    for (; first < last; first++) {
        char four[5] = {0};
        memcpy(four, digits + first * 4, 4);
        add_integer(rows, strtol(four, NULL, 10), 2);
    }
}

static void add_hex(test_rows *rows, const char *literal, size_t skip_hyphens)
{
    size_t length = strlen(literal), bytes = 0;
    uint8_t *data = grow(NULL, length / 2 + 1);
    for (size_t i = 0; i < length;) {
        unsigned byte;
        if (skip_hyphens && literal[i] == '-') {
            i++;
            continue;
        }
        if (sscanf(literal + i, "%2x", &byte) != 1)
            die("not hex", literal);
        data[bytes++] = (uint8_t)byte;
        i += 2;
    }
    add_field(rows, data, bytes);
    free(data);
}

/* Days since 2000-01-01 of a literal's date; *rest is behind it. */
static int64_t read_date(const char *literal, const char **rest)
{
    int year, month, day, length = 0;
    if (sscanf(literal, "%d-%2d-%2d%n", &year, &month, &day, &length) != 3)
        die("not a date", literal);
    *rest = literal + length;
    return outfall_date_join(year, month, day) - OUTFALL_EPOCH_DAYS;
}

static int64_t read_time(const char *literal)
{
    int hour, minute, second, length = 0;
    int64_t fraction = 0, unit = 100000;
    if (sscanf(literal, "%2d:%2d:%2d%n", &hour, &minute, &second, &length) != 3)
        die("not a time", literal);
    if (literal[length] == '.')
        for (literal += length + 1; *literal != '\0'; literal++, unit /= 10)
            fraction += (*literal - '0') * unit;
    return ((int64_t)hour * 3600 + minute * 60 + second) * 1000000 + fraction;
}

static void add_temporal(test_rows *rows, uint32_t type, const char *literal)
{
    const char *rest;
    int bytes = type == OUTFALL_TYPE_DATE ? 4 : 8;
    int64_t number;
    if (strcmp(literal, "infinity") == 0)
        number = bytes == 4 ? INT32_MAX : INT64_MAX;
    else if (strcmp(literal, "-infinity") == 0)
        number = bytes == 4 ? INT32_MIN : INT64_MIN;
    else if (type == OUTFALL_TYPE_TIME)
        number = read_time(literal);
    else {
        number = read_date(literal, &rest);
        if (type != OUTFALL_TYPE_DATE)
            number = number * OUTFALL_DAY_US + read_time(rest + (*rest == ' '));
    }
    add_fixed(rows, number, bytes);
}

static void add_text(test_rows *rows, const outfall_column *column, const void *data, size_t length)
{
    static const uint8_t version = 1;
    if ((column->flags & OUTFALL_COLUMN_JSONB) == 0) {
        add_field(rows, data, length);
        return;
    }
    add_integer(rows, (int64_t)length + 1, 4);
    add(rows, &version, 1);
    add(rows, data, length);
}

static void add_literal(test_rows *rows, const outfall_column *column, const char *literal)
{
    switch (column->type) {
    case OUTFALL_TYPE_BOOL:
        add_fixed(rows, strcmp(literal, "true") == 0, 1);
        break;
    case OUTFALL_TYPE_INT16:
        add_fixed(rows, strtoll(literal, NULL, 10), 2);
        break;
    case OUTFALL_TYPE_INT32:
        add_fixed(rows, strtoll(literal, NULL, 10), 4);
        break;
    case OUTFALL_TYPE_INT64:
        add_fixed(rows, strtoll(literal, NULL, 10), 8);
        break;
    case OUTFALL_TYPE_FLOAT32:
        add_float(rows, literal, 4);
        break;
    case OUTFALL_TYPE_FLOAT64:
        add_float(rows, literal, 8);
        break;
    case OUTFALL_TYPE_DECIMAL:
        add_decimal(rows, literal);
        break;
    case OUTFALL_TYPE_BYTES:
        add_hex(rows, literal, 0);
        break;
    case OUTFALL_TYPE_UUID:
        add_hex(rows, literal, 1);
        break;
    case OUTFALL_TYPE_DATE:
    case OUTFALL_TYPE_TIME:
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        add_temporal(rows, column->type, literal);
        break;
    default:
        add_text(rows, column, literal, strlen(literal));
        break;
    }
}

/* ---- Rows ------------------------------------------------------------------------- */

void test_rows_init(test_rows *rows, const outfall_target *target)
{
    memset(rows, 0, sizeof *rows);
    rows->columns = target->columns;
    rows->column_count = target->column_count;
}

void test_rows_free(test_rows *rows)
{
    free(rows->bytes);
    free(rows->entries);
    memset(rows, 0, sizeof *rows);
}

static const outfall_column *start_put(test_rows *rows)
{
    if (rows->column == 0) {
        if (rows->count == rows->entry_capacity) {
            rows->entry_capacity = rows->entry_capacity * 2 + 64;
            rows->entries = grow(rows->entries, rows->entry_capacity * sizeof *rows->entries);
        }
        rows->entries[rows->count] =
            (outfall_row_entry){.source_offset = rows->count, .start = (uint32_t)rows->length};
        add_integer(rows, rows->column_count, 2);
    }
    return &rows->columns[rows->column];
}

static void end_put(test_rows *rows)
{
    if (++rows->column < rows->column_count)
        return;
    outfall_row_entry *entry = &rows->entries[rows->count++];
    entry->bytes = (uint32_t)rows->length - entry->start;
    rows->column = 0;
}

void test_rows_put(test_rows *rows, const char *literal)
{
    const outfall_column *column = start_put(rows);
    if (literal == NULL)
        add_integer(rows, -1, 4);
    else
        add_literal(rows, column, literal);
    end_put(rows);
}

void test_rows_put_bytes(test_rows *rows, const void *data, size_t length)
{
    const outfall_column *column = start_put(rows);
    add_text(rows, column, data, length);
    end_put(rows);
}

void test_rows_add(test_rows *rows, const char *const *literals)
{
    for (uint32_t i = 0; i < rows->column_count; i++)
        test_rows_put(rows, literals[i]);
}

void test_batch_make(test_batch *out, const test_rows *rows, size_t first, size_t count,
                     size_t span_rows)
{
    size_t spans = span_rows == 0 ? 1 : (count + span_rows - 1) / span_rows;
    if (span_rows == 0)
        span_rows = count;
    memset(out, 0, sizeof *out);
    out->spans = grow(NULL, spans * sizeof *out->spans);
    out->entries = grow(NULL, count * sizeof *out->entries);
    out->batch = (outfall_batch){.struct_size = sizeof out->batch,
                                 .span_count = (uint32_t)spans,
                                 .spans = out->spans,
                                 .rows = count};
    for (size_t s = 0; s < spans; s++) {
        size_t from = s * span_rows;
        size_t in_span = count - from < span_rows ? count - from : span_rows;
        outfall_row_entry *end = out->entries + from + in_span;
        for (size_t i = 0; i < in_span; i++) {
            end[-1 - (ptrdiff_t)i] = rows->entries[first + from + i];
            out->batch.bytes += rows->entries[first + from + i].bytes;
        }
        out->spans[s] = (outfall_span){
            .base = rows->bytes, .entries_end = end, .first = 0, .count = (uint32_t)in_span};
    }
}

void test_batch_free(test_batch *batch)
{
    free(batch->spans);
    free(batch->entries);
    memset(batch, 0, sizeof *batch);
}
