/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts connections whose call overruns its deadline. Drivers keep their deadlines themselves where
 * the client library lets them; the watchdog is for those that do not, and for close.
 */
#ifndef OF_POOL_WATCHDOG_H
#define OF_POOL_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

typedef struct of_watchdog of_watchdog;

/* One guarded call; lives in its caller, between guard and release. */
typedef struct of_watch {
    struct of_watch *next;
    const outfall_driver *driver;
    outfall_connection *connection;
    int64_t deadline_us;
    bool severed;
} of_watch;

int of_watchdog_new(of_watchdog **out, outfall_error *error);
void of_watchdog_free(of_watchdog *watchdog); /* NULL is legal; nothing may be guarded. */

/* Guards the connection: severed soon after deadline_us. */
void of_watchdog_guard(of_watchdog *watchdog, of_watch *watch, const outfall_driver *driver,
                       outfall_connection *connection, int64_t deadline_us);

/* Ends the guard; afterwards the watchdog does not touch the connection. True: it was severed. */
bool of_watchdog_release(of_watchdog *watchdog, of_watch *watch);

/* Severs at once whatever `watch` guards, if it still does. Any thread. */
void of_watchdog_sever(of_watchdog *watchdog, of_watch *watch);

#endif
