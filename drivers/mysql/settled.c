/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/settled.h"

#include <stdlib.h>

#include "common/fail.h"
#include "mysql/query.h"
#include "mysql/xid.h"

/* How long after its session a transaction is left alone. */
#define WAIT_SQL "DO SLEEP(0.1)"

/* Names in one question. */
#define ASKED_MAX 64

static bool is_known(const outfall_connection *connection, const outfall_xid *xid)
{
    for (size_t i = 0; i < connection->settled_count; i++)
        if (drv_my_xid_is_same(&connection->settled[i], xid))
            return true;
    return false;
}

static int remember(outfall_connection *connection, const outfall_xid *xid, outfall_error *error)
{
    size_t count = connection->settled_count;
    if ((count & (count - 1)) == 0) { /* It doubles. */
        outfall_xid *more =
            realloc(connection->settled, (count == 0 ? 1 : 2 * count) * sizeof *more);
        if (more == NULL)
            return drv_fail_nomem(error);
        connection->settled = more;
    }
    connection->settled[connection->settled_count++] = *xid;
    return OUTFALL_OK;
}

/* Asks whose session is gone, and remembers these. */
static int ask(outfall_connection *connection, const outfall_xid *const *xids, size_t count,
               int64_t deadline_us, outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    drv_text *sql = &connection->sql;
    drv_text_clear(sql);
    for (size_t i = 0; i < count; i++) {
        drv_text_add(sql, i == 0 ? "SELECT IS_USED_LOCK(" : ", IS_USED_LOCK(");
        drv_my_xid_add_lock(sql, xids[i]);
        drv_text_add(sql, ")");
    }
    int status = sql->failed ? drv_fail_nomem(error)
                             : drv_my_query(connection, sql->data, deadline_us, &answer, error);
    MYSQL_ROW row = status == OUTFALL_OK ? mysql_fetch_row(answer) : NULL;
    for (size_t i = 0; i < count && row != NULL && status == OUTFALL_OK; i++)
        if (row[i] == NULL)
            status = remember(connection, xids[i], error);
    mysql_free_result(answer);
    return status;
}

int drv_my_settle_all(outfall_connection *connection, const outfall_prepared *all, size_t count,
                      int64_t deadline_us, outfall_error *error)
{
    const outfall_xid *asked[ASKED_MAX];
    size_t before = connection->settled_count, pending = 0;
    int status = OUTFALL_OK;
    for (size_t i = 0; i < count && status == OUTFALL_OK; i++) {
        if (!is_known(connection, &all[i].xid))
            asked[pending++] = &all[i].xid;
        if (pending < ASKED_MAX && (i + 1 < count || pending == 0))
            continue;
        status = ask(connection, asked, pending, deadline_us, error);
        pending = 0;
    }
    if (status == OUTFALL_OK && connection->settled_count > before)
        status = drv_my_query(connection, WAIT_SQL, deadline_us, NULL, error);
    if (status != OUTFALL_OK)
        connection->settled_count = before;
    return status;
}

int drv_my_settle(outfall_connection *connection, const outfall_xid *xid, bool *settled,
                  int64_t deadline_us, outfall_error *error)
{
    const outfall_prepared one = {.xid = *xid};
    int status = drv_my_settle_all(connection, &one, 1, deadline_us, error);
    *settled = status == OUTFALL_OK && is_known(connection, xid);
    return status;
}
