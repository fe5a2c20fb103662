/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timestamps with the date kept from row to row: a stream's are mostly of one day, and finding the
 * date is what costs. Pure.
 */
#ifndef DRV_DAY_H
#define DRV_DAY_H

#include <stddef.h>
#include <stdint.h>

/* "2024-01-31 " */
#define DRV_DAY_TEXT_BYTES 11

/* No timestamp is within a day of it. */
#define DRV_DAY_NONE (INT64_MIN / 2)

typedef struct drv_day {
    int64_t start_us; /* Midnight, since 2000-01-01; DRV_DAY_NONE: no day is kept. */
    int year, month, of_month;
    char text[DRV_DAY_TEXT_BYTES]; /* Of a day that is kept. */
} drv_day;

static inline drv_day drv_day_none(void)
{
    return (drv_day){.start_us = DRV_DAY_NONE};
}

/* As drv_day_find, of a day that is not the one kept. */
uint64_t drv_day_change(drv_day *day, int64_t us_since_2000);

/*
 * Finds a timestamp's year, month and day; returns the microseconds since its midnight. The day is
 * kept where it is of the years 1 to 9999.
 */
static inline uint64_t drv_day_find(drv_day *day, int64_t us_since_2000)
{
    uint64_t of_day_us = (uint64_t)us_since_2000 - (uint64_t)day->start_us;
    return of_day_us < UINT64_C(86400000000) ? of_day_us : drv_day_change(day, us_since_2000);
}

/* As outfall_timestamp_text of <outfall/encoding.h>; a NUL may or may not be behind it. */
size_t drv_day_timestamp_text(drv_day *day, int64_t us_since_2000, int zone, char *out);

#endif
