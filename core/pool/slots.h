/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool's places for connections. Each slot has one owner, who alone touches its connection; which
 * slots are idle, and which are free, are two lock-free stacks. Any thread; nothing here blocks.
 *
 * A keeper may claim an idle slot where it lies in the stack, to check or close its connection:
 * the stack's entry stays, and who pops it meanwhile leaves the slot to the keeper.
 */
#ifndef OF_POOL_SLOTS_H
#define OF_POOL_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "base/freelist.h"

enum of_slot_state {
    OF_SLOT_FREE = 0, /* No connection; in the stack of free slots. */
    OF_SLOT_OPENING,  /* Its owner connects. */
    OF_SLOT_IDLE,     /* In the stack of idle ones, or about to be. */
    OF_SLOT_LEASED,
    OF_SLOT_CLAIMED,  /* The keeper's, its entry in the stack of idle ones. */
    OF_SLOT_UNLISTED, /* The keeper's, its entry was popped meanwhile. */
    OF_SLOT_DEAD      /* No connection, but an entry: who pops that frees the slot. */
};

typedef struct of_slot {
    _Alignas(64) atomic_uint state;
    uint32_t number;
    outfall_connection *connection; /* Its owner's. */
    /* Written by owners, read by anyone. Times are in microseconds on the monotonic clock. */
    atomic_int_fast64_t leased_us;
    atomic_int_fast64_t used_us;    /* Given back, or opened. */
    atomic_int_fast64_t checked_us; /* 0: never. */
    atomic_int_fast64_t expires_us; /* INT64_MAX where there is no connection yet. */
    atomic_int_fast64_t early_us;   /* See of_health_early_us. */
    atomic_uint_fast64_t busy_us;   /* Time on lease, until the last return. */
    atomic_uint_fast64_t leases;
    atomic_uint_fast64_t leak;   /* The lease that was reported as held too long. */
    atomic_uint_fast64_t ticket; /* Of a lease by the public interface; 0: none. */
    atomic_int holder;           /* The thread that leased it, as the system numbers them. */
} of_slot;

typedef struct of_slots {
    of_slot *slot;
    uint32_t count;
    of_freelist free;
    of_freelist idle;
} of_slots;

int of_slots_init(of_slots *slots, uint32_t count);
void of_slots_destroy(of_slots *slots);

/*
 * The slot used last that is idle, LEASED from now on; NULL where there is none. *freed is set
 * where slots became free on the way: whoever waits for one has to be told.
 */
of_slot *of_slots_take_idle(of_slots *slots, int64_t now_us, bool *freed);

/* A free slot, OPENING now; NULL where there is none. */
of_slot *of_slots_take_free(of_slots *slots);

/* For the keeper: a free slot, UNLISTED now, or a dead one, CLAIMED; NULL where there is neither.
 */
of_slot *of_slots_claim_empty(of_slots *slots);

/* How many have a connection, or are to have one. */
uint32_t of_slots_count_open(const of_slots *slots);

/* Of those, the ones whose connection does not end by until_us. */
uint32_t of_slots_count_lasting(const of_slots *slots, int64_t until_us);

/* The owner's: makes it idle, or free. Not for a slot that is CLAIMED. */
void of_slots_put_idle(of_slots *slots, of_slot *slot);
void of_slots_put_free(of_slots *slots, of_slot *slot);

/* The keeper's: takes an idle slot out of use. False: somebody else has it. */
bool of_slot_claim(of_slot *slot);

/* Ends a claim: idle again. False: its entry is gone and the slot is the caller's to give on. */
bool of_slot_unclaim(of_slot *slot);

/* Ends a claim on a slot whose connection was closed, or was not opened. */
void of_slots_bury(of_slots *slots, of_slot *slot);

static inline uint32_t of_slot_state_of(const of_slot *slot)
{
    return atomic_load_explicit(&slot->state, memory_order_relaxed);
}

#endif
