/* SPDX-License-Identifier: Apache-2.0 */
#include "base/freelist.h"

#include <outfall/error.h>

#include "base/alloc.h"

#define TAG_ONE (UINT64_C(1) << 32)
#define TAG_MASK (~(TAG_ONE - 1))

int of_freelist_init(of_freelist *list, uint32_t count)
{
    list->next = of_calloc(count, sizeof *list->next);
    if (list->next == NULL)
        return OUTFALL_ERR_NOMEM;
    list->count = count;
    for (uint32_t i = 0; i < count; i++)
        atomic_init(&list->next[i], i + 1 < count ? i + 2 : 0);
    atomic_init(&list->head, count > 0 ? 1 : 0);
    atomic_init(&list->available, count);
    return OUTFALL_OK;
}

void of_freelist_destroy(of_freelist *list)
{
    of_free(list->next);
    list->next = NULL;
}

uint32_t of_freelist_pop(of_freelist *list)
{
    uint64_t head = atomic_load_explicit(&list->head, memory_order_acquire);
    for (;;) {
        uint32_t top = (uint32_t)head;
        if (top == 0)
            return OF_FREELIST_NONE;
        uint32_t below = atomic_load_explicit(&list->next[top - 1], memory_order_relaxed);
        /* The tag changes with every exchange, so a top that was taken and came back in between
         * does not match. Acquire: what the slot's last user did happened before. */
        uint64_t want = ((head & TAG_MASK) + TAG_ONE) | below;
        if (atomic_compare_exchange_weak_explicit(&list->head, &head, want, memory_order_acquire,
                                                  memory_order_acquire)) {
            atomic_fetch_sub_explicit(&list->available, 1, memory_order_relaxed);
            return top - 1;
        }
    }
}

void of_freelist_push(of_freelist *list, uint32_t number)
{
    uint64_t head = atomic_load_explicit(&list->head, memory_order_relaxed);
    uint64_t want;
    atomic_fetch_add_explicit(&list->available, 1, memory_order_relaxed);
    do {
        atomic_store_explicit(&list->next[number], (uint32_t)head, memory_order_relaxed);
        want = ((head & TAG_MASK) + TAG_ONE) | (number + 1);
        /* Release: hands over the slot, and `next` with it. */
    } while (!atomic_compare_exchange_weak_explicit(&list->head, &head, want, memory_order_release,
                                                    memory_order_relaxed));
}

uint32_t of_freelist_available(const of_freelist *list)
{
    return atomic_load_explicit(&list->available, memory_order_relaxed);
}
