/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/fork.h"
#include "sink/arbiter.h"
#include "sink/txn.h"
#include "txn/committable.h"
#include "txn/ledger.h"

#define ID_BYTES_MAX 255
#define RESOURCES_MAX 1000

/* What outfall_txn_open has to go by. */
typedef struct of_joining {
    outfall_sink *const *sinks;
    size_t count;
    const outfall_txn_options *options;
    outfall_txn *txn;
    of_resource *home; /* Whose lines hold the epochs; the decision too, if that is the home's. */
    int64_t give_up_us;
} of_joining;

/* ---- Arguments -------------------------------------------------------------------- */

static int check_sink(const of_joining *joining, size_t index, outfall_error *error)
{
    outfall_sink *sink = joining->sinks[index];
    int status = of_sink_check(sink, error);
    if (status == OUTFALL_OK)
        status = of_feed_check(sink->feed, error);
    if (status != OUTFALL_OK)
        return status;
    if (!sink->feed->options.two_phase)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "sink %zu (%s) commits by itself: open it with delivery=two-phase", index,
                       sink->feed->options.sink_id);
    if (atomic_load_explicit(&sink->joined, memory_order_acquire) != OF_SINK_ALONE)
        return of_fail(error, OUTFALL_ERR_INVALID, "sink %zu (%s) is in a transaction already",
                       index, sink->feed->options.sink_id);
    if (sink->writers_open > 0)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "sink %zu (%s) has open writers: open the transaction first, then writers",
                       index, sink->feed->options.sink_id);
    for (size_t i = 0; i < index; i++)
        if (joining->sinks[i] == sink)
            return of_fail(error, OUTFALL_ERR_INVALID, "sinks %zu and %zu are the same", i, index);
    return OUTFALL_OK;
}

static int check_options(const of_joining *joining, outfall_error *error)
{
    const outfall_txn_options *options = joining->options;
    size_t length = options->id == NULL ? 0 : strlen(options->id);
    if (length == 0 || length > ID_BYTES_MAX || !outfall_utf8_valid(options->id, length))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the transaction's id has 1 to %d bytes of UTF-8", ID_BYTES_MAX);
    if (options->decision > OUTFALL_DECISION_EXTERNAL)
        return of_fail(error, OUTFALL_ERR_INVALID, "there is no decision %u: see outfall_decision",
                       options->decision);
    if (options->decision == OUTFALL_DECISION_HOME && options->home >= joining->count)
        return of_fail(error, OUTFALL_ERR_INVALID, "home %zu: there are %zu sinks", options->home,
                       joining->count);
    if (options->decision == OUTFALL_DECISION_JOURNAL && options->journal == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "a decision by journal needs its path");
    return OUTFALL_OK;
}

static int check_arguments(const of_joining *joining, outfall_error *error)
{
    if (joining->sinks == NULL || joining->options == NULL || joining->count == 0)
        return of_fail(error, OUTFALL_ERR_INVALID, "%s",
                       joining->options == NULL ? "options is NULL" : "there are no sinks");
    int status = check_options(joining, error);
    for (size_t i = 0; i < joining->count && status == OUTFALL_OK; i++)
        status = check_sink(joining, i, error);
    return status;
}

/* ---- Databases and branches --------------------------------------------------------- */

static of_resource *find_resource(outfall_txn *txn, const of_endpoint *endpoint)
{
    for (uint32_t i = 0; i < txn->resource_count; i++)
        if (txn->resources[i].endpoint == endpoint)
            return &txn->resources[i];
    return NULL;
}

/* Each URL once, in the order of the sinks. */
static int find_resources(of_joining *joining, outfall_error *error)
{
    outfall_txn *txn = joining->txn;
    txn->resources = of_calloc(joining->count, sizeof *txn->resources);
    txn->sinks = of_calloc(joining->count, sizeof(outfall_sink *));
    if (txn->resources == NULL || txn->sinks == NULL)
        return of_fail_nomem(error);
    for (size_t i = 0; i < joining->count; i++) {
        of_endpoint *endpoint = joining->sinks[i]->endpoint;
        if (find_resource(txn, endpoint) != NULL)
            continue;
        if (txn->resource_count == RESOURCES_MAX)
            return of_fail(error, OUTFALL_ERR_UNSUPPORTED, "at most %d databases", RESOURCES_MAX);
        txn->resources[txn->resource_count++] =
            (of_resource){.endpoint = endpoint, .pool = of_endpoint_pool(endpoint)};
    }
    joining->home = &txn->resources[0];
    if (joining->options->decision == OUTFALL_DECISION_HOME)
        joining->home = find_resource(txn, joining->sinks[joining->options->home]->endpoint);
    return OUTFALL_OK;
}

/* A branch for each flusher of each database. */
static int make_branches(of_joining *joining, outfall_error *error)
{
    outfall_txn *txn = joining->txn;
    of_group *group = txn->coordinator.group;
    uint32_t count = 0;
    for (uint32_t i = 0; i < txn->resource_count; i++)
        count += of_endpoint_flusher_count(txn->resources[i].endpoint);
    joining->txn->coordinator.branches.all =
        of_calloc(count, sizeof *joining->txn->coordinator.branches.all);
    if (joining->txn->coordinator.branches.all == NULL)
        return of_fail_nomem(error);
    for (uint32_t i = 0; i < txn->resource_count; i++) {
        of_resource *resource = &txn->resources[i];
        for (uint32_t at = 0; at < of_endpoint_flusher_count(resource->endpoint); at++) {
            of_branch *branch =
                &joining->txn->coordinator.branches.all[joining->txn->coordinator.branches.count++];
            branch->group = group;
            branch->pool = resource->pool;
            branch->resource = (uint16_t)i;
            branch->number = (uint16_t)at;
            const of_gid gid = {.writer = branch->number, .resource = branch->resource};
            of_recovery_line(&gid, branch->name);
            if (joining->options->decision == OUTFALL_DECISION_HOME && at == 0 &&
                resource == joining->home) {
                branch->home = true;
                snprintf(branch->name, sizeof branch->name, OF_HOME_LINE);
                txn->coordinator.home = branch;
            }
        }
    }
    return OUTFALL_OK;
}

static void mark_lone(of_branches *branches)
{
    of_branch *lone = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < branches->count; i++) {
        if (branches->all[i].home)
            continue;
        lone = &branches->all[i];
        count++;
    }
    if (count == 1)
        lone->lone = true;
}

static int check_branch(const of_branch *branch, outfall_error *error)
{
    const outfall_driver *driver = of_pool_driver(branch->pool);
    uint64_t needed = branch->home ? OUTFALL_DRIVER_LEDGER : OUTFALL_DRIVER_TWO_PHASE;
    if ((driver->capabilities & needed) != needed)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       branch->home ? "driver %s keeps no ledger, and cannot be the home"
                                    : "driver %s cannot prepare transactions: make it the home, "
                                      "with flushers=1",
                       driver->name);
    outfall_pool_stats stats = {.struct_size = sizeof stats};
    of_pool_read(branch->pool, &stats);
    uint64_t wanted = 2 * ((uint64_t)branch->number + 1) + 1;
    if (stats.connections_max < wanted)
        return of_fail(
            error, OUTFALL_ERR_CONFIG,
            "pool.max is %llu: a transaction needs two connections for each flusher, and "
            "one more: set it to %llu at least",
            (unsigned long long)stats.connections_max, (unsigned long long)wanted);
    return OUTFALL_OK;
}

/* Whether the database of a sink keeps the promise, and has room for what is to be prepared. */
static int inspect(of_joining *joining, const outfall_sink *sink, outfall_error *error)
{
    const of_group *group = joining->txn->coordinator.group;
    const of_feed *feed = sink->feed;
    uint32_t prepared = 0;
    of_lease lease;
    for (uint32_t i = 0; i < joining->txn->coordinator.branches.count; i++)
        prepared +=
            !joining->txn->coordinator.branches.all[i].home &&
            of_txn_resource(joining->txn, &joining->txn->coordinator.branches.all[i])->endpoint ==
                sink->endpoint;
    int status = of_lease_take(of_endpoint_pool(sink->endpoint), &group->limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status =
        of_ledger_inspect(&lease, feed->versions[0]->target, prepared, feed->options.weak, error);
    of_lease_return(&lease);
    return status;
}

static int add_share(of_branch *branch, of_share *share, uint32_t most, outfall_error *error)
{
    if (branch->shares == NULL)
        branch->shares = of_calloc(most, sizeof(of_share *));
    if (branch->shares == NULL)
        return of_fail_nomem(error);
    branch->shares[branch->share_count++] = share;
    return OUTFALL_OK;
}

/* Deals the sinks' shares out: to the branch of the flusher that serves them. */
static int deal_shares(of_joining *joining, outfall_error *error)
{
    of_group *group = joining->txn->coordinator.group;
    int status = OUTFALL_OK;
    group->feeds = of_calloc(joining->count, sizeof(of_feed *));
    if (group->feeds == NULL)
        return of_fail_nomem(error);
    for (size_t i = 0; i < joining->count && status == OUTFALL_OK; i++) {
        const outfall_sink *sink = joining->sinks[i];
        group->feeds[group->feed_count++] = sink->feed;
        for (uint32_t at = 0; at < joining->txn->coordinator.branches.count && status == OUTFALL_OK;
             at++) {
            of_branch *branch = &joining->txn->coordinator.branches.all[at];
            if (of_txn_resource(joining->txn, branch)->endpoint == sink->endpoint)
                status = add_share(branch, &sink->feed->shares[branch->number],
                                   (uint32_t)joining->count, error);
        }
        /* Rows that meet those of a checkpoint that an outer engine has not decided would wait. */
        group->hold |= joining->options->decision == OUTFALL_DECISION_EXTERNAL &&
                       sink->feed->options.mode != OUTFALL_MODE_INSERT;
    }
    return status;
}

/* ---- What an earlier run has left ----------------------------------------------------- */

static of_recovery recovery_of(const of_joining *joining, of_pool *pool)
{
    const of_group *group = joining->txn->coordinator.group;
    return (of_recovery){
        .pool = pool,
        .limits = group->limits,
        .give_up_us = joining->give_up_us,
        .id = group->id,
        .epoch = group->epoch,
        .owner = group->owner,
        .judge = of_arbiter_judge,
        .context = &joining->txn->coordinator,
    };
}

/* Takes a line over; tried again while another process may hold it. */
static int take_line(of_joining *joining, of_pool *pool, const char *name, bool mine,
                     outfall_fence *fence, outfall_error *error)
{
    const of_group *group = joining->txn->coordinator.group;
    of_recovery recovery = recovery_of(joining, pool);
    *fence = (outfall_fence){.sink = group->id, .writer = name, .owner = group->owner};
    return of_recovery_take_line(&recovery, fence, mine, error);
}

/* The next checkpoint has a higher number than any that was seen. */
static void go_on_behind(of_group *group, uint64_t checkpoint)
{
    if (checkpoint > atomic_load_explicit(&group->ended, memory_order_relaxed))
        atomic_store_explicit(&group->ended, checkpoint, memory_order_relaxed);
}

static int recover(of_joining *joining, of_resource *resource, outfall_error *error)
{
    outfall_txn *txn = joining->txn;
    of_group *group = txn->coordinator.group;
    of_recovery recovery = recovery_of(joining, resource->pool);
    if (resource->identity[0] == '\0')
        return OUTFALL_OK; /* A home that cannot prepare: nothing can be left. */
    int status = of_recovery_run(&recovery, error);
    go_on_behind(group, recovery.newest);
    txn->recovered_commits += recovery.committed;
    txn->recovered_rollbacks += recovery.rolled_back;
    return status;
}

static int fail_displaced(const of_group *group, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_FENCED, OUTFALL_ACTION_STOP,
                             "another process has opened transaction \"%.120s\" meanwhile: end one "
                             "of the two, or give them ids of their own",
                             group->id);
}

/* Takes a branch's line, and goes on behind the newest checkpoint that it has seen. */
static int take_branch(of_joining *joining, of_branch *branch, outfall_error *error)
{
    of_group *group = joining->txn->coordinator.group;
    outfall_ledger_line line = {.sink = group->id, .writer = branch->name};
    outfall_fence fence;
    of_lease lease;
    int status = take_line(joining, branch->pool, branch->name, branch->home, &fence, error);
    if (status == OUTFALL_OK && !fence.found)
        status = fail_displaced(group, error);
    if (status == OUTFALL_OK)
        status = of_lease_take(branch->pool, &group->limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_ledger_read(&lease, &line, error);
    of_lease_return(&lease);
    branch->epoch = fence.epoch;
    branch->counter = fence.checkpoint;
    if (line.found)
        go_on_behind(group, (uint64_t)line.checkpoint);
    return status;
}

/* Decisions of one id are in one place: another would not know what is decided, and undo it. */
static int check_place(of_joining *joining, of_resource *resource, outfall_error *error)
{
    const of_group *group = joining->txn->coordinator.group;
    outfall_ledger_line line = {.sink = group->id, .writer = OF_HOME_LINE};
    of_lease lease;
    if (resource == joining->home && joining->txn->coordinator.home != NULL)
        return OUTFALL_OK;
    int status = of_lease_take(resource->pool, &group->limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_ledger_read(&lease, &line, error);
    of_lease_return(&lease);
    if (status != OUTFALL_OK || !line.found)
        return status;
    return of_fail(error, OUTFALL_ERR_INVALID,
                   "transaction \"%.80s\" was decided in database %u of this one before: make that "
                   "the home again; or, once nothing of it is prepared anywhere, delete its lines "
                   "from outfall_ledger there",
                   group->id, (unsigned)(resource - joining->txn->resources));
}

/* A home that cannot prepare needs no identity, and has none: nothing is handed out of it. */
static int identify(of_joining *joining, of_resource *resource, outfall_error *error)
{
    of_lease lease;
    if ((of_pool_driver(resource->pool)->capabilities & OUTFALL_DRIVER_TWO_PHASE) == 0)
        return OUTFALL_OK;
    int status =
        of_lease_take(resource->pool, &joining->txn->coordinator.group->limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_identify(&lease, resource->identity, sizeof resource->identity, error);
    of_lease_return(&lease);
    if (status != OUTFALL_ERR_UNSUPPORTED)
        return status;
    resource->identity[0] = '\0'; /* By this driver in other databases; `inspect` has let it be. */
    return OUTFALL_OK;
}

/* ---- The journal ------------------------------------------------------------------ */

/* Whether the ledger of its database proves that a decided branch has committed. */
static int check_party(of_joining *joining, const of_decision *decision, const of_party *party,
                       outfall_error *error)
{
    outfall_txn *txn = joining->txn;
    const of_gid gid = {.epoch = decision->epoch,
                        .checkpoint = decision->checkpoint,
                        .writer = party->writer,
                        .resource = party->resource};
    bool found;
    if (party->resource >= txn->resource_count)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the journal tells of database %u: the sinks are to be the same, in the "
                       "same order",
                       party->resource);
    of_recovery recovery = recovery_of(joining, txn->resources[party->resource].pool);
    int status = of_recovery_find(&recovery, &gid, &found, error);
    if (status != OUTFALL_OK || found)
        return status;
    return of_fail(error, OUTFALL_ERR_UNKNOWN,
                   "checkpoint %" PRIu64 " is decided in the journal, but database %u has neither "
                   "its transaction nor its line: it was rolled back by someone else, or this is "
                   "another database; put its rows in from the source, then remove the journal",
                   decision->checkpoint, party->resource);
}

/* All that was decided is committed by now; and nothing has the number of what comes. */
static int check_journal(of_joining *joining, outfall_error *error)
{
    of_journal *journal = joining->txn->coordinator.journal;
    int status = OUTFALL_OK;
    for (uint64_t from = 0; journal != NULL && status == OUTFALL_OK;) {
        const of_decision *decision = of_journal_next(journal, from);
        if (decision == NULL)
            break;
        for (uint32_t i = 0; i < decision->count && status == OUTFALL_OK; i++)
            status = check_party(joining, decision, &decision->branches[i], error);
        go_on_behind(joining->txn->coordinator.group, decision->checkpoint);
        from = decision->checkpoint + 1;
    }
    return status;
}

/* ---- Taking over ------------------------------------------------------------------- */

/*
 * The home's epoch first, then what is prepared in each database: until the epoch is raised, a
 * decision may still be on its way. Then each branch's line.
 */
static int take_over(of_joining *joining, outfall_error *error)
{
    outfall_txn *txn = joining->txn;
    of_group *group = txn->coordinator.group;
    outfall_fence home;
    int status = OUTFALL_OK;
    for (uint32_t i = 0; i < txn->resource_count && status == OUTFALL_OK; i++)
        status = identify(joining, &txn->resources[i], error);
    for (uint32_t i = 0; i < txn->resource_count && status == OUTFALL_OK; i++)
        status = check_place(joining, &txn->resources[i], error);
    if (status == OUTFALL_OK)
        status = take_line(joining, joining->home->pool, OF_HOME_LINE, false, &home, error);
    if (status != OUTFALL_OK)
        return status;
    group->epoch = (uint32_t)home.epoch;
    for (uint32_t i = 0; i < txn->resource_count && status == OUTFALL_OK; i++)
        status = recover(joining, &txn->resources[i], error);
    if (status == OUTFALL_OK)
        status = check_journal(joining, error);
    /* Once more: it is higher than any that was given away meanwhile, and nobody else has it. */
    if (status == OUTFALL_OK)
        status = take_line(joining, joining->home->pool, OF_HOME_LINE, true, &home, error);
    if (status == OUTFALL_OK && !home.found)
        status = fail_displaced(group, error);
    if (status != OUTFALL_OK)
        return status;
    group->epoch = (uint32_t)home.epoch;
    for (uint32_t i = 0; i < txn->coordinator.branches.count && status == OUTFALL_OK; i++)
        status = take_branch(joining, &txn->coordinator.branches.all[i], error);
    if (status != OUTFALL_OK)
        return status;
    for (uint32_t i = 0; i < joining->txn->coordinator.branches.count; i++)
        atomic_store_explicit(&joining->txn->coordinator.branches.all[i].sealed_to,
                              atomic_load_explicit(&group->ended, memory_order_relaxed),
                              memory_order_relaxed);
    return OUTFALL_OK;
}

/* ---- Open ------------------------------------------------------------------------- */

/* From here on the flushers write into branches. */
static void attach(of_joining *joining)
{
    const of_branches *branches = &joining->txn->coordinator.branches;
    for (uint32_t i = 0; i < branches->count; i++)
        of_txn_set_branch(joining->txn, &branches->all[i], &branches->all[i]);
    for (size_t i = 0; i < joining->count; i++) {
        joining->txn->sinks[i] = joining->sinks[i];
        atomic_store_explicit(&joining->sinks[i]->joined, OF_SINK_JOINED, memory_order_release);
    }
    joining->txn->sink_count = joining->count;
}

static int join(of_joining *joining, outfall_error *error)
{
    const of_feed_options *options = &joining->sinks[0]->feed->options;
    outfall_txn *txn = joining->txn;
    of_coordinator *coordinator = &txn->coordinator;
    int status = of_group_new(joining->options->id, &coordinator->group, error);
    if (status != OUTFALL_OK)
        return status;
    coordinator->decision = joining->options->decision;
    coordinator->retry_timeout_ms = options->retry_timeout_ms;
    coordinator->group->limits.request_timeout_ms = options->request_timeout_ms;
    joining->give_up_us = of_deadline_us(options->retry_timeout_ms);
    status = find_resources(joining, error);
    if (status == OUTFALL_OK)
        status = make_branches(joining, error);
    mark_lone(&coordinator->branches);
    for (uint32_t i = 0; i < coordinator->branches.count && status == OUTFALL_OK; i++)
        status = check_branch(&coordinator->branches.all[i], error);
    for (size_t i = 0; i < joining->count && status == OUTFALL_OK; i++)
        status = inspect(joining, joining->sinks[i], error);
    if (status == OUTFALL_OK)
        status = deal_shares(joining, error);
    if (status == OUTFALL_OK && joining->options->decision == OUTFALL_DECISION_JOURNAL)
        status = of_journal_open(joining->options->journal, joining->options->id,
                                 &coordinator->journal, error);
    if (status == OUTFALL_OK)
        status = take_over(joining, error);
    if (status == OUTFALL_OK)
        status = of_coordinator_start(coordinator, error);
    if (status == OUTFALL_OK)
        attach(joining);
    return status;
}

int outfall_txn_open(outfall_sink *const *sinks, size_t count, const outfall_txn_options *options,
                     outfall_txn **out, outfall_error *error)
{
    of_joining joining = {.sinks = sinks, .count = count, .options = options};
    if (out == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL");
    *out = NULL;
    int status = check_arguments(&joining, error);
    if (status != OUTFALL_OK)
        return status;
    joining.txn = of_calloc(1, sizeof *joining.txn);
    if (joining.txn == NULL)
        return of_fail_nomem(error);
    joining.txn->fork_generation = of_fork_generation;
    status = join(&joining, error);
    if (status != OUTFALL_OK) {
        of_txn_free(joining.txn);
        return status;
    }
    *out = joining.txn;
    return OUTFALL_OK;
}
