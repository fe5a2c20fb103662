/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes fields: an int32 length and the bytes. All inline, for the writer's hot path; what does
 * not go straight in is left to of_convert.
 */
#ifndef OF_ROW_ENCODE_H
#define OF_ROW_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <outfall/encoding.h>
#include <outfall/row.h>

/* The most bytes of a field of fixed size: a UUID's 16 and its length's four. */
#define OF_FIELD_FIXED_MAX 20

/* The most bytes of data in one field: PostgreSQL's limit. */
#define OF_FIELD_BYTES_MAX 0x3FFFFFFF

/* PostgreSQL's range, counted from 2000-01-01; the second is the first value past the range. */
#define OF_DATE_MIN (-2451545)
#define OF_DATE_END 2145031949
#define OF_TIMESTAMP_MIN INT64_C(-211813488000000000)
#define OF_TIMESTAMP_END INT64_C(9223371331200000000)

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define OF_BIG16(number) (number)
#define OF_BIG32(number) (number)
#define OF_BIG64(number) (number)
#else
#define OF_BIG16(number) __builtin_bswap16(number)
#define OF_BIG32(number) __builtin_bswap32(number)
#define OF_BIG64(number) __builtin_bswap64(number)
#endif

static inline void of_store_i16(uint8_t *out, int16_t number)
{
    uint16_t big = OF_BIG16((uint16_t)number);
    memcpy(out, &big, sizeof big);
}

static inline void of_store_i32(uint8_t *out, int32_t number)
{
    uint32_t big = OF_BIG32((uint32_t)number);
    memcpy(out, &big, sizeof big);
}

static inline void of_store_i64(uint8_t *out, int64_t number)
{
    uint64_t big = OF_BIG64((uint64_t)number);
    memcpy(out, &big, sizeof big);
}

/* Each writes one field and returns its bytes, the length's four included. */

static inline size_t of_encode_null(uint8_t *out)
{
    of_store_i32(out, -1);
    return 4;
}

static inline size_t of_encode_bool(uint8_t *out, bool truth)
{
    of_store_i32(out, 1);
    out[4] = truth;
    return 5;
}

static inline size_t of_encode_i16(uint8_t *out, int16_t number)
{
    of_store_i32(out, 2);
    of_store_i16(out + 4, number);
    return 6;
}

static inline size_t of_encode_i32(uint8_t *out, int32_t number)
{
    of_store_i32(out, 4);
    of_store_i32(out + 4, number);
    return 8;
}

static inline size_t of_encode_i64(uint8_t *out, int64_t number)
{
    of_store_i32(out, 8);
    of_store_i64(out + 4, number);
    return 12;
}

static inline size_t of_encode_f32(uint8_t *out, float number)
{
    int32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return of_encode_i32(out, bits);
}

static inline size_t of_encode_f64(uint8_t *out, double number)
{
    int64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return of_encode_i64(out, bits);
}

/* At most OF_FIELD_BYTES_MAX bytes; `data` may be NULL where there are none. */
static inline size_t of_encode_bytes(uint8_t *out, const void *data, size_t length)
{
    of_store_i32(out, (int32_t)length);
    if (length > 0)
        memcpy(out + 4, data, length);
    return 4 + length;
}

/* Sixteen signed bytes: NUL and all that is not ASCII are those not above 0. */
typedef int8_t of_bytes16 __attribute__((vector_size(16)));

/*
 * Copies ASCII without NUL, looking at each byte once. Returns false, with `out` half written, at
 * any other byte. The last copy overlaps the one before: that saves a loop over single bytes.
 */
static inline bool of_copy_ascii(uint8_t *out, const uint8_t *from, size_t length)
{
    uint64_t flaws[2];
    of_bytes16 block, flawed = {0};
    size_t at = 0;
    if (length < sizeof block) {
        bool good = true;
        for (; at < length; at++) {
            good = good && (int8_t)from[at] > 0;
            out[at] = from[at];
        }
        return good;
    }
    for (; at + sizeof block <= length; at += sizeof block) {
        memcpy(&block, from + at, sizeof block);
        memcpy(out + at, &block, sizeof block);
        flawed |= (of_bytes16)(block <= 0);
    }
    memcpy(&block, from + length - sizeof block, sizeof block);
    memcpy(out + length - sizeof block, &block, sizeof block);
    flawed |= (of_bytes16)(block <= 0);
    memcpy(flaws, &flawed, sizeof flaws);
    return (flaws[0] | flaws[1]) == 0;
}

/* Whether a column takes a number, counted as outfall_value counts it. */
static inline bool of_within_limits(const outfall_column *column, int64_t number)
{
    return (column->flags & OUTFALL_COLUMN_LIMITED) == 0 ||
           (number >= column->least && number <= column->most);
}

/*
 * Room for the field of a value that is of the column's own type or of fixed size; 0 where
 * of_convert_bytes_max has to say.
 */
__attribute__((always_inline)) static inline size_t
of_encode_bytes_max(const outfall_column *column, const outfall_value *value)
{
    /* Types whose fields have a fixed size, whatever value goes in. */
    const uint32_t fixed =
        1u << OUTFALL_TYPE_BOOL | 1u << OUTFALL_TYPE_INT16 | 1u << OUTFALL_TYPE_INT32 |
        1u << OUTFALL_TYPE_INT64 | 1u << OUTFALL_TYPE_FLOAT32 | 1u << OUTFALL_TYPE_FLOAT64 |
        1u << OUTFALL_TYPE_DATE | 1u << OUTFALL_TYPE_TIME | 1u << OUTFALL_TYPE_TIMESTAMP |
        1u << OUTFALL_TYPE_TIMESTAMPTZ | 1u << OUTFALL_TYPE_UUID;
    if ((1u << (column->type & 31) & fixed) != 0)
        return OF_FIELD_FIXED_MAX;
    if (column->type == value->type &&
        (value->type == OUTFALL_TYPE_TEXT || value->type == OUTFALL_TYPE_BYTES))
        return 4 + (size_t)value->length;
    return 0;
}

/* Of of_encode: from an int of any size into a column of `type`. */
static inline bool of_encode_int(uint32_t type, int64_t number, uint8_t *out, size_t *bytes)
{
    switch (type) {
    case OUTFALL_TYPE_INT16:
        *bytes = of_encode_i16(out, (int16_t)number);
        return number == (int16_t)number;
    case OUTFALL_TYPE_INT32:
        *bytes = of_encode_i32(out, (int32_t)number);
        return number == (int32_t)number;
    case OUTFALL_TYPE_INT64:
        *bytes = of_encode_i64(out, number);
        return true;
    default:
        return false;
    }
}

/*
 * Of of_encode: a timestamp of all six digits that is neither infinite nor too early. None that can
 * be counted from 1970 is too late.
 */
static inline bool of_encode_timestamp(const outfall_column *column, int64_t us_since_1970,
                                       uint8_t *out, size_t *bytes)
{
    *bytes = of_encode_i64(out, (int64_t)((uint64_t)us_since_1970 - (uint64_t)OUTFALL_EPOCH_US));
    return us_since_1970 >= OF_TIMESTAMP_MIN + OUTFALL_EPOCH_US &&
           us_since_1970 != OUTFALL_TIME_INFINITY &&
           (column->fraction_digits < 0 || column->fraction_digits >= 6);
}

/*
 * The common cases of of_convert, to be inlined: returns true and sets *bytes where the value goes
 * in as it is, false where of_convert has to look at it (and may well accept it). `out` has room
 * for of_encode_bytes_max or of_convert_bytes_max bytes.
 */
__attribute__((always_inline)) static inline bool
of_encode(const outfall_column *column, const outfall_value *value, uint8_t *out, size_t *bytes)
{
    /* A column with limits is of a type that no value has, so that it costs the others no test. */
    uint32_t type = column->type | (column->flags & OUTFALL_COLUMN_LIMITED);
    if (value->type >= OUTFALL_TYPE_INT16 && value->type <= OUTFALL_TYPE_INT64)
        return of_encode_int(type, value->as.integer, out, bytes);
    if (value->type == OUTFALL_TYPE_NULL) {
        *bytes = of_encode_null(out);
        return (column->flags & OUTFALL_COLUMN_NOT_NULL) == 0;
    }
    if (value->type != type)
        return false;
    switch (value->type) {
    case OUTFALL_TYPE_BOOL:
        *bytes = of_encode_bool(out, value->as.integer != 0);
        return true;
    case OUTFALL_TYPE_FLOAT64:
        *bytes = of_encode_f64(out, value->as.real);
        return (column->flags & (OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY)) == 0 ||
               value->as.real - value->as.real == 0; /* Finite. */
    case OUTFALL_TYPE_TEXT:
        if (value->as.data == NULL || value->length > OF_FIELD_BYTES_MAX ||
            (column->length_max != 0 && value->length > column->length_max))
            return false;
        of_store_i32(out, (int32_t)value->length);
        *bytes = 4 + (size_t)value->length;
        return of_copy_ascii(out + 4, (const uint8_t *)value->as.data, value->length);
    case OUTFALL_TYPE_BYTES:
        if (value->as.data == NULL || value->length > OF_FIELD_BYTES_MAX ||
            (column->length_max != 0 && value->length > column->length_max))
            return false;
        *bytes = of_encode_bytes(out, value->as.data, value->length);
        return true;
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        return of_encode_timestamp(column, value->as.integer, out, bytes);
    default:
        return false;
    }
}

#endif
