/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared transactions by name: for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <outfall/outfall.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "sink/visit.h"
#include "txn/ledger.h"

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

static int list(of_lease *lease, const char *id, outfall_txn_entry *out, size_t room, size_t *count,
                outfall_error *error)
{
    char prefix[OF_GID_PREFIX_BYTES + 1] = "of1.";
    outfall_prepared *all = NULL;
    size_t listed = 0, capacity = room + 1;
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
    int status = of_visit_enter(&visit, url, config, OUTFALL_DRIVER_TWO_PHASE, error);
    if (status != OUTFALL_OK)
        return status;
    const of_limits limits = of_visit_limits(&visit);
    status = of_lease_take(visit.pool, &limits, &lease, error);
    if (status == OUTFALL_OK) {
        status = list(&lease, id, out, room, count, error);
        of_lease_return(&lease);
    }
    of_visit_leave(&visit);
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
    int status = of_visit_enter(&visit, url, config, OUTFALL_DRIVER_TWO_PHASE, error);
    if (status != OUTFALL_OK)
        return status;
    const of_limits limits = of_visit_limits(&visit);
    status = of_visit_check_prepares(&visit, error);
    if (status == OUTFALL_OK)
        status = of_lease_take(visit.pool, &limits, &lease, error);
    if (status == OUTFALL_OK) {
        status = force ? OUTFALL_OK : check_end(&lease, id, &gid, commit != 0, error);
        of_lease_return(&lease);
    }
    of_recovery recovery = of_visit_recovery(&visit, id);
    if (status == OUTFALL_OK)
        status = of_recovery_end(&recovery, &gid, commit != 0, &how, error);
    if (status == OUTFALL_OK && how != OF_END_DONE)
        status = of_fail(error, OUTFALL_ERR_NOT_FOUND, "%s is not prepared%s", name,
                         how == OF_END_ALREADY ? ": it has committed" : "");
    of_visit_leave(&visit);
    return status;
}

/* ---- Recovery by a home's ledger ----------------------------------------------------- */

/* Where the decisions are. */
typedef struct of_home {
    of_visit visit;
    const char *id;
} of_home;

static int judge_by_home(void *context, const of_gid *gid, enum of_verdict *verdict,
                         outfall_error *error)
{
    const of_home *home = context;
    const of_limits limits = of_visit_limits(&home->visit);
    bool decided;
    of_lease lease;
    int status = of_lease_take(home->visit.pool, &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = is_decided(&lease, home->id, gid, &decided, error);
    of_lease_return(&lease);
    *verdict = decided ? OF_VERDICT_COMMIT : OF_VERDICT_ROLL_BACK;
    return status;
}

/* A wrong home knows of no decision, and everything would be rolled back. */
static int check_home(const of_home *home, outfall_error *error)
{
    const of_limits limits = of_visit_limits(&home->visit);
    outfall_ledger_line line = {.sink = home->id, .writer = OF_HOME_LINE};
    of_lease lease;
    int status = of_lease_take(home->visit.pool, &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_ledger_read(&lease, &line, error);
    of_lease_return(&lease);
    if (status == OUTFALL_OK && !line.found)
        status = of_fail(error, OUTFALL_ERR_INVALID,
                         "this database has never decided for \"%.120s\": name its home; or, where "
                         "there was no checkpoint yet, roll back what is prepared, one by one",
                         home->id);
    return status;
}

/* Raises the home's epoch first: no decision can come any more. */
static int recover_by_home(of_home *home, of_visit *visit, outfall_recovery *out,
                           outfall_error *error)
{
    of_recovery recovery = of_visit_recovery(visit, home->id);
    of_recovery at_home = of_visit_recovery(&home->visit, home->id);
    outfall_fence fence = {.sink = home->id, .writer = OF_HOME_LINE, .owner = of_ledger_owner()};
    recovery.judge = judge_by_home;
    recovery.context = home;
    recovery.owner = fence.owner;
    int status = check_home(home, error);
    if (status == OUTFALL_OK)
        status = of_recovery_take_line(&at_home, &fence, false, error);
    if (status == OUTFALL_OK) {
        recovery.epoch = (uint32_t)fence.epoch;
        status = of_recovery_run(&recovery, error);
    }
    of_visit_report(&recovery, out);
    return status;
}

int outfall_txn_recover(const char *url, const char *home_url, const outfall_config *config,
                        const char *id, outfall_recovery *out, outfall_error *error)
{
    of_home home = {.id = id};
    of_visit visit;
    if (id == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the id is NULL");
    int status = of_visit_enter(&home.visit, home_url != NULL ? home_url : url, config,
                                OUTFALL_DRIVER_LEDGER, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_visit_enter(&visit, url, config, OUTFALL_DRIVER_TWO_PHASE, error);
    if (status == OUTFALL_OK) {
        status = of_visit_check_prepares(&visit, error);
        if (status == OUTFALL_OK)
            status = recover_by_home(&home, &visit, out, error);
        of_visit_leave(&visit);
    }
    of_visit_leave(&home.visit);
    return status;
}
