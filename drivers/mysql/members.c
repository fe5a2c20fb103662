/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/members.h"

#include <stdlib.h>
#include <string.h>

int drv_my_members_read(const char *column_type, drv_my_members *out)
{
    *out = (drv_my_members){.set = strncmp(column_type, "set(", 4) == 0};
    const char *at = strchr(column_type, '(');
    if (at == NULL || (!out->set && strncmp(column_type, "enum(", 5) != 0))
        return 0;
    out->text = malloc(strlen(at) + 1);
    if (out->text == NULL)
        return 0;
    char *to = out->text;
    for (at++; *at == '\''; at += *at == ',') {
        for (at++; *at != '\0' && (*at != '\'' || at[1] == '\''); at++) {
            if (*at == '\'')
                at++; /* Doubled. */
            *to++ = *at;
        }
        *to++ = '\0';
        out->count++;
        at += *at == '\'';
    }
    return *at == ')';
}

void drv_my_members_free(drv_my_members *members)
{
    free(members->text);
    *members = (drv_my_members){0};
}

static bool has_one(const drv_my_members *members, const char *value, size_t length)
{
    const char *member = members->text;
    for (size_t i = 0; i < members->count; i++) {
        size_t size = strlen(member);
        if (size == length && memcmp(member, value, length) == 0)
            return true;
        member += size + 1;
    }
    return false;
}

bool drv_my_members_have(const drv_my_members *members, const char *value, size_t length)
{
    if (!members->set)
        return has_one(members, value, length);
    while (length > 0) {
        const char *comma = memchr(value, ',', length);
        size_t size = comma != NULL ? (size_t)(comma - value) : length;
        if (!has_one(members, value, size))
            return false;
        size += comma != NULL;
        value += size;
        length -= size;
        if (comma != NULL && length == 0)
            return false; /* Ends with a comma. */
    }
    return true;
}
