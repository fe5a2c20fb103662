/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for the server end at a deadline.
 *
 * The client libraries' own time limits hold for one read at a time, in whole seconds, and are
 * fixed when a connection is made; their non-blocking interfaces differ, and Oracle's has none for
 * prepared statements. MariaDB's library lets us do its waiting: all its calls, connecting and TLS
 * included, then end at the deadline of the thread that makes them, without a second stack and at
 * the price of nothing. Oracle's does not: there the library's watchdog severs at the deadline
 * (OUTFALL_DRIVER_BLOCKS).
 */
#ifndef DRV_MY_WAIT_H
#define DRV_MY_WAIT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "mysql/client.h"

/* One call of the client library. */
typedef struct drv_my_wait {
    bool guarded; /* SIGPIPE is held back. */
    bool pending; /* It was already, before the call. */
    bool plain;   /* At its end: TLS was demanded, and the server does not offer it. */
    sigset_t mask;
} drv_my_wait;

/*
 * Begins calls that end at the deadline. Where the library's writes may raise SIGPIPE it is held
 * back for this thread: its disposition is the program's own.
 */
void drv_my_wait_begin(drv_my_wait *wait, int64_t deadline_us, bool tls);

/*
 * After a begin: the server that is connected to has to offer TLS. Where it does not, connecting
 * fails before a byte has been sent.
 */
void drv_my_wait_demand_tls(void);

/* Ends them. True: the deadline had passed in one. */
bool drv_my_wait_end(drv_my_wait *wait);

/* The hook for MariaDB's library. */
int drv_my_wait_for_io(my_socket socket, drv_my_bool is_read, int timeout_ms);

/* True where the server has closed the connection, or said a word unasked: its goodbye. */
bool drv_my_wait_is_over(int socket);

#endif
