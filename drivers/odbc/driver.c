/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table: any database by ODBC. */
#include "odbc/connect.h"
#include "odbc/connection.h"
#include "odbc/describe.h"
#include "odbc/inspect.h"
#include "odbc/ledger.h"
#include "odbc/prepared.h"
#include "odbc/target.h"
#include "odbc/transaction.h"
#include "odbc/write.h"

static const outfall_driver driver = {
    .abi = OUTFALL_DRIVER_ABI,
    .struct_size = sizeof(outfall_driver),
    /* Two-phase of some dialects: the others say so before anything is written. */
    .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_BLOCKS |
                    OUTFALL_DRIVER_TWO_PHASE,
    .name = "odbc",
    .description = "unixODBC", /* Its version is told with the first connection, not before. */
    .connect = drv_odbc_connect,
    .disconnect = drv_odbc_disconnect,
    .ping = drv_odbc_ping,
    .is_open = drv_odbc_looks_open,
    .reset = drv_odbc_reset,
    .sever = drv_odbc_sever,
    .describe = drv_odbc_describe,
    .target_free = drv_odbc_target_free,
    .create_table = drv_odbc_create_table,
    .inspect = drv_odbc_inspect,
    .create_marked = drv_odbc_create_marked,
    .begin = drv_odbc_begin,
    .write = drv_odbc_write,
    .savepoint = drv_odbc_savepoint,
    .commit = drv_odbc_commit,
    .rollback = drv_odbc_rollback,
    .ledger_create = drv_odbc_ledger_create,
    .takeover = drv_odbc_takeover,
    .fence = drv_odbc_fence,
    .ledger_write = drv_odbc_ledger_write,
    .ledger_read = drv_odbc_ledger_read,
    .prepare = drv_odbc_prepare,
    .commit_prepared = drv_odbc_commit_prepared,
    .rollback_prepared = drv_odbc_rollback_prepared,
    .list_prepared = drv_odbc_list_prepared,
    .end_holder = drv_odbc_end_holder,
    .identify = drv_odbc_identify,
};

OUTFALL_EXPORT const outfall_driver *outfall_driver_entry(void);

const outfall_driver *outfall_driver_entry(void)
{
    return &driver;
}
