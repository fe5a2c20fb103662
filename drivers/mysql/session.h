/* SPDX-License-Identifier: Apache-2.0 */
/* A session: the client library's connection, and what the driver keeps beside it. */
#ifndef DRV_MY_SESSION_H
#define DRV_MY_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "common/text.h"
#include "mysql/bind.h"
#include "mysql/client.h"

/* Targets whose statements a session keeps prepared; the one unused longest makes room. */
#define DRV_MY_STATEMENTS_MAX 64

/* A statement of many rows has a power of two of them: up to 2^12. */
#define DRV_MY_ROWS_SIZES 13

typedef enum drv_my_transaction {
    DRV_MY_NONE,
    DRV_MY_BEGUN, /* By us; on the server it begins with the first statement. */
    DRV_MY_OPEN,
    DRV_MY_LOST,    /* The server has rolled it back: only a rollback is legal. */
    DRV_MY_PREPARED /* It outlives the session, which can only end it, or be ended. */
} drv_my_transaction;

enum drv_my_purpose { DRV_MY_PUT, DRV_MY_DELETE, DRV_MY_PURPOSES };

/* What of one target is prepared in this session; NULL: not yet. */
typedef struct drv_my_statement {
    uint64_t serial; /* The target's; 0: the slot is free. */
    uint64_t used;
    MYSQL_STMT *check;
    MYSQL_STMT *bulk[DRV_MY_PURPOSES];
    MYSQL_STMT *rows[DRV_MY_PURPOSES][DRV_MY_ROWS_SIZES];
} drv_my_statement;

/* A file that the client library may "read" for the server: only our own, in memory. */
typedef struct drv_my_infile {
    const char *name; /* Of the statement under way; NULL: no file at all. */
    const char *data;
    size_t length;
    size_t sent;
} drv_my_infile;

struct outfall_connection {
    MYSQL *my;
    bool mariadb; /* The server; else MySQL. */
    unsigned long version;
    bool tls;
    bool connecting; /* Nobody can sever it yet. */
    bool dead;       /* Nothing more is sent: the session is over, or its state unknown. */
    bool expired;    /* A call overran its deadline. */
    bool bulk;       /* Rows go by bulk arrays, else by statements of many rows. */
    bool load;       /* LOAD DATA LOCAL first, as asked for. */
    uint64_t packet_max;
    drv_my_transaction transaction;
    outfall_xid xid; /* Of a transaction that ends in prepare; gtrid empty: of none. */
    bool started;    /* XA START of it has succeeded: XA ROLLBACK undoes it. */
    bool spoiled;    /* Something of it has failed since its savepoint: it can't be prepared. */
    uint32_t sealed; /* How many it was to prepare. */
    outfall_xid *settled; /* Those of other sessions that this one may end (settled.h). */
    size_t settled_count;
    outfall_xid locked;  /* Whose lock the session has taken last. */
    uint64_t checked;    /* The target whose columns this transaction has made sure of, */
    uint64_t asked;      /* and the one whose question it has asked. */
    const char *doing;   /* For messages: "writing to". */
    const char *subject; /* For messages: `test`.`birdstrikes`; may be NULL. */
    drv_my_statement statements[DRV_MY_STATEMENTS_MAX];
    uint64_t statement_clock;
    drv_my_slots slots; /* Memory of values being sent. */
    drv_text sql;
    drv_text head; /* XA START, where it is to go ahead of what is executed next; else empty. */
    drv_text file;
    drv_my_infile infile;
    atomic_bool severed;
    pthread_mutex_t guard; /* Of `socket`, between sever and disconnect. */
    int socket;            /* A duplicate: the library may close its own at any time. */
};

/* What was made sure of is so no longer: the transaction's lock on the definition is gone. */
static inline void drv_my_forget_checks(outfall_connection *connection)
{
    connection->checked = connection->asked = 0;
}

/* Whether the transaction ends in prepare. */
static inline bool drv_my_is_two_phase(const outfall_connection *connection)
{
    return connection->xid.gtrid[0] != '\0';
}

/*
 * A statement of the transaction has failed. The server would prepare what is left of it all the
 * same, after a key that was there already or a lock that did not come.
 */
static inline void drv_my_note_failure(outfall_connection *connection, int status)
{
    connection->spoiled |= status != OUTFALL_OK && drv_my_is_two_phase(connection);
}

/* From any thread: every wait of the session ends. */
void drv_my_sever(outfall_connection *connection);

#endif
