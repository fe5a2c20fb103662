/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/message.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int64_t drv_my_message_row(const char *message, uint64_t rows)
{
    static const char mark[] = " at row ";
    const char *found = NULL;
    for (const char *at = message; (at = strstr(at, mark)) != NULL; at += sizeof mark - 1)
        found = at; /* The last: a value that is quoted may hold the words too. */
    if (found == NULL)
        return -1;
    uint64_t number = strtoull(found + sizeof mark - 1, NULL, 10);
    return number >= 1 && number <= rows ? (int64_t)number - 1 : -1;
}

/* The last part of a quoted name, 'a' or `d`.`t`.`a`; sets its length. */
static const char *last_name(const char *at, size_t *length)
{
    const char *name = NULL;
    while (*at == '\'' || *at == '`') {
        const char *end = strchr(at + 1, *at);
        if (end == NULL)
            break;
        name = at + 1;
        *length = (size_t)(end - name);
        at = end + 1;
        if (*at == '.')
            at++;
    }
    return name;
}

static const char *match(const char *name, size_t length, const outfall_column *columns,
                         uint32_t count)
{
    for (uint32_t i = 0; name != NULL && i < count; i++)
        if (strlen(columns[i].name) == length && strncasecmp(columns[i].name, name, length) == 0)
            return columns[i].name;
    return NULL;
}

const char *drv_my_message_column(const char *message, const outfall_column *columns,
                                  uint32_t count)
{
    static const char *const marks[] = {"olumn ", "Field ", "FOREIGN KEY ("};
    const char *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof marks / sizeof marks[0]; i++) {
        for (const char *at = message; (at = strstr(at, marks[i])) != NULL;) {
            size_t length = 0;
            at += strlen(marks[i]);
            const char *name = last_name(at, &length);
            const char *column = match(name, length, columns, count);
            if (column != NULL)
                found = column; /* The last: a value may look like this too. */
        }
    }
    return found;
}
