/* SPDX-License-Identifier: Apache-2.0 */
#include "txn/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/kill.h"
#include "base/log.h"

int of_ledger_inspect(of_lease *lease, const outfall_target *target, uint32_t prepared, bool allow,
                      outfall_error *error)
{
    outfall_error allowed = {0};
    const outfall_inspect_options options = {
        .struct_size = sizeof options, .prepared = prepared, .allowed = allow ? &allowed : NULL};
    int status = of_lease_inspect(lease, target, &options, error);
    if (status == OUTFALL_OK && allowed.status != OUTFALL_OK)
        of_log(OF_LOG_WARNING, "exactly-once into %s: %s", target->display_name, allowed.message);
    return status;
}

/* Whether there is a ledger to write to, for whoever may not create one: no writer is called "". */
static bool is_there(of_lease *lease)
{
    outfall_fence nobody = {.sink = "", .writer = ""};
    outfall_error ignored;
    bool there = of_lease_begin(lease, &ignored) == OUTFALL_OK &&
                 of_lease_takeover(lease, &nobody, true, &ignored) == OUTFALL_OK;
    return lease->healthy && of_lease_rollback(lease, &ignored) == OUTFALL_OK && there;
}

int of_ledger_ensure(of_lease *lease, outfall_error *error)
{
    int made = of_lease_ledger_create(lease, error);
    return made == OUTFALL_OK || (lease->healthy && is_there(lease)) ? OUTFALL_OK : made;
}

int of_ledger_open(of_lease *lease, const outfall_target *target, bool allow, outfall_error *error)
{
    outfall_error detail;
    if ((lease->driver->capabilities & OUTFALL_DRIVER_LEDGER) == 0)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "driver %s keeps no ledger: leave out delivery=exactly-once",
                       lease->driver->name);
    int made = of_lease_ledger_create(lease, error);
    if (made == OUTFALL_OK)
        OF_KILL_POINT("ledger-created");
    if (made != OUTFALL_OK && !lease->healthy)
        return made;
    /* It may tell why the ledger cannot be made, too: a server that takes no writes. */
    int status = of_ledger_inspect(lease, target, 0, allow, &detail);
    if (status == OUTFALL_OK)
        return made == OUTFALL_OK || is_there(lease) ? OUTFALL_OK : made;
    if (made != OUTFALL_OK && status != OUTFALL_ERR_UNSUPPORTED)
        return made;
    return of_fail_copy(error, &detail);
}

static int take_all(of_lease *lease, outfall_fence *fences, uint32_t count, bool mine,
                    outfall_error *error)
{
    int status = of_lease_begin(lease, error);
    for (uint32_t i = 0; i < count && status == OUTFALL_OK; i++)
        status = of_lease_takeover(lease, &fences[i], mine, error);
    if (status != OUTFALL_OK)
        return status;
    OF_KILL_POINT("takeover-written");
    status = of_lease_commit(lease, error);
    if (status == OUTFALL_OK)
        OF_KILL_POINT("takeover-committed");
    return status;
}

int of_ledger_takeover(of_pool *pool, const of_limits *limits, outfall_fence *fences,
                       uint32_t count, bool mine, outfall_error *error)
{
    of_lease lease;
    int status = of_lease_take(pool, limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = take_all(&lease, fences, count, mine, error);
    of_lease_return(&lease);
    return status;
}

void of_ledger_mark(char *out, size_t capacity)
{
    snprintf(out, capacity, "outfall:%016" PRIx64, (uint64_t)of_ledger_owner());
}

/* As a line that has nothing, not even this, was made before identities were recorded. */
#define NO_IDENTITY "-"

const char *of_ledger_identity(const outfall_target *target)
{
    return target->identity != NULL ? target->identity : NO_IDENTITY;
}

bool of_ledger_same_table(const char *recorded, const outfall_target *target)
{
    return recorded[0] == '\0' || strcmp(recorded, of_ledger_identity(target)) == 0;
}

int64_t of_ledger_owner(void)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random) {
        /* At boot, before the kernel has any: what else no two processes have at once. */
        random = (uint64_t)of_clock_ns() * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)getpid();
    }
    return (int64_t)(random >> 1) + 1;
}
