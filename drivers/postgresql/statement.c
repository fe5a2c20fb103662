/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/statement.h"

#include <inttypes.h>
#include <stdio.h>

#include "postgresql/wait.h"

static drv_pg_statement_name name_of(const char *purpose, uint64_t serial)
{
    drv_pg_statement_name name;
    snprintf(name.text, sizeof name.text, "outfall_%s_%" PRIu64, purpose, serial);
    return name;
}

drv_pg_statement_name drv_pg_insert_name(uint64_t serial)
{
    return name_of("insert", serial);
}

drv_pg_statement_name drv_pg_check_name(uint64_t serial)
{
    return name_of("check", serial);
}

static int deallocate(outfall_connection *connection, const drv_pg_statement *statement,
                      int64_t deadline_us, outfall_error *error)
{
    char sql[2 * DRV_PG_STATEMENT_NAME_MAX + 32];
    int length = 0;
    if (statement->insert)
        length =
            snprintf(sql, sizeof sql, "DEALLOCATE %s;", drv_pg_insert_name(statement->serial).text);
    if (statement->check)
        length += snprintf(sql + length, sizeof sql - (size_t)length, "DEALLOCATE %s",
                           drv_pg_check_name(statement->serial).text);
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
