/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/context.h"

#include <stdlib.h>
#include <string.h>

/* The text after "COPY relation, " where the line begins so, else NULL. */
static const char *after_relation(const char *line, const char *relation)
{
    size_t length = strlen(relation);
    if (strncmp(line, "COPY ", 5) != 0 || strncmp(line + 5, relation, length) != 0 ||
        strncmp(line + 5 + length, ", ", 2) != 0)
        return NULL;
    return line + 5 + length + 2;
}

int64_t drv_pg_context_row(const char *context, const char *relation, uint64_t rows)
{
    int64_t row = -1;
    for (const char *line = context; line != NULL;) {
        const char *at = after_relation(line, relation);
        if (at != NULL) {
            at += strcspn(at, "0123456789\n");
            uint64_t number = *at >= '0' && *at <= '9' ? strtoull(at, NULL, 10) : 0;
            if (number >= 1 && number <= rows)
                row = (int64_t)number - 1; /* The outermost COPY, which is ours, stands last. */
        }
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return row;
}

const char *drv_pg_context_column(const char *context, const outfall_column *columns,
                                  uint32_t count)
{
    const char *found = context != NULL ? strstr(context, ", column ") : NULL;
    if (found == NULL)
        return NULL;
    found += strlen(", column ");
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(columns[i].name);
        if (strncmp(found, columns[i].name, length) == 0 &&
            (found[length] == '\0' || found[length] == ':' || found[length] == '\n'))
            return columns[i].name;
    }
    return NULL;
}
