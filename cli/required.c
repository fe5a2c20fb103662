/* SPDX-License-Identifier: Apache-2.0 */
#include "required.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
}

/* An option's text of any length; free it. */
static int read_option(const outfall_config *config, const char *key, char **out,
                       outfall_error *error)
{
    int status = OUTFALL_ERR_INVALID;

    *out = NULL;
    /* OUTFALL_ERR_INVALID: the buffer is too small. */
    for (size_t capacity = 256; status == OUTFALL_ERR_INVALID; capacity *= 4) {
        free(*out);
        *out = malloc(capacity);
        if (*out == NULL)
            return no_memory(error);
        status = outfall_config_get(config, key, *out, capacity, error);
    }
    return status;
}

/*
 * Adds `what` to each column that an option's list names: "a, b" or "\"a,b\", c". The library has
 * accepted the list, so there is nothing to refuse. Writes over the text.
 */
static void mark(char *list, const of_names *columns, uint8_t what, uint8_t *required)
{
    char *at = list;

    while (*at != '\0') {
        at += strspn(at, ", ");
        char *name = at, *end = at;
        if (*at == '"') {
            for (at++; *at != '\0' && (*at != '"' || at[1] == '"'); at++) {
                at += *at == '"'; /* Two stand for one. */
                *end++ = *at;
            }
            at += *at == '"';
        } else {
            at += strcspn(at, ",");
            for (end = at; end > name && end[-1] == ' '; end--)
                ;
        }
        size_t column = of_names_find(columns, name, (size_t)(end - name), 0);
        if (column < columns->count)
            required[column] |= what;
    }
}

static bool is_empty(const char *list)
{
    return list[strspn(list, " ")] == '\0';
}

static void mark_primary_key(const outfall_sink *sink, const of_names *columns, uint8_t *required)
{
    for (size_t i = 0; i < columns->count; i++) {
        const outfall_column *column = outfall_sink_column(sink, i);
        if (column != NULL && (column->flags & OUTFALL_COLUMN_KEY) != 0)
            required[i] |= OF_REQUIRED_WRITTEN | OF_REQUIRED_KEY;
    }
}

int of_required_read(const outfall_config *config, const outfall_sink *sink,
                     const of_names *columns, bool kinds, uint8_t **out, outfall_error *error)
{
    char *mode = NULL, *key = NULL, *update = NULL;
    uint8_t *required = NULL;
    int status = read_option(config, "mode", &mode, error);

    *out = NULL;
    if (status == OUTFALL_OK)
        status = read_option(config, "key", &key, error);
    if (status == OUTFALL_OK)
        status = read_option(config, "update.columns", &update, error);
    if (status != OUTFALL_OK)
        goto done;
    bool upsert = strcmp(mode, "upsert") == 0;
    if (!upsert && !kinds)
        goto done;
    required = calloc(columns->count + 1, sizeof required[0]);
    if (required == NULL) {
        status = no_memory(error);
        goto done;
    }
    if (is_empty(update))
        memset(required, OF_REQUIRED_WRITTEN | (upsert ? OF_REQUIRED_UPDATED : 0), columns->count);
    mark(update, columns, OF_REQUIRED_WRITTEN | OF_REQUIRED_UPDATED, required);
    if (is_empty(key))
        mark_primary_key(sink, columns, required);
    mark(key, columns, OF_REQUIRED_WRITTEN | OF_REQUIRED_KEY, required);
    *out = required;
done:
    free(mode);
    free(key);
    free(update);
    return status;
}
