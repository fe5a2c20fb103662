/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values to fields; field.h has the way back. A field is an int32 length and that many bytes, in
 * the encoding of PostgreSQL's binary send functions (docs/row-format.md).
 */
#ifndef OF_ROW_CONVERT_H
#define OF_ROW_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

#include "row/field.h"

/*
 * The most bytes that of_convert can write for `value` into `column`, the length's four included.
 * Cheap: a switch on the types.
 */
size_t of_convert_bytes_max(const outfall_column *column, const outfall_value *value);

/*
 * Writes `value` as a field of `column` at `out`, which has room for of_convert_bytes_max bytes.
 * Sets *bytes to what was written. Refuses with OUTFALL_ERR_REFUSED, naming the column, the value
 * and what to do, whatever does not fit; with `lossy` what would be rounded or cut is rounded or
 * cut instead (never what is out of range or malformed).
 */
int of_convert(const outfall_column *column, const outfall_value *value, bool lossy, uint8_t *out,
               size_t *bytes, outfall_error *error);

#endif
