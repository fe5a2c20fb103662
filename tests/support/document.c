/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *const document_actions[] = {"none", "RETRY", "RESTART", "ROW", "RESOLVE", "STOP"};

const char *document_read(const char *path)
{
    static char text[65536];
    char whole[1024];
    const char *source = getenv("OUTFALL_SOURCE");
    snprintf(whole, sizeof whole, "%s/%s", source != NULL ? source : ".", path);
    FILE *file = fopen(whole, "re");
    size_t length = 0;
    if (file != NULL) {
        length = fread(text, 1, sizeof text - 1, file);
        fclose(file);
    }
    text[length] = '\0';
    if (length == 0 || length == sizeof text - 1)
        fail_msg("%s %s", whole,
                 length > 0 ? "is larger than is read of it"
                            : "cannot be read: run this in the source tree, or set OUTFALL_SOURCE");
    return text;
}

void document_expect_table(const char *path, const char *head, const char *lines)
{
    const char *table = strstr(document_read(path), head);
    size_t length = strlen(lines);
    if (table == NULL)
        fail_msg("%s has no table with the head %s", path, head);
    else if (strncmp(table + strlen(head), lines, length) != 0 ||
             table[strlen(head) + length] == '|') {
        fputs(lines, stdout); /* More than a failure's message holds. */
        fflush(stdout);
        fail_msg("%s must have this table", path);
    }
}
