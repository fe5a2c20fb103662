/* SPDX-License-Identifier: Apache-2.0 */
/* A session: libpq's connection, and what the driver keeps beside it. */
#ifndef DRV_PG_SESSION_H
#define DRV_PG_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>
#include <pthread.h>

#include <outfall/driver.h>

#include "common/text.h"
#include "postgresql/arrays.h"
#include "postgresql/gid.h"

/* Targets whose statements a session keeps prepared; the one unused longest makes room. */
#define DRV_PG_STATEMENTS_MAX 64

/* A name's limit: NAMEDATALEN - 1. */
#define DRV_PG_NAME_BYTES_MAX 63

typedef enum drv_pg_transaction {
    DRV_PG_NONE,
    DRV_PG_BEGUN, /* By us; the server hears of it with the first statement. */
    DRV_PG_OPEN   /* On the server, perhaps failed. */
} drv_pg_transaction;

/* What of one target is prepared in this session. */
typedef struct drv_pg_statement {
    uint64_t serial; /* The target's; 0: the slot is free. */
    uint64_t used;
    bool prepared[DRV_PG_PURPOSES];
    /* Batches that go row by row at once, since equal keys were in those before. */
    uint32_t skip;
    uint32_t skip_next; /* How many when it happens again. */
} drv_pg_statement;

struct outfall_connection {
    PGconn *pg;
    bool dead; /* Nothing more is sent: the session is over, or its state unknown. */
    drv_pg_transaction transaction;
    char gid[DRV_PG_GID_MAX]; /* Of a transaction that is to be prepared; else empty. */
    uint64_t checked; /* The target whose lock and columns this transaction has made sure of. */
    uint64_t copy_rows_min;
    bool locate;         /* Until a commit: a row was refused, and COPY says which. */
    const char *doing;   /* For messages: "writing to". */
    const char *subject; /* For messages: "public"."birdstrikes"; may be NULL. */
    drv_pg_statement statements[DRV_PG_STATEMENTS_MAX];
    uint64_t statement_clock;
    uint32_t seal_prepared; /* Of the statements that go before PREPARE TRANSACTION, so many. */
    uint32_t seals;         /* So often they were sent. */
    drv_pg_arrays arrays;
    drv_text sql;
    atomic_bool severed;
    pthread_mutex_t guard; /* Of `socket`, between sever and disconnect. */
    /*
     * A duplicate of libpq's descriptor. libpq closes its own when it sees the end of the stream,
     * and the number may then be another thread's file: sever must not shut that down.
     */
    int socket;
};

/* From any thread: every wait of the session ends. */
void drv_pg_sever(outfall_connection *connection);

#endif
