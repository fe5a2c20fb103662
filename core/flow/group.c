/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/group.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "txn/gid.h"
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
    atomic_init(&group->close_by_us, INT64_MAX);
    group->limits.close_by_us = &group->close_by_us;
    of_eventcount_init(&group->changed);
    pthread_mutex_init(&group->mutex, NULL);
    *out = group;
    return OUTFALL_OK;
}

void of_group_free(of_group *group)
{
    if (group == NULL)
        return;
    of_free(group->feeds);
    of_eventcount_destroy(&group->changed);
    pthread_mutex_destroy(&group->mutex);
    of_free(group->id);
    of_free(group);
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

void of_group_end(of_group *group, uint64_t checkpoint)
{
    atomic_store_explicit(&group->ended, checkpoint, memory_order_release);
    of_eventcount_wake(&group->changed);
    for (uint32_t i = 0; i < group->feed_count; i++)
        of_feed_wake(group->feeds[i]); /* Rows may have been held for it. */
}
