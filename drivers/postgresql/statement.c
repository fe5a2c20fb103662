/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/statement.h"

#include <inttypes.h>
#include <stdio.h>

#include "postgresql/wait.h"

drv_pg_statement_name drv_pg_name_of(drv_pg_purpose purpose, uint64_t serial)
{
    static const char *const words[DRV_PG_PURPOSES] = {
        [DRV_PG_WRITE] = "write",
        [DRV_PG_WRITE_ROW] = "row",
        [DRV_PG_DELETE] = "delete",
        [DRV_PG_CHECK] = "check",
    };
    drv_pg_statement_name name;
    snprintf(name.text, sizeof name.text, "outfall_%s_%" PRIu64, words[purpose], serial);
    return name;
}

static int deallocate(outfall_connection *connection, const drv_pg_statement *statement,
                      int64_t deadline_us, outfall_error *error)
{
    char sql[DRV_PG_PURPOSES * (DRV_PG_STATEMENT_NAME_MAX + 16)];
    int length = 0;
    for (int purpose = 0; purpose < DRV_PG_PURPOSES; purpose++)
        if (statement->prepared[purpose])
            length += snprintf(sql + length, sizeof sql - (size_t)length, "DEALLOCATE %s;",
                               drv_pg_name_of((drv_pg_purpose)purpose, statement->serial).text);
    return length > 0 ? drv_pg_query(connection, sql, deadline_us, NULL, error) : OUTFALL_OK;
}

int drv_pg_statement_slot(outfall_connection *connection, const drv_pg_target *target,
                          int64_t deadline_us, drv_pg_statement **out, outfall_error *error)
{
    drv_pg_statement *oldest = &connection->statements[0];
    drv_pg_statement *found = NULL;
    for (size_t i = 0; found == NULL && i < DRV_PG_STATEMENTS_MAX; i++) {
        drv_pg_statement *slot = &connection->statements[i];
        if (slot->serial == target->serial)
            found = slot;
        else if (slot->used < oldest->used)
            oldest = slot;
    }
    if (found == NULL) {
        int status = deallocate(connection, oldest, deadline_us, error);
        if (status != OUTFALL_OK)
            return status;
        found = oldest;
        *found = (drv_pg_statement){.serial = target->serial};
    }
    found->used = ++connection->statement_clock;
    *out = found;
    return OUTFALL_OK;
}
