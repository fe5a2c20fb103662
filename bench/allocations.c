/* SPDX-License-Identifier: Apache-2.0 */
#include "allocations.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#endif

#if defined __GLIBC__ && !defined SANITIZED

static atomic_int counting;
static atomic_int_fast64_t calls;

/* glibc's own functions, by the names that it keeps for this use. */
void *libc_malloc(size_t bytes) __asm__("__libc_malloc");
void *libc_calloc(size_t count, size_t bytes) __asm__("__libc_calloc");
void *libc_realloc(void *memory, size_t bytes) __asm__("__libc_realloc");
void *libc_memalign(size_t alignment, size_t bytes) __asm__("__libc_memalign");

static void count_one(void)
{
    if (atomic_load_explicit(&counting, memory_order_relaxed))
        atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

/* Visible, so that the libraries' calls come here as well. */
#define INTERPOSED __attribute__((visibility("default")))

INTERPOSED void *malloc(size_t bytes)
{
    count_one();
    return libc_malloc(bytes);
}

INTERPOSED void *calloc(size_t count, size_t bytes)
{
    count_one();
    return libc_calloc(count, bytes);
}

INTERPOSED void *realloc(void *memory, size_t bytes)
{
    count_one();
    return libc_realloc(memory, bytes);
}

INTERPOSED void *aligned_alloc(size_t alignment, size_t bytes)
{
    count_one();
    return libc_memalign(alignment, bytes);
}

void allocations_count(int on)
{
    atomic_store_explicit(&counting, on, memory_order_relaxed);
}

int64_t allocations_so_far(void)
{
    return atomic_load_explicit(&calls, memory_order_relaxed);
}

#else

void allocations_count(int on)
{
    (void)on;
}

int64_t allocations_so_far(void)
{
    return -1;
}

#endif
