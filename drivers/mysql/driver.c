/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table: MySQL and MariaDB by their client library. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "mysql/connection.h"
#include "mysql/create.h"
#include "mysql/describe.h"
#include "mysql/inspect.h"
#include "mysql/ledger.h"
#include "mysql/prepared.h"
#include "mysql/target.h"
#include "mysql/transaction.h"
#include "mysql/write.h"

static char description[64]; /* Which library is known only at run time. */

/* The library ignores SIGPIPE for the whole program when it is first used: that is undone. */
static void set_up_client(void)
{
    struct sigaction disposition;
    bool known = sigaction(SIGPIPE, NULL, &disposition) == 0;
    mysql_library_init(0, NULL, NULL);
    if (known)
        sigaction(SIGPIPE, &disposition, NULL);
    snprintf(description, sizeof description,
             DRV_MY_WAITS ? "MariaDB Connector/C %s" : "libmysqlclient %s",
             mysql_get_client_info());
}

static const outfall_driver driver = {
    .abi = OUTFALL_DRIVER_ABI,
    .struct_size = sizeof(outfall_driver),
    .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_TWO_PHASE |
                    OUTFALL_DRIVER_PREPARED_STAYS | (DRV_MY_WAITS ? 0 : OUTFALL_DRIVER_BLOCKS),
    .name = "mysql",
    .description = description,
    .connect = drv_my_connect,
    .disconnect = drv_my_disconnect,
    .ping = drv_my_ping,
    .is_open = drv_my_looks_open,
    .reset = drv_my_reset,
    .sever = drv_my_sever,
    .describe = drv_my_describe,
    .target_free = drv_my_target_free,
    .create_table = drv_my_create_table,
    .inspect = drv_my_inspect,
    .create_marked = drv_my_create_marked,
    .begin = drv_my_begin,
    .write = drv_my_write,
    .savepoint = drv_my_savepoint,
    .commit = drv_my_commit,
    .rollback = drv_my_rollback,
    .ledger_create = drv_my_ledger_create,
    .takeover = drv_my_takeover,
    .fence = drv_my_fence,
    .ledger_write = drv_my_ledger_write,
    .ledger_read = drv_my_ledger_read,
    .prepare = drv_my_prepare_xa,
    .commit_prepared = drv_my_commit_prepared,
    .rollback_prepared = drv_my_rollback_prepared,
    .list_prepared = drv_my_list_prepared,
    .end_holder = drv_my_end_holder,
    .identify = drv_my_identify,
};

OUTFALL_EXPORT const outfall_driver *outfall_driver_entry(void);

const outfall_driver *outfall_driver_entry(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up_client);
    return &driver;
}
