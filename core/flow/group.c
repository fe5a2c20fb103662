/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/group.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "txn/ledger.h"

int of_group_new(const char *id, of_group **out, outfall_error *error)
{
    *out = NULL;
    of_group *group = of_calloc(1, sizeof *group);
    char *copy = of_strdup(id);
    if (group == NULL || copy == NULL) {
        of_free(group);
        of_free(copy);
        return of_fail_nomem(error);
    }
    group->id = copy;
    group->sink = of_gid_sink(id, strlen(id));
    group->owner = of_ledger_owner();
    atomic_init(&group->references, 1);
    atomic_init(&group->close_by_us, INT64_MAX);
    group->limits.close_by_us = &group->close_by_us;
    of_eventcount_init(&group->changed);
    pthread_mutex_init(&group->mutex, NULL);
    *out = group;
    return OUTFALL_OK;
}

void of_group_retain(of_group *group)
{
    atomic_fetch_add_explicit(&group->references, 1, memory_order_relaxed);
}

void of_group_release(of_group *group)
{
    if (group == NULL)
        return;
    /* Acquire and release: whoever frees sees what every earlier holder did. */
    if (atomic_fetch_sub_explicit(&group->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < group->branch_count; i++)
        of_branch_free(&group->branches[i]);
    of_free(group->branches);
    of_free(group->feeds);
    of_eventcount_destroy(&group->changed);
    pthread_mutex_destroy(&group->mutex);
    of_free(group->id);
    of_free(group);
}

/* What the share's lanes hold now belongs to the checkpoint. */
static void set_barrier(of_share *share, uint64_t checkpoint)
{
    pthread_mutex_lock(&share->mutex);
    for (uint32_t i = 0; i < share->lane_count; i++)
        share->lanes[i]->barrier =
            atomic_load_explicit(&share->lanes[i]->accepted, memory_order_acquire);
    share->barrier = checkpoint;
    pthread_mutex_unlock(&share->mutex);
}

uint64_t of_group_request(of_group *group)
{
    uint64_t checkpoint = atomic_load_explicit(&group->ended, memory_order_acquire) + 1;
    pthread_mutex_lock(&group->mutex); /* One at a time. */
    if (atomic_load_explicit(&group->requested, memory_order_relaxed) >= checkpoint)
        checkpoint = 0;
    for (uint32_t i = 0; i < group->branch_count && checkpoint != 0; i++)
        for (uint32_t at = 0; at < group->branches[i].share_count; at++)
            set_barrier(group->branches[i].shares[at], checkpoint);
    if (checkpoint != 0)
        atomic_store_explicit(&group->requested, checkpoint, memory_order_release);
    pthread_mutex_unlock(&group->mutex);
    if (checkpoint == 0)
        return 0;
    of_eventcount_wake(&group->changed);
    for (uint32_t i = 0; i < group->feed_count; i++)
        of_feed_wake(group->feeds[i]);
    return checkpoint;
}

void of_group_fail(of_group *group, const outfall_error *error)
{
    pthread_mutex_lock(&group->mutex);
    bool first = atomic_load_explicit(&group->failed, memory_order_relaxed) == 0;
    if (first) {
        group->failure = *error;
        group->failure.action = OUTFALL_ACTION_STOP;
        atomic_store_explicit(&group->failed, error->status, memory_order_release);
    }
    pthread_mutex_unlock(&group->mutex);
    if (!first)
        return;
    for (uint32_t i = 0; i < group->feed_count; i++)
        of_feed_stop(group->feeds[i], &group->failure);
    of_eventcount_wake(&group->changed);
}

void of_group_abort(of_group *group, const outfall_error *why)
{
    outfall_error error;
    outfall_error_set(&error, OUTFALL_ERR_ABORTED, OUTFALL_ACTION_STOP,
                      "what was written since the last checkpoint of \"%.80s\" is rolled back: "
                      "%.240s; open it anew, and go on behind each writer's resume offset",
                      group->id, why->message);
    of_group_fail(group, why->status == OUTFALL_ERR_FENCED ? why : &error);
}

int of_group_check(of_group *group, outfall_error *error)
{
    /* Acquire: `failure` is written before, and never again. */
    if (atomic_load_explicit(&group->failed, memory_order_acquire) == 0)
        return OUTFALL_OK;
    return of_fail_copy(error, &group->failure);
}

bool of_group_is_sealed(of_group *group, uint64_t checkpoint)
{
    for (uint32_t i = 0; i < group->branch_count; i++)
        if (atomic_load_explicit(&group->branches[i].sealed_to, memory_order_acquire) < checkpoint)
            return false;
    return true;
}

void of_group_end(of_group *group, uint64_t checkpoint)
{
    atomic_store_explicit(&group->ended, checkpoint, memory_order_release);
    of_eventcount_wake(&group->changed);
    if (group->hold)
        for (uint32_t i = 0; i < group->feed_count; i++)
            of_feed_wake(group->feeds[i]);
}
