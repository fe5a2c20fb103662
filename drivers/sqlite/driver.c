/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite driver: files on the local disk, by way of the sqlite3 library. */
#include <outfall/driver.h>

#include "sqlite/connection.h"
#include "sqlite/inspect.h"
#include "sqlite/ledger.h"
#include "sqlite/plan.h"
#include "sqlite/table.h"
#include "sqlite/target.h"
#include "sqlite/write.h"

/* Nothing that a caller can do changes the session: a rollback restores it. */
static int lite_reset(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    return lite_rollback(connection, deadline_us, error);
}

static void lite_end(outfall_connection *connection)
{
    if (connection == NULL)
        return;
    lite_plans_free(connection);
    lite_disconnect(connection);
}

static const outfall_driver lite_driver = {
    .abi = OUTFALL_DRIVER_ABI,
    .struct_size = sizeof(outfall_driver),
    .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER,
    .name = "sqlite",
    .description = "SQLite (built against " SQLITE_VERSION ")",
    .connect = lite_connect,
    .disconnect = lite_end,
    .ping = lite_ping,
    .reset = lite_reset,
    .sever = lite_sever,
    .describe = lite_describe,
    .target_free = lite_target_free,
    .create_table = lite_table_create,
    .inspect = lite_inspect,
    .create_marked = lite_table_create_marked,
    .begin = lite_begin,
    .write = lite_write,
    .savepoint = lite_savepoint,
    .commit = lite_commit,
    .rollback = lite_rollback,
    .ledger_create = lite_ledger_create,
    .takeover = lite_takeover,
    .fence = lite_fence,
    .ledger_write = lite_ledger_write,
    .ledger_read = lite_ledger_read,
};

OUTFALL_EXPORT const outfall_driver *outfall_driver_entry(void);

const outfall_driver *outfall_driver_entry(void)
{
    return &lite_driver;
}
