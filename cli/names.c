/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

void of_names_clear(of_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    free(names->lengths);
    memset(names, 0, sizeof *names);
}

/* Both arrays are made at their full size: 1,600 pointers are cheaper than growing with care. */
static int reserve(of_names *names)
{
    if (names->names == NULL)
        names->names = calloc(OF_COLUMNS_MAX, sizeof names->names[0]);
    if (names->lengths == NULL)
        names->lengths = calloc(OF_COLUMNS_MAX, sizeof names->lengths[0]);
    return names->names != NULL && names->lengths != NULL ? 0 : -1;
}

int of_names_add(of_names *names, const char *name, size_t length)
{
    char *copy;

    if (reserve(names) != 0 || names->count == OF_COLUMNS_MAX)
        return -1;
    copy = malloc(length + 1);
    if (copy == NULL)
        return -1;
    if (length > 0)
        memcpy(copy, name, length);
    copy[length] = '\0';
    names->names[names->count] = copy;
    names->lengths[names->count] = length;
    names->count++;
    return 0;
}

size_t of_names_find(const of_names *names, const char *name, size_t length, size_t hint)
{
    for (size_t step = 0; step < names->count; step++) {
        size_t i = hint + step;
        i -= i >= names->count ? names->count : 0;
        if (i < names->count && names->lengths[i] == length &&
            memcmp(names->names[i], name, length) == 0)
            return i;
    }
    return names->count;
}
