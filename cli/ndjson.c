/* SPDX-License-Identifier: Apache-2.0 */
#include "ndjson.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* A key of a line's object and its value; both borrow from the line or from its parsed form. */
typedef struct of_member {
    const char *key;
    size_t key_length;
    outfall_value value;
} of_member;

struct of_ndjson {
    size_t record_bytes_max;
    const char *kind_key; /* Borrowed; NULL: none. */
    size_t kind_key_length;
    const uint8_t *required; /* By column; borrowed; NULL: nothing is. */
    json_t *root;            /* Of the line under way. */
    size_t count;
    of_member members[OF_COLUMNS_MAX];
};

int of_ndjson_open(size_t record_bytes_max, of_ndjson **out, outfall_error *error)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    (*out)->record_bytes_max = record_bytes_max;
    return OUTFALL_OK;
}

void of_ndjson_close(of_ndjson *ndjson)
{
    if (ndjson == NULL)
        return;
    json_decref(ndjson->root);
    free(ndjson);
}

void of_ndjson_kind_key(of_ndjson *ndjson, const char *key)
{
    ndjson->kind_key = key;
    ndjson->kind_key_length = strlen(key);
}

void of_ndjson_require(of_ndjson *ndjson, const uint8_t *required)
{
    ndjson->required = required;
}

/* ---- The text of the values ------------------------------------------------------- */

/*
 * jansson keeps a number as a double, which drops digits. So the values' own text is found by a
 * second walk over the line. It may trust what it walks over, for jansson has accepted it.
 */
static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

/* `at` is the opening quote; returns what follows the closing one. */
static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

static const char *skip_value(const char *at)
{
    size_t depth = 0;
    do {
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (depth > 0) {
            at++;
        } else {
            at += strcspn(at, ",}] \t\r\n"); /* A number or a word. */
        }
    } while (depth > 0);
    return at;
}

/* An integer without point or exponent that fits; -0 is none, for int64 has no such thing. */
static bool read_int64(const char *text, size_t length, int64_t *out)
{
    bool negative = text[0] == '-';
    uint64_t number = 0;
    uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;

    if (length > 20 || (negative && text[1] == '0'))
        return false;
    for (size_t i = negative; i < length; i++) {
        unsigned digit = (unsigned char)text[i] - '0';
        if (digit > 9 || number > (most - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - number) : (int64_t)number;
    return true;
}

/* ---- Values ----------------------------------------------------------------------- */

static void set_data(outfall_value *value, int type, const char *data, size_t length)
{
    value->type = (uint32_t)type;
    value->length = (uint32_t)length;
    value->as.data = data;
}

static void read_value(const json_t *json, const char *text, size_t length, outfall_value *value)
{
    memset(value, 0, sizeof *value);
    switch (json_typeof(json)) {
    case JSON_NULL:
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        value->type = OUTFALL_TYPE_BOOL;
        value->as.integer = json_is_true(json);
        break;
    case JSON_STRING:
        set_data(value, OUTFALL_TYPE_TEXT, json_string_value(json), json_string_length(json));
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        set_data(value, OUTFALL_TYPE_JSON, text, length);
        break;
    default:
        if (read_int64(text, length, &value->as.integer))
            value->type = OUTFALL_TYPE_INT64;
        else
            set_data(value, OUTFALL_TYPE_DECIMAL, text, length);
        break;
    }
}

/*
 * Pairs the parsed members with their text: jansson keeps them in the order of the line and has
 * refused duplicates, so the n-th is the n-th.
 */
static void read_members(of_ndjson *ndjson, const char *line)
{
    const char *at = skip_space(line) + 1;

    ndjson->count = 0;
    for (void *i = json_object_iter(ndjson->root); i != NULL;
         i = json_object_iter_next(ndjson->root, i)) {
        of_member *member = &ndjson->members[ndjson->count++];
        at = skip_space(skip_string(skip_space(at)));
        at = skip_space(at + 1); /* Past the colon. */
        const char *value_end = skip_value(at);
        member->key = json_object_iter_key(i);
        member->key_length = strlen(member->key);
        read_value(json_object_iter_value(i), at, (size_t)(value_end - at), &member->value);
        at = skip_space(value_end) + 1; /* Past the comma or the brace. */
    }
}

static void describe_error(const json_error_t *error, uint64_t line, of_rejection *rejection)
{
    const char *advice = "";

    switch (json_error_code(error)) {
    case json_error_premature_end_of_input:
        of_reject(rejection, line, "the JSON does not end on this line: one object a line");
        return;
    case json_error_numeric_overflow:
        advice = "; write it as a string";
        break;
    case json_error_end_of_input_expected:
        advice = "; one object a line";
        break;
    default:
        break;
    }
    of_reject(rejection, line, "not JSON at byte %d: %s%s", error->position, error->text, advice);
}

static enum of_record reject(const of_line *line, of_rejection *rejection)
{
    of_reject_raw(rejection, line->text, line->length, line->cut);
    return OF_RECORD_REJECTED;
}

static bool is_blank(const of_line *line)
{
    for (size_t i = 0; i < line->length; i++) {
        if (strchr(" \t\r\n", line->text[i]) == NULL || line->text[i] == '\0')
            return false;
    }
    return true;
}

/* OF_RECORD_ROW: the members are there, until the next call. */
static enum of_record parse(of_ndjson *ndjson, const of_line *line, of_rejection *rejection)
{
    json_error_t error;

    json_decref(ndjson->root);
    ndjson->root = NULL;
    if (is_blank(line))
        return OF_RECORD_NONE;
    if (line->cut) {
        of_reject(rejection, line->number, "the line is larger than %zu bytes: raise row.bytes.max",
                  ndjson->record_bytes_max);
        return reject(line, rejection);
    }
    /* jansson 2.14 drops a NUL behind a number instead of refusing it. */
    const char *nul = memchr(line->text, '\0', line->length);
    if (nul != NULL) {
        of_reject(rejection, line->number, "not JSON at byte %zu: a NUL byte; write it as \\u0000",
                  (size_t)(nul - line->text) + 1);
        return reject(line, rejection);
    }
    ndjson->root =
        json_loadb(line->text, line->length,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    if (ndjson->root == NULL && json_error_code(&error) == json_error_out_of_memory)
        return OF_RECORD_FAILED;
    if (ndjson->root == NULL) {
        describe_error(&error, line->number, rejection);
        return reject(line, rejection);
    }
    if (!json_is_object(ndjson->root)) {
        of_reject(rejection, line->number, "not a JSON object: a row is {\"column\": value, …}");
        return reject(line, rejection);
    }
    if (json_object_size(ndjson->root) > OF_COLUMNS_MAX) {
        of_reject(rejection, line->number, "more than %u keys", OF_COLUMNS_MAX);
        return reject(line, rejection);
    }
    read_members(ndjson, line->text);
    return OF_RECORD_ROW;
}

static bool is_kind(const of_ndjson *ndjson, const of_member *member)
{
    return ndjson->kind_key != NULL && member->key_length == ndjson->kind_key_length &&
           memcmp(member->key, ndjson->kind_key, member->key_length) == 0;
}

/* It is an object, so the dead letter can have it whole. */
static enum of_record reject_object(const of_line *line, of_rows *rows, of_rejection *rejection)
{
    of_rows_drop(rows);
    rejection->json = line->text;
    rejection->json_bytes = line->length;
    return OF_RECORD_REJECTED;
}

static enum of_record reject_key(const of_member *member, const of_line *line, of_rows *rows,
                                 of_rejection *rejection)
{
    of_reject(rejection, line->number, "%s",
              member->key_length == 0
                  ? "a key is empty: it names no column"
                  : "no such column: the columns are the keys of the first rows; raise "
                    "--sample-rows");
    snprintf(rejection->column, sizeof rejection->column, "%s", member->key);
    return reject_object(line, rows, rejection);
}

/* The first column that the row's kind needs and the record has not, or their count. */
static size_t find_missing(const of_ndjson *ndjson, const bool *present, const of_rows *rows)
{
    uint8_t needed = rows->kind.kind == OUTFALL_ROW_DELETE ? OF_REQUIRED_KEY : OF_REQUIRED_WRITTEN;
    size_t column = 0;

    while (column < rows->columns && (present[column] || (ndjson->required[column] & needed) == 0))
        column++;
    return column;
}

static enum of_record reject_missing(const char *name, uint8_t required, const of_line *line,
                                     of_rows *rows, of_rejection *rejection)
{
    if ((required & OF_REQUIRED_KEY) != 0)
        of_reject(rejection, line->number, "the record has no \"%s\", a column of the key", name);
    else
        of_reject(rejection, line->number, "the record has no \"%s\": put null%s", name,
                  (required & OF_REQUIRED_UPDATED) != 0
                      ? ", or name the columns that are updated by --update"
                      : "");
    snprintf(rejection->column, sizeof rejection->column, "%s", name);
    return reject_object(line, rows, rejection);
}

enum of_record of_ndjson_feed(of_ndjson *ndjson, const of_line *line, const of_names *columns,
                              of_rows *rows, of_rejection *rejection)
{
    enum of_record record = parse(ndjson, line, rejection);
    bool present[OF_COLUMNS_MAX];
    size_t column = 0;

    if (record != OF_RECORD_ROW)
        return record;
    memset(present, 0, rows->columns * sizeof present[0]);
    while (rows->fields < rows->columns)
        of_rows_put_null(rows);
    of_kind_read(&rows->kind, &(outfall_value){.type = OUTFALL_TYPE_NULL});
    for (size_t i = 0; i < ndjson->count; i++) {
        const of_member *member = &ndjson->members[i];
        if (is_kind(ndjson, member)) {
            of_kind_read(&rows->kind, &member->value);
            continue;
        }
        column = of_names_find(columns, member->key, member->key_length, column);
        if (column == columns->count)
            return reject_key(member, line, rows, rejection);
        present[column] = true;
        of_rows_set(rows, column++, &member->value);
    }
    if (ndjson->kind_key != NULL && rows->kind.kind < 0) {
        of_kind_reject(&rows->kind, ndjson->kind_key, line->number, rejection);
        return reject_object(line, rows, rejection);
    }
    column = ndjson->required != NULL ? find_missing(ndjson, present, rows) : rows->columns;
    if (column < rows->columns)
        return reject_missing(columns->names[column], ndjson->required[column], line, rows,
                              rejection);
    of_rows_end(rows, line->number);
    return OF_RECORD_ROW;
}

enum of_record of_ndjson_learn(of_ndjson *ndjson, const of_line *line, of_names *columns,
                               of_infer *infer)
{
    of_rejection rejection;
    enum of_record record = parse(ndjson, line, &rejection);
    size_t column = 0;

    for (size_t i = 0; record == OF_RECORD_ROW && i < ndjson->count; i++) {
        const of_member *member = &ndjson->members[i];
        if (is_kind(ndjson, member))
            continue;
        column = of_names_find(columns, member->key, member->key_length, column);
        if (column == columns->count) {
            /* What finds no room, or is no name, is rejected when the line is fed. */
            if (column == OF_COLUMNS_MAX || member->key_length == 0)
                continue;
            if (of_names_add(columns, member->key, member->key_length) != 0)
                return OF_RECORD_FAILED;
        }
        of_infer_add(&infer[column++], &member->value);
    }
    return record;
}
