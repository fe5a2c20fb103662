/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, times and timestamps from text, as they are encoded: counted from 2000-01-01. */
#ifndef OF_ROW_TEMPORAL_H
#define OF_ROW_TEMPORAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "row/text.h"

/*
 * "2024-01-31", "0044-03-15 BC", "infinity", "-infinity".
 * @return OF_PARSED_OK, _MALFORMED, _RANGE, _DATE.
 */
int of_date_parse(const char *text, size_t length, int32_t *days);

/*
 * "12:34", "12:34:56", "12:34:56.789". More than six digits are rounded, halves up.
 * @return OF_PARSED_OK, _ROUNDED, _MALFORMED, _DATE.
 */
int of_time_parse(const char *text, size_t length, int64_t *us);

/*
 * A date alone, or with a time behind a 'T' or a blank; then, where `zone` is true, "Z", "UTC" or
 * an offset such as "+01", "+0130", "+01:30", "-01:30:15"; without one it is UTC.
 * @return OF_PARSED_OK, _ROUNDED, _MALFORMED, _RANGE, _DATE, _ZONE.
 */
int of_timestamp_parse(const char *text, size_t length, bool zone, int64_t *us);

/*
 * What is encoded, as outfall_value counts it: from 1970-01-01, infinities as they are. Timestamps
 * of the year 294247 and later, which it cannot count, become the last that it can.
 */
int64_t of_days_since_1970(int32_t days);
int64_t of_us_since_1970(int64_t us);

/*
 * Rounds to `digits` (0 to 5; else nothing is done) of seconds, halves away from the year 2000, as
 * PostgreSQL does. The number is none of the infinities.
 */
int64_t of_fraction_round(int64_t us, int32_t digits);

#endif
