/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file encoding.h
 * Reads the fields of encoded rows and spells them as text. All inline: a driver that uses it needs
 * no symbol of liboutfall. docs/row-format.md describes the encoding.
 *
 * Every function here is pure, allocates nothing and may be called from any thread.
 */
#ifndef OUTFALL_ENCODING_H
#define OUTFALL_ENCODING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "export.h"
#include "row.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Days and microseconds from 1970-01-01 to 2000-01-01, the day from which encoded times count. */
#define OUTFALL_EPOCH_DAYS 10957
#define OUTFALL_EPOCH_US INT64_C(946684800000000)
#define OUTFALL_DAY_US INT64_C(86400000000)

/** The sign word of an encoded decimal. */
enum outfall_decimal_sign {
    OUTFALL_DECIMAL_POSITIVE = 0x0000,
    OUTFALL_DECIMAL_NEGATIVE = 0x4000,
    OUTFALL_DECIMAL_NAN = 0xC000,
    OUTFALL_DECIMAL_INFINITY = 0xD000,
    OUTFALL_DECIMAL_MINUS_INFINITY = 0xF000
};

/** The most digits that an encoded decimal can have after its point. */
#define OUTFALL_DECIMAL_SCALE_MAX 16383

/** Room for any text of a date, time or timestamp, its NUL included. */
#define OUTFALL_TEMPORAL_TEXT_MAX 48

/** Room for the text of a UUID, its NUL included. */
#define OUTFALL_UUID_TEXT_MAX 37

/** The bytes of every field of a type, or -1 where they differ. */
static inline int32_t outfall_type_fixed_bytes(uint32_t type)
{
    switch (type) {
    case OUTFALL_TYPE_BOOL:
        return 1;
    case OUTFALL_TYPE_INT16:
        return 2;
    case OUTFALL_TYPE_INT32:
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_DATE:
        return 4;
    case OUTFALL_TYPE_INT64:
    case OUTFALL_TYPE_FLOAT64:
    case OUTFALL_TYPE_TIME:
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        return 8;
    case OUTFALL_TYPE_UUID:
        return 16;
    default:
        return -1;
    }
}

/** Reads a big-endian int16, int32 or int64. */
static inline int16_t outfall_read_i16(const uint8_t *at)
{
    return (int16_t)(uint16_t)((uint16_t)(at[0] << 8) | at[1]);
}
static inline int32_t outfall_read_i32(const uint8_t *at)
{
    return (int32_t)((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]);
}
static inline int64_t outfall_read_i64(const uint8_t *at)
{
    return (int64_t)((uint64_t)(uint32_t)outfall_read_i32(at) << 32 |
                     (uint32_t)outfall_read_i32(at + 4));
}

/** Reads a big-endian IEEE 754 number of four or eight bytes. */
static inline float outfall_read_f32(const uint8_t *at)
{
    int32_t bits = outfall_read_i32(at);
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}
static inline double outfall_read_f64(const uint8_t *at)
{
    int64_t bits = outfall_read_i64(at);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* ---- UTF-8 ------------------------------------------------------------------------ */

/**
 * The bytes of the UTF-8 character at `at`, 1 to 4; 0 where the `left` bytes there (at least one)
 * do not start with a whole, shortest-form character. Surrogates are not characters.
 *
 * Source: RFC 3629, section 4.
 */
static inline size_t outfall_utf8_step(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    uint8_t low = 0x80, high = 0xBF; /* The second byte's range, narrower after some leads. */
    size_t size;
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2)
        return 0;
    if (lead < 0xE0) {
        size = 2;
    } else if (lead < 0xF0) {
        size = 3;
        low = lead == 0xE0 ? 0xA0 : 0x80;
        high = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead < 0xF5) {
        size = 4;
        low = lead == 0xF0 ? 0x90 : 0x80;
        high = lead == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (left < size || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

/** 1 where the text is UTF-8; a NUL byte is a character like any other. Fast on ASCII. */
static inline int outfall_utf8_valid(const char *text, size_t length)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t left = length;
    while (left > 0) {
        uint64_t word;
        while (left >= sizeof word) {
            memcpy(&word, at, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) != 0)
                break;
            at += sizeof word;
            left -= sizeof word;
        }
        while (left > 0 && at[0] < 0x80) {
            at++;
            left--;
        }
        while (left > 0 && at[0] >= 0x80) {
            size_t size = outfall_utf8_step(at, left);
            if (size == 0)
                return 0;
            at += size;
            left -= size;
        }
    }
    return 1;
}

/* ---- Decimals --------------------------------------------------------------------- */

/**
 * Room for the text of an encoded decimal, its NUL included; 0 where the bytes are not a decimal:
 * a wrong length, sign or digit, or digits beyond the scale that they state.
 *
 * A decimal is four int16: how many base-10000 digits, the weight of the first (value =
 * digit × 10000^weight), the sign, the digits shown after the point; then the digits.
 */
static inline size_t outfall_decimal_text_max(const uint8_t *field, int32_t length)
{
    int32_t count, weight, sign, scale, i, beyond;
    if (length < 8)
        return 0;
    count = outfall_read_i16(field);
    weight = outfall_read_i16(field + 2);
    sign = (uint16_t)outfall_read_i16(field + 4);
    scale = (uint16_t)outfall_read_i16(field + 6);
    if (count < 0 || length != 8 + 2 * count || scale > OUTFALL_DECIMAL_SCALE_MAX)
        return 0;
    if (sign >= OUTFALL_DECIMAL_NAN) {
        if (count != 0 || (sign != OUTFALL_DECIMAL_NAN && sign != OUTFALL_DECIMAL_INFINITY &&
                           sign != OUTFALL_DECIMAL_MINUS_INFINITY))
            return 0;
        return sizeof "-Infinity";
    }
    if (sign != OUTFALL_DECIMAL_POSITIVE && sign != OUTFALL_DECIMAL_NEGATIVE)
        return 0;
    for (i = 0; i < count; i++) {
        static const int16_t units[] = {10000, 1000, 100, 10};
        int16_t digit = outfall_read_i16(field + 8 + 2 * i);
        if (digit < 0 || digit > 9999)
            return 0;
        /* Of this digit's four decimals after the point, how many the scale does not show. */
        beyond = -4 * (weight - i) - scale;
        if (beyond > 0 && (beyond >= 4 ? digit != 0 : digit % units[4 - beyond] != 0))
            return 0;
    }
    return 1 + (weight < 0 ? 1 : 4 * ((size_t)weight + 1)) + 1 + (size_t)scale + 1;
}

/** Writes four decimal digits of a base-10000 digit. */
static inline void outfall_digits4(uint32_t number, char *out)
{
    out[0] = (char)('0' + number / 1000 % 10);
    out[1] = (char)('0' + number / 100 % 10);
    out[2] = (char)('0' + number / 10 % 10);
    out[3] = (char)('0' + number % 10);
}

/**
 * Spells an encoded decimal: "-12.340", "NaN", "Infinity", "-Infinity". `out` has room for
 * outfall_decimal_text_max bytes, which has returned more than 0 for it.
 *
 * @return The text's length without its NUL.
 */
static inline size_t outfall_decimal_text(const uint8_t *field, int32_t length, char *out)
{
    int32_t count = outfall_read_i16(field);
    int32_t weight = outfall_read_i16(field + 2);
    int32_t sign = (uint16_t)outfall_read_i16(field + 4);
    int32_t scale = (uint16_t)outfall_read_i16(field + 6);
    int32_t place, shown = 0;
    char *at = out;
    (void)length;
    if (sign >= OUTFALL_DECIMAL_NAN) {
        const char *name = sign == OUTFALL_DECIMAL_NAN        ? "NaN"
                           : sign == OUTFALL_DECIMAL_INFINITY ? "Infinity"
                                                              : "-Infinity";
        size_t size = strlen(name);
        memcpy(out, name, size + 1);
        return size;
    }
    if (sign == OUTFALL_DECIMAL_NEGATIVE)
        *at++ = '-';
    for (place = weight; place >= 0; place--) {
        int32_t index = weight - place;
        char four[4];
        int32_t skip = 0;
        outfall_digits4(index < count ? (uint16_t)outfall_read_i16(field + 8 + 2 * index) : 0u,
                        four);
        if (shown == 0)
            while (skip < 4 && four[skip] == '0')
                skip++;
        memcpy(at, four + skip, (size_t)(4 - skip));
        at += 4 - skip;
        shown |= skip < 4;
    }
    if (shown == 0)
        *at++ = '0';
    if (scale > 0)
        *at++ = '.';
    for (place = -1; scale > 0; place--) {
        int32_t index = weight - place;
        int32_t size = scale < 4 ? scale : 4;
        char four[4];
        outfall_digits4(
            index >= 0 && index < count ? (uint16_t)outfall_read_i16(field + 8 + 2 * index) : 0u,
            four);
        memcpy(at, four, (size_t)size);
        at += size;
        scale -= size;
    }
    *at = '\0';
    return (size_t)(at - out);
}

/* ---- Dates and times -------------------------------------------------------------- */

/** Writes `number` in decimal with at least `width` digits; returns how many. */
static inline size_t outfall_digits(uint64_t number, size_t width, char *out)
{
    char reversed[20];
    size_t size = 0;
    while (number > 0 || size < width) {
        reversed[size++] = (char)('0' + number % 10);
        number /= 10;
    }
    for (size_t i = 0; i < size; i++)
        out[i] = reversed[size - 1 - i];
    return size;
}

/**
 * Splits days since 1970-01-01 into a date of the proleptic Gregorian calendar; year 0 is 1 BC.
 * The 400 years of 146,097 days are counted from 1 March, so that a leap day ends its year.
 */
static inline void outfall_date_split(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + 719468; /* Since 0000-03-01. */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = years + era * 400 + (*month <= 2);
}

/** The reverse of outfall_date_split; the date must exist. */
static inline int64_t outfall_date_join(int64_t year, int month, int day)
{
    int64_t shifted = year - (month <= 2);
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t of_era = shifted - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/** Writes "2024-01-31" without NUL; sets *before_christ where " BC" has to follow. */
static inline size_t outfall_date_part(int64_t days_since_1970, int *before_christ, char *out)
{
    int64_t year;
    int month, day;
    char *at = out;
    outfall_date_split(days_since_1970, &year, &month, &day);
    *before_christ = year <= 0;
    at += outfall_digits((uint64_t)(year > 0 ? year : 1 - year), 4, at);
    *at++ = '-';
    at += outfall_digits((uint64_t)month, 2, at);
    *at++ = '-';
    at += outfall_digits((uint64_t)day, 2, at);
    return (size_t)(at - out);
}

/** Writes `text` and a NUL; returns its length. */
static inline size_t outfall_text_end(const char *text, char *out)
{
    size_t size = strlen(text);
    memcpy(out, text, size + 1);
    return size;
}

/**
 * Spells an encoded date: "2024-01-31", "0044-03-15 BC", "infinity", "-infinity". `out` has room
 * for OUTFALL_TEMPORAL_TEXT_MAX bytes. @return The length without the NUL.
 */
static inline size_t outfall_date_text(int32_t days_since_2000, char *out)
{
    int before_christ;
    size_t size;
    if (days_since_2000 == INT32_MAX || days_since_2000 == INT32_MIN)
        return outfall_text_end(days_since_2000 > 0 ? "infinity" : "-infinity", out);
    size = outfall_date_part((int64_t)days_since_2000 + OUTFALL_EPOCH_DAYS, &before_christ, out);
    return size + outfall_text_end(before_christ ? " BC" : "", out + size);
}

/**
 * Spells an encoded time: "12:34:56.5", the fraction without trailing zeros and left out where it
 * is zero. `out` has room for OUTFALL_TEMPORAL_TEXT_MAX bytes. @return The length without the NUL.
 */
static inline size_t outfall_time_text(int64_t microseconds, char *out)
{
    uint64_t rest = microseconds < 0 ? 0 - (uint64_t)microseconds : (uint64_t)microseconds;
    uint64_t fraction = rest % 1000000;
    char *at = out;
    rest /= 1000000;
    if (microseconds < 0) /* Not a time of day, yet it must not break the text. */
        *at++ = '-';
    at += outfall_digits(rest / 3600, 2, at);
    *at++ = ':';
    at += outfall_digits(rest / 60 % 60, 2, at);
    *at++ = ':';
    at += outfall_digits(rest % 60, 2, at);
    if (fraction != 0) {
        *at++ = '.';
        at += outfall_digits(fraction, 6, at);
        while (at[-1] == '0')
            at--;
    }
    *at = '\0';
    return (size_t)(at - out);
}

/**
 * Spells an encoded timestamp: "2024-01-31 12:34:56.5", with "+00:00" behind it where `zone` is
 * not 0; " BC", "infinity" and "-infinity" as for dates. `out` has room for
 * OUTFALL_TEMPORAL_TEXT_MAX bytes. @return The length without the NUL.
 */
static inline size_t outfall_timestamp_text(int64_t us_since_2000, int zone, char *out)
{
    int64_t days, of_day;
    int before_christ;
    char *at = out;
    if (us_since_2000 == INT64_MAX || us_since_2000 == INT64_MIN)
        return outfall_text_end(us_since_2000 > 0 ? "infinity" : "-infinity", out);
    days = us_since_2000 / OUTFALL_DAY_US;
    of_day = us_since_2000 % OUTFALL_DAY_US;
    if (of_day < 0) {
        of_day += OUTFALL_DAY_US;
        days--;
    }
    at += outfall_date_part(days + OUTFALL_EPOCH_DAYS, &before_christ, at);
    *at++ = ' ';
    at += outfall_time_text(of_day, at);
    if (zone)
        at += outfall_text_end("+00:00", at);
    if (before_christ)
        at += outfall_text_end(" BC", at);
    return (size_t)(at - out);
}

/* ---- UUIDs ------------------------------------------------------------------------ */

/**
 * Spells a UUID's 16 bytes in 36 characters of lower case. `out` has room for
 * OUTFALL_UUID_TEXT_MAX bytes. @return 36.
 */
static inline size_t outfall_uuid_text(const uint8_t *field, char *out)
{
    static const char hex[] = "0123456789abcdef";
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = hex[field[i] >> 4];
        *at++ = hex[field[i] & 15];
    }
    *at = '\0';
    return (size_t)(at - out);
}

#ifdef __cplusplus
}
#endif
#endif
