/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table: PostgreSQL by libpq. */
#include <pthread.h>
#include <stdio.h>

#include "postgresql/connection.h"
#include "postgresql/create.h"
#include "postgresql/describe.h"
#include "postgresql/inspect.h"
#include "postgresql/ledger.h"
#include "postgresql/prepared.h"
#include "postgresql/target.h"
#include "postgresql/transaction.h"
#include "postgresql/write.h"

static char description[32]; /* Which libpq is known only at run time. */

static void describe_client(void)
{
    int version = PQlibVersion();
    snprintf(description, sizeof description, "libpq %d.%d", version / 10000, version % 10000);
}

static const outfall_driver driver = {
    .abi = OUTFALL_DRIVER_ABI,
    .struct_size = sizeof(outfall_driver),
    .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_TWO_PHASE,
    .name = "postgresql",
    .description = description,
    .connect = drv_pg_connect,
    .disconnect = drv_pg_disconnect,
    .ping = drv_pg_ping,
    .is_open = drv_pg_looks_open,
    .reset = drv_pg_reset,
    .sever = drv_pg_sever,
    .describe = drv_pg_describe,
    .target_free = drv_pg_target_free,
    .create_table = drv_pg_create_table,
    .inspect = drv_pg_inspect,
    .begin = drv_pg_begin,
    .write = drv_pg_write,
    .savepoint = drv_pg_savepoint,
    .commit = drv_pg_commit,
    .rollback = drv_pg_rollback,
    .ledger_create = drv_pg_ledger_create,
    .takeover = drv_pg_takeover,
    .fence = drv_pg_fence,
    .ledger_write = drv_pg_ledger_write,
    .ledger_read = drv_pg_ledger_read,
    .prepare = drv_pg_prepare,
    .commit_prepared = drv_pg_commit_prepared,
    .rollback_prepared = drv_pg_rollback_prepared,
    .list_prepared = drv_pg_list_prepared,
    .end_holder = drv_pg_end_holder,
    .identify = drv_pg_identify,
};

OUTFALL_EXPORT const outfall_driver *outfall_driver_entry(void);

const outfall_driver *outfall_driver_entry(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, describe_client);
    return &driver;
}
