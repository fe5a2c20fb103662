/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_uint_fast64_t allocations;
static atomic_uint_fast64_t fail_from; /* 0: never. */

static int refused(void)
{
    uint64_t number = atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed) + 1;
    uint64_t limit = atomic_load_explicit(&fail_from, memory_order_relaxed);
    return limit != 0 && number >= limit;
}

void *of_alloc(size_t bytes)
{
    return refused() ? NULL : malloc(bytes);
}

void *of_calloc(size_t count, size_t bytes)
{
    return refused() ? NULL : calloc(count, bytes);
}

void *of_alloc_aligned(size_t alignment, size_t bytes)
{
    return refused() ? NULL
                     : aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void *of_realloc(void *memory, size_t bytes)
{
    return refused() ? NULL : realloc(memory, bytes);
}

char *of_strndup(const char *text, size_t length)
{
    char *copy = of_alloc(length + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *of_strdup(const char *text)
{
    return of_strndup(text, strlen(text));
}

void of_free(void *memory)
{
    free(memory);
}

void *of_alloc_pages(size_t bytes)
{
    if (refused())
        return NULL;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void of_free_pages(void *memory, size_t bytes)
{
    if (memory != NULL)
        munmap(memory, bytes);
}

uint64_t of_alloc_count(void)
{
    return atomic_load_explicit(&allocations, memory_order_relaxed);
}

void of_alloc_fail_from(uint64_t nth)
{
    atomic_store_explicit(&fail_from, nth == 0 ? 0 : of_alloc_count() + nth, memory_order_relaxed);
}
