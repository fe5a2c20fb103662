/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_CAPACITY_MIN 256

/* Makes room for `more` bytes and the NUL. Returns 0 where that failed, now or earlier. */
static int reserve(drv_text *text, size_t more)
{
    if (text->failed)
        return 0;
    if (more >= SIZE_MAX / 2 - text->length) {
        text->failed = 1;
        return 0;
    }
    size_t needed = text->length + more + 1;
    if (needed <= text->capacity)
        return 1;
    size_t capacity = text->capacity > 0 ? text->capacity : TEXT_CAPACITY_MIN;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = 1;
        return 0;
    }
    text->data = data;
    text->capacity = capacity;
    return 1;
}

void drv_text_add(drv_text *text, const char *string)
{
    drv_text_add_bytes(text, string, strlen(string));
}

void drv_text_add_bytes(drv_text *text, const char *bytes, size_t length)
{
    if (!reserve(text, length))
        return;
    if (length > 0)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void drv_text_format(drv_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        text->failed = 1;
    else if (reserve(text, (size_t)length)) {
        va_start(arguments, format);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
        va_end(arguments);
        text->length += (size_t)length;
    }
}

void drv_text_clear(drv_text *text)
{
    text->length = 0;
    text->failed = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void drv_text_free(drv_text *text)
{
    free(text->data);
    memset(text, 0, sizeof *text);
}

char *drv_text_take(drv_text *from)
{
    char *data = from->failed ? NULL : from->data;
    if (data != NULL)
        memset(from, 0, sizeof *from);
    drv_text_free(from);
    return data;
}

void drv_text_line(const char *from, char *to, size_t capacity)
{
    size_t length = 0;
    for (; *from != '\0' && length + 1 < capacity; from++) {
        int blank = *from == '\n' || *from == '\r' || *from == '\t' || *from == ' ';
        if (!blank)
            to[length++] = *from;
        else if (length > 0 && to[length - 1] != ' ')
            to[length++] = ' ';
    }
    if (((unsigned char)*from & 0xC0) == 0x80) { /* Cut within a character: it goes whole. */
        while (length > 0 && ((unsigned char)to[length - 1] & 0xC0) == 0x80)
            length--;
        length -= length > 0;
    }
    while (length > 0 && to[length - 1] == ' ')
        length--;
    to[length] = '\0';
}
