/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text into a column of any type: no crash, no byte beyond the room that was asked for. What is
 * taken passes the check, and its own text gives the same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "row/convert.h"
#include "row/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the head of an input: the column's type, flags and limits. */
#define HEAD_BYTES 5

static outfall_column column_of(const uint8_t *head)
{
    outfall_column column = {
        .name = "c",
        .type = OUTFALL_TYPE_BOOL + head[0] % OUTFALL_TYPE_OTHER,
        .flags = (uint32_t)head[1] << 3, /* Jsonb, padded, no NaN, no infinity, approximate. */
        .length_max = head[2] % 8,
        .precision = head[2] % 64,
        .scale = (int8_t)head[3] % 32,
        .fraction_digits = head[4] % 8 - 1,
    };
    return column;
}

/* The room is exactly what was asked for, so that a sanitizer sees one byte too many. */
static int convert(const outfall_column *column, uint32_t type, const char *text, size_t length,
                   bool lossy, uint8_t **out, size_t *bytes)
{
    outfall_error error;
    outfall_value value = {type, (uint32_t)length, {.data = text}};
    *out = malloc(of_convert_bytes_max(column, &value));
    if (*out == NULL)
        abort();
    int status = of_convert(column, &value, lossy, *out, bytes, &error);
    if (status != OUTFALL_OK &&
        (error.message[0] == '\0' || !outfall_utf8_valid(error.message, strlen(error.message))))
        abort();
    return status;
}

/* Padding and the digits of a float's text may differ from what was put: bytes may not. */
static void check_text(const outfall_column *column, const uint8_t *field, size_t bytes)
{
    of_scratch scratch = {NULL, 0};
    outfall_error error;
    const char *text;
    size_t text_length, again_bytes;
    uint8_t *again;
    int32_t length = outfall_read_i32(field);
    if (of_field_check(column, field + 4, length, &error) != OUTFALL_OK)
        abort();
    if (of_field_text(column, field + 4, length, &scratch, &text, &text_length, &error) !=
        OUTFALL_OK)
        abort();
    if (convert(column, OUTFALL_TYPE_TEXT, text, text_length, false, &again, &again_bytes) !=
            OUTFALL_OK ||
        again_bytes != bytes || memcmp(again, field, bytes) != 0)
        abort();
    free(again);
    of_scratch_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t types[] = {OUTFALL_TYPE_TEXT, OUTFALL_TYPE_DECIMAL, OUTFALL_TYPE_JSON,
                                     OUTFALL_TYPE_BYTES};
    if (size < HEAD_BYTES)
        return 0;
    outfall_column column = column_of(data);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        for (int lossy = 0; lossy < 2; lossy++) {
            uint8_t *out;
            size_t bytes;
            if (convert(&column, types[i], (const char *)data + HEAD_BYTES, size - HEAD_BYTES,
                        lossy, &out, &bytes) == OUTFALL_OK)
                check_text(&column, out, bytes);
            free(out);
        }
    }
    return 0;
}
