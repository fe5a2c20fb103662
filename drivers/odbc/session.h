/* SPDX-License-Identifier: Apache-2.0 */
/* A session: ODBC's handles, and what the driver keeps beside them. */
#ifndef DRV_ODBC_SESSION_H
#define DRV_ODBC_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>

#include <outfall/driver.h>

#include "odbc/dialect.h"
#include "odbc/method.h"
#include "odbc/wide.h"

typedef struct drv_odbc_plan drv_odbc_plan;

struct outfall_connection {
    SQLHENV env;
    SQLHDBC dbc;
    bool narrow;    /* The driver's functions take UTF-8: see api.h. */
    bool connected; /* SQLDriverConnect has succeeded. */
    bool dead;      /* Nothing more is sent: the session is over, or its state unknown. */
    bool in_transaction;
    bool named; /* It has begun by xid, and ends in prepare or rollback. */
    outfall_xid xid;
    bool failed;      /* A statement of the transaction has: only a rollback helps. */
    uint64_t checked; /* The target that this transaction has found as it was described. */

    const drv_odbc_dialect *dialect;
    const drv_odbc_method *method;
    enum drv_odbc_way way_wanted; /* odbc.method */
    bool counts_by_set;           /* Each set of a parameter array has its own row count. */
    bool found_rows;              /* MySQL counts rows found, not changed: known. */
    bool tls_wanted;              /* To be checked: see forced_tls of method.h. */
    uint32_t name_most;           /* The longest name, in the dialect's unit. */
    char escape;                  /* SQL_SEARCH_PATTERN_ESCAPE; NUL: none. */
    char server[96];              /* Its name and version. */

    const char *doing;   /* For messages: "writing to". */
    const char *subject; /* For messages: "birdstrikes"; may be NULL. */
    int64_t deadline_us; /* Of the call under way. */
    bool pipe_blocked;   /* The call under way has blocked SIGPIPE in its thread. */
    drv_odbc_wide text;  /* SQL on its way to the driver. */
    drv_odbc_plan *plans;
    uint32_t plan_count;

    atomic_bool severed;
    pthread_mutex_t guard; /* Of `socket`, between sever and the thread that connects. */
    int socket;            /* A duplicate of the driver's descriptor; -1: it has none. */
};

/* From any thread: every wait of the session ends. */
void drv_odbc_sever(outfall_connection *connection);

#endif
