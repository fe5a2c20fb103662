/* SPDX-License-Identifier: Apache-2.0 */
#include "config/table.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/config.h>

#include "base/fail.h"

enum option_type { TYPE_INTEGER, TYPE_CHOICE, TYPE_TEXT };

typedef struct option_row {
    const char *key;
    const char *doc;
    const char *range;        /* For a choice: its words, with ", " between them. */
    const char *default_text; /* NULL for a choice: the word of that index. */
    size_t offset;            /* Of its field in of_options. */
    int64_t least, most;
    int default_choice;
    enum option_type type;
} option_row;

/* clang-format off */
#define ROW_INTEGER(key, field, value, least, most, doc)                                           \
    {key, doc, #least " to " #most, #value, offsetof(of_options, field), least, most, 0, TYPE_INTEGER},
#define ROW_CHOICE(key, field, value, choices, doc)                                                \
    {key, doc, choices, NULL, offsetof(of_options, field), 0, 0, value, TYPE_CHOICE},
#define ROW_TEXT(key, field, value, doc)                                                           \
    {key, doc, "", value, offsetof(of_options, field), 0, 0, 0, TYPE_TEXT},
/* clang-format on */

static const option_row rows[OF_OPTION_COUNT] = {
    OF_OPTION_TABLE(ROW_INTEGER, ROW_CHOICE, ROW_TEXT)};

#define CHECK_KEY(key, ...) _Static_assert(sizeof key <= OF_OPTION_KEY_MAX, "a long key: " key);
OF_OPTION_TABLE(CHECK_KEY, CHECK_KEY, CHECK_KEY)

#define CHOICE_WORD_MAX 24
static char default_words[OF_OPTION_COUNT][CHOICE_WORD_MAX];
static pthread_once_t default_words_once = PTHREAD_ONCE_INIT;

/* The word of that index in "first, second", not NUL-terminated; NULL past the last. */
static const char *choice_word(const char *choices, int index, size_t *length)
{
    const char *at = choices;
    for (int i = 0; i < index; i++) {
        at = strstr(at, ", ");
        if (at == NULL)
            return NULL;
        at += 2;
    }
    *length = strcspn(at, ",");
    return at;
}

static void make_default_words(void)
{
    for (int i = 0; i < OF_OPTION_COUNT; i++) {
        size_t length = 0;
        if (rows[i].type != TYPE_CHOICE)
            continue;
        const char *word = choice_word(rows[i].range, rows[i].default_choice, &length);
        if (word != NULL)
            snprintf(default_words[i], sizeof default_words[i], "%.*s", (int)length, word);
    }
}

const char *of_option_key(int index)
{
    return rows[index].key;
}

const char *of_option_default(int index)
{
    if (rows[index].type != TYPE_CHOICE)
        return rows[index].default_text;
    pthread_once(&default_words_once, make_default_words);
    return default_words[index];
}

#define QUOTE_MAX 64

/* Copies what a caller gave, for a message: no control characters, cut between two characters. */
static const char *quoted(const char *text, char out[QUOTE_MAX])
{
    size_t length = strnlen(text, QUOTE_MAX);
    if (length == QUOTE_MAX) {
        length = QUOTE_MAX - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    for (size_t i = 0; i < length; i++)
        out[i] = (char)((unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i]);
    out[length] = '\0';
    return out;
}

/* ---- The nearest key -------------------------------------------------------------- */

/* Capitals, '_' and '-' are the likeliest slips in a key, and cost nothing. */
static char folded(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return (char)(letter - 'A' + 'a');
    return letter == '_' || letter == '-' ? '.' : letter;
}

static unsigned least_of(unsigned first, unsigned second, unsigned third)
{
    unsigned least = first < second ? first : second;
    return least < third ? least : third;
}

/* How many letters are to be put in, taken out or replaced to make one of the other. */
static unsigned edit_distance(const char *left, size_t left_length, const char *right)
{
    unsigned line[OF_OPTION_KEY_MAX];
    size_t right_length = strlen(right);
    for (size_t j = 0; j <= right_length; j++)
        line[j] = (unsigned)j;
    for (size_t i = 0; i < left_length; i++) {
        unsigned diagonal = line[0];
        line[0] = (unsigned)i + 1;
        for (size_t j = 0; j < right_length; j++) {
            unsigned replaced = diagonal + (folded(left[i]) != right[j]);
            diagonal = line[j + 1];
            line[j + 1] = least_of(replaced, line[j] + 1, diagonal + 1);
        }
    }
    return line[right_length];
}

static const char *nearest_to(const char *key)
{
    /* No key is so long that the letters past this could bring it nearer. */
    size_t length = strnlen(key, 2 * (size_t)OF_OPTION_KEY_MAX);
    const char *nearest = rows[0].key;
    unsigned least = UINT32_MAX;
    for (int i = 0; i < OF_OPTION_COUNT; i++) {
        unsigned distance = edit_distance(key, length, rows[i].key);
        if (distance < least) {
            least = distance;
            nearest = rows[i].key;
        }
    }
    return nearest;
}

int of_option_find(const char *key, outfall_error *error)
{
    char quote[QUOTE_MAX];
    for (int i = 0; i < OF_OPTION_COUNT; i++) {
        if (strcmp(rows[i].key, key) == 0)
            return i;
    }
    of_fail(error, OUTFALL_ERR_CONFIG,
            "unknown option \"%s\"; the nearest is \"%s\" (`outfall options` lists all)",
            quoted(key, quote), nearest_to(key));
    return -1;
}

/* ---- Values ----------------------------------------------------------------------- */

/* Decimal digits and nothing else: no blanks, no sign but '-', no base prefix. */
static int parse_integer(const char *text, int64_t *out)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return OUTFALL_ERR_CONFIG;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno != 0)
        return OUTFALL_ERR_CONFIG;
    *out = (int64_t)value;
    return OUTFALL_OK;
}

static int parse_choice(const char *choices, const char *text, int *out)
{
    size_t length = 0;
    const char *word = choice_word(choices, 0, &length);
    for (int i = 0; word != NULL; word = choice_word(choices, ++i, &length)) {
        if (strlen(text) == length && memcmp(word, text, length) == 0) {
            *out = i;
            return OUTFALL_OK;
        }
    }
    return OUTFALL_ERR_CONFIG;
}

int of_option_parse(int index, const char *text, of_options *values, outfall_error *error)
{
    const option_row *row = &rows[index];
    char *field = (char *)values + row->offset;
    char quote[QUOTE_MAX];
    int64_t integer = 0;
    int choice = 0;
    switch (row->type) {
    case TYPE_INTEGER:
        if (parse_integer(text, &integer) != OUTFALL_OK || integer < row->least ||
            integer > row->most)
            return of_fail(error, OUTFALL_ERR_CONFIG,
                           "option %s: \"%s\" is not a whole number from %s", row->key,
                           quoted(text, quote), row->range);
        memcpy(field, &integer, sizeof integer);
        return OUTFALL_OK;
    case TYPE_CHOICE:
        if (parse_choice(row->range, text, &choice) != OUTFALL_OK)
            return of_fail(error, OUTFALL_ERR_CONFIG, "option %s: \"%s\" is not one of: %s",
                           row->key, quoted(text, quote), row->range);
        memcpy(field, &choice, sizeof choice);
        return OUTFALL_OK;
    default:
        memcpy(field, &text, sizeof text);
        return OUTFALL_OK;
    }
}

void of_options_default(of_options *values)
{
    memset(values, 0, sizeof *values);
    for (int i = 0; i < OF_OPTION_COUNT; i++) {
        /* Cannot fail: a test parses every default. */
        (void)of_option_parse(i, of_option_default(i), values, NULL);
    }
}

/* ---- Public ----------------------------------------------------------------------- */

size_t outfall_option_count(void)
{
    return OF_OPTION_COUNT;
}

int outfall_option_at(size_t index, outfall_option *out)
{
    static const char *const type_names[] = {"integer", "choice", "text"};
    if (index >= OF_OPTION_COUNT || out == NULL)
        return OUTFALL_ERR_INVALID;
    const option_row *row = &rows[index];
    out->key = row->key;
    out->type = type_names[row->type];
    out->default_value = of_option_default((int)index);
    out->range = row->range;
    out->doc = row->doc;
    return OUTFALL_OK;
}
