/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/pooler.h"

#include <poll.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/fail.h"
#include "postgresql/connect.h"
#include "postgresql/wait.h"

#define ASK "SELECT pg_catalog.pg_backend_pid()"
/* Behind a pooler that has no session left the second one waits in a queue. */
#define BESIDE_US 2000000

static int process_of(const PGresult *answer)
{
    return PQntuples(answer) == 1 ? (int)strtol(PQgetvalue(answer, 0, 0), NULL, 10) : 0;
}

/* The process behind a session that is not a connection of the driver's; 0: none told in time. */
static int ask_beside(PGconn *pg, int64_t deadline_us)
{
    int process = 0;
    if (PQsendQuery(pg, ASK) == 0)
        return 0;
    while (PQflush(pg) > 0 || PQisBusy(pg))
        if (drv_pg_poll(PQsocket(pg), POLLIN, deadline_us) <= 0 || PQconsumeInput(pg) == 0)
            return 0;
    for (PGresult *answer; !PQisBusy(pg) && (answer = PQgetResult(pg)) != NULL; PQclear(answer))
        process = process_of(answer) != 0 ? process_of(answer) : process;
    return process;
}

int drv_pg_check_pooler(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    PGresult *answer = NULL;
    PGconn *beside = NULL;
    int64_t soon_us = drv_now_us() + BESIDE_US;
    int status = drv_pg_query(connection, ASK, deadline_us, &answer, error);
    if (status != OUTFALL_OK)
        return status;
    int process = process_of(answer);
    PQclear(answer);
    if (process == PQbackendPID(connection->pg)) /* A pooler gives a number of its own. */
        return OUTFALL_OK;
    soon_us = soon_us < deadline_us ? soon_us : deadline_us;
    if (drv_pg_connect_beside(connection->pg, soon_us, &beside) != OUTFALL_OK)
        return OUTFALL_OK; /* It has no second one to give, or not now: that tells nothing. */
    int other = ask_beside(beside, soon_us);
    PQfinish(beside);
    if (other != process)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                             "two sessions share one process of the server's, as behind PgBouncer "
                             "in transaction mode: set pool_mode = session there, or name the "
                             "server itself in the URL");
}
