/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows. Tests only: running out of memory aborts. */
#ifndef STI_TEXT_H
#define STI_TEXT_H

#include <stddef.h>

struct sti_text {
    char *data; /* NUL-terminated; never NULL after the first add. */
    size_t length, capacity;
};

void sti_text_add(struct sti_text *text, const char *data, size_t length);
void sti_text_puts(struct sti_text *text, const char *string);
__attribute__((format(printf, 2, 3))) void sti_text_format(struct sti_text *text,
                                                           const char *format, ...);
void sti_text_free(struct sti_text *text);

/* Adds `string` between `quote` characters, those in it doubled. */
void sti_text_quote(struct sti_text *text, const char *string, char quote);

/* malloc, realloc (of NULL too) and strdup that do not fail. */
void *sti_resize(void *old, size_t bytes);
char *sti_copy(const char *data, size_t length);

#endif
