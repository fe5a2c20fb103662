/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the library goes through here: it is counted, and tests make it fail. */
#ifndef OF_BASE_ALLOC_H
#define OF_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

void *of_alloc(size_t bytes);
void *of_calloc(size_t count, size_t bytes);
void *of_alloc_aligned(size_t alignment, size_t bytes); /* Freed by of_free. */
void *of_realloc(void *memory, size_t bytes);
char *of_strdup(const char *text);
char *of_strndup(const char *text, size_t length);
void of_free(void *memory); /* NULL is legal. */

/* Page-aligned memory, zeroed and touched, so that no page fault comes later. */
void *of_alloc_pages(size_t bytes);
void of_free_pages(void *memory, size_t bytes);

/* Allocations since the process started. */
uint64_t of_alloc_count(void);

/* Makes allocation number `nth` from now (1 is the next) and all later ones fail; 0: none. */
void of_alloc_fail_from(uint64_t nth);

#endif
