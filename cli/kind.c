/* SPDX-License-Identifier: Apache-2.0 */
#include "kind.h"

#include <stdio.h>
#include <string.h>

#include <outfall/encoding.h>

/* The beginning of `text`, cut between two characters, as one line; empty where it is no UTF-8. */
static void show(const char *text, size_t length, char out[OF_KIND_SHOWN_MAX])
{
    size_t shown = length < OF_KIND_SHOWN_MAX ? length : OF_KIND_SHOWN_MAX - 1;

    while (shown > 0 && shown < length && ((unsigned char)text[shown] & 0xc0) == 0x80)
        shown--;
    if (!outfall_utf8_valid(text, shown))
        shown = 0;
    for (size_t i = 0; i < shown; i++)
        out[i] = (char)((unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i]);
    out[shown] = '\0';
}

void of_kind_read(of_kind *kind, const outfall_value *value)
{
    const char *text = value->as.data;

    kind->kind = -1;
    kind->type = value->type;
    kind->length = value->length;
    kind->shown[0] = '\0';
    if (value->type != OUTFALL_TYPE_TEXT)
        return;
    kind->kind = outfall_row_kind_from_name(text, value->length);
    if (kind->kind < 0)
        show(text, value->length, kind->shown);
}

const char *of_kind_name(int kind)
{
    static const char *const names[] = {"insert", "update", "delete"};
    return names[kind];
}

/* What stands there instead of a word. */
static const char *what_is(const of_kind *kind)
{
    switch (kind->type) {
    case OUTFALL_TYPE_TEXT:
        return kind->length == 0 ? "empty" : "not UTF-8 text";
    case OUTFALL_TYPE_BOOL:
        return "true or false";
    case OUTFALL_TYPE_JSON:
        return "an object or an array";
    default:
        return "a number";
    }
}

void of_kind_reject(const of_kind *kind, const char *column, uint64_t line, of_rejection *rejection)
{
    static const char allowed[] =
        "write insert, update or delete (also c, i and r for insert, u for update, d for delete)";

    if (kind->shown[0] != '\0')
        of_reject(rejection, line, "\"%s\" is not the kind of a row: %s", kind->shown, allowed);
    else if (kind->type == OUTFALL_TYPE_NULL)
        of_reject(rejection, line, "the kind of the row is missing: %s", allowed);
    else
        of_reject(rejection, line, "the kind of the row is %s: %s", what_is(kind), allowed);
    snprintf(rejection->column, sizeof rejection->column, "%s", column);
}
