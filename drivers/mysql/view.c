/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/view.h"

#include <stddef.h>
#include <string.h>

/* Steps over a quoted piece, `name` or 'text', with its quotes; a quote inside is doubled. */
static const char *skip_quoted(const char *at)
{
    char quote = *at++;
    while (*at != '\0') {
        bool escapes =
            (*at == '\\' && quote == '\'' && at[1] != '\0') || (*at == quote && at[1] == quote);
        if (!escapes && *at == quote)
            return at + 1;
        at += escapes ? 2 : 1;
    }
    return at;
}

/* What follows the select list, or NULL: strings, names and what is in parentheses aside. */
static const char *find_from(const char *at)
{
    int depth = 0;
    while (*at != '\0') {
        if (*at == '`' || *at == '\'' || *at == '"') {
            at = skip_quoted(at);
            continue;
        }
        depth += *at == '(';
        depth -= *at == ')';
        if (depth == 0 && strncmp(at, " from ", 6) == 0)
            return at + 6;
        at++;
    }
    return NULL;
}

/* Takes `name` off; returns what follows it, or NULL. */
static const char *take_name(const char *at, drv_text *out)
{
    if (at == NULL || *at != '`')
        return NULL;
    const char *end = skip_quoted(at);
    if (end[-1] != '`' || end - at < 3)
        return NULL;
    for (at++; at < end - 1; at++) {
        drv_text_add_bytes(out, at, 1);
        at += *at == '`'; /* Doubled. */
    }
    return end;
}

bool drv_my_view_base(const char *definition, drv_text *schema, drv_text *table)
{
    const char *at = find_from(definition);
    at = take_name(at, schema);
    at = at != NULL && *at == '.' ? take_name(at + 1, table) : NULL;
    if (at == NULL || schema->failed || table->failed)
        return false;
    return *at == '\0' || strncmp(at, " where ", 7) == 0;
}
