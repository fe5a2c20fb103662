/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/branches.h"

#include "base/alloc.h"

void of_branches_free(of_branches *branches)
{
    for (uint32_t i = 0; i < branches->count; i++)
        of_branch_free(&branches->all[i]);
    of_free(branches->all);
    *branches = (of_branches){NULL, 0};
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

uint64_t of_branches_request(of_branches *branches, of_group *group)
{
    uint64_t checkpoint = atomic_load_explicit(&group->ended, memory_order_acquire) + 1;
    pthread_mutex_lock(&group->mutex); /* One at a time. */
    if (atomic_load_explicit(&group->requested, memory_order_relaxed) >= checkpoint)
        checkpoint = 0;
    for (uint32_t i = 0; i < branches->count && checkpoint != 0; i++)
        for (uint32_t at = 0; at < branches->all[i].share_count; at++)
            set_barrier(branches->all[i].shares[at], checkpoint);
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

bool of_branches_are_sealed(const of_branches *branches, uint64_t checkpoint)
{
    for (uint32_t i = 0; i < branches->count; i++)
        if (atomic_load_explicit(&branches->all[i].sealed_to, memory_order_acquire) < checkpoint)
            return false;
    return true;
}

bool of_branches_are_quiet(const of_branches *branches)
{
    for (uint32_t i = 0; i < branches->count; i++)
        if (atomic_load_explicit(&branches->all[i].open, memory_order_acquire))
            return false;
    return true;
}
