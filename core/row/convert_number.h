/* SPDX-License-Identifier: Apache-2.0 */
/* of_convert for columns of numbers. */
#ifndef OF_ROW_CONVERT_NUMBER_H
#define OF_ROW_CONVERT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

/* Each takes of_convert's arguments; the value is not NULL and has been checked. */
int of_convert_int(const outfall_column *column, const outfall_value *value, bool lossy,
                   uint8_t *out, size_t *bytes, outfall_error *error);
int of_convert_float(const outfall_column *column, const outfall_value *value, bool lossy,
                     uint8_t *out, size_t *bytes, outfall_error *error);
int of_convert_decimal(const outfall_column *column, const outfall_value *value, bool lossy,
                       uint8_t *out, size_t *bytes, outfall_error *error);

#endif
