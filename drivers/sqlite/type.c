/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

/* Bytes of a declared type's words; no name in the table below is as long. */
#define WORDS_MAX 64

/* Types that SQLite itself does not know, and as which column they are written. */
static const struct {
    const char *words;
    uint32_t type;
} names[] = {
    {"BOOLEAN", OUTFALL_TYPE_BOOL},
    {"BOOL", OUTFALL_TYPE_BOOL},
    {"DATE", OUTFALL_TYPE_DATE},
    {"TIME", OUTFALL_TYPE_TIME},
    {"TIMESTAMP", OUTFALL_TYPE_TIMESTAMP},
    {"TIMESTAMP WITHOUT TIME ZONE", OUTFALL_TYPE_TIMESTAMP},
    {"DATETIME", OUTFALL_TYPE_TIMESTAMP},
    {"TIMESTAMPTZ", OUTFALL_TYPE_TIMESTAMPTZ},
    {"TIMESTAMP WITH TIME ZONE", OUTFALL_TYPE_TIMESTAMPTZ},
    {"UUID", OUTFALL_TYPE_UUID},
    {"JSON", OUTFALL_TYPE_JSON},
    {"JSON_TEXT", OUTFALL_TYPE_JSON},
    {"DECIMAL_TEXT", OUTFALL_TYPE_DECIMAL},
    {"DECIMAL", OUTFALL_TYPE_DECIMAL},
    {"NUMERIC", OUTFALL_TYPE_DECIMAL},
    {"NUMBER", OUTFALL_TYPE_DECIMAL},
};

static char upper(char letter)
{
    return letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
}

/* True where `declared` holds `word`, in any case. */
static int holds(const char *declared, const char *word)
{
    size_t length = strlen(word);
    for (; *declared != '\0'; declared++)
        if (sqlite3_strnicmp(declared, word, (int)length) == 0)
            return 1;
    return 0;
}

/* Source: https://www.sqlite.org/datatype3.html, section 3.1; the order of the rules matters. */
enum lite_affinity lite_affinity_of(const char *declared, int strict)
{
    if (strict && sqlite3_stricmp(declared, "ANY") == 0)
        return LITE_AFFINITY_NONE;
    if (holds(declared, "INT"))
        return LITE_AFFINITY_INTEGER;
    if (holds(declared, "CHAR") || holds(declared, "CLOB") || holds(declared, "TEXT"))
        return LITE_AFFINITY_TEXT;
    if (holds(declared, "BLOB") || declared[0] == '\0')
        return LITE_AFFINITY_NONE;
    if (holds(declared, "REAL") || holds(declared, "FLOA") || holds(declared, "DOUB"))
        return LITE_AFFINITY_REAL;
    return LITE_AFFINITY_NUMERIC;
}

/* Copies the words of a type, upper case, single blanks, without what is in parentheses. */
static void copy_words(const char *declared, char *out)
{
    size_t length = 0;
    int depth = 0, gap = 0;
    for (; *declared != '\0'; declared++) {
        char at = *declared;
        depth += at == '(';
        if (depth > 0 || at == ' ' || at == '\t' || at == '\n' || at == '\r') {
            depth -= at == ')' && depth > 0;
            gap = 1;
            continue;
        }
        if (length + 2 >= WORDS_MAX) {
            length = 0; /* Longer than any known name: none. */
            break;
        }
        if (gap && length > 0)
            out[length++] = ' ';
        gap = 0;
        out[length++] = upper(at);
    }
    out[length] = '\0';
}

/* Reads "(10, 2)"; both are 0 where there is none, or where the numbers make no sense. */
static void read_arguments(const char *declared, uint32_t *precision, int32_t *scale)
{
    long first = 0, second = 0;
    const char *open = strchr(declared, '(');
    *precision = 0;
    *scale = 0;
    if (open == NULL)
        return;
    char *end;
    first = strtol(open + 1, &end, 10);
    while (*end == ' ')
        end++;
    if (*end == ',')
        second = strtol(end + 1, NULL, 10);
    if (first < 1 || first > 1000 || second < 0 || second > first)
        return;
    *precision = (uint32_t)first;
    *scale = (int32_t)second;
}

static void read_decimal(const char *declared, int exact, outfall_column *column)
{
    if (exact) {
        read_arguments(declared, &column->precision, &column->scale);
        return;
    }
    /* SQLite does not enforce NUMERIC(10,2): what limits such a column is the double. */
    column->precision = LITE_DOUBLE_DIGITS;
    column->flags |=
        OUTFALL_COLUMN_APPROXIMATE | OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY;
}

void lite_type_read(const char *declared, int strict, outfall_column *column)
{
    char words[WORDS_MAX];
    enum lite_affinity affinity = lite_affinity_of(declared, strict);
    column->fraction_digits = -1;
    copy_words(declared, words);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].words, words) != 0)
            continue;
        column->type = names[i].type;
        if (column->type == OUTFALL_TYPE_DECIMAL)
            read_decimal(declared, affinity == LITE_AFFINITY_TEXT, column);
        return;
    }
    switch (affinity) {
    case LITE_AFFINITY_INTEGER:
        column->type = OUTFALL_TYPE_INT64; /* SMALLINT too: SQLite keeps 64 bits in each. */
        break;
    case LITE_AFFINITY_REAL:
        column->type = OUTFALL_TYPE_FLOAT64;
        column->flags |= OUTFALL_COLUMN_NO_NAN;
        break;
    case LITE_AFFINITY_NONE:
        column->type = holds(declared, "BLOB") ? OUTFALL_TYPE_BYTES : OUTFALL_TYPE_TEXT;
        break;
    default:
        column->type = OUTFALL_TYPE_TEXT; /* Numeric affinity: respelling is refused on write. */
        break;
    }
}

void lite_type_declare(const outfall_column *column, int row_key, char *out, size_t capacity)
{
    const char *name = "TEXT";
    switch (column->type) {
    case OUTFALL_TYPE_BOOL:
        name = "BOOLEAN";
        break;
    case OUTFALL_TYPE_INT16:
        name = row_key ? "INTEGER" : "SMALLINT";
        break;
    case OUTFALL_TYPE_INT32:
        name = row_key ? "INTEGER" : "INT";
        break;
    case OUTFALL_TYPE_INT64:
        name = row_key ? "INTEGER" : "BIGINT";
        break;
    case OUTFALL_TYPE_FLOAT32:
        name = "FLOAT";
        break;
    case OUTFALL_TYPE_FLOAT64:
        name = "DOUBLE";
        break;
    case OUTFALL_TYPE_DECIMAL: /* Text, so that every digit is kept. */
        name = "DECIMAL_TEXT";
        if (column->precision > 0) {
            snprintf(out, capacity, "%s(%u,%d)", name, column->precision, column->scale);
            return;
        }
        break;
    case OUTFALL_TYPE_TEXT:
        if (column->length_max > 0) {
            snprintf(out, capacity, "VARCHAR(%u)", column->length_max);
            return;
        }
        break;
    case OUTFALL_TYPE_BYTES:
        name = "BLOB";
        break;
    case OUTFALL_TYPE_DATE:
        name = "DATE";
        break;
    case OUTFALL_TYPE_TIME:
        name = "TIME";
        break;
    case OUTFALL_TYPE_TIMESTAMP:
        name = "TIMESTAMP";
        break;
    case OUTFALL_TYPE_TIMESTAMPTZ:
        name = "TIMESTAMPTZ";
        break;
    case OUTFALL_TYPE_UUID:
        name = "UUID";
        break;
    case OUTFALL_TYPE_JSON: /* JSON alone has numeric affinity, which would make 1 of 1.0. */
        name = "JSON_TEXT";
        break;
    default:
        break;
    }
    snprintf(out, capacity, "%s", name);
}

static int is_digit(char at)
{
    return at >= '0' && at <= '9';
}

static int is_blank(char at)
{
    return at == ' ' || (at >= '\t' && at <= '\r');
}

static size_t skip_digits(const char *text, size_t at, size_t end)
{
    while (at < end && is_digit(text[at]))
        at++;
    return at;
}

/* Source: https://www.sqlite.org/datatype3.html, section 3; blanks around a number are ignored. */
static int is_number(const char *text, size_t at, size_t end)
{
    while (at < end && is_blank(text[at]))
        at++;
    while (at < end && is_blank(text[end - 1]))
        end--;
    if (at < end && (text[at] == '-' || text[at] == '+'))
        at++;
    size_t start = at;
    at = skip_digits(text, at, end);
    size_t digits = at - start;
    if (at < end && text[at] == '.') {
        start = ++at;
        at = skip_digits(text, at, end);
        digits += at - start;
    }
    if (digits == 0)
        return 0;
    if (at < end && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < end && (text[at] == '-' || text[at] == '+'))
            at++;
        start = at;
        at = skip_digits(text, at, end);
        if (at == start)
            return 0;
    }
    return at == end;
}

/* True for an integer just as SQLite would spell it, of 64 bits for sure (18 digits). */
static int is_plain_integer(const char *text, size_t length)
{
    size_t at = length > 0 && text[0] == '-';
    if (length == 1 && text[0] == '0')
        return 1;
    if (at == length || text[at] == '0' || length - at > 18)
        return 0;
    return skip_digits(text, at, length) == length;
}

int lite_type_respells(const char *text, size_t length)
{
    return is_number(text, 0, length) && !is_plain_integer(text, length);
}
