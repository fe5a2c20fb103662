/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver without a database, for tests of the pool: connects and pings that take long, fail or
 * hang as the test says. Nothing else of a driver is there.
 */
#ifndef OUTFALL_TEST_FAKE_H
#define OUTFALL_TEST_FAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#define FAKE_URL "fake:"

struct outfall_connection {
    atomic_bool severed;
    int number; /* The how-manieth that was connected to. */
    int user;   /* Plain: whoever has the connection on lease may touch it without a race. */
};

typedef struct fake_state {
    atomic_int connect_failures; /* The next so many connects fail. */
    atomic_int ping_failures;
    atomic_int connect_ms; /* What a connect takes. */
    atomic_int hang_first; /* Of the connects, these hang until it is less. */
    atomic_bool hang_connect, hang_ping;
    atomic_int connects, pings, open, open_most, connecting, connecting_most;
    atomic_int looks;
    atomic_int ended;  /* The server has closed the first so many. */
    atomic_int wrongs; /* Calls that found another URL, or a connection in use. */
} fake_state;

extern fake_state fake;
extern const outfall_driver fake_driver;

void fake_reset(void);
void fake_pause_ms(int64_t ms);

#endif
