/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/inspect.h"

#include "common/inspect.h"
#include "postgresql/connection.h"
#include "postgresql/pooler.h"
#include "postgresql/sql.h"
#include "postgresql/wait.h"

#define DOING "checking the settings for"

static int ask(outfall_connection *connection, const char *sql, drv_inspect_cell cell, void *to,
               int64_t deadline_us, outfall_error *error)
{
    PGresult *answer = NULL;
    int status = drv_pg_query(connection, sql, deadline_us, &answer, error);
    for (int row = 0; status == OUTFALL_OK && row < PQntuples(answer); row++)
        for (int column = 0; column < PQnfields(answer); column++)
            cell(to, (size_t)row, (size_t)column,
                 PQgetisnull(answer, row, column) ? NULL : PQgetvalue(answer, row, column));
    PQclear(answer);
    return status;
}

int drv_pg_inspect(outfall_connection *connection, const outfall_target *target,
                   const outfall_inspect_options *options, int64_t deadline_us,
                   outfall_error *error)
{
    const drv_inspect it = {.checks = &drv_checks_postgresql,
                            .display = target->display_name,
                            .number = PQbackendPID(connection->pg), /* A pooler gives its own. */
                            .add_literal = drv_pg_add_literal,
                            .ask = ask};
    int status = drv_pg_start(connection, DOING, target->display_name, error);
    if (status == OUTFALL_OK)
        status = drv_inspect_run(&it, connection, options, deadline_us, error);
    if (status == OUTFALL_OK)
        status = drv_pg_check_pooler(connection, deadline_us, error);
    connection->subject = NULL;
    return status;
}
