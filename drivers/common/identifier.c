/* SPDX-License-Identifier: Apache-2.0 */
#include "common/identifier.h"

#include <stdint.h>
#include <string.h>

#include <outfall/encoding.h>

/* Longer names are not compared: nobody mistypes just a bit of one. */
#define NEAREST_BYTES_MAX 64
#define SHOWN_BYTES_MAX 64 /* Of a name that is too long, in its error. */

int drv_identifier_check(const char *name, const char *what, size_t bytes_max, outfall_error *error)
{
    if (name == NULL || name[0] == '\0')
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "a %s name is empty; give it one", what);
    size_t length = strlen(name);
    if (!outfall_utf8_valid(name, length))
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "a %s name of %zu bytes is not valid UTF-8; encode it as UTF-8",
                                 what, length);
    if (bytes_max > 0 && length > bytes_max) {
        int shown = length < SHOWN_BYTES_MAX ? (int)length : SHOWN_BYTES_MAX;
        while (shown > 0 && ((unsigned char)name[shown] & 0xC0) == 0x80)
            shown--; /* Not through the middle of a character. */
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "the %s name \"%.*s%s\" is %zu bytes long and the database takes "
                                 "at most %zu; shorten it",
                                 what, shown, name, (size_t)shown < length ? "..." : "", length,
                                 bytes_max);
    }
    return OUTFALL_OK;
}

void drv_identifier_quote(drv_text *to, const char *name, char quote)
{
    drv_text_add_bytes(to, &quote, 1);
    for (const char *from = name; *from != '\0';) {
        const char *end = strchr(from, quote);
        size_t length = end != NULL ? (size_t)(end - from) + 1 : strlen(from);
        drv_text_add_bytes(to, from, length);
        if (end != NULL)
            drv_text_add_bytes(to, &quote, 1);
        from += length;
    }
    drv_text_add_bytes(to, &quote, 1);
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static unsigned least(unsigned left, unsigned right)
{
    return left < right ? left : right;
}

/* Edits (insert, drop, change a byte) from `left` to `right`, of at most NEAREST_BYTES_MAX each. */
static unsigned distance(const char *left, size_t left_length, const char *right,
                         size_t right_length)
{
    unsigned row[NEAREST_BYTES_MAX + 1];
    for (unsigned j = 0; j <= right_length; j++)
        row[j] = j;
    for (unsigned i = 1; i <= left_length; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= right_length; j++) {
            unsigned above = row[j];
            unsigned change = diagonal + (lower(left[i - 1]) != lower(right[j - 1]));
            row[j] = least(change, least(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[right_length];
}

const char *drv_identifier_nearest(const char *wanted, size_t count,
                                   const char *(*name)(const void *context, size_t index),
                                   const void *context)
{
    size_t wanted_length = strlen(wanted);
    if (wanted_length > NEAREST_BYTES_MAX)
        return NULL;
    const char *best = NULL;
    unsigned best_distance = (unsigned)wanted_length / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        const char *candidate = name(context, i);
        size_t length = strlen(candidate);
        if (length > NEAREST_BYTES_MAX)
            continue;
        unsigned edits = distance(wanted, wanted_length, candidate, length);
        if (edits < best_distance) {
            best = candidate;
            best_distance = edits;
        }
    }
    return best;
}
