/* SPDX-License-Identifier: Apache-2.0 */
#include "row/name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <outfall/encoding.h>

#include "base/alloc.h"
#include "base/fail.h"

/* ---- Table names ------------------------------------------------------------------ */

/* A list of parts, as a message and a parser see it. */
typedef struct grammar {
    char separator;
    bool blanks;      /* Those around a part are no part of it. */
    const char *what; /* "the table name" */
    int status;
} grammar;

/* Takes one part off *text, quoted or not, into a new string. */
static int take_part(const grammar *as, const char **text, char **out, outfall_error *error)
{
    const char *at = *text;
    bool is_quoted = *at == '"';
    size_t length = 0;
    char *part = of_alloc(strlen(at) + 1);
    if (part == NULL)
        return of_fail_nomem(error);
    if (is_quoted) {
        for (at++; *at != '\0' && (*at != '"' || at[1] == '"'); at++) {
            if (*at == '"')
                at++;
            part[length++] = *at;
        }
    } else {
        while (*at != '\0' && *at != as->separator && *at != '"')
            part[length++] = *at++;
    }
    while (as->blanks && !is_quoted && length > 0 && part[length - 1] == ' ')
        length--;
    part[length] = '\0';
    const char *problem = NULL;
    bool is_open = is_quoted && *at != '"';
    at += is_quoted && !is_open;
    if (as->blanks)
        at += strspn(at, " ");
    if (is_open)
        problem = "has a quote that is not closed";
    else if (*at != '\0' && *at != as->separator)
        problem = is_quoted ? "has letters after a closing quote; double a quote inside a name"
                            : "has a quote inside; write a name that holds one as \"a\"\"b\"";
    else if (length == 0)
        problem = "has an empty part";
    if (problem != NULL) {
        of_free(part);
        return of_fail(error, as->status, "%s %s", as->what, problem);
    }
    *text = at;
    *out = part;
    return OUTFALL_OK;
}

int of_table_name_parse(const char *text, outfall_table_name *name, outfall_error *error)
{
    static const grammar as = {'.', false, "the table name", OUTFALL_ERR_INVALID};
    char *parts[2] = {NULL, NULL};
    memset(name, 0, sizeof *name);
    if (!outfall_utf8_valid(text, strlen(text)))
        return of_fail(error, OUTFALL_ERR_INVALID, "the table name is not valid UTF-8");
    int status = take_part(&as, &text, &parts[0], error);
    if (status == OUTFALL_OK && *text == '.') {
        text++;
        status = take_part(&as, &text, &parts[1], error);
    }
    if (status == OUTFALL_OK && *text != '\0')
        status = of_fail(error, OUTFALL_ERR_INVALID,
                         "the table name has more than two parts; it is table or schema.table, "
                         "a part that holds a dot in double quotes");
    if (status == OUTFALL_OK) {
        name->schema = parts[1] != NULL ? parts[0] : NULL;
        name->table = parts[1] != NULL ? parts[1] : parts[0];
        return OUTFALL_OK;
    }
    of_free(parts[0]);
    of_free(parts[1]);
    return status;
}

void of_table_name_free(outfall_table_name *name)
{
    if (name == NULL)
        return;
    of_free((char *)(uintptr_t)name->schema);
    of_free((char *)(uintptr_t)name->table);
    name->schema = NULL;
    name->table = NULL;
}

/* ---- Lists of names --------------------------------------------------------------- */

static int append(of_names *names, const grammar *as, char *name, outfall_error *error)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return of_fail(error, as->status, "%s names \"%s\" twice: leave one out", as->what,
                           name);
    char **grown = of_realloc(names->names, (names->count + 1) * sizeof *grown);
    if (grown == NULL)
        return of_fail_nomem(error);
    names->names = grown;
    names->names[names->count++] = name;
    return OUTFALL_OK;
}

int of_names_parse(const char *text, const char *what, of_names *out, outfall_error *error)
{
    char option[64];
    snprintf(option, sizeof option, "option %s", what);
    const grammar as = {',', true, option, OUTFALL_ERR_CONFIG};
    int status = OUTFALL_OK;
    *out = (of_names){NULL, 0};
    if (!outfall_utf8_valid(text, strlen(text)))
        return of_fail(error, OUTFALL_ERR_CONFIG, "%s is not valid UTF-8", option);
    bool more = text[strspn(text, " ")] != '\0';
    while (more && status == OUTFALL_OK) {
        char *name = NULL;
        text += strspn(text, " ");
        status = take_part(&as, &text, &name, error);
        if (status == OUTFALL_OK)
            status = append(out, &as, name, error);
        if (status != OUTFALL_OK)
            of_free(name);
        more = *text == ',';
        text += more;
    }
    if (status != OUTFALL_OK)
        of_names_free(out);
    return status;
}

void of_names_free(of_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        of_free(names->names[i]);
    of_free(names->names);
    *names = (of_names){NULL, 0};
}
