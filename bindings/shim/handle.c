/* SPDX-License-Identifier: Apache-2.0 */
#include "handle.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"

#define GENERATION_MAX 0x7fffffffu /* A handle is above 0. */

typedef struct of_shim_slot {
    void *object;
    int64_t *parents;
    size_t parent_count;
    uint32_t generation;
    uint32_t forks; /* Of the process that made it. */
    uint32_t users; /* Calls inside. */
    uint32_t holds; /* Of a sink: transactions that it is in. */
    int kind;       /* OF_SHIM_NONE: free. */
    bool closing;
} of_shim_slot;

/* One lock: it is held for some loads and stores a call, and a call is for many rows. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left; /* Of CLOCK_MONOTONIC. */
static of_shim_slot *slots;
static uint32_t slot_count;
static uint32_t next_free; /* Where the search for a free one begins. */
static uint32_t forks;

/* ---- Fork ------------------------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&mutex);
}

static void make_condition(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&left, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void in_child(void)
{
    forks++;
    make_condition(); /* Its waiters do not exist here. */
    after_fork();
}

__attribute__((constructor)) static void watch_forks(void)
{
    make_condition();
    pthread_atfork(before_fork, after_fork, in_child);
}

/* ---- The table, under the mutex ---------------------------------------------------- */

static const char *kind_name(int kind)
{
    static const char *const names[] = {"handle", "sink", "writer", "transaction"};
    return names[kind];
}

static int64_t handle_of(const of_shim_slot *slot)
{
    return (int64_t)slot->generation << 32 | (int64_t)(slot - slots);
}

/* The slot that a handle names, whatever its state; NULL: it was closed, or never was one. */
static of_shim_slot *find(int64_t handle)
{
    uint32_t index = (uint32_t)handle;
    if (handle <= 0 || index >= slot_count || slots[index].kind == OF_SHIM_NONE ||
        slots[index].generation != (uint32_t)(handle >> 32))
        return NULL;
    return &slots[index];
}

/* Whether a call may begin. */
static int check(int64_t handle, int kind, of_shim_slot **out)
{
    of_shim_slot *slot = *out = find(handle);
    if (handle <= 0)
        return of_shim_fail(OUTFALL_ERR_INVALID, "there is no %s: the handle is none",
                            kind_name(kind));
    if (slot == NULL)
        return of_shim_fail(OUTFALL_ERR_CLOSED, "the %s has been closed", kind_name(kind));
    if (slot->kind != kind)
        return of_shim_fail(OUTFALL_ERR_INVALID, "the handle is a %s's, not a %s's",
                            kind_name(slot->kind), kind_name(kind));
    if (slot->forks != forks)
        return of_shim_fail(OUTFALL_ERR_CLOSED,
                            "the %s belongs to the parent process: open one after fork",
                            kind_name(kind));
    const of_shim_slot *sink = kind == OF_SHIM_WRITER ? find(slot->parents[0]) : slot;
    if (slot->closing || sink == NULL || sink->closing)
        return of_shim_fail(OUTFALL_ERR_CLOSED, "the %s is being closed", kind_name(kind));
    return OUTFALL_OK;
}

/* A free slot; NULL: no memory, or OF_SHIM_HANDLES_MAX are in use. */
static of_shim_slot *take_slot(void)
{
    for (uint32_t i = next_free; i < slot_count; i++)
        if (slots[i].kind == OF_SHIM_NONE) {
            next_free = i + 1;
            return &slots[i];
        }
    uint32_t count = slot_count == 0 ? 64 : slot_count * 2;
    if (count > OF_SHIM_HANDLES_MAX)
        return NULL;
    of_shim_slot *more = realloc(slots, count * sizeof *slots);
    if (more == NULL)
        return NULL;
    memset(more + slot_count, 0, (count - slot_count) * sizeof *more);
    slots = more;
    of_shim_slot *slot = &slots[slot_count];
    next_free = slot_count + 1;
    slot_count = count;
    return slot;
}

static void free_slot(of_shim_slot *slot)
{
    for (size_t i = 0; slot->kind == OF_SHIM_TXN && i < slot->parent_count; i++) {
        of_shim_slot *sink = find(slot->parents[i]);
        if (sink != NULL)
            sink->holds--;
    }
    free(slot->parents);
    uint32_t generation = slot->generation;
    memset(slot, 0, sizeof *slot);
    slot->generation = generation;
    if ((uint32_t)(slot - slots) < next_free)
        next_free = (uint32_t)(slot - slots);
}

/* Waits for a call to end; false: the deadline has passed. */
static bool wait_left(const struct timespec *deadline)
{
    return pthread_cond_timedwait(&left, &mutex, deadline) == 0;
}

static struct timespec deadline_in(uint32_t timeout_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* ---- Calls ------------------------------------------------------------------------ */

/* As of_shim_add, under the mutex. */
static int64_t add(int kind, void *object, const int64_t *parents, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        of_shim_slot *parent;
        int status = check(parents[i], OF_SHIM_SINK, &parent);
        if (status != OUTFALL_OK)
            return status;
    }
    of_shim_slot *slot = take_slot();
    if (slot == NULL)
        return of_shim_fail(OUTFALL_ERR_FULL, "too many handles are open: close some");
    slot->parents = count > 0 ? calloc(count, sizeof *slot->parents) : NULL;
    if (count > 0 && slot->parents == NULL) {
        free_slot(slot);
        return of_shim_fail(OUTFALL_ERR_NOMEM, "memory could not be had for a handle");
    }
    for (size_t i = 0; i < count; i++) {
        slot->parents[i] = parents[i];
        find(parents[i])->holds += kind == OF_SHIM_TXN;
    }
    slot->object = object;
    slot->parent_count = count;
    slot->generation = slot->generation % GENERATION_MAX + 1;
    slot->forks = forks;
    slot->kind = kind;
    return handle_of(slot);
}

int64_t of_shim_add(int kind, void *object, const int64_t *parents, size_t parent_count)
{
    pthread_mutex_lock(&mutex);
    int64_t handle = add(kind, object, parents, parent_count);
    pthread_mutex_unlock(&mutex);
    return handle;
}

/* As of_shim_enter, under the mutex. A wait may move the table. */
static int enter(int64_t handle, int kind, uint32_t wait_ms, void **object)
{
    of_shim_slot *slot;
    struct timespec deadline = deadline_in(wait_ms);
    int status = check(handle, kind, &slot);
    while (status == OUTFALL_OK && kind == OF_SHIM_WRITER && slot->users > 0) {
        if (wait_ms == 0 || !wait_left(&deadline))
            return of_shim_fail(OUTFALL_ERR_FULL, "another thread is inside the writer: wait for "
                                                  "it, or open a writer for each thread");
        status = check(handle, kind, &slot);
    }
    if (status != OUTFALL_OK)
        return status;
    slot->users++;
    if (kind == OF_SHIM_WRITER)
        find(slot->parents[0])->users++;
    *object = slot->object;
    return OUTFALL_OK;
}

int of_shim_enter(int64_t handle, int kind, uint32_t wait_ms, void **object)
{
    *object = NULL;
    pthread_mutex_lock(&mutex);
    int status = enter(handle, kind, wait_ms, object);
    pthread_mutex_unlock(&mutex);
    return status;
}

void of_shim_leave(int64_t handle)
{
    pthread_mutex_lock(&mutex);
    of_shim_slot *slot = find(handle); /* There: who is inside keeps it. */
    slot->users--;
    if (slot->kind == OF_SHIM_WRITER)
        find(slot->parents[0])->users--;
    pthread_cond_broadcast(&left);
    pthread_mutex_unlock(&mutex);
}

/* As of_shim_shut, under the mutex. */
static int shut(int64_t handle, int kind, uint32_t timeout_ms, void **object)
{
    of_shim_slot *slot;
    struct timespec deadline = deadline_in(timeout_ms);
    int status = check(handle, kind, &slot);
    if (status != OUTFALL_OK)
        return status;
    if (slot->holds > 0)
        return of_shim_fail(OUTFALL_ERR_INVALID,
                            "the sink is in a transaction that is open: close that first");
    slot->closing = true;
    while (slot->users > 0) {
        bool in_time = timeout_ms > 0 && wait_left(&deadline);
        slot = find(handle); /* The table may have moved. */
        if (!in_time && slot->users > 0) {
            slot->closing = false;
            return of_shim_fail(OUTFALL_ERR_TIMEOUT,
                                "another thread is still inside a call on the %s: it stays open",
                                kind_name(kind));
        }
    }
    *object = slot->object;
    return OUTFALL_OK;
}

int of_shim_shut(int64_t handle, int kind, uint32_t timeout_ms, void **object)
{
    *object = NULL;
    pthread_mutex_lock(&mutex);
    int status = shut(handle, kind, timeout_ms, object);
    pthread_mutex_unlock(&mutex);
    return status;
}

void of_shim_remove(int64_t handle)
{
    pthread_mutex_lock(&mutex);
    for (uint32_t i = 0; i < slot_count; i++)
        if (slots[i].kind == OF_SHIM_WRITER && slots[i].parents[0] == handle)
            free_slot(&slots[i]);
    free_slot(find(handle));
    pthread_mutex_unlock(&mutex);
}
