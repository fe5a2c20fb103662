/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of any bytes: no crash. One that passes the check can be written as JSON, that is JSON, and
 * is the same once encoded again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "row/json.h"
#include "row/row.h"
#include "row/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte of an input chooses one. */
static const char *const texts[] = {
    "a bool, b int16, c int32, d int64",
    "a float32, b float64, c int64 not null",
    "a decimal",
    "a decimal(5,2), b decimal(3,-2), c decimal(4,6)",
    "a text, b text(3), c other",
    "a bytes, b bytes(4), c uuid",
    "a date, b time, c timestamp, d timestamptz",
    "a time(3), b timestamp(0), c timestamptz(2)",
    "a json, b jsonb",
    "a jsonb",
    "\"\"\"\x01\" json, b decimal not null, c text not null",
};
#define SCHEMAS (sizeof texts / sizeof texts[0])

static const outfall_schema *schema_at(size_t index)
{
    static outfall_schema *schemas[SCHEMAS];
    if (schemas[index] == NULL &&
        (outfall_schema_new(&schemas[index], NULL) != OUTFALL_OK ||
         outfall_schema_parse(schemas[index], texts[index], NULL) != OUTFALL_OK))
        abort();
    return schemas[index];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    of_scratch json = {NULL, 0}, again = {NULL, 0};
    outfall_error error;
    size_t length, offset;
    if (size < 1)
        return 0;
    const outfall_schema *schema = schema_at(data[0] % SCHEMAS);
    data++;
    size--;
    int checked = of_row_check(schema, data, size, &error);
    int shown = of_row_json(schema, data, size, &json, &length, &error);
    if (shown == OUTFALL_OK && of_json_check(json.data, length, false, &offset) != NULL)
        abort();
    int converted = of_row_convert(schema, schema, data, size, false, &again, &length, &error);
    if (checked == OUTFALL_OK && (shown != OUTFALL_OK || converted != OUTFALL_OK ||
                                  of_row_check(schema, (uint8_t *)again.data, length, &error)))
        abort();
    /* Malformed for one, malformed for all. */
    if (checked == OUTFALL_ERR_INVALID && (shown == OUTFALL_OK || converted == OUTFALL_OK))
        abort();
    of_scratch_free(&json);
    of_scratch_free(&again);
    return 0;
}
