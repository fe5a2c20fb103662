/* SPDX-License-Identifier: Apache-2.0 */
/* Whole encoded rows: an int16 field count, then the fields. Checked, never trusted. */
#ifndef OF_ROW_ROW_H
#define OF_ROW_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

#include "row/field.h"

/*
 * Checks a row against a schema: field count, lengths, encodings and the columns' limits.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID (malformed), OUTFALL_ERR_REFUSED (a value does not fit).
 */
int of_row_check(const outfall_schema *schema, const uint8_t *row, size_t length,
                 outfall_error *error);

/*
 * A row as one JSON object, by column name: numbers as numbers, booleans as booleans, NULL as null,
 * everything else as its text (of_field_text) in a string. Numbers that JSON does not have, NaN and
 * the infinities, are strings too. NUL-terminated at out->data; *out_length is without the NUL.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID, OUTFALL_ERR_NOMEM.
 */
int of_row_json(const outfall_schema *schema, const uint8_t *row, size_t length, of_scratch *out,
                size_t *out_length, outfall_error *error);

/*
 * Encodes a row of one schema for another that has as many columns, in the same order. The new row
 * is at out->data.
 * @return OUTFALL_OK, OUTFALL_ERR_INVALID, OUTFALL_ERR_REFUSED, OUTFALL_ERR_NOMEM.
 */
int of_row_convert(const outfall_schema *from, const outfall_schema *to, const uint8_t *row,
                   size_t length, bool lossy, of_scratch *out, size_t *out_length,
                   outfall_error *error);

#endif
