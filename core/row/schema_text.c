/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas from text: 'name type [not null] [primary key], …'. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <outfall/encoding.h>

#include "base/fail.h"
#include "row/schema.h"
#include "row/type.h"

#define TYPE_NAME_MAX 64
#define ARGUMENTS_MAX 2

/* The limits of PostgreSQL's numeric(p,s), the widest of the databases'. */
#define PRECISION_MAX 1000
#define SCALE_MAX 1000

typedef struct reader {
    const char *text; /* The whole, for places in messages. */
    const char *at;
    outfall_error *error;
} reader;

/* One column as it is read. */
typedef struct item {
    char name[OUTFALL_COLUMN_NAME_MAX];
    char type_name[TYPE_NAME_MAX];
    const char *type_at; /* Where the type starts, for messages. */
    int64_t arguments[ARGUMENTS_MAX];
    int argument_count;
    outfall_column column;
} item;

/* Says what is wrong at `place`, quoting up to 40 bytes from there, whole characters only. */
static int fail_at(const reader *in, const char *place, const char *what)
{
    size_t size = 0, left = strlen(place);
    while (size < left && size < 40 && place[size] != '\n') {
        size_t step = outfall_utf8_step((const uint8_t *)place + size, left - size);
        if (step == 0)
            break;
        size += step;
    }
    if (left == 0)
        return of_fail(in->error, OUTFALL_ERR_INVALID, "schema: at its end: %s", what);
    return of_fail(in->error, OUTFALL_ERR_INVALID, "schema: at byte %zu, \"%.*s%s\": %s",
                   (size_t)(place - in->text) + 1, (int)size, place, size < left ? "..." : "",
                   what);
}

static int is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void skip_blanks(reader *in)
{
    while (is_blank(*in->at))
        in->at++;
}

/* The bytes of the word at `at`, 0 where there is none. */
static size_t word_length(const char *at)
{
    size_t length = 0;
    while (at[length] != '\0' && !is_blank(at[length]) && strchr(",()\"", at[length]) == NULL)
        length++;
    return length;
}

static int word_is(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(word, name, length) == 0;
}

/* Takes the word `name` where it is next. */
static int take_word(reader *in, const char *name)
{
    size_t length = word_length(in->at);
    if (!word_is(in->at, length, name))
        return 0;
    in->at += length;
    skip_blanks(in);
    return 1;
}

static int read_quoted_name(reader *in, item *column)
{
    const char *place = in->at++;
    size_t size = 0;
    for (;; in->at++) {
        if (*in->at == '\0')
            return fail_at(in, place, "this quoted name has no closing quote: add one");
        if (*in->at == '"' && *++in->at != '"')
            break; /* A single quote ends the name; a double one stands for itself. */
        if (size + 1 >= sizeof column->name)
            return fail_at(in, place, "this name is too long: names have at most 255 bytes");
        column->name[size++] = *in->at;
    }
    column->name[size] = '\0';
    return size == 0 ? fail_at(in, place, "this name is empty: give the column a name")
                     : OUTFALL_OK;
}

static int read_name(reader *in, item *column)
{
    if (*in->at == '"')
        return read_quoted_name(in, column);
    size_t length = word_length(in->at);
    if (length == 0)
        return fail_at(in, in->at, "a column's name is missing: write 'name type, ...'");
    if (length >= sizeof column->name)
        return fail_at(in, in->at, "this name is too long: names have at most 255 bytes");
    memcpy(column->name, in->at, length);
    column->name[length] = '\0';
    in->at += length;
    return OUTFALL_OK;
}

/* Words of a type up to an argument list, a constraint or the end of the column. */
static int read_type_words(reader *in, item *column)
{
    size_t size = strlen(column->type_name);
    for (;;) {
        skip_blanks(in);
        size_t length = word_length(in->at);
        if (length == 0 || word_is(in->at, length, "not") || word_is(in->at, length, "null") ||
            word_is(in->at, length, "primary"))
            return OUTFALL_OK;
        if (size + length + 2 > sizeof column->type_name)
            return fail_at(in, column->type_at, "there is no such type");
        if (size > 0)
            column->type_name[size++] = ' ';
        memcpy(column->type_name + size, in->at, length);
        size += length;
        column->type_name[size] = '\0';
        in->at += length;
    }
}

/* A whole number of at most nine digits. */
static int read_argument(reader *in, int64_t *out)
{
    const char *place = in->at;
    int negative = *in->at == '-';
    int digits = 0;
    int64_t number = 0;
    in->at += negative;
    for (; *in->at >= '0' && *in->at <= '9'; in->at++, digits++)
        number = digits < 9 ? number * 10 + (*in->at - '0') : number;
    if (digits == 0 || digits > 9)
        return fail_at(in, place, "a whole number of at most nine digits is missing here");
    *out = negative ? -number : number;
    skip_blanks(in);
    return OUTFALL_OK;
}

static int read_arguments(reader *in, item *column)
{
    if (*in->at != '(')
        return OUTFALL_OK;
    do {
        in->at++;
        skip_blanks(in);
        if (column->argument_count == ARGUMENTS_MAX)
            return fail_at(in, in->at, "a type takes at most two arguments");
        int status = read_argument(in, &column->arguments[column->argument_count]);
        if (status != OUTFALL_OK)
            return status;
        column->argument_count++;
    } while (*in->at == ',');
    if (*in->at != ')')
        return fail_at(in, in->at, "a ')' is missing here");
    in->at++;
    return OUTFALL_OK;
}

/* Puts the arguments where the type has a use for them. */
static int apply_arguments(const reader *in, item *column)
{
    int count = column->argument_count;
    int64_t first = column->arguments[0], second = column->arguments[1];
    if (count == 0)
        return OUTFALL_OK;
    switch (column->column.type) {
    case OUTFALL_TYPE_DECIMAL:
        if (first < 1 || first > PRECISION_MAX)
            return fail_at(in, column->type_at, "a decimal's precision is 1 to 1000 digits");
        if (count == 2 && (second < -SCALE_MAX || second > SCALE_MAX))
            return fail_at(in, column->type_at, "a decimal's scale is -1000 to 1000");
        column->column.precision = (uint32_t)first;
        column->column.scale = count == 2 ? (int32_t)second : 0;
        return OUTFALL_OK;
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_BYTES:
        if (count != 1 || first < 1)
            return fail_at(in, column->type_at, "this type takes one length of 1 or more");
        column->column.length_max = (uint32_t)first;
        return OUTFALL_OK;
    case OUTFALL_TYPE_TIME:
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        if (count != 1 || first < 0 || first > 6)
            return fail_at(in, column->type_at, "this type takes 0 to 6 digits of seconds");
        column->column.fraction_digits = (int32_t)first;
        return OUTFALL_OK;
    default:
        return fail_at(in, column->type_at, "this type takes no arguments: leave them out");
    }
}

static int read_type(reader *in, item *column)
{
    skip_blanks(in);
    column->type_at = in->at;
    int status = read_type_words(in, column);
    if (status == OUTFALL_OK && column->type_name[0] == '\0')
        status = fail_at(in, in->at, "a type is missing here: write 'name type, ...'");
    if (status == OUTFALL_OK)
        status = read_arguments(in, column);
    if (status == OUTFALL_OK)
        status = read_type_words(in, column); /* timestamp(3) with time zone */
    if (status != OUTFALL_OK)
        return status;
    const of_type_name *type = of_type_find(column->type_name, strlen(column->type_name));
    if (type == NULL)
        return fail_at(in, column->type_at,
                       "there is no such type: use bool, int16, int32, int64, float32, float64, "
                       "decimal, text, bytes, date, time, timestamp, timestamptz, uuid or json");
    column->column.type = (uint32_t)type->type;
    column->column.flags = type->flags;
    column->column.fraction_digits = -1;
    return apply_arguments(in, column);
}

static int read_constraints(reader *in, item *column)
{
    while (*in->at != '\0' && *in->at != ',') {
        if (take_word(in, "null"))
            continue;
        if (take_word(in, "not")) {
            if (!take_word(in, "null"))
                return fail_at(in, in->at, "'null' is missing here, after 'not'");
            column->column.flags |= OUTFALL_COLUMN_NOT_NULL;
        } else if (take_word(in, "primary")) {
            if (!take_word(in, "key"))
                return fail_at(in, in->at, "'key' is missing here, after 'primary'");
            column->column.flags |= OUTFALL_COLUMN_KEY | OUTFALL_COLUMN_NOT_NULL;
        } else {
            return fail_at(in, in->at, "only 'not null', 'primary key' or a ',' can stand here");
        }
    }
    return OUTFALL_OK;
}

static int read_column(reader *in, outfall_schema *schema)
{
    item column = {0};
    skip_blanks(in);
    int status = read_name(in, &column);
    if (status == OUTFALL_OK)
        status = read_type(in, &column);
    if (status == OUTFALL_OK)
        status = read_constraints(in, &column);
    if (status != OUTFALL_OK)
        return status;
    column.column.name = column.name;
    return outfall_schema_add(schema, &column.column, in->error);
}

int outfall_schema_parse(outfall_schema *schema, const char *text, outfall_error *error)
{
    if (schema == NULL || text == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "outfall_schema_parse: %s is NULL",
                       schema == NULL ? "schema" : "text");
    reader in = {.text = text, .at = text, .error = error};
    size_t before = schema->count;
    int status = read_column(&in, schema);
    while (status == OUTFALL_OK && *in.at == ',') {
        in.at++;
        status = read_column(&in, schema);
    }
    if (status != OUTFALL_OK)
        of_schema_cut(schema, before); /* All of the text's columns, or none. */
    return status;
}
