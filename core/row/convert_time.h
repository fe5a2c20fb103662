/* SPDX-License-Identifier: Apache-2.0 */
/* of_convert for columns of dates, times and timestamps. */
#ifndef OF_ROW_CONVERT_TIME_H
#define OF_ROW_CONVERT_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

/* Each takes of_convert's arguments; the value is not NULL and has been checked. */
int of_convert_date(const outfall_column *column, const outfall_value *value, bool lossy,
                    uint8_t *out, size_t *bytes, outfall_error *error);
int of_convert_time(const outfall_column *column, const outfall_value *value, bool lossy,
                    uint8_t *out, size_t *bytes, outfall_error *error);

/* Also for timestamptz. */
int of_convert_timestamp(const outfall_column *column, const outfall_value *value, bool lossy,
                         uint8_t *out, size_t *bytes, outfall_error *error);

#endif
