/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/slots.h"

#include <string.h>

#include <outfall/error.h>

#include "base/alloc.h"

int of_slots_init(of_slots *slots, uint32_t count)
{
    memset(slots, 0, sizeof *slots);
    slots->slot = of_alloc_aligned(_Alignof(of_slot), count * sizeof *slots->slot);
    if (slots->slot == NULL || of_freelist_init(&slots->free, count) != OUTFALL_OK ||
        of_freelist_init(&slots->idle, count) != OUTFALL_OK) {
        of_slots_destroy(slots);
        return OUTFALL_ERR_NOMEM;
    }
    memset(slots->slot, 0, count * sizeof *slots->slot);
    slots->count = count;
    for (uint32_t i = 0; i < count; i++) {
        slots->slot[i].number = i;
        atomic_init(&slots->slot[i].state, OF_SLOT_FREE);
        atomic_init(&slots->slot[i].expires_us, INT64_MAX);
    }
    while (of_freelist_pop(&slots->idle) != OF_FREELIST_NONE)
        ; /* It begins full; nothing is idle yet. */
    return OUTFALL_OK;
}

void of_slots_destroy(of_slots *slots)
{
    of_freelist_destroy(&slots->idle);
    of_freelist_destroy(&slots->free);
    of_free(slots->slot);
    slots->slot = NULL;
}

/* Acquire and release: the connection, which is a plain field, goes along with the state. */
static bool change(of_slot *slot, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(&slot->state, &from, to, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* After its entry was popped. True: leased. */
static bool lease_popped(of_slots *slots, of_slot *slot, int64_t now_us, bool *freed)
{
    /* First: who sees it leased sees since when. It is ours to write as long as we hold its entry.
     */
    atomic_store_explicit(&slot->leased_us, now_us, memory_order_relaxed);
    for (;;) {
        switch (atomic_load_explicit(&slot->state, memory_order_acquire)) {
        case OF_SLOT_IDLE:
            if (change(slot, OF_SLOT_IDLE, OF_SLOT_LEASED))
                return true;
            break;
        case OF_SLOT_CLAIMED:
            if (change(slot, OF_SLOT_CLAIMED, OF_SLOT_UNLISTED))
                return false;
            break;
        default: /* DEAD: no other state has an entry. */
            if (change(slot, OF_SLOT_DEAD, OF_SLOT_FREE)) {
                of_freelist_push(&slots->free, slot->number);
                *freed = true;
                return false;
            }
            break;
        }
    }
}

of_slot *of_slots_take_idle(of_slots *slots, int64_t now_us, bool *freed)
{
    uint32_t number;
    *freed = false;
    while ((number = of_freelist_pop(&slots->idle)) != OF_FREELIST_NONE)
        if (lease_popped(slots, &slots->slot[number], now_us, freed))
            return &slots->slot[number];
    return NULL;
}

of_slot *of_slots_take_free(of_slots *slots)
{
    uint32_t number = of_freelist_pop(&slots->free);
    if (number == OF_FREELIST_NONE)
        return NULL;
    atomic_store_explicit(&slots->slot[number].state, OF_SLOT_OPENING, memory_order_relaxed);
    return &slots->slot[number];
}

of_slot *of_slots_claim_empty(of_slots *slots)
{
    of_slot *slot = of_slots_take_free(slots);
    if (slot != NULL) {
        atomic_store_explicit(&slot->state, OF_SLOT_UNLISTED, memory_order_relaxed);
        return slot;
    }
    for (uint32_t i = 0; i < slots->count; i++)
        if (of_slot_state_of(&slots->slot[i]) == OF_SLOT_DEAD &&
            change(&slots->slot[i], OF_SLOT_DEAD, OF_SLOT_CLAIMED))
            return &slots->slot[i];
    return NULL;
}

void of_slots_put_idle(of_slots *slots, of_slot *slot)
{
    /* Release: a keeper may claim it from here on, before it is in the stack. */
    atomic_store_explicit(&slot->state, OF_SLOT_IDLE, memory_order_release);
    of_freelist_push(&slots->idle, slot->number);
}

void of_slots_put_free(of_slots *slots, of_slot *slot)
{
    atomic_store_explicit(&slot->state, OF_SLOT_FREE, memory_order_relaxed);
    of_freelist_push(&slots->free, slot->number);
}

bool of_slot_claim(of_slot *slot)
{
    return change(slot, OF_SLOT_IDLE, OF_SLOT_CLAIMED);
}

bool of_slot_unclaim(of_slot *slot)
{
    return change(slot, OF_SLOT_CLAIMED, OF_SLOT_IDLE);
}

void of_slots_bury(of_slots *slots, of_slot *slot)
{
    if (!change(slot, OF_SLOT_CLAIMED, OF_SLOT_DEAD))
        of_slots_put_free(slots, slot);
}

static bool is_open(const of_slot *slot)
{
    uint32_t state = of_slot_state_of(slot);
    return state != OF_SLOT_FREE && state != OF_SLOT_DEAD;
}

uint32_t of_slots_count_open(const of_slots *slots)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < slots->count; i++)
        open += is_open(&slots->slot[i]);
    return open;
}

uint32_t of_slots_count_lasting(const of_slots *slots, int64_t until_us)
{
    uint32_t lasting = 0;
    for (uint32_t i = 0; i < slots->count; i++)
        lasting +=
            is_open(&slots->slot[i]) &&
            atomic_load_explicit(&slots->slot[i].expires_us, memory_order_relaxed) > until_us;
    return lasting;
}
