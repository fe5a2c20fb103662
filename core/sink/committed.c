/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared transactions by URL: for outer engines, other processes, and people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <outfall/outfall.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "sink/endpoint.h"
#include "txn/committable.h"
#include "txn/recovery.h"

static const atomic_int_fast64_t never_us = INT64_MAX;

/* A database that is visited. */
typedef struct of_visit {
    outfall_config *config;
    of_url url;
    of_endpoint *endpoint;
    of_pool *pool;
} of_visit;

static of_limits limits_of(const of_visit *visit)
{
    return (of_limits){visit->config->values.request_timeout_ms, &never_us};
}

static void leave(of_visit *visit)
{
    of_endpoint_put(visit->endpoint, of_deadline_us(1000));
    of_url_free(&visit->url);
    outfall_config_free(visit->config);
}

/* On failure there is nothing to leave. */
static int enter(of_visit *visit, const char *url, const outfall_config *config,
                 outfall_error *error)
{
    memset(visit, 0, sizeof *visit);
    if (url == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "url is NULL");
    int status = config == NULL ? outfall_config_new(&visit->config, error)
                                : of_config_copy(config, &visit->config, error);
    if (status == OUTFALL_OK)
        status = of_url_parse(url, visit->config, &visit->url, error);
    if (status == OUTFALL_OK)
        status = of_endpoint_get(&visit->url, visit->config, &visit->endpoint, error);
    if (status == OUTFALL_OK) {
        visit->pool = of_endpoint_pool(visit->endpoint);
        const outfall_driver *driver = of_pool_driver(visit->pool);
        if ((driver->capabilities & OUTFALL_DRIVER_TWO_PHASE) == 0)
            status = of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                             "driver %s cannot prepare transactions", driver->name);
    }
    if (status != OUTFALL_OK)
        leave(visit);
    return status;
}

static of_recovery recovery_of(const of_visit *visit, const char *id)
{
    return (of_recovery){
        .pool = visit->pool,
        .limits = limits_of(visit),
        .give_up_us = of_deadline_us(visit->config->values.retry_timeout_ms),
        .id = id,
        .epoch = UINT32_MAX, /* It is not a process of the transaction's. */
    };
}

/* ---- By committable --------------------------------------------------------------- */

/* The committable has to be of the database that the URL leads to. */
static int check_database(const of_visit *visit, const of_committable *it, outfall_error *error)
{
    char identity[OF_COMMITTABLE_TEXT_MAX + 1];
    const of_limits limits = limits_of(visit);
    const outfall_driver *driver = of_pool_driver(visit->pool);
    of_lease lease;
    if (strcmp(driver->name, it->driver) != 0)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "the committable is for driver %.32s, the URL for %s", it->driver,
                       driver->name);
    int status = of_lease_take(visit->pool, &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_identify(&lease, identity, sizeof identity, error);
    of_lease_return(&lease);
    if (status == OUTFALL_OK && strcmp(identity, it->resource_identity) != 0)
        status = of_fail(error, OUTFALL_ERR_INVALID,
                         "the committable was made in %.150s, the URL leads to %.150s",
                         it->resource_identity, identity);
    return status;
}

static int judge_end(const of_committable *it, bool commit, enum of_end how, int *outcome,
                     outfall_error *error)
{
    static const int outcomes[2][3] = {
        {OUTFALL_OUTCOME_ROLLED_BACK, OUTFALL_OUTCOME_ALREADY_COMMITTED,
         OUTFALL_OUTCOME_ROLLED_BACK},
        {OUTFALL_OUTCOME_COMMITTED, OUTFALL_OUTCOME_ALREADY_COMMITTED, OUTFALL_OUTCOME_ROLLED_BACK},
    };
    *outcome = outcomes[commit][how];
    if (commit && how == OF_END_GONE)
        return of_fail(error, OUTFALL_ERR_ABORTED,
                       "checkpoint %" PRIu64 " of \"%.80s\" is neither prepared nor in the ledger: "
                       "it was rolled back, and %" PRIu64 " rows are lost",
                       it->gid.checkpoint, it->sink_id, it->rows);
    if (!commit && how == OF_END_ALREADY)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "checkpoint %" PRIu64 " of \"%.80s\" is committed and cannot be rolled back",
                       it->gid.checkpoint, it->sink_id);
    return OUTFALL_OK;
}

static int end_committable(const char *url, const outfall_config *config, const void *bytes,
                           size_t length, bool commit, int *outcome, outfall_error *error)
{
    of_visit visit;
    of_committable it;
    enum of_end how;
    int ignored;
    if (outcome == NULL)
        outcome = &ignored;
    *outcome = OUTFALL_OUTCOME_UNKNOWN;
    if (bytes == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the committable is NULL");
    int status = of_committable_decode(bytes, length, &it, error);
    if (status == OUTFALL_OK)
        status = enter(&visit, url, config, error);
    if (status != OUTFALL_OK)
        return status;
    of_recovery recovery = recovery_of(&visit, it.sink_id);
    status = check_database(&visit, &it, error);
    if (status == OUTFALL_OK)
        status = of_recovery_end(&recovery, &it.gid, commit, &how, error);
    if (status == OUTFALL_OK)
        status = judge_end(&it, commit, how, outcome, error);
    leave(&visit);
    return status;
}

int outfall_commit(const char *url, const outfall_config *config, const void *committable,
                   size_t length, int *outcome, outfall_error *error)
{
    return end_committable(url, config, committable, length, true, outcome, error);
}

int outfall_abort(const char *url, const outfall_config *config, const void *committable,
                  size_t length, int *outcome, outfall_error *error)
{
    return end_committable(url, config, committable, length, false, outcome, error);
}

/* ---- Recovery for an outer engine ---------------------------------------------------- */

/* The committables of one id and database. */
typedef struct of_named {
    const of_gid *gids;
    size_t count;
} of_named;

static bool same_branch(const of_gid *a, const of_gid *b)
{
    return a->sink == b->sink && a->epoch == b->epoch && a->checkpoint == b->checkpoint &&
           a->writer == b->writer && a->resource == b->resource;
}

static int judge_named(void *context, const of_gid *gid, enum of_verdict *verdict,
                       outfall_error *error)
{
    const of_named *named = context;
    (void)error;
    *verdict = OF_VERDICT_ROLL_BACK;
    for (size_t i = 0; i < named->count; i++)
        if (same_branch(&named->gids[i], gid))
            *verdict = OF_VERDICT_COMMIT;
    return OUTFALL_OK;
}

/* Reads those that are of this id and database into `gids`. */
static int pick(const of_visit *visit, const char *id, const void *const *committables,
                const size_t *lengths, size_t count, of_gid *gids, size_t *picked,
                outfall_error *error)
{
    char identity[OF_COMMITTABLE_TEXT_MAX + 1];
    const of_limits limits = limits_of(visit);
    of_lease lease;
    int status = of_lease_take(visit->pool, &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_identify(&lease, identity, sizeof identity, error);
    of_lease_return(&lease);
    for (size_t i = 0; i < count && status == OUTFALL_OK; i++) {
        of_committable it;
        status = of_committable_decode(committables[i], lengths[i], &it, error);
        if (status == OUTFALL_OK && strcmp(it.sink_id, id) == 0 &&
            strcmp(it.resource_identity, identity) == 0)
            gids[(*picked)++] = it.gid;
    }
    return status;
}

/* Those that were named come first: what is missing of them is told before anything is undone. */
static int commit_named(of_recovery *recovery, const of_named *named, outfall_error *error)
{
    for (size_t i = 0; i < named->count; i++) {
        enum of_end how;
        int status = of_recovery_end(recovery, &named->gids[i], true, &how, error);
        if (status != OUTFALL_OK)
            return status;
        if (how == OF_END_GONE)
            return of_fail(error, OUTFALL_ERR_ABORTED,
                           "checkpoint %" PRIu64 " of \"%.120s\" is to be committed, and is "
                           "neither prepared nor in the ledger: its rows are lost",
                           named->gids[i].checkpoint, recovery->id);
        recovery->committed += how == OF_END_DONE;
    }
    return OUTFALL_OK;
}

int outfall_recover(const char *url, const outfall_config *config, const char *id,
                    const void *const *committables, const size_t *lengths, size_t count,
                    outfall_recovery *out, outfall_error *error)
{
    of_visit visit;
    of_named named = {0};
    if (id == NULL || (count > 0 && (committables == NULL || lengths == NULL)))
        return of_fail(error, OUTFALL_ERR_INVALID, "the %s NULL",
                       id == NULL ? "id is" : "committables or their lengths are");
    int status = enter(&visit, url, config, error);
    if (status != OUTFALL_OK)
        return status;
    of_gid *gids = of_calloc(count + 1, sizeof *gids);
    of_recovery recovery = recovery_of(&visit, id);
    recovery.judge = judge_named;
    recovery.context = &named;
    named.gids = gids;
    status = gids == NULL
                 ? of_fail_nomem(error)
                 : pick(&visit, id, committables, lengths, count, gids, &named.count, error);
    if (status == OUTFALL_OK)
        status = commit_named(&recovery, &named, error);
    if (status == OUTFALL_OK)
        status = of_recovery_run(&recovery, error);
    if (out != NULL) {
        const outfall_recovery done = {out->struct_size, 0, recovery.committed,
                                       recovery.rolled_back};
        memcpy(out, &done, out->struct_size < sizeof done ? out->struct_size : sizeof done);
    }
    of_free(gids);
    leave(&visit);
    return status;
}

/* ---- For people ------------------------------------------------------------------- */

uint64_t outfall_txn_number(const char *id)
{
    return id == NULL ? 0 : of_gid_sink(id, strlen(id));
}

/* Whether the ledger of this database has the decision, as the home's has. */
static int is_decided(of_lease *lease, const char *id, const of_gid *gid, bool *decided,
                      outfall_error *error)
{
    outfall_ledger_line line = {
        .sink = id, .writer = OF_HOME_LINE, .checkpoint = (int64_t)gid->checkpoint};
    *decided = false;
    if (id == NULL)
        return OUTFALL_OK;
    int status = of_lease_ledger_read(lease, &line, error);
    *decided = status == OUTFALL_OK && line.found && line.epoch == gid->epoch;
    return status;
}

/* Tells one; false: its name is not of this library. */
static bool describe(const outfall_prepared *one, of_gid *gid, outfall_txn_entry *entry)
{
    int length = snprintf(entry->name, sizeof entry->name, "%s.%s", one->xid.gtrid, one->xid.bqual);
    if (length < 0 || (size_t)length >= sizeof entry->name ||
        !of_gid_parse(entry->name, (size_t)length, gid))
        return false;
    entry->sink = gid->sink;
    entry->checkpoint = gid->checkpoint;
    entry->epoch = gid->epoch;
    entry->branch = gid->writer;
    entry->resource = gid->resource;
    entry->age_us = one->age_us;
    memcpy(entry->owner, one->owner, sizeof entry->owner);
    memcpy(entry->blocks, one->blocks, sizeof entry->blocks);
    return true;
}

static int list(const of_visit *visit, of_lease *lease, const char *id, outfall_txn_entry *out,
                size_t room, size_t *count, outfall_error *error)
{
    char prefix[OF_GID_PREFIX_BYTES + 1] = "of1.";
    outfall_prepared *all = NULL;
    size_t listed = 0, capacity = room + 1;
    (void)visit;
    if (id != NULL)
        of_gid_prefix(outfall_txn_number(id), prefix);
    all = of_calloc(capacity, sizeof *all);
    if (all == NULL)
        return of_fail_nomem(error);
    int status = of_lease_list_prepared(lease, prefix, all, capacity, &listed, error);
    *count = 0;
    for (size_t i = 0; i < listed && i < capacity && status == OUTFALL_OK; i++) {
        outfall_txn_entry entry = {.struct_size = sizeof entry};
        of_gid gid;
        bool decided = false;
        if (!describe(&all[i], &gid, &entry))
            continue;
        if (*count < room) {
            status = is_decided(lease, id, &gid, &decided, error);
            entry.decided = decided;
            out[*count] = entry;
        }
        ++*count;
    }
    if (listed > capacity)
        *count = listed;
    of_free(all);
    return status;
}

int outfall_txn_list(const char *url, const outfall_config *config, const char *id,
                     outfall_txn_entry *out, size_t *count, outfall_error *error)
{
    of_visit visit;
    of_lease lease;
    if (count == NULL || (out == NULL && *count > 0))
        return of_fail(error, OUTFALL_ERR_INVALID, "%s is NULL", count == NULL ? "count" : "out");
    size_t room = *count;
    *count = 0;
    int status = enter(&visit, url, config, error);
    if (status != OUTFALL_OK)
        return status;
    const of_limits limits = limits_of(&visit);
    status = of_lease_take(visit.pool, &limits, &lease, error);
    if (status == OUTFALL_OK) {
        status = list(&visit, &lease, id, out, room, count, error);
        of_lease_return(&lease);
    }
    leave(&visit);
    return status;
}

/* Refuses what this database's ledger speaks against, or what nothing speaks for. */
static int check_end(of_lease *lease, const char *id, const of_gid *gid, bool commit,
                     outfall_error *error)
{
    bool decided;
    if (id == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "without the transaction's id its decision cannot be looked up: name it, or "
                       "force it");
    int status = is_decided(lease, id, gid, &decided, error);
    if (status != OUTFALL_OK || decided == commit)
        return status;
    return of_fail(error, OUTFALL_ERR_INVALID,
                   decided ? "checkpoint %" PRIu64 " is decided: rolling it back would lose rows "
                             "that are in other databases; commit it, or force it"
                           : "checkpoint %" PRIu64 " is not decided in this database's ledger: if "
                             "the home is another one, look there; else roll it back, or force it",
                   gid->checkpoint);
}

int outfall_txn_end(const char *url, const outfall_config *config, const char *id, const char *name,
                    int commit, int force, outfall_error *error)
{
    of_visit visit;
    of_lease lease;
    of_gid gid;
    enum of_end how;
    if (name == NULL || !of_gid_parse(name, strlen(name), &gid))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "\"%.80s\" is no name of a prepared transaction of this library: "
                       "`outfall txn list` has them",
                       name == NULL ? "" : name);
    if (id != NULL && outfall_txn_number(id) != gid.sink)
        return of_fail(error, OUTFALL_ERR_INVALID, "%.80s is not of transaction \"%.120s\"", name,
                       id);
    int status = enter(&visit, url, config, error);
    if (status != OUTFALL_OK)
        return status;
    const of_limits limits = limits_of(&visit);
    status = of_lease_take(visit.pool, &limits, &lease, error);
    if (status == OUTFALL_OK) {
        status = force ? OUTFALL_OK : check_end(&lease, id, &gid, commit != 0, error);
        of_lease_return(&lease);
    }
    of_recovery recovery = recovery_of(&visit, id == NULL ? "" : id);
    if (status == OUTFALL_OK)
        status = of_recovery_end(&recovery, &gid, commit != 0, &how, error);
    if (status == OUTFALL_OK && how != OF_END_DONE)
        status = of_fail(error, OUTFALL_ERR_NOT_FOUND, "%s is not prepared%s", name,
                         how == OF_END_ALREADY ? ": it has committed" : "");
    leave(&visit);
    return status;
}
