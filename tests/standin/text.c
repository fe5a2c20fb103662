/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sti_resize(void *old, size_t bytes)
{
    void *block = realloc(old, bytes ? bytes : 1);
    if (!block)
        abort();
    return block;
}

char *sti_copy(const char *data, size_t length)
{
    char *copy = sti_resize(NULL, length + 1);
    memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

void sti_text_add(struct sti_text *text, const char *data, size_t length)
{
    if (text->length + length + 1 > text->capacity) {
        text->capacity = 2 * text->capacity + length + 64;
        text->data = sti_resize(text->data, text->capacity);
    }
    if (length)
        memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void sti_text_puts(struct sti_text *text, const char *string)
{
    sti_text_add(text, string, strlen(string));
}

void sti_text_format(struct sti_text *text, const char *format, ...)
{
    char piece[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof piece)
        abort(); /* Only short texts are formatted. */
    sti_text_add(text, piece, (size_t)length);
}

void sti_text_free(struct sti_text *text)
{
    free(text->data);
    memset(text, 0, sizeof *text);
}

void sti_text_quote(struct sti_text *text, const char *string, char quote)
{
    sti_text_add(text, &quote, 1);
    for (; *string; string++) {
        if (*string == quote)
            sti_text_add(text, &quote, 1);
        sti_text_add(text, string, 1);
    }
    sti_text_add(text, &quote, 1);
}
