/* SPDX-License-Identifier: Apache-2.0 */
#include "row/temporal.h"

#include <outfall/encoding.h>

#include "row/encode.h"

#define SECOND_US INT64_C(1000000)
#define ZONE_HOURS_MAX 15 /* As in PostgreSQL. */

/* What is left of the text. */
typedef struct reader {
    const char *at;
    const char *end;
} reader;

static bool take(reader *in, char byte)
{
    if (in->at == in->end || *in->at != byte)
        return false;
    in->at++;
    return true;
}

/* Between `least` and `most` digits, all there are: 0 and *out, or MALFORMED. */
static int take_digits(reader *in, int least, int most, int64_t *out)
{
    int count = 0;
    *out = 0;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++, count++) {
        if (count == most)
            return OF_PARSED_MALFORMED;
        *out = *out * 10 + (*in->at - '0');
    }
    return count < least ? OF_PARSED_MALFORMED : OF_PARSED_OK;
}

/* Exactly two digits; what follows is not looked at. */
static int take_two(reader *in, int64_t *out)
{
    if (in->end - in->at < 2)
        return OF_PARSED_MALFORMED;
    reader two = {in->at, in->at + 2};
    in->at += 2;
    return take_digits(&two, 2, 2, out);
}

static int days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Takes " BC" off the text's end. */
static bool take_bc(reader *in)
{
    if (in->end - in->at < 3 || !of_text_is(in->end - 3, 3, " bc"))
        return false;
    in->end -= 3;
    return true;
}

/* "2024-01-31" as days since 2000-01-01. */
static int take_date(reader *in, bool before_christ, int64_t *days)
{
    int64_t year, month, day;
    if (take_digits(in, 4, 7, &year) != OF_PARSED_OK || !take(in, '-') ||
        take_two(in, &month) != OF_PARSED_OK || !take(in, '-') ||
        take_two(in, &day) != OF_PARSED_OK)
        return OF_PARSED_MALFORMED;
    if (year == 0) /* 1 BC is followed by AD 1. */
        return OF_PARSED_DATE;
    if (before_christ)
        year = 1 - year;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return OF_PARSED_DATE;
    *days = outfall_date_join(year, (int)month, (int)day) - OUTFALL_EPOCH_DAYS;
    return *days < OF_DATE_MIN || *days >= OF_DATE_END ? OF_PARSED_RANGE : OF_PARSED_OK;
}

/* ".789": six digits count, the seventh rounds, and any but 0 past the sixth makes it ROUNDED. */
static int take_fraction(reader *in, int64_t *us)
{
    int64_t unit = SECOND_US / 10;
    bool rounded = false, up = false;
    int count = 0;
    *us = 0;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
        int digit = *in->at - '0';
        *us += unit * digit;
        unit /= 10;
        rounded = rounded || (count >= 6 && digit != 0);
        up = up || (count == 6 && digit >= 5);
        count += count <= 6;
    }
    *us += up;
    if (count == 0)
        return OF_PARSED_MALFORMED;
    return rounded ? OF_PARSED_ROUNDED : OF_PARSED_OK;
}

/* "12:34[:56[.789]]"; 24:00:00 is the end of a day. */
static int take_time(reader *in, int64_t *us)
{
    int64_t hour, minute, second = 0, fraction = 0;
    int status = OF_PARSED_OK;
    if (take_two(in, &hour) != OF_PARSED_OK || !take(in, ':') ||
        take_two(in, &minute) != OF_PARSED_OK)
        return OF_PARSED_MALFORMED;
    if (take(in, ':')) {
        status = take_two(in, &second);
        if (status == OF_PARSED_OK && take(in, '.'))
            status = take_fraction(in, &fraction);
    }
    if (status == OF_PARSED_MALFORMED)
        return status;
    *us = ((hour * 60 + minute) * 60 + second) * SECOND_US + fraction;
    bool past = *us > OUTFALL_DAY_US || (*us == OUTFALL_DAY_US && hour == 24 && status != 0);
    if (hour > 24 || minute > 59 || second > 59 || past)
        return OF_PARSED_DATE;
    return status;
}

/* "Z", "UTC", "+01", "+0130", "+01:30", "-01:30:15", with a blank before it or not. */
static int take_zone(reader *in, int64_t *offset_us)
{
    int64_t parts[3] = {0, 0, 0};
    *offset_us = 0;
    take(in, ' ');
    size_t left = (size_t)(in->end - in->at);
    if (of_text_is(in->at, left, "z") || of_text_is(in->at, left, "utc")) {
        in->at = in->end;
        return OF_PARSED_OK;
    }
    bool negative = take(in, '-');
    if (!negative && !take(in, '+'))
        return OF_PARSED_MALFORMED;
    for (int i = 0; i < 3 && (i == 0 || in->at < in->end); i++) {
        if (i > 0)
            take(in, ':');
        if (take_two(in, &parts[i]) != OF_PARSED_OK)
            return OF_PARSED_MALFORMED;
    }
    if (parts[0] > ZONE_HOURS_MAX || parts[1] > 59 || parts[2] > 59)
        return OF_PARSED_DATE;
    *offset_us = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * SECOND_US;
    if (negative)
        *offset_us = -*offset_us;
    return OF_PARSED_OK;
}

/* 1 for "infinity", -1 for "-infinity", 0 for anything else. */
static int infinity_of(const char *text, size_t length)
{
    int sign = length > 0 && text[0] == '-' ? -1 : 1;
    size_t skip = length > 0 && (text[0] == '-' || text[0] == '+');
    return of_text_is(text + skip, length - skip, "infinity") ? sign : 0;
}

int of_date_parse(const char *text, size_t length, int32_t *days)
{
    reader in = {text, text + length};
    int64_t wide = 0;
    int infinite = infinity_of(text, length);
    if (infinite != 0) {
        *days = infinite > 0 ? INT32_MAX : INT32_MIN;
        return OF_PARSED_OK;
    }
    bool before_christ = take_bc(&in);
    int status = take_date(&in, before_christ, &wide);
    if (status != OF_PARSED_MALFORMED && in.at != in.end)
        return OF_PARSED_MALFORMED;
    *days = (int32_t)wide;
    return status;
}

int of_time_parse(const char *text, size_t length, int64_t *us)
{
    reader in = {text, text + length};
    int status = take_time(&in, us);
    return in.at != in.end ? OF_PARSED_MALFORMED : status;
}

int of_timestamp_parse(const char *text, size_t length, bool zone, int64_t *us)
{
    reader in = {text, text + length};
    int64_t days, of_day = 0, offset = 0;
    int infinite = infinity_of(text, length);
    if (infinite != 0) {
        *us = infinite > 0 ? INT64_MAX : INT64_MIN;
        return OF_PARSED_OK;
    }
    bool before_christ = take_bc(&in);
    int status = take_date(&in, before_christ, &days);
    int rounded = OF_PARSED_OK;
    if (in.at < in.end && (status == OF_PARSED_OK || status == OF_PARSED_RANGE)) {
        if (!take(&in, ' ') && !take(&in, 'T') && !take(&in, 't'))
            return OF_PARSED_MALFORMED;
        rounded = take_time(&in, &of_day);
        if (rounded == OF_PARSED_MALFORMED || rounded == OF_PARSED_DATE)
            return rounded;
        if (in.at < in.end) {
            int zoned = take_zone(&in, &offset);
            if (zoned != OF_PARSED_OK || in.at < in.end)
                return zoned != OF_PARSED_OK ? zoned : OF_PARSED_MALFORMED;
            if (!zone)
                return OF_PARSED_ZONE;
        }
    }
    if (status != OF_PARSED_OK)
        return status;
    /* In days first: so far from 2000 the product would not fit. */
    if (days > OF_TIMESTAMP_END / OUTFALL_DAY_US + 1)
        return OF_PARSED_RANGE;
    *us = days * OUTFALL_DAY_US + of_day - offset;
    return *us < OF_TIMESTAMP_MIN || *us >= OF_TIMESTAMP_END ? OF_PARSED_RANGE : rounded;
}

int64_t of_fraction_round(int64_t us, int32_t digits)
{
    static const int64_t units[] = {1000000, 100000, 10000, 1000, 100, 10};
    if (digits < 0 || digits > 5)
        return us;
    int64_t unit = units[digits];
    if (us >= 0)
        return (us + unit / 2) / unit * unit;
    return -((-us + unit / 2) / unit * unit);
}

int64_t of_days_since_1970(int32_t days)
{
    if (days == INT32_MAX)
        return OUTFALL_TIME_INFINITY;
    return days == INT32_MIN ? OUTFALL_TIME_MINUS_INFINITY : (int64_t)days + OUTFALL_EPOCH_DAYS;
}

int64_t of_us_since_1970(int64_t us)
{
    if (us == INT64_MAX || us == INT64_MIN)
        return us;
    return us < INT64_MAX - OUTFALL_EPOCH_US ? us + OUTFALL_EPOCH_US : OUTFALL_TIME_INFINITY - 1;
}
