/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that say why a value does not go into a column. */
#ifndef OF_ROW_REFUSE_H
#define OF_ROW_REFUSE_H

#include <stddef.h>

#include <outfall/row.h>

/*
 * Fills `error` and returns OUTFALL_ERR_REFUSED. The message reads
 *     value "abc" <what> (column "n", bigint): <fix>
 * so `what` is such as "is not an integer", and the format spells the fix.
 */
OUTFALL_PRINTF(5, 6)
int of_refuse(outfall_error *error, const outfall_column *column, const outfall_value *value,
              const char *what, const char *fix, ...);

/* Of a value whose type no column of this type takes. */
int of_refuse_type(outfall_error *error, const outfall_column *column, const outfall_value *value);

/* Of a value outside the limits that the column's flag OUTFALL_COLUMN_LIMITED announces. */
int of_refuse_limits(outfall_error *error, const outfall_column *column,
                     const outfall_value *value);

/* Writes those limits as "0 to 255" or "1970-01-01 to 2038-01-19"; room for OF_LIMITS_TEXT_MAX. */
#define OF_LIMITS_TEXT_MAX 104
void of_limits_text(const outfall_column *column, char *out);

/*
 * Writes up to 40 characters of text between double quotes, with control characters and bytes that
 * are not UTF-8 as \xHH and "..." where it was cut. `out` has room for OF_QUOTE_MAX bytes.
 */
#define OF_QUOTE_MAX 176
void of_quote(const char *text, size_t length, char *out);

#endif
