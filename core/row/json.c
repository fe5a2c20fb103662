/* SPDX-License-Identifier: Apache-2.0 */
#include "row/json.h"

#include <stdint.h>
#include <string.h>

#include <outfall/encoding.h>

/* One bit for each open object (1) or array (0): no recursion, whatever the text. */
typedef struct checker {
    const char *at;
    const char *end;
    bool strict;
    size_t depth;
    uint8_t nest[OF_JSON_DEPTH_MAX / 8 + 1];
} checker;

static void skip_blanks(checker *in)
{
    while (in->at < in->end &&
           (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t'))
        in->at++;
}

static bool next_is(const checker *in, char byte)
{
    return in->at < in->end && *in->at == byte;
}

static bool take(checker *in, char byte)
{
    if (!next_is(in, byte))
        return false;
    in->at++;
    return true;
}

static size_t take_digits(checker *in)
{
    const char *from = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9')
        in->at++;
    return (size_t)(in->at - from);
}

static const char *check_number(checker *in)
{
    take(in, '-');
    const char *from = in->at;
    size_t digits = take_digits(in);
    if (digits == 0)
        return "a number has no digits";
    if (digits > 1 && *from == '0') {
        in->at = from;
        return "a number starts with 0";
    }
    if (take(in, '.') && take_digits(in) == 0)
        return "a number has no digits after its point";
    if (take(in, 'e') || take(in, 'E')) {
        if (!take(in, '+'))
            take(in, '-');
        if (take_digits(in) == 0)
            return "a number has no digits in its exponent";
    }
    return NULL;
}

/* The four hex digits at in->at, or -1. */
static int32_t hex4(const checker *in)
{
    int32_t unit = 0;
    if (in->end - in->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char byte = in->at[i];
        int digit = byte >= '0' && byte <= '9'   ? byte - '0'
                    : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                    : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                 : -1;
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* Behind "\u". */
static const char *check_unicode(checker *in)
{
    int32_t unit = hex4(in);
    if (unit < 0)
        return "\\u needs four hex digits";
    if (in->strict && unit == 0)
        return "jsonb cannot hold \\u0000";
    in->at += 4;
    if (!in->strict || unit < 0xD800 || unit > 0xDFFF)
        return NULL;
    if (unit >= 0xDC00 || !take(in, '\\') || !take(in, 'u'))
        return "jsonb cannot hold half a surrogate pair";
    unit = hex4(in);
    if (unit < 0xDC00 || unit > 0xDFFF)
        return "jsonb cannot hold half a surrogate pair";
    in->at += 4;
    return NULL;
}

/* Behind the opening quote. */
static const char *check_string(checker *in)
{
    while (in->at < in->end) {
        uint8_t byte = (uint8_t)*in->at;
        if (byte < 0x20)
            return "a control character in a string must be escaped";
        in->at++;
        if (byte == '"')
            return NULL;
        if (byte != '\\')
            continue;
        if (take(in, 'u')) {
            const char *wrong = check_unicode(in);
            if (wrong != NULL)
                return wrong;
        } else if (in->at == in->end || *in->at == '\0' || strchr("\"\\/bfnrt", *in->at) == NULL) {
            return "there is no such escape";
        } else {
            in->at++;
        }
    }
    return "a string is not closed";
}

static const char *check_word(checker *in, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(in->end - in->at) < size || memcmp(in->at, word, size) != 0)
        return "a value is missing";
    in->at += size;
    return NULL;
}

static const char *open_nest(checker *in, bool object)
{
    if (in->depth == OF_JSON_DEPTH_MAX)
        return "it is nested more than 1000 deep";
    in->at++;
    uint8_t bit = (uint8_t)(1u << in->depth % 8);
    if (object)
        in->nest[in->depth / 8] |= bit;
    else
        in->nest[in->depth / 8] &= (uint8_t)~bit;
    in->depth++;
    return NULL;
}

static bool in_object(const checker *in)
{
    size_t last = in->depth - 1;
    return in->depth > 0 && (in->nest[last / 8] >> last % 8 & 1) != 0;
}

/* A string and a colon. */
static const char *check_key(checker *in)
{
    skip_blanks(in);
    if (!take(in, '"'))
        return "a key in double quotes is missing";
    const char *wrong = check_string(in);
    if (wrong != NULL)
        return wrong;
    skip_blanks(in);
    return take(in, ':') ? NULL : "a ':' is missing";
}

/* A value that is not an object or array. */
static const char *check_scalar(checker *in)
{
    if (take(in, '"'))
        return check_string(in);
    if (next_is(in, 't'))
        return check_word(in, "true");
    if (next_is(in, 'f'))
        return check_word(in, "false");
    if (next_is(in, 'n'))
        return check_word(in, "null");
    if (next_is(in, '-') || (in->at < in->end && *in->at >= '0' && *in->at <= '9'))
        return check_number(in);
    return "a value is missing";
}

/* Opens objects and arrays down to the first scalar, or an empty one, and takes that. */
static const char *check_value(checker *in)
{
    const char *wrong;
    for (;;) {
        skip_blanks(in);
        bool object = next_is(in, '{');
        if (!object && !next_is(in, '['))
            return check_scalar(in);
        wrong = open_nest(in, object);
        if (wrong != NULL)
            return wrong;
        skip_blanks(in);
        if (take(in, object ? '}' : ']')) {
            in->depth--;
            return NULL;
        }
        if (object && (wrong = check_key(in)) != NULL)
            return wrong;
    }
}

const char *of_json_check(const char *text, size_t length, bool strict, size_t *offset)
{
    checker in = {.at = text, .end = text + length, .strict = strict};
    const char *wrong = check_value(&in);
    while (wrong == NULL && in.depth > 0) {
        bool object = in_object(&in);
        skip_blanks(&in);
        if (take(&in, object ? '}' : ']'))
            in.depth--;
        else if (!take(&in, ','))
            wrong = object ? "a ',' or '}' is missing" : "a ',' or ']' is missing";
        else if (!object || (wrong = check_key(&in)) == NULL)
            wrong = check_value(&in);
    }
    if (wrong == NULL) {
        skip_blanks(&in);
        wrong = in.at < in.end ? "the document has ended before this" : NULL;
    }
    *offset = (size_t)(in.at - text);
    return wrong;
}

size_t of_json_string(const char *text, size_t length, char *out)
{
    static const char hex[] = "0123456789abcdef";
    char *at = out;
    *at++ = '"';
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte == '"' || byte == '\\') {
            *at++ = '\\';
            *at++ = (char)byte;
        } else if (byte < 0x20) {
            memcpy(at, "\\u00", 4);
            at[4] = hex[byte >> 4];
            at[5] = hex[byte & 15];
            at += 6;
        } else {
            *at++ = (char)byte;
        }
    }
    *at++ = '"';
    return (size_t)(at - out);
}
