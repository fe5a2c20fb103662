/* SPDX-License-Identifier: Apache-2.0 */
#include "row/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/encoding.h>

/* More digits than any double needs to be told from its neighbours: 767. */
#define FLOAT_DIGITS_MAX 800

int of_int_parse(const char *text, size_t length, int64_t *out)
{
    const char *at = text, *end = text + length;
    bool negative = false, over = false;
    uint64_t sum = 0;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    if (at == end)
        return OF_PARSED_MALFORMED;
    for (; at < end; at++) {
        uint64_t digit = (uint64_t)(uint8_t)*at - '0';
        if (digit > 9)
            return OF_PARSED_MALFORMED;
        over = over || sum > ((uint64_t)INT64_MAX + 1) / 10;
        sum = sum * 10 + digit;
    }
    if (over || sum > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return OF_PARSED_RANGE;
    *out = (int64_t)(negative ? 0 - sum : sum);
    return OF_PARSED_OK;
}

size_t of_int_text(int64_t number, char *out)
{
    char *at = out;
    if (number < 0)
        *at++ = '-';
    at += outfall_digits(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 1, at);
    *at = '\0';
    return (size_t)(at - out);
}

static char digit_at(const of_decimal *number, size_t index)
{
    return index < number->whole_count ? number->whole[index]
                                       : number->fraction[index - number->whole_count];
}

/*
 * Up to 15 digits and a power of ten up to 22 are exact doubles, so one multiplication or division
 * rounds correctly. (Clinger, "How to Read Floating Point Numbers Accurately", 1990.)
 */
static bool quick_double(const of_decimal *number, int64_t bottom, double *out)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (FLT_EVAL_METHOD != 0 || number->end - number->first > 15 || bottom < -22 || bottom > 22)
        return false;
    int64_t sum = 0;
    for (size_t i = number->first; i < number->end; i++)
        sum = sum * 10 + (digit_at(number, i) - '0');
    *out = bottom < 0 ? (double)sum / tens[-bottom] : (double)sum * tens[bottom];
    return true;
}

/*
 * Digits and an exponent, without a point (that would be the locale's), for strtod. Digits past
 * the first 800 only matter for being there: a 1 stands for them.
 */
static double slow_float(const of_decimal *number, int64_t bottom, bool single)
{
    char text[FLOAT_DIGITS_MAX + 32];
    size_t count = number->end - number->first, size = 0;
    bool cut = count > FLOAT_DIGITS_MAX;
    size_t kept = cut ? FLOAT_DIGITS_MAX : count;
    for (size_t i = 0; i < kept; i++)
        text[size++] = digit_at(number, number->first + i);
    int64_t exponent = bottom + (int64_t)(count - kept);
    if (cut) {
        text[size++] = '1';
        exponent--;
    }
    snprintf(text + size, sizeof text - size, "e%lld", (long long)exponent);
    return single ? (double)strtof(text, NULL) : strtod(text, NULL);
}

int of_float_from_decimal(const of_decimal *number, bool single, double *out)
{
    double result = 0;
    if (number->kind == OF_DECIMAL_NAN) {
        *out = (double)NAN;
        return OF_PARSED_OK;
    }
    if (number->kind == OF_DECIMAL_INFINITE) {
        *out = number->negative ? -(double)INFINITY : (double)INFINITY;
        return OF_PARSED_OK;
    }
    if (number->first < number->end) {
        int64_t top = number->power - (int64_t)number->first;
        int64_t bottom = number->power - (int64_t)number->end + 1;
        if (top > DBL_MAX_10_EXP || top < -400)
            return OF_PARSED_RANGE;
        if (single || !quick_double(number, bottom, &result))
            result = slow_float(number, bottom, single);
        if (result == 0 || isinf(result))
            return OF_PARSED_RANGE;
    }
    *out = number->negative ? -result : result;
    return OF_PARSED_OK;
}

/* The digits of a number in scientific form: d.ddd × 10^exponent. */
typedef struct scientific {
    char digits[24];
    int count;
    int exponent;
} scientific;

/* Rounds to `count` digits; the point that snprintf writes may be the locale's and is skipped. */
static void round_to(double number, int count, scientific *out)
{
    char text[48];
    const char *at = text;
    snprintf(text, sizeof text, "%.*e", count - 1, number);
    out->count = 0;
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            out->digits[out->count++] = *at;
    out->exponent = (int)strtol(at + 1, NULL, 10);
}

static bool reads_back(const scientific *shown, double number, bool single)
{
    char text[48];
    snprintf(text, sizeof text, "%.*se%d", shown->count, shown->digits,
             shown->exponent - shown->count + 1);
    return single ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number;
}

/*
 * A normal double keeps any 15 digits and is told from all others by 17 (a float: 6 and 9), so the
 * search is short: where 15 do, they are the fewest once the zeros at their end are gone.
 */
static void shortest(double number, bool single, scientific *out)
{
    bool normal = number >= (single ? (double)FLT_MIN : DBL_MIN);
    int most = single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
    int count = !normal ? 1 : single ? FLT_DIG : DBL_DIG;
    round_to(number, count, out);
    while (count < most && !reads_back(out, number, single))
        round_to(number, ++count, out);
    while (out->count > 1 && out->digits[out->count - 1] == '0')
        out->count--;
}

#define EXPONENT_TEXT_MAX 8 /* "e-308" and a NUL, and some to spare. */

/* As "0.00123", "123.4", "12300", or past `fixed_max` digits before the point "1.23e+20". */
static size_t lay_out(const scientific *shown, int fixed_max, char *out)
{
    char *at = out;
    int whole = shown->exponent + 1; /* Digits before the point. */
    if (whole > fixed_max || whole < -3) {
        *at++ = shown->digits[0];
        if (shown->count > 1) {
            *at++ = '.';
            memcpy(at, shown->digits + 1, (size_t)shown->count - 1);
            at += shown->count - 1;
        }
        return (size_t)(at - out) +
               (size_t)snprintf(at, EXPONENT_TEXT_MAX, "e%+03d", shown->exponent);
    }
    if (whole <= 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = whole; i < 0; i++)
            *at++ = '0';
    }
    for (int i = 0; i < shown->count; i++) {
        if (i == whole && whole > 0)
            *at++ = '.';
        *at++ = shown->digits[i];
    }
    for (int i = shown->count; i < whole; i++)
        *at++ = '0';
    *at = '\0';
    return (size_t)(at - out);
}

size_t of_float_text(double number, bool single, char *out)
{
    scientific shown;
    single = single && (double)(float)number == number;
    if (isnan(number))
        return outfall_text_end("NaN", out);
    if (isinf(number))
        return outfall_text_end(number < 0 ? "-Infinity" : "Infinity", out);
    if (signbit(number)) {
        *out = '-';
        return 1 + of_float_text(-number, single, out + 1);
    }
    if (number == 0)
        return outfall_text_end("0", out);
    shortest(number, single, &shown);
    return lay_out(&shown, single ? FLT_DIG : DBL_DIG, out);
}
