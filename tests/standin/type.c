/* SPDX-License-Identifier: Apache-2.0 */
#include "type.h"

#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sti_base_row {
    const char *name;
    const char *forward; /* PostgreSQL's. */
    SQLSMALLINT odbc;
    int size_default; /* -1: none; -2: one must be given. */
    int size_least, size_most;
    int size_error; /* Oracle's, for a size out of range. */
    long column_size;
};

static const struct sti_base_row BASES[] = {
    [STI_NUMBER] = {"NUMBER", "numeric", SQL_DECIMAL, -1, 1, 38, 1727, 38},
    [STI_FLOAT] = {"FLOAT", "numeric", SQL_FLOAT, -1, 1, 126, 1727, 126},
    [STI_BINARY_FLOAT] = {"BINARY_FLOAT", "float4", SQL_REAL, -1, 0, -1, 907, 7},
    [STI_BINARY_DOUBLE] = {"BINARY_DOUBLE", "float8", SQL_DOUBLE, -1, 0, -1, 907, 15},
    [STI_VARCHAR2] = {"VARCHAR2", "varchar", SQL_VARCHAR, -2, 1, 4000, 910, 4000},
    [STI_NVARCHAR2] = {"NVARCHAR2", "varchar", SQL_WVARCHAR, -2, 1, 2000, 910, 2000},
    [STI_CHAR] = {"CHAR", "char", SQL_CHAR, 1, 1, 2000, 910, 2000},
    [STI_NCHAR] = {"NCHAR", "char", SQL_WCHAR, 1, 1, 1000, 910, 1000},
    [STI_CLOB] = {"CLOB", "text", SQL_LONGVARCHAR, -1, 0, -1, 907, 2147483647},
    [STI_NCLOB] = {"NCLOB", "text", SQL_WLONGVARCHAR, -1, 0, -1, 907, 1073741823},
    [STI_RAW] = {"RAW", "bytea", SQL_VARBINARY, -2, 1, 2000, 910, 2000},
    [STI_BLOB] = {"BLOB", "bytea", SQL_LONGVARBINARY, -1, 0, -1, 907, 2147483647},
    [STI_DATE] = {"DATE", "timestamp(0)", SQL_TYPE_TIMESTAMP, -1, 0, -1, 907, 19},
    [STI_TIMESTAMP] = {"TIMESTAMP", "timestamp", SQL_TYPE_TIMESTAMP, 6, 0, 9, 30088, 26},
    [STI_TIMESTAMP_TZ] = {"TIMESTAMP", "timestamptz", SQL_TYPE_TIMESTAMP, 6, 0, 9, 30088, 26},
    [STI_TIMESTAMP_LTZ] = {"TIMESTAMP", "timestamptz", SQL_TYPE_TIMESTAMP, 6, 0, 9, 30088, 26},
};

/* What format_type says of tables that were not made through the stand-in. */
static const struct {
    const char *format_type; /* A prefix. */
    struct sti_type type;
} FOREIGN_TYPES[] = {
    {"smallint", {STI_NUMBER, 5, 0, 0}},
    {"integer", {STI_NUMBER, 10, 0, 0}},
    {"bigint", {STI_NUMBER, 19, 0, 0}},
    {"numeric", {STI_NUMBER, -1, 0, 0}},
    {"real", {STI_BINARY_FLOAT, -1, 0, 0}},
    {"double precision", {STI_BINARY_DOUBLE, -1, 0, 0}},
    {"character varying", {STI_VARCHAR2, 4000, 0, 0}},
    {"character(", {STI_CHAR, 1, 0, 0}},
    {"text", {STI_CLOB, -1, 0, 0}},
    {"bytea", {STI_BLOB, -1, 0, 0}},
    {"date", {STI_DATE, -1, 0, 0}},
    {"timestamp(0) without", {STI_DATE, -1, 0, 0}},
    {"timestamp without", {STI_TIMESTAMP, 6, 0, 0}},
    {"timestamp with time zone", {STI_TIMESTAMP_TZ, 6, 0, 0}},
};

static int next(struct sti_token *token, const char **cursor, struct sti_failure *failure)
{
    return sti_token_next(cursor, 128, token, failure);
}

/* A whole number in a token; -1 where it is none. */
static int number(const struct sti_token *token)
{
    if (token->kind != STI_TOKEN_NUMBER || token->length > 6)
        return -1;
    char digits[8] = "";
    memcpy(digits, token->start, token->length);
    char *end;
    long value = strtol(digits, &end, 10);
    return *end ? -1 : (int)value;
}

static int read_scale(struct sti_token *token, const char **cursor, struct sti_type *type,
                      struct sti_failure *failure)
{
    int sign = 1;
    if (next(token, cursor, failure) != 0)
        return -1;
    if (sti_token_is(token, "-")) {
        sign = -1;
        if (next(token, cursor, failure) != 0)
            return -1;
    }
    int scale = number(token);
    if (type->base != STI_NUMBER || scale < 0)
        return sti_fail(failure, 907, "%s", "");
    type->scale = sign * scale;
    if (type->scale < -84 || type->scale > 127)
        return sti_fail(failure, 1728, "%s", "");
    return next(token, cursor, failure);
}

/* Behind the opening parenthesis: "10, 2)", "20 CHAR)". */
static int read_size(struct sti_token *token, const char **cursor, struct sti_type *type,
                     struct sti_failure *failure)
{
    const struct sti_base_row *row = &BASES[type->base];
    if (next(token, cursor, failure) != 0)
        return -1;
    type->size = number(token);
    if (row->size_most < 0 || type->size < row->size_least || type->size > row->size_most)
        return sti_fail(failure, row->size_error, "%s", "");
    if (next(token, cursor, failure) != 0)
        return -1;
    if (sti_token_is(token, ",") && read_scale(token, cursor, type, failure) != 0)
        return -1;
    if (type->base == STI_VARCHAR2 || type->base == STI_CHAR) {
        type->bytes = !sti_token_is(token, "CHAR");
        if ((!type->bytes || sti_token_is(token, "BYTE")) && next(token, cursor, failure) != 0)
            return -1;
    }
    if (!sti_token_is(token, ")"))
        return sti_fail(failure, 907, "%s", "");
    return next(token, cursor, failure);
}

/* Behind TIMESTAMP or TIMESTAMP(6). */
static int read_zone(struct sti_token *token, const char **cursor, struct sti_type *type,
                     struct sti_failure *failure)
{
    static const char *const words[] = {"TIME", "ZONE"};
    if (!sti_token_is(token, "WITH"))
        return 0;
    type->base = STI_TIMESTAMP_TZ;
    if (next(token, cursor, failure) != 0)
        return -1;
    if (sti_token_is(token, "LOCAL")) {
        type->base = STI_TIMESTAMP_LTZ;
        if (next(token, cursor, failure) != 0)
            return -1;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!sti_token_is(token, words[i]))
            return sti_fail(failure, 905, "%s", "");
        if (next(token, cursor, failure) != 0)
            return -1;
    }
    return 0;
}

int sti_type_read(struct sti_token *token, const char **cursor, struct sti_type *type,
                  struct sti_failure *failure)
{
    size_t base = 0;
    while (base <= STI_TIMESTAMP && !sti_token_is(token, BASES[base].name))
        base++;
    if (base > STI_TIMESTAMP)
        return sti_fail(failure, 902, "%s", "");
    *type = (struct sti_type){.base = (enum sti_base)base, .size = BASES[base].size_default};
    if (next(token, cursor, failure) != 0)
        return -1;
    if (sti_token_is(token, "(")) {
        if (read_size(token, cursor, type, failure) != 0)
            return -1;
    } else if (type->size == -2) {
        return sti_fail(failure, 906, "%s", "");
    }
    return base == STI_TIMESTAMP ? read_zone(token, cursor, type, failure) : 0;
}

void sti_type_of_column(const char *comment, const char *format_type, struct sti_type *type)
{
    struct sti_failure failure = {0};
    struct sti_token token;
    const char *cursor = comment;
    if (comment && sti_token_next(&cursor, 128, &token, &failure) == 0 &&
        sti_type_read(&token, &cursor, type, &failure) == 0)
        return;
    *type = (struct sti_type){.base = STI_CLOB, .size = -1};
    for (size_t i = 0; i < sizeof FOREIGN_TYPES / sizeof FOREIGN_TYPES[0]; i++)
        if (strncmp(format_type, FOREIGN_TYPES[i].format_type,
                    strlen(FOREIGN_TYPES[i].format_type)) == 0)
            *type = FOREIGN_TYPES[i].type;
    const char *size = strchr(format_type, '(');
    if (!size || type->base == STI_DATE)
        return;
    char *end;
    type->size = (int)strtol(size + 1, &end, 10);
    if (*end == ',')
        type->scale = (int)strtol(end + 1, NULL, 10);
    if (strncmp(format_type, "timestamp(", 10) == 0)
        type->base = strstr(format_type, "with time") ? STI_TIMESTAMP_TZ : STI_TIMESTAMP;
}

void sti_type_catalog(const struct sti_type *type, struct sti_text *text)
{
    sti_text_puts(text, BASES[type->base].name);
    if (type->base >= STI_TIMESTAMP)
        sti_text_format(text, "(%d)", type->size);
    if (type->base == STI_TIMESTAMP_TZ)
        sti_text_puts(text, " WITH TIME ZONE");
    if (type->base == STI_TIMESTAMP_LTZ)
        sti_text_puts(text, " WITH LOCAL TIME ZONE");
}

void sti_type_spell(const struct sti_type *type, struct sti_text *text)
{
    sti_type_catalog(type, text);
    if (type->size < 0 || type->base >= STI_TIMESTAMP)
        return;
    if (type->base == STI_NUMBER)
        sti_text_format(text, "(%d, %d)", type->size, type->scale);
    else if (type->base == STI_VARCHAR2 || type->base == STI_CHAR)
        sti_text_format(text, "(%d %s)", type->size, type->bytes ? "BYTE" : "CHAR");
    else
        sti_text_format(text, "(%d)", type->size);
}

void sti_type_forward(const struct sti_type *type, int sized, struct sti_text *text)
{
    sti_text_puts(text, type->base == STI_DATE && !sized ? "timestamp" : BASES[type->base].forward);
    if (!sized || type->size < 0 || type->base == STI_RAW || type->base == STI_FLOAT)
        return;
    if (type->base == STI_NUMBER)
        sti_text_format(text, "(%d, %d)", type->size, type->scale);
    else
        sti_text_format(text, "(%d)",
                        type->base >= STI_TIMESTAMP && type->size > 6 ? 6 : type->size);
}

SQLSMALLINT sti_type_odbc(const struct sti_type *type)
{
    return BASES[type->base].odbc;
}

long sti_type_column_size(const struct sti_type *type)
{
    if (type->base >= STI_TIMESTAMP)
        return type->size ? 20 + type->size : 19;
    return type->size >= 0 ? type->size : BASES[type->base].column_size;
}

long sti_type_digits(const struct sti_type *type)
{
    if (type->base >= STI_TIMESTAMP)
        return type->size;
    if (type->base == STI_DATE)
        return 0;
    return type->base == STI_NUMBER && type->size >= 0 ? type->scale : STI_NO_DIGITS;
}

int sti_type_is_lob(const struct sti_type *type)
{
    return type->base == STI_CLOB || type->base == STI_NCLOB || type->base == STI_BLOB;
}

int sti_type_is_text(const struct sti_type *type)
{
    return type->base >= STI_VARCHAR2 && type->base <= STI_NCLOB;
}

int sti_type_is_binary(const struct sti_type *type)
{
    return type->base == STI_RAW || type->base == STI_BLOB;
}

int sti_type_is_time(const struct sti_type *type)
{
    return type->base >= STI_DATE;
}
