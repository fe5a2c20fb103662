/* SPDX-License-Identifier: Apache-2.0 */
/* Prints every text of the oracle dialect and what it is meant to say, one JSON object a line. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "oracle_texts.h"

static json_t *names_of(const struct oracle_text *text, const uint32_t *which, uint32_t count)
{
    json_t *names = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(text->columns[which ? which[i] : i].name));
    return names;
}

static json_t *updates_of(const struct oracle_text *text)
{
    json_t *names = json_array();
    for (uint32_t i = 0; text->updated && i < text->column_count; i++)
        if (text->updated[i])
            json_array_append_new(names, json_string(text->columns[i].name));
    return names;
}

static json_t *resets_of(const struct oracle_text *text)
{
    json_t *names = json_array();
    for (uint32_t i = 0; i < text->reset_count; i++)
        json_array_append_new(names, json_string(text->resets[i]));
    return names;
}

static void print(const struct oracle_text *text, void *context)
{
    (void)context;
    json_t *object = json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:o, s:o, s:o}", "kind", text->kind,
                               "text", text->text, "schema", text->schema, "table", text->table,
                               "columns", names_of(text, NULL, text->column_count), "key",
                               names_of(text, text->key, text->key_count), "updated",
                               updates_of(text), "resets", resets_of(text));
    if (!object || json_dumpf(object, stdout, JSON_ENSURE_ASCII) != 0)
        abort();
    putchar('\n');
    json_decref(object);
}

int main(void)
{
    return oracle_texts(print, NULL) > 0 && fflush(stdout) == 0 ? 0 : 1;
}
