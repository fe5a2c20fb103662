/* SPDX-License-Identifier: Apache-2.0 */
#include "common/day.h"

#include <string.h>

#include <outfall/encoding.h>

#define YEAR_MAX 9999

/* Writes a number below 100. */
static void two_digits(uint32_t number, char *out)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    memcpy(out, pairs + 2 * (size_t)number, 2);
}

uint64_t drv_day_change(drv_day *day, int64_t us_since_2000)
{
    int64_t days = us_since_2000 / OUTFALL_DAY_US - (us_since_2000 % OUTFALL_DAY_US < 0);
    uint64_t start_us = (uint64_t)days * (uint64_t)OUTFALL_DAY_US;
    int64_t year;
    outfall_date_split(days + OUTFALL_EPOCH_DAYS, &year, &day->month, &day->of_month);
    day->year = (int)year; /* Of any timestamp, it is below 300,000. */
    day->start_us = DRV_DAY_NONE;
    if (year >= 1 && year <= YEAR_MAX) {
        day->start_us = (int64_t)start_us;
        two_digits((uint32_t)year / 100, day->text);
        two_digits((uint32_t)year % 100, day->text + 2);
        day->text[4] = '-';
        two_digits((uint32_t)day->month, day->text + 5);
        day->text[7] = '-';
        two_digits((uint32_t)day->of_month, day->text + 8);
        day->text[10] = ' ';
    }
    return (uint64_t)us_since_2000 - start_us;
}

size_t drv_day_timestamp_text(drv_day *day, int64_t us_since_2000, int zone, char *out)
{
    uint64_t of_day = drv_day_find(day, us_since_2000);
    if (day->start_us == DRV_DAY_NONE)
        return outfall_timestamp_text(us_since_2000, zone, out);
    uint32_t seconds = (uint32_t)(of_day / 1000000);
    uint32_t fraction = (uint32_t)(of_day - (uint64_t)seconds * 1000000);
    memcpy(out, day->text, DRV_DAY_TEXT_BYTES);
    char *at = out + DRV_DAY_TEXT_BYTES;
    two_digits(seconds / 3600, at);
    at[2] = ':';
    two_digits(seconds / 60 % 60, at + 3);
    at[5] = ':';
    two_digits(seconds % 60, at + 6);
    at += 8;
    if (fraction != 0) {
        *at = '.';
        two_digits(fraction / 10000, at + 1);
        two_digits(fraction / 100 % 100, at + 3);
        two_digits(fraction % 100, at + 5);
        at += 7;
        while (at[-1] == '0')
            at--;
    }
    if (zone) {
        memcpy(at, "+00:00", 6);
        at += 6;
    }
    return (size_t)(at - out);
}
