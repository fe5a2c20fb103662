/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random schemas, random values. What goes in comes out; its text gives the same bytes; what a
 * column of another type takes has lost nothing; bytes changed at random crash nothing.
 *
 * OUTFALL_SEED repeats a run, OUTFALL_ROUNDS makes it longer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "row/convert.h"
#include "row/encode.h"
#include "row/row.h"
#include "row/schema.h"

#define COLUMNS_MAX 8
#define DATA_MAX 128 /* Bytes of one value. */
#define ROW_MAX 4096

/* ---- Chance ----------------------------------------------------------------------- */

static uint64_t seed;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint64_t chance(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(2685821657736338717);
}

static uint32_t below(uint32_t end)
{
    return (uint32_t)(chance() >> 32) % end;
}

/* From `least` to `most`, both often. */
static int64_t between(int64_t least, int64_t most)
{
    switch (below(8)) {
    case 0:
        return least;
    case 1:
        return most;
    default: {
        uint64_t width = (uint64_t)most - (uint64_t)least; /* Less than 2^64 by one, at most. */
        return (int64_t)((uint64_t)least +
                         (width == UINT64_MAX ? chance() : chance() % (width + 1)));
    }
    }
}

static uint32_t rounds(uint32_t usual)
{
    const char *wanted = getenv("OUTFALL_ROUNDS");
    return wanted == NULL ? usual : (uint32_t)strtoul(wanted, NULL, 10);
}

/* ---- Random columns and values ---------------------------------------------------- */

/* A value and the bytes that it borrows. */
typedef struct sample {
    outfall_value value;
    char data[DATA_MAX];
} sample;

static int64_t random_time(const outfall_column *column, int64_t least, int64_t most);

/* The whole range of a column's type, as outfall_value counts; in multiples of its unit. */
static bool range_of(const outfall_column *column, int64_t *least, int64_t *most)
{
    switch (column->type) {
    case OUTFALL_TYPE_INT16:
        *least = INT16_MIN, *most = INT16_MAX;
        return true;
    case OUTFALL_TYPE_INT32:
        *least = INT32_MIN, *most = INT32_MAX;
        return true;
    case OUTFALL_TYPE_INT64:
        *least = INT64_MIN, *most = INT64_MAX;
        return true;
    case OUTFALL_TYPE_DATE:
        *least = OUTFALL_EPOCH_DAYS + OF_DATE_MIN, *most = OUTFALL_EPOCH_DAYS + OF_DATE_END - 1;
        return true;
    case OUTFALL_TYPE_TIME:
        *least = 0, *most = OUTFALL_DAY_US;
        return true;
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        *least = OUTFALL_EPOCH_US + OF_TIMESTAMP_MIN, *most = INT64_MAX - 1;
        return true;
    default:
        return false;
    }
}

/* A value of those types, at the column's limits or within them. */
static int64_t random_within(const outfall_column *column, int64_t least, int64_t most)
{
    int64_t lowest, highest;
    if (most == OUTFALL_TIME_INFINITY && column->type >= OUTFALL_TYPE_DATE &&
        range_of(column, &lowest, &highest)) {
        if (below(4) == 0)
            return OUTFALL_TIME_INFINITY;
        most = highest;
    }
    if (column->type < OUTFALL_TYPE_TIME)
        return between(least, most);
    return random_time(column, least, most);
}

/* Limits within the type's own, with infinity as the most of some. */
static void limit(outfall_column *column)
{
    int64_t least, most;
    if (!range_of(column, &least, &most))
        return;
    int64_t one = random_within(column, least, most), other = random_within(column, least, most);
    column->flags |= OUTFALL_COLUMN_LIMITED;
    column->least = one < other ? one : other;
    column->most = one < other ? other : one;
    if (column->type >= OUTFALL_TYPE_DATE && column->type != OUTFALL_TYPE_TIME && below(4) == 0)
        column->most = OUTFALL_TIME_INFINITY;
}

static outfall_column random_column(const char *name)
{
    outfall_column column = {.name = name, .type = 1 + below(OUTFALL_TYPE_OTHER)};
    column.fraction_digits = (int32_t)below(8) - 1;
    if (column.fraction_digits > 6)
        column.fraction_digits = -1;
    if (below(4) == 0)
        column.flags |= OUTFALL_COLUMN_NOT_NULL;
    if (column.type == OUTFALL_TYPE_JSON && below(2) == 0)
        column.flags |= OUTFALL_COLUMN_JSONB;
    if ((column.type == OUTFALL_TYPE_TEXT || column.type == OUTFALL_TYPE_BYTES) && below(2) == 0)
        column.length_max = 1 + below(20);
    if (column.type == OUTFALL_TYPE_DECIMAL && below(3) > 0) {
        column.precision = 1 + below(30);
        column.scale = (int32_t)below(24) - 6;
    }
    if (below(3) == 0)
        limit(&column);
    return column;
}

static void set_data(sample *out, size_t length)
{
    out->value.as.data = out->data;
    out->value.length = (uint32_t)length;
}

/* Up to `characters_max` characters of one to four bytes. */
static size_t random_text(char *out, uint32_t characters_max)
{
    static const char *const characters[] = {
        "a", " ", "\"", "\\", "\n", "0", "\x7F", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    size_t size = 0;
    for (uint32_t left = below(characters_max + 1); left > 0 && size < DATA_MAX - 4; left--) {
        const char *one = characters[below(sizeof characters / sizeof characters[0])];
        memcpy(out + size, one, strlen(one));
        size += strlen(one);
    }
    return size;
}

/* As a field of the column is spelled, which is what comes out: all digits of the scale. */
static size_t random_decimal(const outfall_column *column, char *out)
{
    static const char *const special[] = {"NaN", "Infinity", "-Infinity"};
    int64_t scale = column->precision != 0 ? column->scale : (int32_t)below(20);
    int64_t whole = (column->precision != 0 ? (int64_t)column->precision : 30) - scale;
    size_t size = 0;
    bool zero = true;
    if (below(20) == 0) {
        const char *name = special[column->precision != 0 ? 0 : below(3)];
        memcpy(out, name, strlen(name));
        return strlen(name);
    }
    out[size++] = '-';
    for (int64_t power = whole - 1; power >= 0; power--) {
        char digit = (char)('0' + (below(3) == 0 && power >= -scale ? below(10) : 0));
        if (size > 1 || digit != '0' || power == 0) /* No zeros in front but the last. */
            out[size++] = digit;
        zero = zero && digit == '0';
    }
    if (whole <= 0)
        out[size++] = '0';
    if (scale > 0)
        out[size++] = '.';
    for (int64_t power = -1; power >= -scale; power--) {
        out[size] = (char)('0' + (power < whole ? below(10) : 0));
        zero = zero && out[size] == '0';
        size++;
    }
    if (zero || below(2) == 0)
        memmove(out, out + 1, --size); /* No sign. */
    return size;
}

static size_t random_json(char *out)
{
    static const char *const documents[] = {"null",
                                            "true",
                                            "-1.5e3",
                                            "\"\\u00fc\\n\"",
                                            "[1, [2, {}], \"x\"]",
                                            "{}",
                                            "[]",
                                            "0",
                                            "{\"a\": {\"b\": [false]}, \"c\": \"\xE2\x82\xAC\"}",
                                            " [ 1 ] "};
    const char *one = documents[below(sizeof documents / sizeof documents[0])];
    memcpy(out, one, strlen(one));
    return strlen(one);
}

static double random_real(bool single)
{
    static const double special[] = {0.0, -0.0, 1.0, 0.1, 1e15, 1e16, -2.5, 5e-324, 1e308};
    uint64_t bits = chance();
    double real;
    float small;
    memcpy(&real, &bits, sizeof real);
    if (below(3) == 0)
        real = (double)between(-1000000, 1000000) / 64;
    else if (below(4) == 0)
        real = special[below(sizeof special / sizeof special[0])];
    if (!single)
        return real;
    if (isfinite(real) && fabs(real) > 3e38)
        real = 1.5;
    small = (float)real;
    return (double)small;
}

/* A multiple of the column's unit of seconds. */
static int64_t random_time(const outfall_column *column, int64_t least, int64_t most)
{
    int64_t unit = 1;
    for (int32_t digits = column->fraction_digits < 0 ? 6 : column->fraction_digits; digits < 6;
         digits++)
        unit *= 10;
    return between(least / unit, most / unit) * unit;
}

static int64_t random_timestamp(const outfall_column *column)
{
    if (below(10) == 0)
        return below(2) == 0 ? OUTFALL_TIME_INFINITY : OUTFALL_TIME_MINUS_INFINITY;
    return OUTFALL_EPOCH_US +
           random_time(column, OF_TIMESTAMP_MIN, INT64_MAX - OUTFALL_EPOCH_US - 1);
}

static int64_t random_date(void)
{
    if (below(10) == 0)
        return below(2) == 0 ? OUTFALL_TIME_INFINITY : OUTFALL_TIME_MINUS_INFINITY;
    return OUTFALL_EPOCH_DAYS + between(OF_DATE_MIN, OF_DATE_END - 1);
}

/* A value of the column's own type that it has to take. */
static void random_value(const outfall_column *column, sample *out)
{
    memset(out, 0, sizeof *out);
    if ((column->flags & OUTFALL_COLUMN_NOT_NULL) == 0 && below(8) == 0)
        return;
    out->value.type = column->type;
    if ((column->flags & OUTFALL_COLUMN_LIMITED) != 0) {
        out->value.as.integer = random_within(column, column->least, column->most);
        return;
    }
    switch (column->type) {
    case OUTFALL_TYPE_BOOL:
        out->value.as.integer = below(2);
        break;
    case OUTFALL_TYPE_INT16:
        out->value.as.integer = between(INT16_MIN, INT16_MAX);
        break;
    case OUTFALL_TYPE_INT32:
        out->value.as.integer = between(INT32_MIN, INT32_MAX);
        break;
    case OUTFALL_TYPE_INT64:
        out->value.as.integer = (int64_t)(chance() >> below(64));
        break;
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64:
        out->value.as.real = random_real(column->type == OUTFALL_TYPE_FLOAT32);
        break;
    case OUTFALL_TYPE_DECIMAL:
        set_data(out, random_decimal(column, out->data));
        break;
    case OUTFALL_TYPE_BYTES:
    case OUTFALL_TYPE_UUID:
        for (size_t i = 0; i < 24; i++)
            out->data[i] = (char)chance();
        set_data(out, column->type == OUTFALL_TYPE_UUID
                          ? 16
                          : below((column->length_max != 0 ? column->length_max : 24) + 1));
        break;
    case OUTFALL_TYPE_DATE:
        out->value.as.integer = random_date();
        break;
    case OUTFALL_TYPE_TIME:
        out->value.as.integer = random_time(column, 0, OUTFALL_DAY_US);
        break;
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        out->value.as.integer = random_timestamp(column);
        break;
    case OUTFALL_TYPE_JSON:
        set_data(out, random_json(out->data));
        break;
    default:
        out->value.type = OUTFALL_TYPE_TEXT;
        set_data(out, random_text(out->data, column->length_max != 0 ? column->length_max : 30));
    }
}

/* ---- Comparing -------------------------------------------------------------------- */

static bool same_value(const outfall_value *left, const outfall_value *right)
{
    if (left->type != right->type)
        return false;
    switch (left->type) {
    case OUTFALL_TYPE_NULL:
        return true;
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64:
        return (isnan(left->as.real) && isnan(right->as.real)) ||
               (left->as.real == right->as.real &&
                signbit(left->as.real) == signbit(right->as.real));
    case OUTFALL_TYPE_DECIMAL:
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_BYTES:
    case OUTFALL_TYPE_UUID:
    case OUTFALL_TYPE_JSON:
        return left->length == right->length &&
               (left->length == 0 || memcmp(left->as.data, right->as.data, left->length) == 0);
    default:
        return left->as.integer == right->as.integer;
    }
}

/* Fails, saying what was tried. */
static void fail_sample(const outfall_column *column, const outfall_value *value, const char *what,
                        const outfall_error *error)
{
    bool data = value->type >= OUTFALL_TYPE_DECIMAL && value->type <= OUTFALL_TYPE_BYTES;
    fail_msg("%s: a %s value (%lld, %g, \"%.*s\"), a %s column (flags %u, length %u, decimal "
             "%u,%d, seconds %d): %s",
             what, outfall_type_name((int)value->type), data ? 0LL : (long long)value->as.integer,
             data ? 0.0 : value->as.real, data ? (int)value->length : 0,
             data ? (const char *)value->as.data : "", outfall_type_name((int)column->type),
             column->flags, column->length_max, column->precision, column->scale,
             column->fraction_digits, error->message);
}

/* Converts into exactly the room that was asked for; the field is the caller's to free. */
static int convert(const outfall_column *column, const outfall_value *value, uint8_t **field,
                   size_t *bytes, outfall_error *error)
{
    size_t room = of_convert_bytes_max(column, value);
    *field = malloc(room);
    assert_non_null(*field);
    memset(error, 0, sizeof *error);
    int status = of_convert(column, value, false, *field, bytes, error);
    assert_true(status != OUTFALL_OK || *bytes <= room);
    return status;
}

/* ---- Properties ------------------------------------------------------------------- */

/* A value of the column's type: it comes out as it went in, and so does its text. */
static void check_round_trip(const outfall_column *column, const outfall_value *value,
                             const uint8_t *field, size_t bytes, of_scratch *scratch)
{
    outfall_value out, text = {.type = OUTFALL_TYPE_TEXT};
    outfall_error error = {0};
    const char *spelled;
    size_t length, again_bytes = 0;
    uint8_t *again;
    int32_t field_length = outfall_read_i32(field);
    if (of_decode(column, field + 4, field_length, scratch, &out, &error) != OUTFALL_OK ||
        !same_value(value, &out))
        fail_sample(column, value, "not what went in", &error);
    if (of_field_text(column, field + 4, field_length, scratch, &spelled, &length, &error) !=
        OUTFALL_OK)
        fail_sample(column, value, "no text", &error);
    if (field_length == -1) {
        assert_null(spelled);
        return;
    }
    text.as.data = spelled;
    text.length = (uint32_t)length;
    if (convert(column, &text, &again, &again_bytes, &error) != OUTFALL_OK)
        fail_sample(column, value, "its text is refused", &error);
    bool nan = isnan(value->as.real) &&
               (value->type == OUTFALL_TYPE_FLOAT64 || value->type == OUTFALL_TYPE_FLOAT32);
    if (!nan && (again_bytes != bytes || memcmp(again, field, bytes) != 0))
        fail_sample(column, value, "its text gives other bytes", &error);
    free(again);
}

/* Encodes a row of random values; returns its length. */
static size_t encode_row(const outfall_schema *schema, uint8_t *row, of_scratch *scratch)
{
    size_t size = 2, bytes = 0;
    of_store_i16(row, (int16_t)outfall_schema_count(schema));
    for (size_t i = 0; i < outfall_schema_count(schema); i++) {
        const outfall_column *column = outfall_schema_column(schema, i);
        outfall_error error;
        uint8_t *field;
        sample one;
        random_value(column, &one);
        if (convert(column, &one.value, &field, &bytes, &error) != OUTFALL_OK)
            fail_sample(column, &one.value, "refused", &error);
        check_round_trip(column, &one.value, field, bytes, scratch);
        assert_true(size + bytes <= ROW_MAX);
        memcpy(row + size, field, bytes);
        size += bytes;
        free(field);
    }
    return size;
}

/* Changes a few bytes, or the length; nothing may crash, and the three readers must agree. */
static void spoil(const outfall_schema *schema, const uint8_t *row, size_t size, of_scratch *json,
                  of_scratch *again)
{
    outfall_error error;
    size_t length, cut = below(4) == 0 ? below((uint32_t)size + 1) : size;
    uint8_t *copy = malloc(cut == 0 ? 1 : cut);
    assert_non_null(copy);
    memcpy(copy, row, cut);
    for (uint32_t changes = below(4); changes > 0 && cut > 0; changes--) {
        uint8_t *at = &copy[below((uint32_t)cut)];
        *at = below(2) == 0 ? (uint8_t)chance() : (uint8_t)(*at ^ 1u << below(8));
    }
    int checked = of_row_check(schema, copy, cut, &error);
    int shown = of_row_json(schema, copy, cut, json, &length, &error);
    int converted = of_row_convert(schema, schema, copy, cut, false, again, &length, &error);
    if (checked == OUTFALL_OK)
        assert_true(shown == OUTFALL_OK && converted == OUTFALL_OK);
    if (checked == OUTFALL_ERR_INVALID)
        assert_true(shown == OUTFALL_ERR_INVALID && converted != OUTFALL_OK);
    free(copy);
}

static void a_row_comes_out_as_it_went_in(void **state)
{
    static const char *const names[COLUMNS_MAX] = {"a", "b", "c", "d", "e", "f", "g", "\"\x01"};
    of_scratch scratch = {NULL, 0}, json = {NULL, 0}, again = {NULL, 0};
    outfall_error error;
    uint8_t row[ROW_MAX];
    size_t length;
    (void)state;
    for (uint32_t round = rounds(20000); round > 0; round--) {
        outfall_schema *schema;
        assert_int_equal(outfall_schema_new(&schema, &error), OUTFALL_OK);
        for (uint32_t i = 0, count = 1 + below(COLUMNS_MAX); i < count; i++) {
            outfall_column column = random_column(names[i]);
            assert_int_equal(outfall_schema_add(schema, &column, &error), OUTFALL_OK);
        }
        size_t size = encode_row(schema, row, &scratch);
        if (of_row_check(schema, row, size, &error) != OUTFALL_OK)
            fail_msg("%s", error.message);
        assert_int_equal(of_row_json(schema, row, size, &json, &length, &error), OUTFALL_OK);
        assert_int_equal(of_row_convert(schema, schema, row, size, false, &again, &length, &error),
                         OUTFALL_OK);
        assert_int_equal(length, size);
        assert_memory_equal(again.data, row, size);
        for (int i = 0; i < 4; i++)
            spoil(schema, row, size, &json, &again);
        outfall_schema_free(schema);
    }
    of_scratch_free(&scratch);
    of_scratch_free(&json);
    of_scratch_free(&again);
}

/* What may differ after a way there and back: a zero's sign, a NaN's bits, a decimal's zeros. */
static bool is_excepted(const outfall_column *from, const outfall_column *to,
                        const outfall_value *value)
{
    if (from->type == OUTFALL_TYPE_FLOAT32 || from->type == OUTFALL_TYPE_FLOAT64)
        return isnan(value->as.real) || value->as.real == 0;
    /* Text and decimals stand for other spellings, and for the nearest float. */
    return from->type == OUTFALL_TYPE_TEXT || from->type == OUTFALL_TYPE_OTHER ||
           (from->type == OUTFALL_TYPE_DECIMAL &&
            (to->type != OUTFALL_TYPE_DECIMAL || from->precision == 0));
}

/* Ways that have no way back: UTC is an assumption; booleans are read from ints and text alone. */
static bool is_one_way(const outfall_column *from, const outfall_column *to)
{
    return (from->type == OUTFALL_TYPE_BOOL && to->type >= OUTFALL_TYPE_FLOAT32 &&
            to->type <= OUTFALL_TYPE_DECIMAL) ||
           (to->type == OUTFALL_TYPE_JSON && from->type != OUTFALL_TYPE_JSON) ||
           (to->type == OUTFALL_TYPE_TIMESTAMPTZ && from->type != OUTFALL_TYPE_TIMESTAMPTZ);
}

static void what_another_column_takes_has_lost_nothing(void **state)
{
    of_scratch scratch = {NULL, 0};
    outfall_error error;
    uint32_t taken = 0, all = rounds(200000);
    (void)state;
    for (uint32_t round = all; round > 0; round--) {
        outfall_column from = random_column("from"), to = random_column("to");
        outfall_value out;
        uint8_t *own, *other, *back;
        size_t own_bytes = 0, bytes = 0, back_bytes = 0;
        sample one;
        random_value(&from, &one);
        if (convert(&from, &one.value, &own, &own_bytes, &error) != OUTFALL_OK)
            fail_sample(&from, &one.value, "refused", &error);
        int status = convert(&to, &one.value, &other, &bytes, &error);
        if (status == OUTFALL_OK && one.value.type != OUTFALL_TYPE_NULL) {
            taken++;
            if (of_field_check(&to, other + 4, outfall_read_i32(other), &error) != OUTFALL_OK ||
                of_decode(&to, other + 4, outfall_read_i32(other), &scratch, &out, &error) !=
                    OUTFALL_OK)
                fail_sample(&to, &one.value, "malformed", &error);
            if ((to.flags & OUTFALL_COLUMN_LIMITED) != 0 && out.type == to.type &&
                (out.as.integer < to.least || out.as.integer > to.most))
                fail_sample(&to, &one.value, "outside the limits", &error);
            int back_status = convert(&from, &out, &back, &back_bytes, &error);
            bool excepted = is_excepted(&from, &to, &one.value);
            if (back_status != OUTFALL_OK && !excepted && !is_one_way(&from, &to))
                fail_sample(&to, &one.value, "no way back", &error);
            if (back_status == OUTFALL_OK && !excepted &&
                (back_bytes != own_bytes || memcmp(back, own, own_bytes) != 0))
                fail_sample(&to, &one.value, "something was lost", &error);
            free(back);
        } else {
            assert_true(status == OUTFALL_OK || status == OUTFALL_ERR_REFUSED);
        }
        free(own);
        free(other);
    }
    of_scratch_free(&scratch);
    assert_in_range(taken, all / 10, all); /* Else this would show little. */
}

int main(void)
{
    const char *wanted = getenv("OUTFALL_SEED");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_comes_out_as_it_went_in),
        cmocka_unit_test(what_another_column_takes_has_lost_nothing),
    };
    seed = wanted != NULL ? strtoull(wanted, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    seed |= 1;
    printf("OUTFALL_SEED=0x%llx\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
