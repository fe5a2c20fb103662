/* SPDX-License-Identifier: Apache-2.0 */
#include "row/type.h"

#include <stdio.h>
#include <string.h>

/* By type; the first name of each is outfall's own. */
static const of_type_name names[] = {
    {"bool", OUTFALL_TYPE_BOOL, 0},
    {"boolean", OUTFALL_TYPE_BOOL, 0},
    {"int16", OUTFALL_TYPE_INT16, 0},
    {"smallint", OUTFALL_TYPE_INT16, 0},
    {"int2", OUTFALL_TYPE_INT16, 0},
    {"int32", OUTFALL_TYPE_INT32, 0},
    {"integer", OUTFALL_TYPE_INT32, 0},
    {"int", OUTFALL_TYPE_INT32, 0},
    {"int4", OUTFALL_TYPE_INT32, 0},
    {"int64", OUTFALL_TYPE_INT64, 0},
    {"bigint", OUTFALL_TYPE_INT64, 0},
    {"int8", OUTFALL_TYPE_INT64, 0},
    {"float32", OUTFALL_TYPE_FLOAT32, 0},
    {"real", OUTFALL_TYPE_FLOAT32, 0},
    {"float4", OUTFALL_TYPE_FLOAT32, 0},
    {"float64", OUTFALL_TYPE_FLOAT64, 0},
    {"double precision", OUTFALL_TYPE_FLOAT64, 0},
    {"double", OUTFALL_TYPE_FLOAT64, 0},
    {"float", OUTFALL_TYPE_FLOAT64, 0},
    {"float8", OUTFALL_TYPE_FLOAT64, 0},
    {"decimal", OUTFALL_TYPE_DECIMAL, 0},
    {"numeric", OUTFALL_TYPE_DECIMAL, 0},
    {"number", OUTFALL_TYPE_DECIMAL, 0},
    {"dec", OUTFALL_TYPE_DECIMAL, 0},
    {"text", OUTFALL_TYPE_TEXT, 0},
    {"string", OUTFALL_TYPE_TEXT, 0},
    {"varchar", OUTFALL_TYPE_TEXT, 0},
    {"character varying", OUTFALL_TYPE_TEXT, 0},
    {"clob", OUTFALL_TYPE_TEXT, 0},
    {"char", OUTFALL_TYPE_TEXT, OUTFALL_COLUMN_PADDED},
    {"character", OUTFALL_TYPE_TEXT, OUTFALL_COLUMN_PADDED},
    {"bytes", OUTFALL_TYPE_BYTES, 0},
    {"bytea", OUTFALL_TYPE_BYTES, 0},
    {"blob", OUTFALL_TYPE_BYTES, 0},
    {"binary", OUTFALL_TYPE_BYTES, 0},
    {"varbinary", OUTFALL_TYPE_BYTES, 0},
    {"binary varying", OUTFALL_TYPE_BYTES, 0},
    {"date", OUTFALL_TYPE_DATE, 0},
    {"time", OUTFALL_TYPE_TIME, 0},
    {"time without time zone", OUTFALL_TYPE_TIME, 0},
    {"timestamp", OUTFALL_TYPE_TIMESTAMP, 0},
    {"timestamp without time zone", OUTFALL_TYPE_TIMESTAMP, 0},
    {"datetime", OUTFALL_TYPE_TIMESTAMP, 0},
    {"timestamptz", OUTFALL_TYPE_TIMESTAMPTZ, 0},
    {"timestamp with time zone", OUTFALL_TYPE_TIMESTAMPTZ, 0},
    {"uuid", OUTFALL_TYPE_UUID, 0},
    {"json", OUTFALL_TYPE_JSON, 0},
    {"jsonb", OUTFALL_TYPE_JSON, OUTFALL_COLUMN_JSONB},
    {"other", OUTFALL_TYPE_OTHER, 0},
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f' ||
           byte == '\v';
}

/* True where `text` spells `name`: any case, one blank of the name for any run of blanks. */
static bool spells(const char *text, size_t length, const char *name)
{
    size_t at = 0;
    for (; *name != '\0'; name++) {
        if (at >= length)
            return false;
        if (*name == ' ') {
            if (!is_blank(text[at]))
                return false;
            while (at < length && is_blank(text[at]))
                at++;
            continue;
        }
        char byte = text[at++];
        if (byte >= 'A' && byte <= 'Z')
            byte = (char)(byte - 'A' + 'a');
        if (byte != *name)
            return false;
    }
    return at == length;
}

const of_type_name *of_type_find(const char *name, size_t length)
{
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++)
        if (spells(name, length, names[i].name))
            return &names[i];
    return NULL;
}

int outfall_type_from_name(const char *name, size_t length)
{
    const of_type_name *found = of_type_find(name, length);
    return found == NULL ? -1 : found->type;
}

const char *outfall_type_name(int type)
{
    if (type == OUTFALL_TYPE_NULL)
        return "null";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].type == type)
            return names[i].name;
    return "?";
}

void of_type_text(const outfall_column *column, char *out, size_t capacity)
{
    const char *name = outfall_type_name((int)column->type);
    if (column->type_name != NULL && column->type_name[0] != '\0') {
        snprintf(out, capacity, "%s", column->type_name);
        return;
    }
    if (column->type == OUTFALL_TYPE_JSON && (column->flags & OUTFALL_COLUMN_JSONB) != 0)
        name = "jsonb";
    switch (column->type) {
    case OUTFALL_TYPE_DECIMAL:
        if (column->precision != 0) {
            snprintf(out, capacity, "%s(%u,%d)", name, column->precision, column->scale);
            return;
        }
        break;
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_BYTES:
        if (column->length_max != 0) {
            snprintf(out, capacity, "%s(%u)", name, column->length_max);
            return;
        }
        break;
    case OUTFALL_TYPE_TIME:
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        if (column->fraction_digits >= 0 && column->fraction_digits < 6) {
            snprintf(out, capacity, "%s(%d)", name, column->fraction_digits);
            return;
        }
        break;
    default:
        break;
    }
    snprintf(out, capacity, "%s", name);
}
