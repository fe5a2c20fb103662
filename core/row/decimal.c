/* SPDX-License-Identifier: Apache-2.0 */
#include "row/decimal.h"

#include <string.h>

#include <outfall/encoding.h>

#include "row/encode.h"
#include "row/text.h"

/* Exponents beyond it are out of every range; cutting them there keeps sums from overflowing. */
#define EXPONENT_MAX 1000000000

static const uint32_t tens[] = {1, 10, 100, 1000};

static char digit_at(const of_decimal *number, size_t index)
{
    return index < number->whole_count ? number->whole[index]
                                       : number->fraction[index - number->whole_count];
}

static size_t count_digits(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return (size_t)(at - from);
}

/* Reads "e+5" up to the text's end. */
static int parse_exponent(const char *at, const char *end, int64_t *out)
{
    bool negative = false;
    int64_t exponent = 0;
    *out = 0;
    if (at == end)
        return OF_PARSED_OK;
    if (*at != 'e' && *at != 'E')
        return OF_PARSED_MALFORMED;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    size_t count = count_digits(at, end);
    if (count == 0 || at + count != end)
        return OF_PARSED_MALFORMED;
    for (; at < end; at++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*at - '0');
    if (exponent > EXPONENT_MAX)
        exponent = EXPONENT_MAX;
    *out = negative ? -exponent : exponent;
    return OF_PARSED_OK;
}

static int parse_word(const char *text, size_t length, bool sign, of_decimal *out)
{
    if (of_text_is(text, length, "infinity") || of_text_is(text, length, "inf"))
        out->kind = OF_DECIMAL_INFINITE;
    else if (!sign && of_text_is(text, length, "nan"))
        out->kind = OF_DECIMAL_NAN;
    else
        return OF_PARSED_MALFORMED;
    return OF_PARSED_OK;
}

/* Leaves out the zeros before the first and after the last digit that counts. */
static void strip_zeros(of_decimal *number)
{
    size_t first = 0, end = number->whole_count + number->fraction_count;
    while (first < end && digit_at(number, first) == '0')
        first++;
    while (end > first && digit_at(number, end - 1) == '0')
        end--;
    number->first = first;
    number->end = end;
}

int of_decimal_parse(const char *text, size_t length, of_decimal *out)
{
    const char *at = text, *end = text + length;
    int64_t exponent;
    memset(out, 0, sizeof *out);
    bool sign = length > 0 && (*at == '+' || *at == '-');
    if (sign)
        out->negative = *at++ == '-';
    out->whole = at;
    out->whole_count = count_digits(at, end);
    at += out->whole_count;
    if (at < end && *at == '.') {
        out->fraction = ++at;
        out->fraction_count = count_digits(at, end);
        at += out->fraction_count;
    }
    if (out->whole_count + out->fraction_count == 0)
        return parse_word(out->whole, (size_t)(end - out->whole), sign, out);
    if (parse_exponent(at, end, &exponent) != OF_PARSED_OK)
        return OF_PARSED_MALFORMED;
    out->power = (int64_t)out->whole_count - 1 + exponent;
    out->scale = (int64_t)out->fraction_count - exponent;
    if (out->scale < 0)
        out->scale = 0;
    strip_zeros(out);
    return OF_PARSED_OK;
}

int of_decimal_to_int(const of_decimal *number, int64_t *out)
{
    int64_t top = number->power - (int64_t)number->first;
    int64_t bottom = number->power - (int64_t)number->end + 1;
    uint64_t sum = 0;
    *out = 0;
    if (number->first == number->end)
        return OF_PARSED_OK;
    if (top > 18)
        return OF_PARSED_RANGE;
    size_t index = number->first;
    for (int64_t power = top; power >= 0; power--, index++)
        sum = sum * 10 + (index < number->end ? (uint64_t)(digit_at(number, index) - '0') : 0);
    if (top >= -1 && index < number->end && digit_at(number, index) >= '5')
        sum++;
    if (sum > (uint64_t)INT64_MAX + (number->negative ? 1 : 0))
        return OF_PARSED_RANGE;
    *out = (int64_t)(number->negative ? 0 - sum : sum);
    return bottom < 0 ? OF_PARSED_ROUNDED : OF_PARSED_OK;
}

/* What a column has room for. */
typedef struct limits {
    int64_t top;    /* The highest power of ten. */
    int64_t bottom; /* The lowest. */
    int64_t scale;  /* Digits shown after the point; -1: as written. */
} limits;

static int64_t at_most(int64_t number, int64_t most)
{
    return number < most ? number : most;
}

static int64_t at_least(int64_t number, int64_t least)
{
    return number > least ? number : least;
}

/* `top` is the power of the number's first digit: an approximate column counts from there. */
static limits limits_of(const outfall_column *column, int64_t top)
{
    limits limit = {OF_DECIMAL_POWER_MAX, OF_DECIMAL_POWER_MIN, -1};
    if (column->precision == 0)
        return limit;
    if ((column->flags & OUTFALL_COLUMN_APPROXIMATE) != 0) {
        limit.bottom = at_least(limit.bottom, top - column->precision + 1);
        return limit;
    }
    limit.top = at_most(limit.top, (int64_t)column->precision - column->scale - 1);
    limit.bottom = at_least(limit.bottom, -(int64_t)column->scale);
    limit.scale = at_most(at_least(column->scale, 0), OUTFALL_DECIMAL_SCALE_MAX);
    return limit;
}

/* Divides by four towards minus infinity: the group of four that a power of ten is in. */
static int64_t group_of(int64_t power)
{
    return power >= 0 ? power / 4 : -((3 - power) / 4);
}

/* Base-10000 digits as they lie in a field. */
typedef struct groups {
    uint8_t *at;
    int64_t count;
    int64_t weight; /* Of the first: × 10000^weight. */
} groups;

static uint32_t group_read(const groups *digits, int64_t index)
{
    return (uint16_t)outfall_read_i16(digits->at + 2 * index);
}

static void group_write(const groups *digits, int64_t index, uint32_t group)
{
    of_store_i16(digits->at + 2 * index, (int16_t)group);
}

/* Packs the digits down to the power `bottom`; returns true where the next is 5 or more. */
static bool pack(const of_decimal *number, int64_t bottom, groups *digits)
{
    int64_t power = number->power - (int64_t)number->first;
    size_t index = number->first;
    uint32_t group = 0;
    digits->count = 0;
    digits->weight = group_of(power);
    for (; index < number->end && power >= bottom; index++, power--) {
        group = group * 10 + (uint32_t)(digit_at(number, index) - '0');
        if ((power & 3) == 0) {
            group_write(digits, digits->count++, group);
            group = 0;
        }
    }
    /* power + 1 was the last one read, with (power + 1) mod 4 decimals of its group below it. */
    if (index > number->first && ((power + 1) & 3) != 0)
        group_write(digits, digits->count++, group * tens[(power + 1) & 3]);
    return index < number->end && power == bottom - 1 && digit_at(number, index) >= '5';
}

/* Adds 10^bottom, carrying; `bottom` is in the last group, or there is none. */
static void round_up(groups *digits, int64_t bottom)
{
    if (digits->count == 0) {
        digits->count = 1;
        digits->weight = group_of(bottom);
        group_write(digits, 0, tens[bottom & 3]);
        return;
    }
    int64_t index = digits->count - 1;
    uint32_t group = group_read(digits, index) + tens[bottom & 3];
    while (group >= 10000) {
        group_write(digits, index, group - 10000);
        if (index == 0) {
            memmove(digits->at + 2, digits->at, 2 * (size_t)digits->count);
            digits->count++;
            digits->weight++;
            group = 1;
        } else {
            group = group_read(digits, --index) + 1;
        }
    }
    group_write(digits, index, group);
}

/* The power of ten of the first decimal that is not 0; there is one. */
static int64_t top_of(const groups *digits)
{
    uint32_t group = group_read(digits, 0);
    return digits->weight * 4 + (group >= 1000 ? 3 : group >= 100 ? 2 : group >= 10 ? 1 : 0);
}

static void strip_groups(groups *digits)
{
    while (digits->count > 0 && group_read(digits, digits->count - 1) == 0)
        digits->count--;
    if (digits->count == 0)
        digits->weight = 0;
}

/* Writes the field's length and head before its `digits`. */
static size_t write_head(uint8_t *out, const groups *digits, int sign, int64_t scale)
{
    of_store_i32(out, (int32_t)(8 + 2 * digits->count));
    of_store_i16(out + 4, (int16_t)digits->count);
    of_store_i16(out + 6, (int16_t)digits->weight);
    of_store_i16(out + 8, (int16_t)(uint16_t)sign);
    of_store_i16(out + 10, (int16_t)scale);
    return 12 + 2 * (size_t)digits->count;
}

int of_decimal_encode(const of_decimal *number, const outfall_column *column, uint8_t *out,
                      size_t *bytes)
{
    groups digits = {out + 12, 0, 0};
    if (number->kind != OF_DECIMAL_FINITE) {
        int sign = number->kind == OF_DECIMAL_NAN ? OUTFALL_DECIMAL_NAN
                   : number->negative             ? OUTFALL_DECIMAL_MINUS_INFINITY
                                                  : OUTFALL_DECIMAL_INFINITY;
        *bytes = write_head(out, &digits, sign, 0);
        return OF_PARSED_OK;
    }
    int64_t top = number->power - (int64_t)number->first;
    int64_t bottom = number->power - (int64_t)number->end + 1;
    limits limit = limits_of(column, top);
    bool zero = number->first == number->end;
    bool rounded = !zero && bottom < limit.bottom;
    if (!zero) {
        if (top > limit.top)
            return OF_PARSED_RANGE;
        if (pack(number, limit.bottom, &digits))
            round_up(&digits, limit.bottom);
        strip_groups(&digits);
        if (digits.count > 0 && top_of(&digits) > limit.top)
            return OF_PARSED_RANGE;
    }
    int64_t scale = limit.scale;
    if (scale < 0)
        scale = at_most(number->scale,
                        rounded ? at_least(-limit.bottom, 0) : OUTFALL_DECIMAL_SCALE_MAX);
    bool negative = number->negative && digits.count > 0;
    *bytes = write_head(out, &digits,
                        negative ? OUTFALL_DECIMAL_NEGATIVE : OUTFALL_DECIMAL_POSITIVE, scale);
    return rounded ? OF_PARSED_ROUNDED : OF_PARSED_OK;
}

bool of_decimal_fits(const uint8_t *field, const outfall_column *column)
{
    static const uint32_t zeros[] = {10000, 10, 100, 1000};
    groups digits = {(uint8_t *)field + 8, outfall_read_i16(field), outfall_read_i16(field + 2)};
    while (digits.count > 0 && group_read(&digits, 0) == 0) {
        digits.at += 2;
        digits.count--;
        digits.weight--;
    }
    strip_groups(&digits);
    if (digits.count == 0)
        return true;
    limits limit = limits_of(column, top_of(&digits));
    if (top_of(&digits) > limit.top)
        return false;
    int64_t last = digits.weight - digits.count + 1;
    int64_t spare = limit.bottom - 4 * last; /* Decimals of the last group that must be 0. */
    return spare <= 0 || (spare < 4 && group_read(&digits, digits.count - 1) % zeros[spare] == 0);
}
