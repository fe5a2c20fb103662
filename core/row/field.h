/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields back to values and to text. A field is given as its bytes and their length, -1 for NULL;
 * the bytes are checked, never trusted.
 */
#ifndef OF_ROW_FIELD_H
#define OF_ROW_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

/* Memory that grows as needed and is used again. Starts as zeroes. */
typedef struct of_scratch {
    char *data;
    size_t capacity;
} of_scratch;

/* Makes room for `bytes`, keeping the first `kept`. @return OUTFALL_OK, OUTFALL_ERR_NOMEM. */
int of_scratch_reserve(of_scratch *scratch, size_t bytes, size_t kept, outfall_error *error);
void of_scratch_free(of_scratch *scratch);

/*
 * Reads a field back into a value. A decimal becomes text in `scratch`, and so does a timestamp of
 * the year 294247 or later, which cannot be counted from 1970; other data is borrowed from `field`.
 * @return OUTFALL_OK, OUTFALL_ERR_NOMEM, OUTFALL_ERR_INVALID (not an encoding of the column's
 * type).
 */
int of_decode(const outfall_column *column, const uint8_t *field, int32_t length,
              of_scratch *scratch, outfall_value *value, outfall_error *error);

/*
 * A field as text, as of_convert would read it back: dates as ISO 8601, bytes as \x hex. NULL gives
 * length 0 and text NULL. The text is in scratch, or borrowed from `field`.
 * @return As of_decode.
 */
int of_field_text(const outfall_column *column, const uint8_t *field, int32_t length,
                  of_scratch *scratch, const char **text, size_t *text_length,
                  outfall_error *error);

/*
 * Checks that the bytes are an encoding of the column's type (OUTFALL_ERR_INVALID), and what they
 * mean is within its limits (OUTFALL_ERR_REFUSED): length, digits, range, NOT NULL, JSON's syntax.
 */
int of_field_check(const outfall_column *column, const uint8_t *field, int32_t length,
                   outfall_error *error);

#endif
