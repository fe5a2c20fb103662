/* SPDX-License-Identifier: Apache-2.0 */
#include "common/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool drv_check_applies(const drv_check *check, const outfall_inspect_options *options)
{
    return (check->flags & DRV_CHECK_PREPARED) == 0 || options->prepared > 0;
}

static bool is_listed(const char *list, const char *value)
{
    size_t length = strlen(value);
    while (list != NULL && *list != '\0') {
        size_t word = strcspn(list, " ");
        if (word == length && strncasecmp(list, value, length) == 0)
            return true;
        list += word + strspn(list + word, " ");
    }
    return false;
}

static bool passes(const drv_check *check, const char *value,
                   const outfall_inspect_options *options)
{
    if (value == NULL || !drv_check_applies(check, options))
        return true;
    if ((check->flags & DRV_CHECK_NUMBER) != 0)
        return strtoll(value, NULL, 10) >= (long long)options->prepared;
    return is_listed(check->good, value);
}

#define NAME_BYTES_MAX 131 /* Two of them leave room for the remedy. */

/* Spells a text out, as far as there is room: "$v" and the like are names and values. */
static void spell(const drv_check *check, const drv_findings *findings, const char *value,
                  const outfall_inspect_options *options, char *to, size_t capacity)
{
    char word[NAME_BYTES_MAX];
    size_t length = 0;
    for (const char *at = check->text; *at != '\0' && length + sizeof word < capacity; at++) {
        if (*at != '$') {
            to[length++] = *at;
            continue;
        }
        at++;
        const char *name = *at == 't' ? findings->target : *at == 'u' ? findings->account : value;
        if (*at == 'n')
            snprintf(word, sizeof word, "%u", options->prepared);
        else
            drv_text_line(name != NULL ? name : "this account", word, sizeof word);
        memcpy(to + length, word, strlen(word));
        length += strlen(word);
    }
    to[length] = '\0';
}

/* Tells of the first check of that kind that fails, and names the others. */
static int tell(const drv_checks *checks, const drv_findings *findings,
                const outfall_inspect_options *options, bool durable, outfall_error *error)
{
    char text[2 * OUTFALL_MESSAGE_MAX], others[96] = "";
    const char *last = "";
    size_t count = 0, length = 0;
    for (size_t i = 0; i < checks->count; i++) {
        const drv_check *check = &checks->list[i];
        if (((check->flags & DRV_CHECK_DURABLE) != 0) != durable ||
            passes(check, findings->values[i], options))
            continue;
        if (count++ == 0)
            spell(check, findings, findings->values[i], options, text, sizeof text);
        else if (strcmp(check->name, last) != 0 && length + strlen(check->name) + 3 < sizeof others)
            length += (size_t)snprintf(others + length, sizeof others - length, "%s%s",
                                       length > 0 ? ", " : "", check->name);
        last = check->name;
    }
    if (count == 0)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP, "%s%s%s%s%s",
                             text, durable ? "; or take the risk, by durability=allow" : "",
                             length > 0 ? " (also to be seen to: " : "", others,
                             length > 0 ? ")" : "");
}

int drv_check_judge(const drv_checks *checks, const drv_findings *findings,
                    const outfall_inspect_options *options, outfall_error *error)
{
    if (options->allowed != NULL)
        outfall_error_set(options->allowed, OUTFALL_OK, OUTFALL_ACTION_NONE, "%s", "");
    int status = tell(checks, findings, options, false, error);
    if (status != OUTFALL_OK)
        return status;
    if (options->allowed == NULL)
        return tell(checks, findings, options, true, error);
    (void)tell(checks, findings, options, true, options->allowed);
    return OUTFALL_OK;
}
