/* SPDX-License-Identifier: Apache-2.0 */
#include "row/convert_time.h"

#include "row/encode.h"
#include "row/refuse.h"
#include "row/temporal.h"
#include "row/text.h"

/* Says why a text, or a value that had to be rounded, does not go in. */
static int refuse_parsed(int parsed, const outfall_column *column, const outfall_value *value,
                         outfall_error *error)
{
    static const char *const spellings[] = {"2024-01-31", "12:34:56.789", "2024-01-31 12:34:56.789",
                                            "2024-01-31 12:34:56.789+00:00"};
    static const char *const kinds[] = {"is not a date", "is not a time", "is not a timestamp",
                                        "is not a timestamp"};
    uint32_t kind = column->type - OUTFALL_TYPE_DATE;
    switch (parsed) {
    case OF_PARSED_DATE:
        return of_refuse(error, column, value, "is no date or time that exists",
                         "correct it, or load it into a text column");
    case OF_PARSED_RANGE:
        if ((column->flags & OUTFALL_COLUMN_LIMITED) != 0)
            return of_refuse_limits(error, column, value);
        return of_refuse(error, column, value, "is out of range",
                         column->type == OUTFALL_TYPE_TIME ? "the column takes 00:00:00 to 24:00:00"
                         : column->type == OUTFALL_TYPE_DATE
                             ? "the column takes 4714-11-24 BC to 5874897-12-31"
                             : "the column takes 4714-11-24 BC to 294276-12-31");
    case OF_PARSED_ZONE:
        return of_refuse(error, column, value, "has a time zone",
                         "the column keeps none; leave the zone out, or use a timestamptz column");
    case OF_PARSED_ROUNDED:
        if (column->type == OUTFALL_TYPE_DATE)
            return of_refuse(error, column, value, "is not midnight",
                             "a date keeps no time; use a timestamp column, or set "
                             "convert.lossy=round");
        return of_refuse(error, column, value, "would be rounded",
                         "the column keeps %d digits of seconds; round it, or set "
                         "convert.lossy=round",
                         column->fraction_digits < 0 || column->fraction_digits > 6
                             ? 6
                             : column->fraction_digits);
    default:
        return of_refuse(error, column, value, kinds[kind],
                         "write it as %s, or load it into a text column", spellings[kind]);
    }
}

/* Infinite dates and timestamps go in unless the database has none. */
static int check_infinite(const outfall_column *column, const outfall_value *value, bool infinite,
                          outfall_error *error)
{
    if (!infinite || (column->flags & OUTFALL_COLUMN_NO_INFINITY) == 0)
        return OUTFALL_OK;
    return of_refuse(error, column, value, "is infinite",
                     "this database cannot hold infinite times; put NULL");
}

/* ---- Dates ------------------------------------------------------------------------ */

/* Days since 1970 to days since 2000. */
static int date_of_days(int64_t days_since_1970, int32_t *days)
{
    if (days_since_1970 == OUTFALL_TIME_INFINITY ||
        days_since_1970 == OUTFALL_TIME_MINUS_INFINITY) {
        *days = days_since_1970 > 0 ? INT32_MAX : INT32_MIN;
        return OF_PARSED_OK;
    }
    if (days_since_1970 < OF_DATE_MIN + OUTFALL_EPOCH_DAYS ||
        days_since_1970 >= (int64_t)OF_DATE_END + OUTFALL_EPOCH_DAYS)
        return OF_PARSED_RANGE;
    *days = (int32_t)(days_since_1970 - OUTFALL_EPOCH_DAYS);
    return OF_PARSED_OK;
}

/* The day of an encoded timestamp; ROUNDED where it is not midnight. */
static int date_of_timestamp(int64_t us_since_2000, int32_t *days)
{
    if (us_since_2000 == INT64_MAX || us_since_2000 == INT64_MIN) {
        *days = us_since_2000 > 0 ? INT32_MAX : INT32_MIN;
        return OF_PARSED_OK;
    }
    int64_t day = us_since_2000 / OUTFALL_DAY_US;
    int64_t of_day = us_since_2000 % OUTFALL_DAY_US;
    *days = (int32_t)(of_day < 0 ? day - 1 : day);
    return of_day != 0 ? OF_PARSED_ROUNDED : OF_PARSED_OK;
}

/* Microseconds since 1970 to microseconds since 2000. */
static int timestamp_of_us(int64_t us_since_1970, int64_t *us)
{
    *us = us_since_1970;
    if (us_since_1970 == OUTFALL_TIME_INFINITY || us_since_1970 == OUTFALL_TIME_MINUS_INFINITY)
        return OF_PARSED_OK;
    if (us_since_1970 < OF_TIMESTAMP_MIN + OUTFALL_EPOCH_US)
        return OF_PARSED_RANGE;
    *us = us_since_1970 - OUTFALL_EPOCH_US;
    return OF_PARSED_OK;
}

/* A date, or a timestamp as text whose time is midnight. */
static int date_of_text(const outfall_value *value, int32_t *days)
{
    int parsed = of_date_parse(value->as.data, value->length, days);
    if (parsed != OF_PARSED_MALFORMED)
        return parsed;
    int64_t us;
    parsed = of_timestamp_parse(value->as.data, value->length, false, &us);
    if (parsed != OF_PARSED_OK && parsed != OF_PARSED_ROUNDED)
        return parsed;
    int midnight = date_of_timestamp(us, days);
    return parsed == OF_PARSED_OK ? midnight : parsed;
}

int of_convert_date(const outfall_column *column, const outfall_value *value, bool lossy,
                    uint8_t *out, size_t *bytes, outfall_error *error)
{
    int32_t days = 0;
    int64_t us = 0;
    int parsed;
    if (value->type == OUTFALL_TYPE_DATE) {
        parsed = date_of_days(value->as.integer, &days);
    } else if (value->type == OUTFALL_TYPE_TEXT) {
        parsed = date_of_text(value, &days);
    } else if (value->type == OUTFALL_TYPE_TIMESTAMP) {
        parsed = timestamp_of_us(value->as.integer, &us);
        if (parsed == OF_PARSED_OK)
            parsed = date_of_timestamp(us, &days);
    } else if (value->type == OUTFALL_TYPE_TIMESTAMPTZ) {
        parsed = OF_PARSED_ZONE; /* Which day it is depends on where. */
    } else {
        return of_refuse_type(error, column, value);
    }
    if (parsed != OF_PARSED_OK && (parsed != OF_PARSED_ROUNDED || !lossy))
        return refuse_parsed(parsed, column, value, error);
    int status = check_infinite(column, value, days == INT32_MAX || days == INT32_MIN, error);
    if (status == OUTFALL_OK && !of_within_limits(column, of_days_since_1970(days)))
        status = of_refuse_limits(error, column, value);
    if (status == OUTFALL_OK)
        *bytes = of_encode_i32(out, days);
    return status;
}

/* ---- Times of day ----------------------------------------------------------------- */

int of_convert_time(const outfall_column *column, const outfall_value *value, bool lossy,
                    uint8_t *out, size_t *bytes, outfall_error *error)
{
    int64_t us = value->as.integer;
    int parsed = OF_PARSED_OK;
    if (value->type == OUTFALL_TYPE_TEXT)
        parsed = of_time_parse(value->as.data, value->length, &us);
    else if (value->type != OUTFALL_TYPE_TIME)
        return of_refuse_type(error, column, value);
    else if (us < 0 || us > OUTFALL_DAY_US)
        parsed = OF_PARSED_RANGE;
    if (parsed == OF_PARSED_OK || parsed == OF_PARSED_ROUNDED) {
        int64_t rounded = of_fraction_round(us, column->fraction_digits);
        if (rounded != us)
            parsed = OF_PARSED_ROUNDED;
        us = rounded;
    }
    if (parsed != OF_PARSED_OK && (parsed != OF_PARSED_ROUNDED || !lossy))
        return refuse_parsed(parsed, column, value, error);
    if (!of_within_limits(column, us))
        return of_refuse_limits(error, column, value);
    *bytes = of_encode_i64(out, us);
    return OUTFALL_OK;
}

/* ---- Timestamps ------------------------------------------------------------------- */

/* Midnight of a day that counts from 1970. */
static int timestamp_of_days(int64_t days_since_1970, int64_t *us)
{
    int32_t days = 0;
    int parsed = date_of_days(days_since_1970, &days);
    if (parsed != OF_PARSED_OK)
        return parsed;
    if (days == INT32_MAX || days == INT32_MIN)
        *us = days > 0 ? INT64_MAX : INT64_MIN;
    else if (days >= OF_TIMESTAMP_END / OUTFALL_DAY_US)
        return OF_PARSED_RANGE;
    else
        *us = days * OUTFALL_DAY_US;
    return OF_PARSED_OK;
}

/* Counts from 2000; the zone is UTC wherever the value has none. */
static int timestamp_of(const outfall_column *column, const outfall_value *value, int64_t *us)
{
    bool zone = column->type == OUTFALL_TYPE_TIMESTAMPTZ;
    switch (value->type) {
    case OUTFALL_TYPE_TIMESTAMP:
        return timestamp_of_us(value->as.integer, us);
    case OUTFALL_TYPE_TIMESTAMPTZ:
        return zone ? timestamp_of_us(value->as.integer, us) : OF_PARSED_ZONE;
    case OUTFALL_TYPE_DATE:
        return timestamp_of_days(value->as.integer, us);
    default:
        return of_timestamp_parse(value->as.data, value->length, zone, us);
    }
}

int of_convert_timestamp(const outfall_column *column, const outfall_value *value, bool lossy,
                         uint8_t *out, size_t *bytes, outfall_error *error)
{
    int64_t us = 0;
    if (value->type != OUTFALL_TYPE_TEXT && value->type != OUTFALL_TYPE_DATE &&
        value->type != OUTFALL_TYPE_TIMESTAMP && value->type != OUTFALL_TYPE_TIMESTAMPTZ)
        return of_refuse_type(error, column, value);
    int parsed = timestamp_of(column, value, &us);
    bool infinite = us == INT64_MAX || us == INT64_MIN;
    if (!infinite && (parsed == OF_PARSED_OK || parsed == OF_PARSED_ROUNDED)) {
        int64_t rounded = of_fraction_round(us, column->fraction_digits);
        if (rounded != us)
            parsed = rounded < OF_TIMESTAMP_END ? OF_PARSED_ROUNDED : OF_PARSED_RANGE;
        us = rounded;
    }
    if (parsed != OF_PARSED_OK && (parsed != OF_PARSED_ROUNDED || !lossy))
        return refuse_parsed(parsed, column, value, error);
    int status = check_infinite(column, value, infinite, error);
    if (status == OUTFALL_OK && !of_within_limits(column, of_us_since_1970(us)))
        status = of_refuse_limits(error, column, value);
    if (status == OUTFALL_OK)
        *bytes = of_encode_i64(out, us);
    return status;
}
